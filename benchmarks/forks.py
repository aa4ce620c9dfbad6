"""Forks a busy process again and again, and has each child make a call: `python benchmarks/forks.py [--forks 300]`.

Threads share clients of every kind of credentials, some of them slow, with and without a deadline, and make new ones.
A child that has not ended in time hangs, and is a failure; so is one whose call fails.

This module prints what it counted, and ends with 1 if a child hung or failed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bedrock_openai_http import ApiKeyProvider, ChatCompletionRequest, Client, Credentials, UserMessage
from bedrock_openai_http.testing import LocalEndpoint

REQUEST = ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("Hello!")])
THREADS = 8
#: Seconds that a child may take. Its call takes some hundredths.
CHILD_SECONDS = 20


def main() -> int:
    """Fork as often as the command line says, and return 0 if every child answered."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--forks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random.seed(args.seed)
    started = time.monotonic()
    with LocalEndpoint() as endpoint, settings(endpoint):
        endings = fork_often(endpoint, args.forks)
    print(f"{args.forks} forks of {THREADS} busy threads in {time.monotonic() - started:.0f} s: {dict(endings)}")
    return 0 if set(endings) == {"answered"} else 1


@contextmanager
def settings(endpoint: LocalEndpoint) -> Iterator[None]:
    """Give this process a profile whose `credential_process` takes its time, and no other settings of AWS."""
    keys = endpoint.credentials
    document = (
        f'{{"Version": 1, "AccessKeyId": "{keys.access_key}", "SecretAccessKey": "{keys.secret_key}", '
        f'"SessionToken": "{keys.token}"}}'
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "keys.json").write_text(document, encoding="utf-8")
        (Path(folder) / "slow.sh").write_text(f"sleep 0.05; cat {folder}/keys.json\n", encoding="utf-8")
        (Path(folder) / "config").write_text(
            f"[default]\ncredential_process = sh {folder}/slow.sh\n", encoding="utf-8"
        )
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ["AWS_CONFIG_FILE"] = f"{folder}/config"
        os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
        yield


def clients(endpoint: LocalEndpoint) -> Iterator[Callable[[], Client]]:
    """Yield makers of clients, one for each kind of credentials."""

    def slowly() -> Credentials:
        time.sleep(0.01)
        return endpoint.credentials

    given: list[Callable[[], dict[str, Any]]] = [
        lambda: {"api_key": endpoint.api_key},
        lambda: {"credentials": endpoint.credentials},
        lambda: {"credentials": slowly},
        lambda: {"api_key": ApiKeyProvider(endpoint.region, credentials=slowly, lifetime=2)},
        dict,  # the chain, with its slow process
    ]
    for number, options in enumerate(given * 2):
        deadline = 15.0 if number >= len(given) else None
        yield lambda options=options, deadline=deadline: Client(
            endpoint.region, base_url=endpoint.url, deadline=deadline, **options()
        )


def fork_often(endpoint: LocalEndpoint, count: int) -> Counter[str]:
    """Return how the children ended: "answered", "failed" or "hung"."""
    makers = list(clients(endpoint))
    shared = [make() for make in makers]
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            # A new client now and then: it looks up, mints and connects for the first time.
            client = random.choice(makers)() if random.random() < 0.3 else random.choice(shared)
            client.complete(REQUEST)

    threads = [threading.Thread(target=busy, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        return Counter(child_of(random.choice(shared)) for _ in range(count))
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def child_of(client: Client) -> str:
    """Fork, let the child make a call, and return how it ended."""
    time.sleep(random.random() * 0.03)
    child = os.fork()
    if child == 0:
        signal.alarm(CHILD_SECONDS)  # which ends the process, whatever it waits for
        code = 1
        try:
            client.complete(REQUEST)
            code = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    return "answered" if status == 0 else "hung" if os.WIFSIGNALED(status) else "failed"


if __name__ == "__main__":
    sys.exit(main())
