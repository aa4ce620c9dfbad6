"""A soak: many threads, two clients, and a server that fails at random; nothing may be lost, mixed up or paid twice.

    python benchmarks/soak.py [--seconds 600] [--threads 8] [--seed 1] [--tls]

Meanwhile processes are forked off, which make calls of their own with the same clients, streams are closed by other
threads, and the clients are closed now and then.

Prints what was counted as JSON and as a table, and exits with 1 if a number that must be 0 is not.

This module compares, for each request, what the client says with what the server says that it did.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import threading
import time
import traceback
import uuid
from collections import Counter
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from soak_server import KEY, FaultServer, Served

from bedrock_openai_http import BedrockOpenAIError, ChatCompletionRequest, Client, Credentials, UserMessage

#: Outcomes that a POST may have and be followed by another: nothing was generated.
RETRYABLE = frozenset(("throttled", "unavailable", "expired", "stale-closed"))

#: What a call must come to when its last POST had that fault; everything else is answered.
EXPECTED = {
    "throttled": {"RateLimitError"},
    "unavailable": {"InternalServerError"},
    "expired": {"PermissionDeniedError"},
    "bad-request": {"BadRequestError"},
    "reset-unanswered": {"APIConnectionError"},
    "stale-closed": {"APIConnectionError"},
    "black-hole": {"APITimeoutError"},
    "cut-clean": {"APIConnectionError", "IncompleteStreamError"},
    "cut-short": {"APIConnectionError"},
    "cut-reset": {"APIConnectionError"},
    "held": {"APIConnectionError"},
    "gateway": {"InternalServerError"},
    "tls-broken": {"APIConnectionError"},
}
#: What a stream may come to that is closed while it is read.
CLOSED = {"answered", "APIConnectionError", "IncompleteStreamError"}

MUST_BE_ZERO = (
    *("wrong_matches", "lost_texts", "duplicate_posts", "unexpected_outcomes", "untyped_exceptions"),
    "hanging_children",
)
#: Seconds for a forked process with its calls.
CHILD_SECONDS, CHILD_CALLS = 20.0, 3


class Servers(BaseManager):
    """Runs the server."""


Servers.register("FaultServer", FaultServer)


class Soak:
    """One run: its clients, its server, and what is counted."""

    def __init__(self, seed: int, tls: bool) -> None:
        # In a process of its own: a forked process would keep open what the server closes.
        self._manager = Servers()
        self._manager.start()
        self.server: Any = self._manager.FaultServer(seed, tls)  # type: ignore[attr-defined]
        facts = self.server.facts()
        self.token = facts["token"]
        if tls:
            os.environ["AWS_CA_BUNDLE"] = facts["bundle"]
        options: dict[str, Any] = {"base_url": facts["url"], "timeout": 3.0}
        self._clients = (
            Client("us-west-2", credentials=self._credentials, **options),
            Client(api_key=KEY, **options),
        )
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.unexpected: Counter[str] = Counter()

    def _credentials(self) -> Credentials:
        return Credentials("AKIDEXAMPLE", "secret", self.token)

    def work(self, end: float, seed: int) -> None:
        """Call until `end`, a moment of `time.monotonic()`."""
        chance = random.Random(seed)
        while time.monotonic() < end:
            marker = f"marker-{uuid.UUID(int=chance.getrandbits(128)).hex}"
            client = self._clients[chance.random() < 0.3]
            streamed = chance.random() < 0.5
            closed_after = chance.random() * 0.01 if streamed and chance.random() < 0.03 else None
            outcome, text = _call(client, marker, streamed, closed_after)
            self._compare(marker, outcome, text, self.server.take(marker), closed_after is not None)
            if chance.random() < 0.001:
                client.close()

    def fork(self, seed: int) -> None:
        """Let a forked process make a few calls, and compare what it says of them."""
        chance = random.Random(seed)
        markers = [f"marker-{uuid.UUID(int=chance.getrandbits(128)).hex}" for _ in range(CHILD_CALLS)]
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            seen = [_call(self._clients[number % 2], marker, number == 1) for number, marker in enumerate(markers)]
            os.write(writer, json.dumps(seen).encode())
            os._exit(0)
        os.close(writer)
        with open(reader, "rb", buffering=0) as answers:
            ready, _, _ = select.select([answers], [], [], CHILD_SECONDS)
            said = json.loads(answers.read()) if ready else []
        if not said:
            self.counts["hanging_children"] += 1
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.counts["forks"] += 1
        for marker, (outcome, text) in zip(markers, said, strict=False):
            self._compare(marker, outcome, text, self.server.take(marker), False)

    def _compare(self, marker: str, outcome: str, text: str, served: list[Served], closed: bool) -> None:
        last = served[-1] if served else Served("nothing", False)
        expected = EXPECTED.get(last.fault, {"answered"}) | (CLOSED if closed else set())
        with self._lock:
            self.outcomes[outcome] += 1
            self.faults.update(post.fault for post in served)
            self.counts["requests"] += 1
            self.counts["answers_matched"] += outcome == "answered" and text == last.text
            self.counts["wrong_matches"] += outcome == "answered" and not text.startswith(marker)
            self.counts["lost_texts"] += not last.text.startswith(text) if closed else _is_lost(outcome, text, last)
            self.counts["closed_streams"] += closed
            self.counts["duplicate_posts"] += sum(not _may_be_repeated(post) for post in served[:-1])
            self.counts["unexpected_outcomes"] += outcome not in expected
            if outcome not in expected:
                self.unexpected[f"{outcome} after {last.fault}"] += 1
            self.counts["untyped_exceptions"] += outcome.startswith("untyped")

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.server.close()
        self._manager.shutdown()


def _call(client: Client, marker: str, streamed: bool, closed_after: float | None = None) -> tuple[str, str]:
    """Return how a call ended, and the text that was delivered; "lost" if its chunks are not what it adds up to.

    After `closed_after` seconds another thread closes the stream.
    """
    request = ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage(f"Say {marker}")])
    texts: list[str] = []
    try:
        if not streamed:
            return "answered", client.complete(request).text
        with client.stream(request) as stream:
            if closed_after is not None:
                threading.Timer(closed_after, stream.close).start()
            texts.extend(chunk.text for chunk in stream)
            whole = stream.completion().text
        return "answered", whole if whole == "".join(texts) else "lost"
    except BedrockOpenAIError as error:
        partial = error.partial.text if error.partial is not None else ""
        return type(error).__name__, partial if partial == "".join(texts) else "lost"
    except Exception as error:  # noqa: BLE001  (what the soak looks for)
        traceback.print_exc()
        return f"untyped {type(error).__name__}", ""


def _is_lost(outcome: str, text: str, last: Served) -> bool:
    """Tell whether the client has other text than the server had sent."""
    if last.fault == "cut-reset":  # a reset may overtake the last of it
        return not last.text.startswith(text)
    return text != last.text if outcome == "answered" or last.fault.startswith("cut") else bool(text)


def _may_be_repeated(post: Served) -> bool:
    return post.fault in RETRYABLE or (post.fault == "reset-unanswered" and post.reused)


def _rss() -> float:
    """Return the resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * 4096 / 1e6, 1)


def run(seconds: float, threads: int, seed: int, tls: bool) -> dict[str, Any]:
    soak = Soak(seed, tls)
    start = time.monotonic()
    end = start + seconds
    workers = [threading.Thread(target=soak.work, args=(end, 1000 * seed + n)) for n in range(threads)]
    for worker in workers:
        worker.start()
    memory: list[float] = []
    while time.monotonic() < end:
        time.sleep(min(1.0, seconds / 20))
        soak.fork(1_000_000 * seed + len(memory))
        memory.append(_rss())
        if len(memory) % 5 == 0:
            soak.token = soak.server.rotate()
    for worker in workers:
        worker.join(30)
    elapsed = time.monotonic() - start
    facts = soak.server.facts()
    soak.close()
    third = len(memory) // 3
    return {
        "seconds": round(elapsed, 1),
        "threads": threads,
        "seed": seed,
        "tls": tls,
        **{name: soak.counts[name] for name in ("requests", "answers_matched", *MUST_BE_ZERO)},
        **{name: soak.counts[name] for name in ("forks", "closed_streams")},
        "posts": facts["posts"],
        "connections": facts["connections"],
        "token_rotations": int(facts["token"][6:]),
        "rss_mb": {"start": memory[0], "middle": memory[len(memory) // 2], "end": memory[-1]},
        "rss_mb_median": {"first third": _median(memory[:third]), "last third": _median(memory[-third:])},
        "unexpected": dict(soak.unexpected),
        "outcomes": dict(soak.outcomes.most_common()),
        "faults": dict(soak.faults.most_common()),
    }


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def table(result: dict[str, Any]) -> str:
    rows = [(name, value) for name, value in result.items() if not isinstance(value, dict)]
    rows += [(f"{name}: {key}", value) for name in ("outcomes", "rss_mb") for key, value in result[name].items()]
    lines = ["| counted | number |", "| --- | ---: |"]
    return "\n".join(lines + [f"| {name.replace('_', ' ')} | {value:,} |" for name, value in rows])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tls", action="store_true", help="over TLS; needs trustme")
    given = parser.parse_args()
    result = run(given.seconds, given.threads, given.seed, given.tls)
    print(json.dumps(result, indent=1))
    print(table(result))
    return int(any(result[name] for name in MUST_BE_ZERO))


if __name__ == "__main__":
    sys.exit(main())
