"""The fault matrix, T48: a process that may open nothing more, not even the modules that a first call needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Makes a first call, and one that streams, where no file can be opened any more, and says what came of each.
PROGRAM = """
import os, resource, sys
from bedrock_openai_http import BedrockOpenAIError, ChatCompletionRequest, Client, UserMessage
request = ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("Hello!")])
client = Client("us-west-2", base_url="http://127.0.0.1:9", api_key=sys.argv[1] or None)
resource.setrlimit(resource.RLIMIT_NOFILE, (0, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
for call in (client.complete, client.stream):
    try:
        call(request)
    except BedrockOpenAIError as error:
        print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="only where the number of descriptors has a limit")
@pytest.mark.parametrize("key", ["bedrock-api-key-SECRET", ""], ids=["API key", "chain"])
def test_t48_no_free_descriptor_at_the_first_call(key: str) -> None:
    """Where not even a module can be opened, what comes is an exception of ours, with the system's words."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, key], capture_output=True, text=True, timeout=30)
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all("Too many open files" in line for line in lines)
    assert "SECRET" not in done.stdout + done.stderr
