"""A conversation as plain JSON, to be kept in a file or a database and read again.

Programs keep such documents for long and edit them, so that each member is looked at. This module writes the form and
reads it; what it says of a document that is none names the place, and repeats nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .messages import MESSAGES
from .request import FIELDS, TOOLS, Guardrail, OtherTool
from .usage import Usage
from .wire_value import WireObject, all_fitting, plain

#: The fields of a request that a conversation has for all of its requests.
OWN_FIELDS = frozenset((*FIELDS, "guardrail", "extra_body")) - {"model", "messages", "stream"}

_MEMBERS = ("model", "system", "fields", "messages", "asked", "usage", "bytes_per_token")
_GUARDRAIL = ("identifier", "version", "trace", "tag_suffix", "stream_processing_mode")


def written(
    *,
    model: str,
    system: Any,
    fields: Mapping[str, Any],
    messages: Sequence[WireObject],
    asked: Sequence[WireObject] | None,
    usage: Usage,
    bytes_per_token: float | None,
) -> dict[str, Any]:
    """Return the document, of new dicts and lists, without what is not set."""
    guardrail = fields.get("guardrail")
    given = {name: plain(value) for name, value in fields.items() if value is not None and name != "guardrail"}
    if guardrail is not None:
        members = {name: plain(getattr(guardrail, name)) for name in _GUARDRAIL}
        given["guardrail"] = {name: value for name, value in members.items() if value is not None}
    document = {
        "model": plain(model),
        "system": plain(system),
        "fields": given,
        "messages": [plain(message) for message in messages],
        "asked": None if asked is None else [plain(message) for message in asked],
        "usage": usage.to_dict(),
        "bytes_per_token": bytes_per_token,
    }
    return {name: value for name, value in document.items() if value is not None}


def read(saved: Any) -> dict[str, Any]:
    """Return the members of a document by name, as values of ours, None for those that it need not have and has not.

    Raises TypeError for a member of another kind, and ValueError for one that is missing or not known.
    """
    document = _mapping(saved, "$")
    _refuse_unknown(document, _MEMBERS, "$")
    for name in ("model", "messages"):
        if document.get(name) is None:
            raise ValueError(f"$.{name}: is required in a saved conversation")
    if not isinstance(document["model"], str):
        raise TypeError("$.model: must be a string")
    system = document.get("system")
    if not (system is None or isinstance(system, (str, list))):
        raise TypeError("$.system: must be a string or a list of parts")
    asked, rate = document.get("asked"), document.get("bytes_per_token")
    if not (rate is None or (type(rate) in (int, float) and rate > 0)):
        raise ValueError("$.bytes_per_token: must be a number above 0")
    return {
        "model": document["model"],
        "system": system,
        "fields": _fields(document.get("fields", {})),
        "messages": _messages(document["messages"], "$.messages"),
        "asked": None if asked is None else _messages(asked, "$.asked"),
        "usage": Usage.from_dict(document.get("usage", {})),
        "bytes_per_token": rate,
    }


def _mapping(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{path}: must be an object")
    members: dict[str, Any] = plain(value)  # the caller's own dicts may change later
    if not all(isinstance(name, str) for name in members):
        raise TypeError(f"{path}: must be an object with strings for names")
    return members


def _refuse_unknown(members: Mapping[str, Any], known: Collection[str], path: str) -> None:
    for name in members:
        if name not in known:
            raise ValueError(f"{path}[{name[:64]!r}]: is no member of a saved conversation")


def _messages(value: Any, path: str) -> list[WireObject]:
    if not isinstance(value, list):
        raise TypeError(f"{path}: must be a list")
    for i, message in enumerate(value):
        role = _mapping(message, f"{path}[{i}]").get("role")
        if not isinstance(role, str) or role not in MESSAGES:
            raise ValueError(f"{path}[{i}].role: must be one of {', '.join(MESSAGES)}")
    messages: list[WireObject] = all_fitting(value, "role", MESSAGES)
    return messages


def _fields(value: Any) -> dict[str, Any]:
    given = _mapping(value, "$.fields")
    _refuse_unknown(given, OWN_FIELDS, "$.fields")
    if given.get("guardrail") is not None:
        members = _mapping(given["guardrail"], "$.fields.guardrail")
        _refuse_unknown(members, _GUARDRAIL, "$.fields.guardrail")
        for name in ("identifier", "version"):
            if not isinstance(members.get(name), str):
                raise TypeError(f"$.fields.guardrail.{name}: must be a string")
        given["guardrail"] = Guardrail(**members)
    if given.get("extra_body") is not None:
        _mapping(given["extra_body"], "$.fields.extra_body")
    if "tools" in given:
        given["tools"] = all_fitting(given["tools"], "type", TOOLS, OtherTool)
    return given
