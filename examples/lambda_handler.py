"""An AWS Lambda function that has a model answer a question. In its bundle this file is handler.py."""

import logging
import os

import botocore.auth  # noqa: F401 - every call needs these two: loaded here, they do not slow down the first one
import requests  # noqa: F401

from bedrock_openai_http import (
    APIConnectionError,
    APIStatusError,
    ChatCompletionRequest,
    Client,
    UserMessage,
    lambda_deadline,
)

log = logging.getLogger("handler")
log.setLevel(logging.INFO)
model = os.environ.get("MODEL", "openai.gpt-oss-20b-1:0")
client = Client()  # outside of the handler, so that its connection outlives one invocation


def handler(event, context):
    """Answer `event["question"]`. A mistake of ours is raised; what the service does wrong is answered by name."""
    request = ChatCompletionRequest(model, [UserMessage(event["question"])], max_completion_tokens=1000)
    try:
        completion = client.complete(request, deadline=lambda_deadline(context))
    except (APIStatusError, APIConnectionError) as error:
        log.error("%s: %s", type(error).__name__, error)  # the text has the request ID in it, and no key
        return {"error": type(error).__name__, "request_id": error.request_id}
    log.info("request ID %s, %s tokens", completion.request_id, completion.usage and completion.usage.total_tokens)
    return {"answer": completion.text, "request_id": completion.request_id}
