"""Fuzzes the validation of requests: the input says what to change in a good request, and into what."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import atheris
from harness import ROOT, laws, run

from bedrock_openai_http import ChatCompletionRequest
from bedrock_openai_http.values.request import FIELDS

_TEXT = (ROOT / "tests" / "data" / "full_requests.json").read_text()
GOOD = json.loads(_TEXT.replace("canary", laws.CANARY))
NAMES = [*FIELDS, *"role content type text url name input_audio data format file function custom id".split()]
NO_JSON = (float("nan"), float("inf"), 10**400, b"c4n4ry", {1}, 1j, object(), object, {1: 2}, {None: 1}, "\ud83d")
DEPTH = 4


def check(data: bytes) -> None:
    choices = atheris.FuzzedDataProvider(data)
    body = deepcopy(GOOD[choices.ConsumeIntInRange(0, len(GOOD) - 1)])
    for _ in range(choices.ConsumeIntInRange(1, 4)):
        _change(choices, body)
    laws.check_request(body)
    laws.check_request(ChatCompletionRequest.from_body(body))


def _change(choices: atheris.FuzzedDataProvider, body: Any) -> None:
    """Replace, remove or add one member, somewhere within `body`."""
    place = body
    while True:
        if not place:
            return
        key = choices.PickValueInList(list(place) if isinstance(place, dict) else list(range(len(place))))
        if not isinstance(place[key], (dict, list)) or choices.ConsumeBool():
            break
        place = place[key]
    action = choices.ConsumeIntInRange(0, 3)
    if action == 0:
        del place[key]
    elif action == 1 and isinstance(place, dict):
        place[_key(choices)] = _value(choices)
    elif action == 1:
        place.append(_value(choices))
    else:
        place[key] = _value(choices)


def _value(choices: atheris.FuzzedDataProvider, depth: int = 0) -> Any:
    kind = choices.ConsumeIntInRange(0, 9 if depth < DEPTH else 6)
    if kind < 3:
        return (None, True, False)[kind]
    if kind == 3:
        return choices.ConsumeInt(choices.ConsumeIntInRange(1, 9))
    if kind == 4:
        return choices.ConsumeFloat()
    if kind == 5:
        return choices.ConsumeUnicode(8)
    if kind == 6:
        # A copy, which a later change may change: the one value within itself would be a place without an end.
        return deepcopy(choices.PickValueInList(list(NO_JSON)))
    size = choices.ConsumeIntInRange(0, 3)
    if kind == 7:
        return [_value(choices, depth + 1) for _ in range(size)]
    if kind == 8:
        return tuple(_value(choices, depth + 1) for _ in range(size))
    return {_key(choices): _value(choices, depth + 1) for _ in range(size)}


def _key(choices: atheris.FuzzedDataProvider) -> str:
    return choices.PickValueInList(NAMES) if choices.ConsumeBool() else choices.ConsumeUnicode(6)


if __name__ == "__main__":
    run(check)
