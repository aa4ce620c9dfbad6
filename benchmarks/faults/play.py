"""A case: one fault, how it is played, and what of the outcome matters. And its performance with one client.

This module's law: a performance ends within `LIMIT` seconds, whatever the client does.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import observe
from server import FaultServer, Script

from clients import NotPlayedError, Player, Reply, Setup

#: Seconds that a client gets.
LIMIT = 5.0


@dataclass
class Stage:
    """What a play has to work with, and what it leaves behind."""

    player: type[Player]
    server: FaultServer
    setup: Setup
    #: The text that a stream has handed on.
    text: str = ""
    #: What else was seen, in words.
    notes: list[str] = field(default_factory=list)
    clients: list[Player] = field(default_factory=list)

    def client(self) -> Player:
        self.clients.append(self.player(self.setup))
        return self.clients[-1]


Play = Callable[[Stage], Reply]


def once(stage: Stage) -> Reply:
    """Make one call."""
    return stage.client().complete()


def twice(stage: Stage) -> Reply:
    """Make two calls with one client, and return what the second returned."""
    client = stage.client()
    client.complete()
    return client.complete()


def streamed(stage: Stage) -> Reply:
    """Read a stream to its end."""
    for piece in stage.client().stream():
        stage.text += piece
    return Reply(stage.text, stage.text, None)


@dataclass(frozen=True)
class Case:
    """One fault. `shows` says what matters: "posts", "seconds", "id", "partial", "pickle", "secrets"."""

    row: str
    fault: str
    script: Script
    play: Play = once
    setup: Setup = field(default_factory=Setup)
    #: The text of a right answer.
    expect: str = "hi"
    shows: tuple[str, ...] = ("posts",)
    #: Whether the server answers before it has read the request's body.
    early: bool = False
    #: Clients for which the case makes no sense, with the reason.
    skip: dict[str, str] = field(default_factory=dict)
    #: Environment variables; `{url}`, `{port}` and `{folder}` are filled in, as in `setup.url`.
    environment: dict[str, str] = field(default_factory=dict)


def perform(case: Case, player: type[Player], folder: str) -> dict[str, Any]:
    """Play a case with a client, and return what was observed."""
    if player.name in case.skip:
        return {"outcome": "not played", "reason": case.skip[player.name]}
    with FaultServer(case.script, read_body=not case.early) as server, observe.Log() as log:
        words = {"url": server.url, "port": server.port, "folder": folder}
        setup = replace(case.setup, url=(case.setup.url or "{url}").format(**words))
        stage = Stage(player, server, setup)
        seen: dict[str, Any] = {"outcome": "hang"}
        with _environment({name: value.format(**words) for name, value in case.environment.items()}):
            began = time.monotonic()
            thread = threading.Thread(target=_run, args=(case, stage, log, seen), daemon=True)
            thread.start()
            thread.join(LIMIT)
            seconds = seen.pop("seconds", time.monotonic() - began)
            seen = {**seen, "posts": server.posts, "seconds": round(seconds, 1), "notes": list(stage.notes)}
    thread.join(LIMIT)  # with the server gone it comes to an end
    return seen


def _run(case: Case, stage: Stage, log: observe.Log, seen: dict[str, Any]) -> None:
    error: BaseException | None = None
    found: dict[str, Any]
    began = time.monotonic()
    try:
        reply = case.play(stage)
    except NotPlayedError as reason:
        found = {"outcome": "not played", "reason": str(reason)}
    except Exception as failure:  # noqa: BLE001 - which exceptions come out is the question
        error = failure
        found = observe.of_error(failure, stage.player)
        found["delivered"] = stage.text
        found["partial"] = getattr(getattr(failure, "partial", None), "text", None)
    else:
        right = reply.text == case.expect
        found = {"outcome": "answer" if right else "wrong answer", "request_id": reply.request_id}
        if not right:
            found["returned"] = f"`{type(reply.raw).__name__}`" if reply.text is None else f'"{reply.text[:40]}"'
    found["seconds"] = time.monotonic() - began
    found["secrets"] = observe.secrets_in(error, log)
    for client in stage.clients:
        client.close()
    seen.update(found)


@contextlib.contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
