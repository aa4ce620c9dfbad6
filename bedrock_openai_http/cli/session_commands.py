"""What a line means in a conversation on a terminal: a question, or one of the commands, which begin with `!`.

This module changes the conversation and writes about it to standard error; it asks nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..conversation import Conversation
from .private_files import FileError, edited, save_conversation
from .terminal import Output, note
from .usage import as_argument

if TYPE_CHECKING:
    from ..values.usage import Usage
    from .lines import Lines

#: Each command, what may follow it, and what it does.
COMMANDS = (
    ("!multi", "[TEXT]", "a question of many lines, up to a line !end"),
    ("!edit", "[TEXT]", "write the question in your editor: $VISUAL or $EDITOR"),
    ("!retry", "", "ask the last question again, without its answer"),
    ("!system", "[TEXT]", 'set the system message, "" for none; alone: show it'),
    ("!model", "[ID]", "ask this model from now on; alone: show which"),
    ("!save", "[FILE]", "keep the conversation in a file; alone: in the same again"),
    ("!usage", "", "the tokens of the whole conversation"),
    ("!help", "", "this list"),
    ("!quit", "", "end; so does Ctrl-D"),
)


class Ask(NamedTuple):
    """What is to be asked. The conversation takes the place of the present one when there is an answer."""

    #: None asks what waits.
    text: str | None
    conversation: Conversation


class Ended(Exception):
    """The person has had enough."""


class Commands:
    """The commands, and the conversation that they change."""

    def __init__(self, conversation: Conversation, lines: Lines, file: str | None = None) -> None:
        self.conversation = conversation
        #: The tokens of all answers, also of those that are not in the history.
        self._tokens = conversation.usage
        #: How many answers have not told theirs.
        self._uncounted = 0 if conversation.usage.total_tokens is not None else _questions(conversation)
        self._lines = lines
        #: Where `!save` without a name writes.
        self._file = file

    def meaning(self, line: str) -> Ask | None:
        """Do what a line says and return what is to be asked, None for nothing. Raises Ended."""
        if not line.startswith("!"):
            self._lines.keep(line)
            return Ask(line.strip(), self.conversation)
        word, _, rest = line.strip().partition(" ")
        takes = {name: given for name, given, _ in COMMANDS}.get(word)
        if takes is None:
            note(f"no command {word[:40]}: !help lists them; with a blank before it, it is sent")
            return None
        if rest and not takes:
            note(f"{word} takes nothing after it; nothing was done")
            return None
        command: Callable[[str], Ask | None] = getattr(self, f"_{word[1:]}")
        try:
            return command(rest.strip())
        except FileError as error:
            note(str(error))
            return None
        finally:
            if word not in ("!multi", "!edit"):
                self._lines.keep(line)

    def count(self, usage: Usage | None) -> None:
        """Add up the tokens of an answer; None for one that has not told them."""
        self._tokens = self._tokens.plus(usage)
        if usage is None:
            self._uncounted += 1

    def _multi(self, rest: str) -> Ask | None:
        text = self._lines.read_until("!end")
        if text is None:
            note("the input ended before !end; nothing is sent")
            return None
        return self._written("\n".join([rest, text]) if rest else text)

    def _edit(self, rest: str) -> Ask | None:
        return self._written(edited(f"{rest}\n" if rest else ""))

    def _written(self, text: str) -> Ask | None:
        if not text.strip():
            note("nothing was written; nothing is sent")
            return None
        self._lines.keep(text.strip())
        return Ask(text.strip(), self.conversation)

    def _retry(self, rest: str) -> Ask | None:
        saved = self.conversation.to_dict()
        if saved.get("asked") is not None and (saved["asked"] or saved["messages"]):
            return Ask(None, self.conversation)
        asked = [i for i, message in enumerate(saved["messages"]) if message["role"] == "user"]
        if not asked:
            note("nothing was asked yet")
            return None
        saved["asked"] = saved["messages"][asked[-1] : asked[-1] + 1]
        del saved["messages"][asked[-1] :]
        return Ask(None, Conversation.from_dict(saved))

    def _system(self, rest: str) -> None:
        if rest:
            self.conversation.system = None if rest == '""' else rest
        system = self.conversation.system
        note("no system message" if system is None else f"system message: {system}")

    def _model(self, rest: str) -> None:
        if rest:
            self.conversation.model = rest
        note(f"model: {self.conversation.model}")

    def _save(self, rest: str) -> None:
        name = rest or self._file
        if not name:
            note("!save needs the name of a file")
            return
        save_conversation(self.conversation, name)
        self._file = name
        note(f"saved; to go on from it: bedrock-openai-http chat --history {as_argument(name)}")

    def _usage(self, rest: str) -> None:
        counts = (self._tokens.prompt_tokens, self._tokens.completion_tokens, self._tokens.total_tokens)
        prompt, completion, total = (count or 0 for count in counts)
        more = f", without {_number(self._uncounted, 'answer')} of unknown length" if self._uncounted else ""
        questions = _number(_questions(self.conversation), "question")
        note(f"{prompt} prompt + {completion} completion = {total} tokens{more}; {questions} in the history")

    def _help(self, rest: str) -> None:
        lines = [f"{name + ' ' + given:15} {words}\n" for name, given, words in COMMANDS]
        Output(sys.stderr).write("".join(lines) + "Ctrl-C stops an answer and keeps what came of it.\n")

    def _quit(self, rest: str) -> None:
        raise Ended


def _questions(conversation: Conversation) -> int:
    """Return how many questions have an answer."""
    return sum(message["role"] == "user" for message in conversation.messages)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
