"""One request, step by step: CPU seconds of each step as a function, of this library and of the floor.

This module runs in a worker.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import canned


def measure(contender: Any, count: int) -> dict[str, float]:
    """Return the CPU seconds of each step."""
    steps = _of_floor(contender) if hasattr(contender, "send") else _of_this_client(contender)
    return {name: timed(step, count) for name, step in steps.items()}


def timed(step: Callable[[], Any], count: int) -> float:
    """Return the CPU seconds of one call of `step`."""
    step()
    started = time.process_time()
    for _ in range(count):
        step()
    return (time.process_time() - started) / count


def _of_floor(floor: Any) -> dict[str, Callable[[], Any]]:
    body = json.dumps(floor.body).encode()
    headers = floor.sign(body)
    answer = floor.send(body, headers)
    return {
        "build": lambda: json.dumps(floor.body).encode(),
        "sign": lambda: floor.sign(body),
        "send": lambda: floor.send(body, headers),
        "parse": lambda: json.loads(answer),
    }


def _of_this_client(contender: Any) -> dict[str, Callable[[], Any]]:
    from bedrock_openai_http import (
        Credentials,
        build_http_request,
        parse_completion,
        resolve_endpoint,
        sign,
        validate_request,
    )
    from bedrock_openai_http.call.answer import BODY_LIMIT
    from bedrock_openai_http.transport.drive import read_all
    from bedrock_openai_http.transport.requests_transport import RequestsTransport
    from bedrock_openai_http.values.http import TimeLimits

    request = contender.request
    base_url = contender.client._options.base_url
    url = resolve_endpoint(canned.REGION, base_url=base_url, allow_insecure=True).chat_completions_url(canned.MODEL)
    credentials = Credentials(*canned.CREDENTIALS.values())
    transport, limits = RequestsTransport(), TimeLimits(5.0, 60.0)
    built = build_http_request(request, url)
    signed = sign(built, credentials, canned.REGION)
    answer = read_all(transport.open(signed, limits), BODY_LIMIT)
    return {
        "validate": lambda: validate_request(request),
        "build": lambda: build_http_request(request, url),
        "sign": lambda: sign(built, credentials, canned.REGION),
        "send": lambda: read_all(transport.open(signed, limits), BODY_LIMIT),
        "parse": lambda: parse_completion(answer),
    }
