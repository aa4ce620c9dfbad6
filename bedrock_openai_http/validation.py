"""A request is checked completely before anything is signed, sent or paid for.

First that it is JSON, then against the bundled schema, then how its fields depend on each other. The first flaw
found is reported. An error's text never repeats what the caller wrote, save for the names of unknown keys.

This module is the only one that imports jsonschema. It fetches nothing: a `$ref` in a caller's own schema is data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry

from .errors import ConfigurationError, RequestValidationError
from .request import ChatCompletionRequest, Guardrail
from .schemas import load_schema
from .validation_rules import RULES, Flaw, json_flaw, json_path, quoted, rule_flaw
from .values import plain

__all__ = ["RULES", "validate_guardrail", "validate_request"]


def validate_request(request: ChatCompletionRequest | Mapping[str, Any]) -> None:
    """Return if `request` may be sent. It is a request of ours or a JSON body, which may hold values of ours.

    Raises RequestValidationError for the first flaw. Of a request's `extra_body` only that it is JSON is checked;
    of a body, every member must be one that the schema knows.
    """
    try:
        flaw = _request_flaw(request) if isinstance(request, ChatCompletionRequest) else _body_flaw(request)
    except RecursionError:
        flaw = Flaw((), "json-depth", "is nested too deep for what is left of the stack")
    if flaw is not None:
        raise RequestValidationError(flaw.message, json_path=json_path(flaw.path), rule=flaw.rule)


def _request_flaw(request: ChatCompletionRequest) -> Flaw | None:
    own, extra = request.own_fields(), request.extra_body or {}
    if not isinstance(extra, Mapping):
        return Flaw((), "type", "extra_body must be a mapping")
    for name in extra:
        if name in own:
            return Flaw((name,), "given-twice", "is given both as a field and in extra_body")
    body = {**own, **extra}
    return json_flaw(body) or _schema_flaw(own) or (None if extra else rule_flaw(body))


def _body_flaw(body: Any) -> Flaw | None:
    body = {key: plain(value) for key, value in body.items()} if isinstance(body, Mapping) else plain(body)
    return json_flaw(body) or _schema_flaw(body) or rule_flaw(body)
