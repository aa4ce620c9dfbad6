"""What is settled before a call begins: its request, where it goes, and how long it may take.

This module holds one frozen value, and looks nothing up.
"""

from __future__ import annotations

from typing import Any

from ..aws.endpoint import Endpoint
from ..values.frozen import frozen
from ..values.http import HTTPRequest, TimeLimits
from ..values.request import Guardrail


@frozen
class Plan:
    """What is sent for one call, to where, and how long it may take."""

    request: HTTPRequest
    to: Endpoint
    #: "runtime" or "mantle".
    endpoint: str
    #: The region to sign for; None if none is known.
    region: str | None
    #: The region that a short-term API key must be made for; None if any will do.
    key_region: str | None
    limits: TimeLimits
    #: How often the call is attempted in all.
    max_attempts: int
    #: When it began, on the clock of the deadline.
    started: float
    #: Of the request's body, what advice and events speak of.
    model: str
    stream: bool
    max_completion_tokens: Any
    guardrail: Guardrail | None

    @property
    def own_host(self) -> bool:
        """Whether it goes to a host of AWS's own, where only Bedrock's keys are good."""
        return self.to.region is not None
