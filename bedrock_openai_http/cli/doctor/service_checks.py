"""What `doctor` asks the service: what time it is, and whether it answers a call.

Both go the way of every call, through the transport of the package, so that what is tested is what is used.

This module yields findings; of the answers they hold no text of a model.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ...aws.clock import OFF_VARIABLE, correction_is_off, service_time
from ...aws.waiting import within
from ...call.headers import USER_AGENT
from ...values.errors import APIStatusError, BedrockOpenAIError, ConfigurationError, RequestValidationError
from ...values.http import Headers, HTTPRequest, TimeLimits
from ...values.messages import UserMessage
from ...values.request import ChatCompletionRequest
from .finding import FAIL, NO_CONNECTION, OK, REFUSED, UNUSABLE, WARNING, Finding, span

if TYPE_CHECKING:
    from ...clients.client import Client
    from ...transport.requests_transport import RequestsTransport

#: Seconds: from here on the service refuses signatures; and what the Date header, in whole seconds, cannot tell.
CLOCK_LIMIT, CLOCK_PRECISION = 240.0, 2.0
#: Seconds for the whole call, and tokens that it may use.
CALL_SECONDS, CALL_TOKENS = 30.0, 64


def check_clock(url: str, transport: RequestsTransport, seconds: float, *, signs: bool) -> Finding:
    """Return how far this machine's clock is from the service's, by the answer to a request without credentials.

    `signs` tells whether calls are signed, for only then it matters.
    """
    request = HTTPRequest("GET", url, Headers({"User-Agent": USER_AGENT, "Accept": "application/json"}), b"")
    sent = time.time()
    try:
        response = within(seconds + 1, lambda: transport.open(request, TimeLimits(seconds, seconds)))
    except (BedrockOpenAIError, TimeoutError) as error:
        advice = getattr(error, "advice", None)
        text = _without_advice(error) or f"no answer within {seconds:g} s"
        fix = advice or "is it the service that answers there?"
        code = UNUSABLE if isinstance(error, ConfigurationError) else NO_CONNECTION
        return Finding("clock", FAIL, text, fix=fix, exit_code=code)
    received = time.time()
    response.close()
    there = service_time(response.headers)
    if there is None:
        return Finding("clock", WARNING, "the answer has no Date", fix="is it the service that answers there?")
    # A Date header leaves the fraction of the second out.
    return _offset(there + 0.5 - (sent + received) / 2, signs)


def _offset(seconds: float, signs: bool) -> Finding:
    """Return the finding for a service whose clock is so many seconds ahead of this machine's."""
    if abs(seconds) <= CLOCK_PRECISION:
        return Finding("clock", OK, f"within {CLOCK_PRECISION:g} s of the service's")
    text = f"{span(abs(seconds))} {'behind' if seconds > 0 else 'ahead of'} the service's"
    if abs(seconds) < CLOCK_LIMIT or not signs:
        return Finding("clock", OK, text)
    if correction_is_off():
        fix = f"set this machine's clock, or unset {OFF_VARIABLE}"
        return Finding("clock", FAIL, text, fix=fix, exit_code=UNUSABLE)
    fix = "set this machine's clock; until then first requests are sent twice"
    return Finding("clock", WARNING, text, fix=fix)


def _without_advice(error: Exception) -> str:
    """Return the text of an error without the advice at its end, which has a place of its own."""
    advice = getattr(error, "advice", None)
    return str(error).removesuffix(f" {advice}") if advice else str(error)


def check_call(client: Client, model: str) -> Finding:
    """Return how one small call goes."""
    request = ChatCompletionRequest(model, [UserMessage("Say OK.")], max_completion_tokens=CALL_TOKENS)
    started = time.monotonic()
    try:
        completion = client.complete(request, deadline=CALL_SECONDS)
    except BedrockOpenAIError as error:
        unsent = isinstance(error, RequestValidationError | ConfigurationError)
        code = REFUSED if isinstance(error, APIStatusError) else UNUSABLE if unsent else NO_CONNECTION
        text = _without_advice(error)
        return Finding("call", FAIL, text, fix=error.advice or "", exit_code=code)
    seconds = time.monotonic() - started
    tokens = f"{completion.usage.total_tokens} tokens, " if completion.usage else ""
    text = f"{completion.model or model}, {tokens}{seconds:.1f} s"
    return Finding("call", OK, text, f"request ID {completion.request_id or 'none'}")
