"""A person who converses at a terminal: lines that are typed, and a page. This module checks nothing."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bedrock_openai_http import Client, Conversation
from bedrock_openai_http.cli.session import Session
from bedrock_openai_http.cli.terminal import Output
from bedrock_openai_http.testing import LocalEndpoint

CTRL_C = KeyboardInterrupt()
CTRL_D = EOFError()


class Typed:
    """Lines that a person types, or what comes in place of one. What is to be kept is in `kept`."""

    def __init__(self, *lines: str | BaseException) -> None:
        self._lines = [*lines, CTRL_D, CTRL_D]
        self.kept: list[str] = []
        #: Whether Ctrl-C came in a line with something in it.
        self.cleared = False

    def read_question(self) -> str:
        line = self._lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    def read_until(self, end: str) -> str | None:
        lines = []
        while (line := self._lines.pop(0)) != end:
            if isinstance(line, EOFError):
                return None
            lines.append(str(line))
        return "\n".join(lines)

    def keep(self, text: str) -> None:
        self.kept.append(text)


class Page(Output):
    """Where the answer goes; Ctrl-C comes when `interrupt_at` has been written, and with `twice` again at once."""

    def __init__(self, interrupt_at: str = "", *, twice: bool = False) -> None:
        self.text = io.StringIO()
        super().__init__(self.text)
        self._interrupt_at = interrupt_at
        self._twice = twice

    def write(self, text: str) -> None:
        super().write(text)
        if self._twice and not self._interrupt_at:
            self._twice = False
            signal.raise_signal(signal.SIGINT)
        if self._interrupt_at and self._interrupt_at in self.text.getvalue():
            self._interrupt_at = ""
            raise KeyboardInterrupt


class Person:
    """Runs sessions with one service, and knows what was asked of it."""

    def __init__(self, endpoint: LocalEndpoint, client: Client) -> None:
        self._endpoint = endpoint
        self._client = client
        self.page = Page()

    def types(
        self, *lines: str | BaseException, page: Page | None = None, thoughts: Output | None = None, **options: Any
    ) -> Conversation:
        """Type the lines, then Ctrl-D; return the conversation at the end."""
        self.page, thoughts = page or Page(), thoughts or Output(None)
        begun = options.pop("conversation", None) or Conversation("m")
        self.lines = Typed(*lines)
        session = Session(self._client, begun, self.lines, self.page, thoughts, **options)  # type: ignore[arg-type]
        session.run()
        return session._commands.conversation

    @property
    def asked(self) -> list[list[Any]]:
        """The contents of the messages of each request."""
        bodies = [json.loads(request.body) for request in self._endpoint.requests]
        return [[message["content"] for message in body["messages"]] for body in bodies]

    @property
    def last_body(self) -> Any:
        return json.loads(self._endpoint.requests[-1].body)


def answer(body: Mapping[str, Any]) -> str:
    return f"to {body['messages'][-1]['content']}"


@contextmanager
def served(scenario: Sequence[str | None] | None = None, answer: Any = answer) -> Iterator[Person]:
    """Give a person at a service that answers so."""
    with (
        LocalEndpoint(answer=answer, scenario=scenario) as endpoint,
        Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials, max_attempts=1) as client,
    ):
        yield Person(endpoint, client)
