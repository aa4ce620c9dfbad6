"""A conversation with a real language model over signed HTTP, all of it on this machine: `make demo`.

    this client  ──SigV4──►  LocalEndpoint, which stands in for Bedrock  ──►  llama.cpp's server, SmolLM2-135M

This module reads no AWS configuration, and goes on without the model where it cannot run.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from bedrock_openai_http import (
    AssistantMessage,
    ChatCompletion,
    ChatCompletionRequest,
    Client,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint
from real_model import ModelUnavailableError, real_model

QUESTIONS = ("Why is the sky blue? Answer in two sentences.", "Explain that to a small child.")


def main() -> int:
    """Hold the conversation and return the exit code."""
    with ExitStack() as stack:
        try:
            model = stack.enter_context(real_model())
            print(f"Talking with {model.name}, a real language model that fits every machine.")
            endpoint = LocalEndpoint(upstream=model.url, upstream_key=model.api_key, upstream_model=model.name)
        except ModelUnavailableError as reason:
            print(f"No language model here: {reason}. The answers are the local endpoint's own.")
            endpoint = LocalEndpoint()
        stack.enter_context(endpoint)
        print(f"Requests are signed (SigV4) and verified at {endpoint.url}, a stand-in for Amazon Bedrock.")
        client = Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials)
        converse(stack.enter_context(client))
    return 0


def converse(client: Client) -> None:
    """Ask the questions in one conversation: the model sees what was said before."""
    messages: list[UserMessage | AssistantMessage] = []
    for question in QUESTIONS:
        messages.append(UserMessage(question))
        print(f"\nYou:   {question}\nModel: ", end="", flush=True)
        began = time.monotonic()
        answer = ask(client, messages)
        print(f"\n{footnote(answer, time.monotonic() - began)}")
        messages.append(AssistantMessage(answer.text))


def ask(client: Client, messages: list[UserMessage | AssistantMessage]) -> ChatCompletion:
    """Print the answer as it arrives and return it whole."""
    request = ChatCompletionRequest(
        model="openai.gpt-oss-20b-1:0",
        messages=messages,
        max_completion_tokens=200,
        temperature=0,
        stream_options={"include_usage": True},
    )
    with client.stream(request) as stream:
        for chunk in stream:
            print(chunk.text, end="", flush=True)
        return stream.completion()


def footnote(answer: ChatCompletion, seconds: float) -> str:
    """Return what the API told about the answer, in one line."""
    usage = answer.usage
    tokens = f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out, " if usage else ""
    return f"[{tokens}{seconds:.1f} s, request ID {answer.request_id}]"


if __name__ == "__main__":
    sys.exit(main())
