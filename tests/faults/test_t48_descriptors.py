"""The fault matrix, T48: a process that may open nothing more, not even the modules that a first call needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from both import KINDS

#: Makes a first call, and one that streams, where no file can be opened any more, and says what came of each.
PROGRAM = """
import asyncio, os, resource, sys
import bedrock_openai_http as bedrock
from bedrock_openai_http import BedrockOpenAIError, ChatCompletionRequest, UserMessage
request = ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("Hello!")])
kind, key = sys.argv[1:]
client = getattr(bedrock, kind)("us-west-2", base_url="http://127.0.0.1:9", api_key=key or None)
loop = asyncio.new_event_loop()
async def awaited(call):
    await call(request)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
for call in (client.complete, client.stream):
    try:
        call(request) if kind == "Client" else loop.run_until_complete(awaited(call))
    except BedrockOpenAIError as error:
        print(type(error).__name__, error)
loop.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="only where the number of descriptors has a limit")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["bedrock-api-key-SECRET", ""], ids=["API key", "chain"])
def test_t48_no_free_descriptor_at_the_first_call(kind: str, key: str) -> None:
    """Where not even a module can be opened, what comes is an exception of ours, with the system's words."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, kind, key], capture_output=True, text=True, timeout=30)
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all("Too many open files" in line for line in lines)
    assert "SECRET" not in done.stdout + done.stderr
