"""One call by this library with an API key. `python this_client_key.py URL`."""

import sys

import this_machine  # noqa: F401

from bedrock_openai_http import ChatCompletionRequest, Client, UserMessage

client = Client("us-west-2", base_url=sys.argv[1], allow_insecure=True, api_key="benchmark-key-of-nobody")
completion = client.complete(ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("Hello!")]))
print(completion.text, flush=True)
