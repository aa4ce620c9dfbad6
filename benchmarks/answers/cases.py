"""Twelve bad answers and twelve bad calls: what the model says, and what of the outcome matters.

This module is data. A script gives the answer to each request of a case; after the bad ones comes a good one, but for
what is bad for ever.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from .forms import Answer, Call, Refused, Said
from .server import Script

#: Requests after which a model that calls for ever gives in, so that every case ends.
FOR_EVER = 30

INVOICE = {
    "number": "R-2017-0042",
    "items": [{"name": "green tea", "quantity": 2, "price": 3.5}, {"name": "cup", "quantity": 1, "price": 8.25}],
    "total": 15.25,
}
GOOD = json.dumps(INVOICE)
REFUSAL = "I am sorry, but I cannot help with that request."
#: A tool that nobody has offered.
LOOK_UP = Call("call_1", "look_up_customer", '{"customer": "Mrs. Smith of Bath"}')


@dataclass(frozen=True)
class BadAnswer:
    """A completion that is no plain JSON of an invoice. It is given to each request."""

    name: str
    said: Said
    #: What of it must be found again for it to be "kept".
    mark: str
    #: Whether the number of requests is shown, also if it is one.
    counted: bool = False

    @property
    def script(self) -> Script:
        return lambda number: self.said


def _text(name: str, text: str, finish: str = "stop") -> BadAnswer:
    return BadAnswer(name, Said(text, finish=finish), text, counted=finish == "length")


def _with(**changes: object) -> str:
    return json.dumps({**INVOICE, **changes})


_THOUGHTS = "The user wants an invoice. First I add up the items, then the tax, then"

ANSWERS = [
    _text("words around the JSON", f"Here is the invoice:\n\n{GOOD}\n\nShall I send it?"),
    _text("a ` ```json ` fence", f"```json\n{GOOD}\n```"),
    _text("two JSON documents", f"{GOOD}\n{_with(number='R-2017-0043')}"),
    _text("`NaN` as a number", _with(total=float("nan"))),
    _text("a trailing comma", GOOD[:-1] + ",}"),
    _text("a wrong type in a nested list", GOOD.replace('"quantity": 2', '"quantity": "a few"')),
    _text("a missing member", json.dumps({name: INVOICE[name] for name in ("number", "items")})),
    _text("an unknown member", _with(currency="EUR")),
    _text("cut by `length` in mid-JSON", GOOD[:100], "length"),
    BadAnswer("`length`, all spent on reasoning", Said(finish="length", reasoning=_THOUGHTS), _THOUGHTS, True),
    _text("a refusal", REFUSAL, "refusal"),
    BadAnswer("a tool call in its place", Said(calls=(LOOK_UP,), finish="calls"), LOOK_UP.arguments[15:-2]),
]

#: What only the model has said: an error whose text has one of these quotes it.
ONLY_SAID = (
    "R-2017-0042",
    "green tea",
    "a few",
    '{"number"',
    "Here is the",
    "I am sorry",
    "Mrs. Smith of",
    "The user wants",
)

DONE = "All is done."


@dataclass(frozen=True)
class BadCall:
    """Turns of a model in which something is wrong with its calls, and then its answer.

    `shows` says what matters: "ran" (what was run), "told" (what the model was told of it), "secret" (whether it was
    told the secret), "results" (how many of the calls got one), "requests" (how many there were), "history" (where
    the receipts are found).
    """

    name: str
    turns: tuple[Answer, ...]
    shows: tuple[str, ...] = ("ran", "told")
    #: Whether it says nothing of a library that runs no tools.
    loop: bool = False
    #: Whether the last turn comes again and again.
    for_ever: bool = False
    #: Why Anthropic's API cannot give this, where it cannot.
    not_messages: str = ""

    @property
    def script(self) -> Script:
        def script(number: int) -> Answer:
            if number <= len(self.turns) or (self.for_ever and number <= FOR_EVER):
                return self.turns[min(number, len(self.turns)) - 1]
            return Said(DONE)

        return script


def _turn(*calls: Call, finish: str = "calls") -> Said:
    return Said(calls=calls, finish=finish)


def _refund(arguments: str, id: str = "call_1") -> Call:
    return Call(id, "refund", arguments)


def _paid(order: str, id: str) -> Call:
    return _refund(json.dumps({"order": order, "cents": 500}), id)


_OBJECTS = "that API gives arguments as an object"

CALLS = [
    BadCall("an unknown tool", (_turn(Call("call_1", "refnd", '{"order": "A1", "cents": 500}')),)),
    BadCall("arguments that are no JSON", (_turn(_refund('{"order": "A1", "cents": 500')),), not_messages=_OBJECTS),
    BadCall("a wrong type", (_turn(_refund('{"order": "A1", "cents": "a few"}')),)),
    BadCall("a missing argument", (_turn(_refund('{"order": "A1"}')),)),
    BadCall("an argument too many", (_turn(_refund('{"order": "A1", "cents": 500, "currency": "EUR"}')),)),
    BadCall('arguments `""` where none are needed', (_turn(Call("call_1", "stock", "")),), not_messages=_OBJECTS),
    BadCall(
        "the tool raises, with a secret in the text",
        (_turn(Call("call_1", "ship", '{"order": "A1"}')),),
        ("secret", "told"),
        loop=True,
    ),
    BadCall(
        "the second of three calls raises",
        (_turn(_paid("A1", "call_1"), Call("call_2", "ship", '{"order": "A2"}'), _paid("A3", "call_3")),),
        ("ran", "results", "history"),
        loop=True,
    ),
    BadCall(
        "cut by `length` in the second of two calls",
        (_turn(_paid("A1", "call_1"), _refund('{"order": "A2", "ce', "call_2"), finish="length"),),
    ),
    BadCall(
        "`call_0` in two turns",
        (_turn(_paid("A1", "call_0")), _turn(_paid("A2", "call_0"))),
        ("ran", "results"),
        loop=True,
    ),
    BadCall(
        "the same wrong call for ever",
        (_turn(_refund('{"order": "A1"}')),),
        ("requests",),
        loop=True,
        for_ever=True,
    ),
    BadCall(
        "two paid calls, then a 429",
        (_turn(_paid("A1", "call_1")), _turn(_paid("A2", "call_2")), Refused(429)),
        ("ran", "history"),
        loop=True,
    ),
]
