"""The paths that Bedrock's hosts serve and a LocalEndpoint does not, and the 404 that each of them gives.

A program that asks for one of them has the right host and the wrong API; so it is answered as Bedrock answers where
there is no such model or resource, in the shape of that API. What no API of Bedrock has as a path is elsewhere.

This module knows paths and words, and sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Who speaks: "aws" is the front end with its header, the others are bodies alone.
AWS, OPENAI, ANTHROPIC = "aws", "openai", "anthropic"


@dataclass(frozen=True)
class OtherPath:
    """One API of Bedrock's: its methods, its paths as a pattern, and how it says that something is not there."""

    methods: frozenset[str]
    pattern: str
    shape: str
    code: str
    message: str

    @property
    def body(self) -> Mapping[str, Any]:
        """The body of the refusal by another than AWS's front end, which names the kind in a header."""
        if self.shape == ANTHROPIC:
            return {"type": "error", "error": {"type": self.code, "message": self.message}}
        kind = "invalid_request_error" if self.code == "not_found_error" else "not_found_error"
        return {"error": {"code": self.code, "message": self.message, "param": None, "type": kind}}


#: SEEN aws-samples/sample-per-model-bedrock 00/01: what runtime says of a model that does not have this API.
_NO_MODEL = "The model doesn't exist or doesn't support this API. Retry your request with a different model ID."
_GET, _POST = frozenset({"GET"}), frozenset({"POST"})
_ANY = frozenset({"GET", "POST", "DELETE"})

#: By the service that requests are signed for. The words of AWS's APIs are ResourceNotFoundException's (404 in
#: botocore's model of bedrock-runtime); of `/openai/v1/models` on runtime only the status was seen.
OTHER_PATHS = {
    "bedrock": (
        OtherPath(
            _POST,
            r"/model/.+/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)",
            AWS,
            "ResourceNotFoundException",
            "Could not resolve the foundation model from the provided model identifier.",
        ),
        OtherPath(
            _POST,
            r"/guardrail/.+/version/[^/]+/apply",
            AWS,
            "ResourceNotFoundException",
            "The guardrail identifier or version provided in the request does not exist.",
        ),
        OtherPath(_GET | _POST, r"/async-invoke(/[^/]+)?", AWS, "ResourceNotFoundException", "Invocation not found."),
        OtherPath(_ANY, r"/openai/v1/responses(/[^/]+(/[a-z_]+)?)?", OPENAI, "model_not_found", _NO_MODEL),
        OtherPath(_GET, r"/openai/v1/models(/[^/]+)?", OPENAI, "not_found", "Not found"),
        OtherPath(_GET | _POST, r"/openai/v1/batches(/[^/]+(/cancel)?)?", OPENAI, "not_found", "Not found"),
        OtherPath(_POST, r"/anthropic/v1/messages(/count_tokens)?", ANTHROPIC, "not_found_error", _NO_MODEL),
    ),
    "bedrock-mantle": (
        OtherPath(_POST, r"/anthropic/v1/messages(/count_tokens)?", ANTHROPIC, "not_found_error", "Not found"),
        # What else there is, `/v1/models` and `/v1/responses` too, is not there as any other path is not.
        OtherPath(frozenset(), r".*", OPENAI, "not_found_error", "Not found"),
    ),
}


def other_path(service: str, method: str, path: str) -> OtherPath | None:
    """Return the API of Bedrock's that `method` and `path` ask for; None for a path that runtime does not know."""
    return next(
        (
            each
            for each in OTHER_PATHS.get(service, OTHER_PATHS["bedrock"])
            if (not each.methods or method in each.methods) and re.fullmatch(each.pattern, path)
        ),
        None,
    )
