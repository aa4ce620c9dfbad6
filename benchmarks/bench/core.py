"""What it costs that the core is free of I/O: of a call that it is a generator, of a stream that its decoder is fed.

Each is timed beside the same steps in a row, which answer nothing but this question. `measure` runs in the
benchmark's own process, the rest in a worker.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import canned

from processes import Worker

#: Calls, and chunks, of one turn.
CALLS, CHUNKS = 100, 1000


def measure(url: str, *, quick: bool) -> dict[str, Any]:
    """Return what the core adds to a request and to a decoded chunk: CPU seconds, and its share of each."""
    with Worker("this client", url) as worker:
        request = min(worker.ask("requests", count=CALLS) for _ in range(2 if quick else 10))
        found = worker.ask("core", turns=5 if quick else 40)
    added = {name: max(0.0, it["core"] - it["row"]) for name, it in found.items()}
    return {
        "request": {"adds": added["request"], "to": request, "share": added["request"] / request},
        "chunk": {
            "adds": added["chunk"],
            "to": found["chunk"]["core"],
            "share": added["chunk"] / found["chunk"]["core"],
        },
    }


def both(contender: Any, turns: int) -> dict[str, dict[str, float]]:
    """Return the CPU seconds of a call and of a chunk, as the core has it and in a row: the least of many turns."""
    return {
        "request": _least(turns, CALLS, core=_walk(contender), row=_call_in_a_row(contender)),
        "chunk": _least(turns, CHUNKS, core=_decoder(), row=_chunks_in_a_row()),
    }


def _least(turns: int, count: int, **ways: Callable[[int], None]) -> dict[str, float]:
    found = dict.fromkeys(ways, float("inf"))
    for _, (name, way) in itertools.product(range(turns), ways.items()):
        started = time.process_time()
        way(count)
        found[name] = min(found[name], (time.process_time() - started) / count)
    return found


class _FromMemory:
    """A transport, and the one answer that it gives: what is left is the call itself."""

    def __init__(self, whole: Any) -> None:
        self.status_code, self.headers, self._body = whole.status_code, whole.headers, whole.body

    def open(self, request: Any, limits: Any) -> Any:
        return self

    def pieces(self) -> Any:
        yield self._body

    def close(self, *, drain: bool = False) -> None:
        pass


def _parts(contender: Any) -> tuple[Any, Any, _FromMemory]:
    """Return the plan of a call, the session of its client, and what answers it from memory."""
    from bedrock_openai_http import HTTPResponse

    planner = contender.client._planner
    call = planner.call(contender.request, stream=False, deadline=None, extra_headers=None, timeout=None)
    headers = {"Content-Type": "application/json", "x-amzn-RequestId": "bench"}
    return call.plan, planner.session, _FromMemory(HTTPResponse(200, headers, canned.completion()))


def _walk(contender: Any) -> Callable[[int], None]:
    from bedrock_openai_http.call.walk import Call, completed
    from bedrock_openai_http.transport.drive import MACHINE, drive

    plan, session, answer = _parts(contender)

    def calls(count: int) -> None:
        for _ in range(count):
            drive(completed(Call(plan, "bench"), session), lambda: answer, MACHINE.sleep)

    return calls


def _call_in_a_row(contender: Any) -> Callable[[int], None]:
    from bedrock_openai_http.call import headers
    from bedrock_openai_http.call.answer import BODY_LIMIT, completion_of
    from bedrock_openai_http.call.walk import Call
    from bedrock_openai_http.transport.drive import read_all

    plan, session, answer = _parts(contender)

    def calls(count: int) -> None:
        for _ in range(count):
            call = Call(plan, "bench")
            session.look_up(call)
            request = headers.attempt(plan, call.invocation_id, 1, call.used, session.sign)
            call.sent = session.world.wall()
            opened = answer.open(request, plan.limits)
            call.received = session.world.wall()
            session.quota.give(1)
            completion_of(read_all(opened, BODY_LIMIT), 1, session.elapsed(call))

    return calls


def _decoder() -> Callable[[int], None]:
    from bedrock_openai_http import iter_chunks

    def chunks(count: int) -> None:
        for _ in iter_chunks(canned.pieces(count)):
            pass

    return chunks


def _chunks_in_a_row() -> Callable[[int], None]:
    from bedrock_openai_http import HTTPResponse
    from bedrock_openai_http.call.chunk_events import chunk_of
    from bedrock_openai_http.call.sse import EventDecoder
    from bedrock_openai_http.values.accumulator import Accumulator
    from bedrock_openai_http.values.chunk import ChunkReader

    def chunks(count: int) -> None:
        events, reader, total, response = EventDecoder(), ChunkReader(), Accumulator(), HTTPResponse(200)
        for piece in canned.pieces(count):
            data = events.whole(piece)
            if data is not None:  # all but the end mark
                total.add(chunk_of(data, "", reader, response))

    return chunks
