"""A web service that has a model answer, and streams the answer to the browser as server-sent events.

    AWS_REGION=us-west-2 uvicorn streaming_service:app

The settings are those of the environment: Region, credentials or API key, and MODEL. Open / in a browser.
"""

import asyncio
import json
import logging
import os
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bedrock_openai_http import (
    APITimeoutError,
    AsyncClient,
    BadRequestError,
    BedrockOpenAIError,
    ChatCompletionRequest,
    ConfigurationError,
    CredentialsError,
    RateLimitError,
    RequestValidationError,
    UserMessage,
)

log = logging.getLogger("uvicorn.error")
MODEL = os.environ.get("MODEL", "openai.gpt-oss-20b-1:0")
#: What the browser gets where Bedrock does not answer; for all else 502.
STATUSES = {RequestValidationError: 400, BadRequestError: 400, RateLimitError: 429, APITimeoutError: 504}
STATUSES |= {ConfigurationError: 500, CredentialsError: 500}


@asynccontextmanager
async def lifespan(app):
    """Keep one client for the app, with its connections."""
    async with AsyncClient(timeout=60, deadline=300) as client:
        yield {"client": client}


async def chat(request):
    """Answer `{"question": "..."}` with a stream of events, or with a status where nothing has come of it."""
    try:
        question = (await request.json())["question"]
    except (ValueError, KeyError, TypeError):
        return JSONResponse({"error": "a JSON object with a question is needed"}, 400)
    asked = ChatCompletionRequest(MODEL, [UserMessage(question)], max_completion_tokens=2000)
    try:
        stream = await unless_gone(request, request.state.client.stream(asked))
    except BedrockOpenAIError as error:
        return JSONResponse(told(error), STATUSES.get(type(error), 502))
    return Response(status_code=204) if stream is None else ChatResponse(stream)


async def unless_gone(request, pending):
    """Return the stream once Bedrock begins to answer; None, and ask no further, if the browser leaves before."""
    asked, gone = asyncio.ensure_future(pending), asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
        return await asked if asked.done() else None
    finally:
        asked.cancel()
        gone.cancel()


class ChatResponse(StreamingResponse):
    """Sends a stream's chunks as they come. However it ends, also when the browser leaves, Bedrock's stream ends."""

    def __init__(self, stream):
        # The third header has nginx hand each event on at once.
        headers = {"X-Request-Id": stream.request_id or "", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events(stream), media_type="text/event-stream", headers=headers)
        self.stream = stream

    async def __call__(self, scope, receive, send):
        """Send all of it, as the server asks for it."""
        async with self.stream:
            await super().__call__(scope, receive, send)


async def events(stream):
    """Yield each piece of text as an event, and at last how it ended."""
    try:
        async for chunk in stream:
            if chunk.text:
                yield event("text", chunk.text)
            await asyncio.sleep(0)  # where chunks come without a pause, others get their turn, and cancelling too
        whole = await stream.completion()
        yield event("done", {"finish_reason": whole.finish_reason, "request_id": whole.request_id})
    except BedrockOpenAIError as error:  # the status is sent: an event has to say it
        yield event("error", told(error))


def event(name, data):
    """Return one event. JSON has no line end in it, which would end the event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def told(error):
    """Log an error, and return what the browser may know of it."""
    log.error("%s: %s", type(error).__name__, error)  # the text has the request ID in it, and no key
    return {"error": type(error).__name__, "request_id": error.request_id}


async def page(request):
    """Return a page to try it with."""
    return HTMLResponse(PAGE)


app = Starlette(routes=[Route("/", page), Route("/chat", chat, methods=["POST"])], lifespan=lifespan)

PAGE = """<!doctype html><meta charset="utf-8"><title>Chat</title>
<form><input name="question" size="60" autofocus> <button>Ask</button></form>
<p id="answer" style="white-space: pre-wrap"></p>
<script>
const form = document.querySelector("form"), answer = document.getElementById("answer");
form.onsubmit = async (submitted) => {
  submitted.preventDefault();
  answer.textContent = "";
  const body = JSON.stringify({question: form.question.value});
  const response = await fetch("chat", {method: "POST", headers: {"Content-Type": "application/json"}, body});
  if (!response.ok) { answer.textContent = response.status + " " + await response.text(); return; }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "", piece; !(piece = await reader.read()).done;) {
    const whole = (rest + piece.value).split("\\n\\n");
    rest = whole.pop();
    for (const one of whole) {
      const [, name, data] = one.match(/^event: (.*)\\ndata: (.*)$/);
      if (name == "text") answer.textContent += JSON.parse(data);
      if (name == "error") answer.textContent += " [" + data + "]";
    }
  }
};
</script>
"""
