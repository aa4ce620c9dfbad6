"""`bedrock-openai-http chat` on a terminal, without a prompt: a conversation.

This module's law: nothing that was said is lost by an error or by Ctrl-C; only the second Ctrl-C in a row, Ctrl-D and
`!quit` end it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..values.errors import BedrockOpenAIError
from .answering import complete, show, summarize, told_empty
from .session_commands import Ask, Commands, Ended
from .signals import unheeded
from .terminal import Output, note
from .usage import in_flags

if TYPE_CHECKING:
    from ..clients.client import Client
    from ..clients.stream import ChatCompletionStream
    from ..conversation import Conversation
    from ..values.completion import ChatCompletion
    from ..values.messages import Content
    from ..values.wire_value import WireObject
    from .lines import Lines

#: Without it the service sends no token counts with a stream.
_WITH_USAGE = {"include_usage": True}


class Session:
    """A person and a model, at a terminal."""

    def __init__(
        self,
        client: Client,
        conversation: Conversation,
        lines: Lines,
        answer: Output,
        thoughts: Output,
        *,
        stream: bool = True,
        attached: list[WireObject] | None = None,
        file: str | None = None,
    ) -> None:
        self._client = client
        self._lines = lines
        self._answer = answer
        self._thoughts = thoughts
        self._stream = stream
        #: Parts that go with the first question, until there is an answer to it.
        self._attached = attached or []
        #: Whether they have gone with one.
        self._showed = False
        self._commands = Commands(conversation, lines, file)
        #: Whether the last thing that the person did was Ctrl-C.
        self._interrupted = False

    def run(self) -> None:
        """Converse until the person ends it. Raises KeyboardInterrupt for the second Ctrl-C in a row."""
        note(f"{self._commands.conversation.model}; !help lists the commands, Ctrl-D ends")
        while True:
            try:
                self._turn(self._lines.read_question())
            except Ended:
                return
            except EOFError:
                self._answer.write("\n")
                return
            except KeyboardInterrupt:
                if self._interrupted and not self._lines.cleared:
                    raise
                self._interrupted = True
                self._answer.write("\n")
                note("Ctrl-C again ends the conversation")

    def _turn(self, line: str) -> None:
        """Do what a line says. Raises Ended."""
        if line.strip():
            self._interrupted = False
            meant = self._commands.meaning(line)
            if meant is not None:
                self._ask(meant)

    def _ask(self, asked: Ask) -> None:
        """Ask, and show what comes of it. Until there is an answer, all that was said stays as it is."""
        content: Content | None = asked.text
        if asked.text is not None and self._attached:
            content = [{"type": "text", "text": asked.text}, *self._attached]
            self._showed = True
        request = asked.conversation.request(content, stream_options=_WITH_USAGE if self._stream else None)
        try:
            with self._answer, self._thoughts:
                if self._stream:
                    with self._client.stream(request) as stream:
                        completion = self._shown(stream, asked)
                else:
                    completion = complete(self._client, request, self._answer, self._thoughts)
        except BedrockOpenAIError as error:
            note(f"{type(error).__name__}: {in_flags(str(error))}")
            if error.partial is not None:
                self._commands.count(error.partial.usage)
            self._unanswered(asked)
            return
        except KeyboardInterrupt:
            self._commands.count(None)
            self._stopped("before anything came")
            return
        if completion is not None:
            self._add(completion, asked)

    def _shown(self, stream: ChatCompletionStream, asked: Ask) -> ChatCompletion | None:
        """Return the whole answer; None if Ctrl-C has stopped it, when what had come is kept."""
        try:
            return show(stream, self._answer, self._thoughts)
        except KeyboardInterrupt:
            # A second Ctrl-C, of an impatient finger, comes while this is done: what had come is kept all the same.
            with unheeded("SIGINT"):
                came = self._came(stream)
                if came is None:
                    raise
                self._stopped("and kept what came")
                self._add(came, asked)
        return None

    def _came(self, stream: ChatCompletionStream) -> ChatCompletion | None:
        """Close the stream and return what had come of the answer; None for nothing that could be history."""
        stream.close()
        try:
            came: ChatCompletion | None = stream.completion()  # it may have been whole already
        except BedrockOpenAIError as error:
            came = error.partial
        # Half of a call is nothing that could be sent back.
        return None if came is None or not came.text or came.tool_calls else came

    def _stopped(self, words: str) -> None:
        self._interrupted = True
        self._thoughts.end_line()
        self._answer.write("\n")
        note(f"stopped {words}; !retry asks again, Ctrl-C again ends")

    def _add(self, completion: ChatCompletion, asked: Ask) -> None:
        with unheeded("SIGINT"):
            summarize(completion)
            self._commands.count(completion.usage)
            if told_empty(completion) or completion.empty:
                self._unanswered(asked)
                return
            asked.conversation.add(completion)
            self._commands.conversation = asked.conversation
            if self._showed:
                self._attached = []

    def _unanswered(self, asked: Ask) -> None:
        waits = asked.conversation is self._commands.conversation
        note("the question waits: !retry asks it again" if waits else "the old answer stays: !retry asks again")
