"""A conversation with a real language model over signed HTTP, all of it on this machine: `make demo`.

    this client  ──SigV4──►  LocalEndpoint, which stands in for Bedrock  ──►  llama.cpp's server, SmolLM2-135M

This module reads no AWS configuration, and goes on without the model where it cannot run.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from real_model import ModelUnavailableError, RealModel, real_model

from bedrock_openai_http import (
    AssistantMessage,
    ChatCompletion,
    ChatCompletionRequest,
    Client,
    SystemMessage,
    UserMessage,
)
from bedrock_openai_http.testing import LocalEndpoint

QUESTIONS = ("What is the capital of France?", "What is that city best known for?")


def main() -> int:
    """Hold the conversation and return the exit code."""
    with ExitStack() as stack:
        try:
            model = stack.enter_context(real_model())
            print(f"Talking with {model.name}, a real language model, small enough for any machine.")
            endpoint = stack.enter_context(standing_before(model))
        except ModelUnavailableError as reason:
            print(f"No language model here: {reason}.\nThe answers are the local endpoint's own.")
            endpoint = stack.enter_context(LocalEndpoint())
        print(
            f"Requests are signed (SigV4) and checked at {endpoint.url}, which stands in for Amazon Bedrock."
        )
        print("No AWS account is used.")
        client = Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials)
        converse(stack.enter_context(client))
    return 0


def standing_before(model: RealModel) -> LocalEndpoint:
    """Return an endpoint that lets signed requests through to the model's server."""
    return LocalEndpoint(upstream=model.url, upstream_key=model.api_key, upstream_model=model.name)


def converse(client: Client) -> None:
    """Ask the questions in one conversation, so that the second answer builds on the first."""
    messages: list[SystemMessage | UserMessage | AssistantMessage] = [
        SystemMessage("You are a helpful assistant. Answer in one or two short sentences.")
    ]
    for question in QUESTIONS:
        messages.append(UserMessage(question))
        print(f"\nYou:    {question}\nModel:  ", end="", flush=True)
        began = time.monotonic()
        answer = ask(client, messages)
        print(f"\n        {footnote(answer, time.monotonic() - began)}")
        messages.append(AssistantMessage(answer.text))


def ask(client: Client, messages: list[SystemMessage | UserMessage | AssistantMessage]) -> ChatCompletion:
    """Print the answer as it arrives and return it whole."""
    request = ChatCompletionRequest(
        model="openai.gpt-oss-20b-1:0",
        messages=messages,
        max_completion_tokens=100,
        temperature=0,
        stream_options={"include_usage": True},
    )
    with client.stream(request) as stream:
        for chunk in stream:
            print(chunk.text.replace("\n", "\n        "), end="", flush=True)
        return stream.completion()


def footnote(answer: ChatCompletion, seconds: float) -> str:
    """Return what the API told about the answer, in one line."""
    usage = answer.usage
    tokens = (
        f"{usage.prompt_tokens} tokens in, {usage.completion_tokens} out" if usage else "tokens not counted"
    )
    return f"[request ID {answer.request_id} · {tokens} · {seconds:.1f} s]"


if __name__ == "__main__":
    sys.exit(main())
