"""What happens in a call, as frozen values.

This module's law: an event holds numbers, names and words of the API, and never a key, content or an exception. What
is of the wrong kind in a service's answer is None here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..values.frozen import field, frozen
from ..values.usage import Usage


@frozen
class Event:
    """What all events have; more kinds may come. Seconds count from the start of the call."""

    #: The ID of the call, as AWS is sent it.
    invocation_id: str
    model: str
    #: "runtime" or "mantle".
    endpoint: str
    region: str | None
    stream: bool
    elapsed: float


@frozen
class CallStarted(Event):
    """A call has begun: its request is valid, and nothing is sent yet."""

    server_address: str
    server_port: int
    #: The identifier of the guardrail, None without one.
    guardrail: str | None
    #: Numbers, switches and words of the request, by the names that they have on the wire.
    parameters: Mapping[str, Any] = field(default_factory=dict)


@frozen
class AttemptStarted(Event):
    """An attempt begins: credentials are looked up, and it is sent; the first has the number 1."""

    number: int


@frozen
class AttemptFailed(Event):
    """An attempt has failed; another follows after `wait` seconds, or none if that is None."""

    number: int
    #: The name of the exception's class.
    error_type: str
    status_code: int | None
    request_id: str | None
    wait: float | None


@frozen
class ResponseStarted(Event):
    """The headers of a 2xx answer are there."""

    status_code: int
    request_id: str | None


@frozen
class FirstChunk(Event):
    """The first chunk of a streamed answer is there."""


@frozen
class CallEnded(Event):
    """A call is over, one of these for each CallStarted: answered, failed, or given up."""

    #: The name of the exception's class; "closed" for a stream that was closed early, "cancelled" for a task; None
    #: for a call that was answered.
    error_type: str | None
    status_code: int | None
    request_id: str | None
    #: How many attempts were sent.
    attempts: int
    usage: Usage | None = None
    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: tuple[str, ...] = ()


@frozen
class ToolStarted(Event):
    """A call of a tool begins. What the event has of a call is of the one that the model answered with it."""

    #: The name of the tool, as it was given to `run_tools`.
    tool: str
    #: The ID of the tool call; None where the model gave one that is no word.
    call_id: str | None
    #: None here.
    error_type: str | None = None


@frozen
class ToolEnded(Event):
    """A call of a tool is over, one of these for each ToolStarted."""

    tool: str
    call_id: str | None
    #: The name of the class of what it raised; "cancelled" for a task; None if it returned.
    error_type: str | None = None
