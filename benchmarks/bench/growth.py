"""Validation alone: its time against the number of messages, and with an image of 4 MB in the request."""

from __future__ import annotations

from typing import Any

import canned
from phases import timed
from sampling import rounded

from processes import Worker

MESSAGES = (1, 10, 50, 100, 200, 361)
IMAGE = 4_000_000


def measure(url: str, *, quick: bool) -> dict[str, Any]:
    """Return the CPU seconds of `validate_request` for each number of messages, and with an image.

    They are compared with a time and not with a contender's, so the least of the rounds counts: other work of the
    machine only adds to it.
    """
    count = 3 if quick else 15
    with Worker("none", url) as worker:
        samples = [worker.ask("growth") for _ in range(count)]
    return {
        "rounds": count,
        **{
            kind: {size: rounded(min(sample[kind][size] for sample in samples)) for size in samples[0][kind]}
            for kind in ("dataclasses", "dict")
        },
        "image": rounded(min(sample["image"] for sample in samples)),
    }


def validation(_: Any) -> dict[str, Any]:
    """Return the CPU seconds of one validation of each kind. This runs in a worker."""
    from bedrock_openai_http import ChatCompletionRequest, ImagePart, UserMessage, validate_request

    def seconds(request: Any, count: int) -> float:
        return timed(lambda: validate_request(request), count)

    image = ImagePart("data:image/png;base64," + "QUJD" * (IMAGE // 4))
    return {
        "dataclasses": {str(size): seconds(canned.dataclasses(size), 400 // size + 1) for size in MESSAGES},
        "dict": {str(size): seconds(canned.body(size), 400 // size + 1) for size in MESSAGES},
        "image": seconds(ChatCompletionRequest(canned.MODEL, [UserMessage([image])]), 3),
    }
