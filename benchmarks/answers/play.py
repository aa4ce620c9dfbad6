"""Plays all cases with one library, and writes what was seen as JSON.

    cd benchmarks && python -m answers.play NAME FILE

`measure.py` starts it in the library's own environment. This module's law: a case ends within `LIMIT` seconds and
after a bounded number of requests, whatever the library does, and nothing but 127.0.0.1 is reached.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import observe, told
from .cases import ANSWERS, CALLS, DONE, INVOICE, ONLY_SAID, BadAnswer, BadCall
from .players import LIBRARIES, Parse, Parsed, Player, Run
from .server import AnswerServer
from .shop import SECRET, Shop

#: Seconds that a library gets for a case.
LIMIT = 20.0
#: Bytes of address space that a library gets.
MEMORY = 8 << 30
Seen = dict[str, Any]


def player_of(name: str) -> Player:
    """Return the player of a library. It is loaded here: no environment holds more than one."""
    return importlib.import_module(f".players.{LIBRARIES[name].module}", __package__).player  # type: ignore[no-any-return]


def play_all(player: Player, server: AnswerServer) -> Seen:
    """Return what was seen of a library, by table and case."""
    seen: Seen = {}
    for table, parse in (("answers", player.parse), ("reasked", player.reask)):
        if parse:
            seen[table] = {case.name: play_answer(case, parse, player, server) for case in ANSWERS}
    if player.run:
        seen["calls"] = {case.name: play_call(case, player.run, player, server) for case in CALLS}
    return seen


def play_answer(case: BadAnswer, parse: Parse, player: Player, server: AnswerServer) -> Seen:
    """Ask for an invoice, which comes badly each time."""
    play = server.play(case.script)
    held: list[Any] = []
    ended = _within_limit(lambda: parse(play.url, held))
    seen: Seen = {"requests": len(play.bodies), "counted": case.counted}
    if len(play.bodies) > 1:
        seen["told"] = told.added(play.bodies[0], play.bodies[1])
    if ended is None:
        return {"outcome": "hang", **seen}
    if isinstance(ended, Exception):
        kept = _found(ended, held, [case.mark])
        return {**_of_error(ended, player), "kept": kept, "quoted": observe.quotes(ended, ONLY_SAID), **seen}
    if isinstance(ended, Nothing):
        return {"outcome": "none", "kept": _found(None, held, [case.mark]), **seen}
    return {"outcome": "value", "difference": observe.difference(INVOICE, observe.plain(ended)), **seen}


def play_call(case: BadCall, run: Run, player: Player, server: AnswerServer) -> Seen:
    """Let a model call tools, badly."""
    if case.not_messages and player.messages:
        return {"outcome": "not played", "reason": case.not_messages}
    if case.loop and not player.runs_tools:
        return {"outcome": "not played", "reason": "it runs no tools"}
    play, shop = server.play(case.script), Shop()
    held: list[Any] = []
    ended = _within_limit(lambda: run(play.url, shop.tools(), held))
    transcript = player.left(ended) if isinstance(ended, Exception) else None
    seen: Seen = {"shows": case.shows if player.runs_tools else (), "ran": shop.ran}
    seen |= _of_requests(play.bodies, transcript, shop)
    if ended is None:
        return {"outcome": "hang", **seen}
    if isinstance(ended, Exception):
        return {**_of_error(ended, player), **seen, "history": _found(ended, held, shop.gave)}
    if isinstance(ended, Parsed):
        return {"outcome": "parsed", "parsed": ended.shown, **seen}
    return {"outcome": "answer" if ended == DONE else "other", "returned": ended, **seen}


def _of_error(error: Exception, player: Player) -> Seen:
    seen: Seen = {"outcome": "error", "error": observe.error_name(error, player.package)}
    if reason := getattr(error, "reason", None):
        seen["reason"] = str(reason)
    return seen


def _of_requests(sent: list[told.Body], left: list[Any] | None, shop: Shop) -> Seen:
    """Return what the requests after the first told the model, and what the one would that an error leaves."""
    bodies = [*sent, {"messages": left}] if left else list(sent)
    seen: Seen = {"requests": len(sent), "secret": any(SECRET in json.dumps(body) for body in bodies)}
    if len(sent) > 1:
        lines = told.added(sent[0], sent[1]).splitlines()
        seen["told"] = "\n".join(line for line in lines if line not in shop.gave)
    if len(bodies) > 1:
        turns = list(told.results(bodies[-1]))
        seen["calls"] = sum(len(ids) for ids, _ in turns)
        seen["results"] = sum(len(given) for _, given in turns)
        seen["valid"] = all(map(told.is_valid, bodies))
    return seen


def _found(error: Exception | None, held: list[Any], texts: list[str]) -> str | None:
    """Return where all texts are found: in the "error", "held" by the caller, as "bytes" in the error, or None."""
    if not texts:
        return "nothing to keep"
    in_error = observe.reachable(error, *texts)
    if in_error == "attributes":
        return "error"
    return "held" if observe.reachable(held, *texts) == "attributes" else in_error


class Nothing:
    """Stands for None as what a library returned."""


def _within_limit(work: Callable[[], Any]) -> Any:
    """Return what `work` returned (`Nothing` for None) or raised, or None if it was given up."""
    ended: list[Any] = []

    def run() -> None:
        try:
            value = work()
            ended.append(Nothing() if value is None else value)
        except Exception as error:  # noqa: BLE001 - which exceptions come out is the question
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LIMIT)
    return ended[0] if ended else None


def stay_at_home(tried: set[str]) -> None:
    """From now on refuse every way to another machine, and note in `tried` which one was tried."""

    def hook(event: str, details: tuple[Any, ...]) -> None:
        if event not in ("socket.connect", "socket.getaddrinfo"):
            return
        address = details[1] if event == "socket.connect" else details[0]
        host = address[0] if isinstance(address, tuple) else address
        host = host.decode() if isinstance(host, bytes) else host
        if host not in (None, "127.0.0.1", "localhost", "::1"):
            tried.add(str(host))
            raise OSError(f"{host} is not to be reached")

    sys.addaudithook(hook)


def main(name: str, file: str) -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError):
        pass  # no such limit on this system: the time limits stand
    tried: set[str] = set()
    stay_at_home(tried)
    with AnswerServer() as server:
        seen = play_all(player_of(name), server)
        time.sleep(1.0)  # for what is sent in the background
    seen["networks"] = sorted(tried)
    seen["versions"] = {package: version(package) for package in LIBRARIES[name].packages}
    Path(file).write_text(json.dumps(seen), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
