"""What happens in a call, as frozen values: what the callable of `Client(on_event=...)` is given.

This module holds the public names; the values are made in `call.events`.
"""

from __future__ import annotations

from .call.events import AttemptFailed as AttemptFailed
from .call.events import AttemptStarted as AttemptStarted
from .call.events import CallEnded as CallEnded
from .call.events import CallStarted as CallStarted
from .call.events import Event as Event
from .call.events import FirstChunk as FirstChunk
from .call.events import ResponseStarted as ResponseStarted
from .call.events import ToolEnded as ToolEnded
from .call.events import ToolStarted as ToolStarted

__all__ = [
    "AttemptFailed",
    "AttemptStarted",
    "CallEnded",
    "CallStarted",
    "Event",
    "FirstChunk",
    "ResponseStarted",
    "ToolEnded",
    "ToolStarted",
]
