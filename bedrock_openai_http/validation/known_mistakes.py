"""What people write in place of what this API takes: options of an SDK, members of another API, a vendor's own keys.

This module is loaded for the first body that is refused. It finds no flaw: it puts one that was found into words that
say what to do about it. Of the body they repeat nothing but names of members, and a function's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .fields import Flaw, Path, quoted
from .foreign_forms import BODIES, FORMATS, MESSAGES, TOOL_CHOICES, Form, call_form, form_of, part_form, tool_form
from .foreign_names import FOREIGN, GUARDRAILS, HEADERS, NO_GUARDRAIL, ROLES, SDK_OPTIONS, VENDORS


def in_better_words(flaw: Flaw, body: Any, *, in_file: bool = False) -> Flaw:
    """Return `flaw`, which was found in `body`, with what helps in its message; place and rule stay as they are.

    `in_file` tells that the author of the body writes a file, and no Python.
    """
    if flaw.rule.startswith("json-"):
        return flaw  # what is no JSON is not looked into: it may have methods of somebody else's
    hints = flaw.message.split("; ")
    if in_file:
        hints = [hint for hint in hints if not _OF_PYTHON.search(hint)]
        flaw = replace(flaw, message="; ".join(hints))
    found = _form(flaw, body)
    if found is not None:
        place, words = found
        return replace(flaw, message=f"{hints[0]}; {words}", about=place)
    if flaw.rule == "unknown-key":
        message: str | None = _of_unknown_key(flaw.path, hints, in_file)
    else:
        message = _of_value(flaw, body, in_file)
    return flaw if message is None else replace(flaw, message=message)


#: What tells a hint that is about arguments in Python.
_OF_PYTHON = re.compile(r"\b(extra_body|extra|unknown_fields)\b")


def _value(body: Any, path: Path) -> Any:
    """Return what stands at `path`, or None."""
    for step in path:
        try:
            body = body[step]
        except (LookupError, TypeError):
            return None
    return body


# A whole form


def _form(flaw: Flaw, body: Any) -> tuple[Path, str] | None:
    """Return the place of the object around the flaw that is of another API's form, and words about that form."""
    if flaw.path == () and isinstance(body, list):
        words = _of_list(body)
        return None if words is None else ((), words)
    for length, about in _AROUND:
        place, member = flaw.path[:length], flaw.path[length:]
        if len(place) == length and (not member or (len(member) == 1 and flaw.rule in _RULES_OF_FORM)):
            value = _value(body, place)
            if isinstance(value, Mapping):
                form = about(place, value)
                if form is not None:
                    return place, form.words
    return None


def _of_list(items: list[Any]) -> str | None:
    if items and all(isinstance(item, Mapping) for item in items):
        if all("role" in item for item in items):
            return 'this is an array of messages; a body is {"model": ..., "messages": the array}'
        if all("function" in item or tool_form(item) for item in items):
            return "this is an array of tools; they are the member tools of a body"
    return None


def _body_form(place: Path, value: Mapping[str, Any]) -> Form | None:
    return None if "messages" in value else form_of(value, BODIES)


def _member_form(place: Path, value: Mapping[str, Any]) -> Form | None:
    forms = {"tool_choice": TOOL_CHOICES, "response_format": FORMATS}.get(str(place[0]))
    if forms is None or isinstance(value.get("json_schema"), Mapping):
        return None
    kind = value.get("type")
    return None if isinstance(kind, str) and kind in value else form_of(value, forms)


def _item_form(place: Path, value: Mapping[str, Any]) -> Form | None:
    if place[0] == "tools":
        return tool_form(value)
    return form_of(value, MESSAGES) if place[0] == "messages" else None


def _inner_form(place: Path, value: Mapping[str, Any]) -> Form | None:
    if place[0] != "messages":
        return None
    forms: Mapping[Any, Callable[[Mapping[str, Any]], Form | None]] = {"content": part_form, "tool_calls": call_form}
    about = forms.get(place[2])
    return None if about is None else about(value)


#: What is wrong with the members of an object of another form; a value may be wrong beside that.
_RULES_OF_FORM = ("unknown-key", "required", "enum", "const")

#: How many steps an object lies below the body, with what tells its form.
_AROUND: tuple[tuple[int, Callable[[Path, Mapping[str, Any]], Form | None]], ...] = (
    (0, _body_form),
    (1, _member_form),
    (2, _item_form),
    (4, _inner_form),
)


# A member's name


def _of_unknown_key(path: Path, hints: list[str], in_file: bool) -> str:
    """Return what is said of a key, from the hints that go by how it is spelt and where it stands."""
    key = str(path[-1])
    words = _of_known_key(path, key, in_file)
    if words is None and key in VENDORS and (len(path) == 1 or key == "cache_control"):
        ways = [_pass(key)] if in_file else [hint for hint in hints[1:] if _OF_PYTHON.search(hint)]
        way = "; ".join(ways) or f"{'extra_body' if len(path) == 1 else 'extra='} sends it"
        words = f"it {VENDORS[key]}; leave it out, or if the model takes it, {way}"
    if words is not None:
        return f"{hints[0]}; {words}"
    if in_file and not any(hint.startswith("did you mean") for hint in hints):
        hints = [*hints, _pass(key)]
    return "; ".join(hints)


def _of_known_key(path: Path, key: str, in_file: bool) -> str | None:
    if key == "weight" and path[0] == "messages":
        return "it is fine-tuning's, where it tells whether a message is learned from; leave it out"
    if len(path) > 1:
        is_schema = path[-2] == "function" and key in ("input_schema", "inputSchema", "schema")
        return "it is parameters here" if is_schema else None
    if key == "extra_body":
        return "it is an argument of an SDK; its members go to the top level of the body"
    if key in HEADERS:
        where = "leave it out" if in_file else "give them as complete(..., extra_headers=...)"
        return f"HTTP headers are no part of a body; {where}"
    if key in SDK_OPTIONS:
        here = SDK_OPTIONS[key]
        where = f"here that is {here}" if here and not in_file else "leave it out"
        return f"it is an option of an SDK; {where}"
    if key in GUARDRAILS:
        client = "it is Converse's; give guardrail=Guardrail(identifier, version) to the client"
        return NO_GUARDRAIL if in_file else client
    return FOREIGN.get(key)


def _pass(key: str) -> str:
    """Return how the command line lets a key of that name pass."""
    return f"--allow {key if re.fullmatch(r'[A-Za-z0-9_.-]{1,64}', key) else 'KEY'} lets it pass"


# A value


def _of_value(flaw: Flaw, body: Any, in_file: bool) -> str | None:
    """Return words for a flaw of a value that is of no form of its own, or None where ours are good enough."""
    value, last = _value(body, flaw.path), flaw.path[-1] if flaw.path else ""
    if flaw.rule == "pattern":
        return _of_pattern(flaw.path, value)
    if flaw.rule == "type" and last == "arguments":
        how = "" if in_file else ": json.dumps(...) makes one"
        return f'must be a JSON string, such as "{{\\"city\\": \\"Paris\\"}}"{how}'
    if flaw.rule == "type" and isinstance(value, Mapping):
        return _of_object(flaw, last)
    if flaw.rule == "type" and isinstance(value, str):
        return _of_text(flaw, last)
    if flaw.rule in ("enum", "const") and isinstance(value, str):
        return _of_word(flaw, last, value)
    return None


def _of_pattern(path: Path, value: Any) -> str:
    last = path[-1] if path else ""
    if last == "tagSuffix":
        return "must be 1 to 20 letters and digits"
    words = "must be 1 to 64 letters, digits, underscores and hyphens"
    # With a space in it, it is a text rather than a name, and texts are not repeated.
    is_name = isinstance(value, str) and len(value) <= 128 and not re.search(r"\s", value)
    would_do = re.sub(r"[^A-Za-z0-9_-]+", "_", value)[:64] if is_name else ""
    if last != "name" or path[0] == "response_format" or not would_do.strip("_"):
        return words
    return f"{words}; {quoted(would_do)} would do"


def _of_object(flaw: Flaw, last: str | int) -> str | None:
    if last == "content":
        return f"{flaw.message}; an object goes in as JSON text"
    if flaw.path == ("messages",):
        return f"{flaw.message}; put the message into one: [{{...}}]"
    return None


def _of_text(flaw: Flaw, last: str | int) -> str | None:
    if last == "image_url":
        return f'{flaw.message}; put the URL into one: {{"url": ...}}'
    if flaw.path == ("messages",):
        return f'{flaw.message} of messages: [{{"role": "user", "content": the text}}]'
    if flaw.path in (("tools",), ("tool_choice",), ("response_format",)) or last == "parameters":
        return f"{flaw.message}, and no text that holds one"
    return None


def _of_word(flaw: Flaw, last: str | int, value: str) -> str | None:
    if flaw.path == ("service_tier",) and value == "ultrafast":
        return f"{flaw.message}; ultrafast is a tier of the Responses API alone"
    if flaw.path == ("tool_choice",) and value == "any":
        return f'{flaw.message}; what other APIs call "any" is "required" here'
    if last == "role" and value in ROLES:
        return f'{flaw.message}; write "{ROLES[value]}"'
    return None
