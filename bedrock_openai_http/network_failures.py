"""What the network and the libraries below do wrong, as failures of ours.

This module is a part of `transport`. Its law: of a foreign exception only the system's words are taken, since the
exception itself may hold the request, with its key and its prompt.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from .connections import ConnectTimeout, DeadConnection, NotConnected, SendTimeout
from .errors import APIConnectionError, APITimeoutError, BedrockOpenAIError, ConfigurationError
from .wire import TimeLimits


def _deadline_passed() -> APITimeoutError:
    return APITimeoutError("the deadline of the call has passed", phase="deadline")


def open_failure(error: Exception, url: str, limits: TimeLimits) -> BedrockOpenAIError:
    """Return the failure of ours for what the adapter raised before there was an answer."""
    host = urlsplit(url).netloc
    if type(error) is OSError:  # of the checks of `requests` before it connects
        return ConfigurationError("the CA bundle or the client certificate is not there")
    causes = list(_links(error))
    if any(isinstance(cause, (requests.Timeout, TimeoutError)) for cause in causes):
        return _open_timeout(causes, host, limits)
    if any(isinstance(cause, DeadConnection) for cause in causes):
        return APIConnectionError(f"the connection to {host} from the pool was dead", phase="reused")
    cause = error.args[0] if error.args else None
    # urllib3 gives a reason only where it gave up connecting; what breaks later comes as it is.
    unconnected = any(isinstance(link, NotConnected) for link in causes)
    phase = "connect" if unconnected or getattr(cause, "reason", None) is not None else "headers"
    doing = f"cannot connect to {host}" if phase == "connect" else f"{host} did not answer"
    return APIConnectionError(f"{doing}: {_cause_text(error)}", phase=phase)


def _open_timeout(causes: list[BaseException], host: str, limits: TimeLimits) -> APITimeoutError:
    if limits.deadline is not None and time.monotonic() >= limits.deadline:
        return _deadline_passed()
    if any(isinstance(cause, (requests.ConnectTimeout, ConnectTimeout)) for cause in causes):
        return APITimeoutError(f"no connection to {host} within {limits.connect:g} s", phase="connect")
    if any(isinstance(cause, SendTimeout) for cause in causes):
        return APITimeoutError(f"{host} did not take the request within {limits.read:g} s", phase="send")
    return APITimeoutError(f"no answer from {host} within {limits.read:g} s", phase="headers")


def body_failure(error: Exception, phase: str, limits: TimeLimits) -> APIConnectionError:
    """Return the failure of ours for what a read of the body raised."""
    if isinstance(error, (ReadTimeoutError, TimeoutError)):
        if limits.deadline is not None and time.monotonic() >= limits.deadline:
            return _deadline_passed()
        return APITimeoutError(f"nothing more of the answer came within {limits.read:g} s", phase=phase)
    return APIConnectionError(f"the answer broke off: {_cause_text(error)}", phase="body")


def _links(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and the exceptions that led to it, each once, the root last."""
    seen: set[int] = set()
    link: Any = error
    while isinstance(link, BaseException) and id(link) not in seen:
        seen.add(id(link))
        yield link
        inner = [arg for arg in link.args if isinstance(arg, BaseException)]
        link = getattr(link, "reason", None) or link.__cause__ or link.__context__ or (inner[0] if inner else None)


def _cause_text(error: BaseException) -> str:
    """Return the system's words for the failure at the root: they hold no URL, no header and no body."""
    text = type(error).__name__
    for link in _links(error):
        if isinstance(link, OSError) and link.strerror:
            text = link.strerror
        elif not isinstance(link, (requests.RequestException, HTTPError)):
            text = type(link).__name__
    return text
