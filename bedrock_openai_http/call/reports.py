"""Tells what happens in a call: to the callable of the client, and to the logger `bedrock_openai_http`.

The logger has attempts at DEBUG and retries at INFO, with request IDs, so that a call that survived a throttling can
be seen.

This module's law: whoever listens cannot break a call; what a listener raises is logged.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from ..aws.credentials import ApiKey, Credentials
from ..values.completion import ChatCompletion
from ..values.errors import APIStatusError, BedrockOpenAIError
from ..values.http import OpenResponse
from ..values.request import FIELDS
from ..values.usage import Usage
from . import events
from .error_answers import request_id_of
from .plan import Plan
from .redaction import redacted

_LOGGER = logging.getLogger("bedrock_openai_http")

#: Members of a request whose words are of the API, not of its author.
_WORDS = ("reasoning_effort", "service_tier", "tool_choice", "verbosity")
_FORMATS = ("text", "json_object", "json_schema")
#: What a word of the API looks like.
_WORD = "[A-Za-z0-9_-]{1,64}"


class Report:
    """Tells of one call to `on_event` and to the log.

    It refers to no call and no request, which would be kept until Python next looks for circles. `clock` is the one
    on which the plan says when the call began.
    """

    def __init__(
        self,
        plan: Plan,
        invocation_id: str,
        body: Mapping[str, Any],
        on_event: Callable[[events.Event], object] | None,
        clock: Callable[[], float],
    ) -> None:
        url = urlsplit(plan.request.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        guardrail = plan.guardrail.identifier if plan.guardrail is not None else None
        self._common = (invocation_id, plan.model, plan.endpoint, plan.region, plan.stream)
        self._start = (url.hostname or "", port, guardrail, parameters_of(body))
        self._listeners = (_log,) if on_event is None else (on_event, _log)
        self._clock, self._began = clock, plan.started
        #: What the attempt under way authenticates with, for a server may give it back as an ID.
        self.used: ApiKey | Credentials | None = None
        self._attempt = self._sent = 0
        self._status: int | None = None
        self._request_id: str | None = None
        self._is_open = False

    def started(self) -> None:
        """Tell that the call has begun."""
        self._is_open = True
        self._tell(events.CallStarted, *self._start)

    def attempt_started(self, number: int) -> None:
        """Tell that an attempt begins."""
        self._attempt = number
        self._tell(events.AttemptStarted, number)

    def attempt_failed(self, failure: BedrockOpenAIError, wait: float | None) -> None:
        """Tell that the last attempt has failed, and whether another follows, after `wait` seconds."""
        status = failure.status_code if isinstance(failure, APIStatusError) else None
        request_id = self._clean(failure.request_id)
        self._tell(events.AttemptFailed, self._attempt, type(failure).__name__, status, request_id, wait)

    def response_started(self, response: OpenResponse) -> None:
        """Tell that the headers of a 2xx answer are there."""
        self._status, self._request_id = response.status_code, self._clean(request_id_of(response.headers))
        self._tell(events.ResponseStarted, self._status, self._request_id)

    def first_chunk(self) -> None:
        """Tell that the first chunk is there."""
        self._tell(events.FirstChunk)

    def tool_started(self, tool: str, call_id: str) -> None:
        """Tell that a call of a tool begins, which the model asked for in the answer to this call."""
        self._tell(events.ToolStarted, tool, _word(call_id))

    def tool_ended(self, tool: str, call_id: str, error: BaseException | None) -> None:
        """Tell that a call of a tool is over, and what it raised, if it did."""
        kind = None if error is None else type(error).__name__
        self._tell(events.ToolEnded, tool, _word(call_id), "cancelled" if kind == "CancelledError" else kind)

    def completed(self, answer: ChatCompletion | None, attempts: int) -> None:
        """Tell that the call has its answer; None for a stream that was whole and empty."""
        self._end(None, answer, attempts)

    def failed(self, error: BaseException | str, attempts: int, partial: ChatCompletion | None = None) -> None:
        """Tell that the call has ended without its whole answer: by an exception, or as a word says."""
        if isinstance(error, BedrockOpenAIError):
            self._request_id = self._clean(error.request_id) or self._request_id
            self._status = getattr(error, "status_code", None) or self._status
        kind = type(error).__name__ if isinstance(error, BaseException) else error
        self._end("cancelled" if kind == "CancelledError" else kind, partial, attempts)

    def _end(self, error_type: str | None, answer: ChatCompletion | None, attempts: int) -> None:
        if not self._is_open:
            return
        self._is_open = False
        said: tuple[Any, ...] = ()
        if answer is not None:
            reasons = tuple(choice.finish_reason for choice in answer.choices)
            said = (
                _counts(answer.usage),
                self._clean(answer.id) or None,
                self._clean(answer.model) or None,
                tuple(reason for reason in reasons if reason and re.fullmatch(_WORD, reason)),
            )
        self._tell(events.CallEnded, error_type, self._status, self._request_id, attempts, *said)

    def _clean(self, text: str | None) -> str | None:
        if text is None or self.used is None:
            return text
        return redacted(text, self.used)

    def _tell(self, kind: type[events.Event], *own: Any) -> None:
        event = kind(*self._common, self._clock() - self._began, *own)
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001  (whoever listens must not break the call)
                name = type(error).__name__
            else:
                continue
            # Its class alone: a call that fails is perhaps being told of, whose error a traceback would show too.
            with suppress(Exception):  # of a handler of the log
                _LOGGER.warning("on_event has raised %s, which does not end the call", name)


def _word(text: str) -> str | None:
    """Return what a model gave for an ID, if it can be no more than that."""
    return text if re.fullmatch(_WORD, text) else None


def _counts(usage: Usage | None) -> Usage | None:
    """Return `usage` without what the service may have put beside its counts."""
    if usage is None:
        return None
    details = [
        {name: count for name, count in group.items() if type(count) is int}
        for group in (usage.prompt_tokens_details, usage.completion_tokens_details)
    ]
    return Usage(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, *details)


def parameters_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers, switches and words of a request's body, by name, without anything that its author wrote."""
    known = {name: body[name] for name in FIELDS if name in body and name != "stream"}
    found = {name: value for name, value in known.items() if type(value) in (int, float, bool)}
    words = {name: body[name] for name in _WORDS if isinstance(body.get(name), str)}
    found |= {name: word for name, word in words.items() if re.fullmatch(_WORD, word)}
    form = body.get("response_format")
    if isinstance(form, Mapping) and form.get("type") in _FORMATS:
        found["response_format"] = form["type"]
    return found


def checked_listener(on_event: Any) -> Any:
    """Return `on_event`, a plain callable or None. Raises TypeError for anything else, such as an `async def`."""
    if on_event is None:
        return None
    from functools import partial
    from inspect import isasyncgenfunction, iscoroutinefunction

    target = on_event
    while isinstance(target, partial):
        target = target.func
    called = (target, type(target).__call__)
    if any(iscoroutinefunction(each) or isasyncgenfunction(each) for each in called):
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
    elif isinstance(event, events.ToolStarted):
        log.debug("call %s: tool %s, %s: started", call, event.tool, event.call_id)
    elif isinstance(event, events.ToolEnded):
        log.debug("call %s: tool %s, %s: %s", call, event.tool, event.call_id, event.error_type or "returned")
