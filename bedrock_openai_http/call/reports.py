"""Tells what happens in a call: to the callable of the client, and to the logger `bedrock_openai_http`.

The logger has attempts at DEBUG and retries at INFO, with request IDs, so that a call that survived a throttling can
be seen.

This module's law: whoever listens cannot break a call; what a listener raises is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..values.completion import ChatCompletion
from ..values.errors import APIStatusError, BedrockOpenAIError
from ..values.http import OpenResponse
from ..values.request import FIELDS
from . import events
from .error_answers import request_id_of

if TYPE_CHECKING:
    from .walk import Call

_LOGGER = logging.getLogger("bedrock_openai_http")

#: Members of a request whose words are of the API, not of its author.
_WORDS = ("reasoning_effort", "service_tier", "tool_choice", "verbosity")


class Report:
    """Tells of one call to `on_event` and to the log. `elapsed` gives the seconds since it began."""

    def __init__(
        self,
        call: Call,
        body: Mapping[str, Any],
        on_event: Callable[[events.Event], object] | None,
        elapsed: Callable[[], float],
    ) -> None:
        plan = self._plan = call.plan
        self._common = (call.invocation_id, plan.model, plan.endpoint, plan.region, plan.stream)
        self._parameters = parameters_of(body)
        self._listeners = (_log,) if on_event is None else (on_event, _log)
        self._elapsed = elapsed
        self._attempts = 0
        self._status: int | None = None
        self._request_id: str | None = None
        self._ended = False

    def started(self) -> None:
        """Tell that the call has begun."""
        url = urlsplit(self._plan.request.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        guardrail = self._plan.guardrail.identifier if self._plan.guardrail is not None else None
        self._tell(events.CallStarted, url.hostname or "", port, guardrail, self._parameters)

    def attempt_started(self, number: int) -> None:
        """Tell that an attempt is about to be sent."""
        self._attempts = number
        self._tell(events.AttemptStarted, number)

    def attempt_failed(self, failure: BedrockOpenAIError, wait: float | None) -> None:
        """Tell that the last attempt has failed, and whether another follows, after `wait` seconds."""
        status = failure.status_code if isinstance(failure, APIStatusError) else None
        kind = type(failure).__name__
        self._tell(events.AttemptFailed, self._attempts, kind, status, failure.request_id, wait)

    def response_started(self, response: OpenResponse) -> None:
        """Tell that the headers of a 2xx answer are there."""
        self._status, self._request_id = response.status_code, request_id_of(response.headers)
        self._tell(events.ResponseStarted, self._status, self._request_id)

    def first_chunk(self) -> None:
        """Tell that the first chunk is there."""
        self._tell(events.FirstChunk)

    def completed(self, completion: ChatCompletion) -> None:
        """Tell that the call has its answer."""
        self._end(None, completion)

    def failed(self, error: BaseException | str, partial: ChatCompletion | None = None) -> None:
        """Tell that the call has ended without its whole answer: by an exception, or as a word says."""
        if isinstance(error, BedrockOpenAIError):
            self._request_id = error.request_id or self._request_id
            self._status = getattr(error, "status_code", None) or self._status
        kind = type(error).__name__ if isinstance(error, BaseException) else error
        self._end("cancelled" if kind == "CancelledError" else kind, partial)

    def _end(self, error_type: str | None, answer: ChatCompletion | None) -> None:
        if self._ended:
            return
        self._ended = True
        common = (error_type, self._status, self._request_id, self._attempts)
        if answer is None:
            self._tell(events.CallEnded, *common)
            return
        reasons = tuple(choice.finish_reason for choice in answer.choices if choice.finish_reason is not None)
        self._tell(events.CallEnded, *common, answer.usage, answer.id, answer.model, reasons)

    def _tell(self, kind: type[events.Event], *own: Any) -> None:
        event = kind(*self._common, self._elapsed(), *own)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _LOGGER.warning("on_event has raised an exception, which does not end the call", exc_info=True)


def parameters_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers, switches and words of a request's body, by name, without anything that its author wrote."""
    known = {name: body[name] for name in FIELDS if name in body and name != "stream"}
    found = {name: value for name, value in known.items() if type(value) in (int, float, bool)}
    found |= {name: body[name] for name in _WORDS if isinstance(body.get(name), str)}
    form = body.get("response_format")
    if isinstance(form, Mapping) and isinstance(form.get("type"), str):
        found["response_format"] = form["type"]
    return found


def checked_listener(on_event: Any) -> Any:
    """Return `on_event`, a plain callable or None. Raises TypeError for anything else, such as an `async def`."""
    if on_event is None:
        return None
    from inspect import iscoroutinefunction

    target = getattr(on_event, "func", on_event)  # of a functools.partial
    if iscoroutinefunction(target) or iscoroutinefunction(getattr(target, "__call__", None)):  # noqa: B004
        raise TypeError("on_event: must be a plain function, not an async one: it is called where the call stands")
    if not callable(on_event):
        raise TypeError(f"on_event: must be callable, not {type(on_event).__name__}")
    return on_event


def _log(event: events.Event) -> None:
    """Write `event` to the log, in one line without content."""
    log, call = _LOGGER, event.invocation_id
    if isinstance(event, events.AttemptFailed):
        what = event.error_type if event.status_code is None else f"{event.error_type} {event.status_code}"
        if event.wait is None:
            log.debug("call %s: attempt %d failed: %s, request ID %s", call, event.number, what, event.request_id)
        else:
            text = "call %s: attempt %d failed: %s, request ID %s; again in %.2f s"
            log.info(text, call, event.number, what, event.request_id, event.wait)
    elif isinstance(event, events.CallStarted):
        log.debug("call %s: started, model %s, %s, %s", call, event.model, event.endpoint, event.server_address)
    elif isinstance(event, events.AttemptStarted):
        log.debug("call %s: attempt %d", call, event.number)
    elif isinstance(event, events.ResponseStarted):
        log.debug("call %s: status %d, request ID %s", call, event.status_code, event.request_id)
    elif isinstance(event, events.CallEnded):
        text = "call %s: ended after %.3f s, %s, request ID %s, %d attempts"
        log.debug(text, call, event.elapsed, event.error_type or "answered", event.request_id, event.attempts)
