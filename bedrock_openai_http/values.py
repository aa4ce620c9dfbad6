"""JSON objects as frozen dataclasses: what the values of a request have in common.

`to_dict()` gives the wire form without unset members, `from_dict()` reads it.

This module does not judge: a value may hold anything until `validation` looks at the whole request. Only what cannot
be read at all, since a method of somebody else's raises, is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from .errors import RequestValidationError

if TYPE_CHECKING:
    from typing_extensions import Self


class ToDict(Protocol):
    """An object that knows its own wire form, such as the message of an answer."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that stands for this value."""


#: A JSON object as the API spells it, or a value that turns into one.
WireObject: TypeAlias = Mapping[str, Any] | ToDict


#: How deep a request may be nested. serde_json, which reads it on the other side, stops at 128 by default; this
#: stops well before that, and well before Python's own recursion limit.
MAX_DEPTH = 100


def plain(value: Any) -> Any:
    """Return `value` in new dicts and lists, with each object that has a `to_dict()` in its wire form.

    Texts and numbers of subclasses become plain ones: no later step meets a method of somebody else's. What is no
    JSON is left as it is, and so is what is nested deeper than a request may be, which a circular value is:
    `validation` says what is wrong with it. Raises RequestValidationError for what cannot be read, such as a dict
    that another thread changes meanwhile.
    """
    try:
        return _plain(value, MAX_DEPTH)
    except RequestValidationError:
        raise  # of a value within
    except RecursionError:  # little was left of the stack
        rule, words = "json-depth", "is nested too deep for what is left of the stack"
    except Exception as error:  # noqa: BLE001  (of a mapping or a to_dict() of the caller's anything can come out)
        words = f"cannot be read: {type(error).__name__} was raised by an object in it, or it was changed meanwhile"
        rule = "json-type"
    # Raised outside of the handler: what the caller's code raises may hold the prompt.
    raise RequestValidationError(words, rule=rule)


#: What needs no copy. A subclass of one of these may have methods that raise.
_SCALARS = frozenset((str, int, float, bool, type(None)))


def _plain(value: Any, levels: int) -> Any:
    if type(value) in _SCALARS or not levels:
        return value
    if isinstance(value, WireValue):
        return value.to_dict()
    if isinstance(value, (dict, Mapping)):
        # Most members are texts, and a call takes longer than to see that.
        return {
            key if type(key) is str else _scalar(key): item if type(item) is str else _plain(item, levels - 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item, levels - 1) for item in value]
    if isinstance(value, (str, int, float)):
        return _scalar(value)
    if hasattr(value, "to_dict") and not isinstance(value, type):
        return _plain(value.to_dict(), levels - 1)
    return value


def _scalar(value: Any) -> Any:
    """Return a text or number of a subclass as a plain one, as JSON has it; anything else as it is."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    return float.__float__(value) if isinstance(value, float) else value


def fitting(value: Any, tag: str, kinds: Mapping[str, type[WireValue]]) -> Any:
    """Return the mapping `value` as the one of `kinds` that its member `tag` names, if nothing is lost by it.

    Anything else, such as a mapping with a misspelt key, comes back as it is.
    """
    if not isinstance(value, Mapping):
        return value
    try:
        made = kinds[value[tag]].from_dict(value)
        return made if made.to_dict() == value else value
    except Exception:  # noqa: BLE001  (a mapping of the caller's may raise anything)
        return value


def all_fitting(values: Any, tag: str, kinds: Mapping[str, type[WireValue]]) -> Any:
    """Return the list `values` with `fitting` done to each item; anything else than a list as it is."""
    return [fitting(value, tag, kinds) for value in values] if isinstance(values, (list, tuple)) else values


class Frozen:
    """A frozen dataclass that keeps a list as a tuple, so that it stays as it was made."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))


class WireValue(Frozen):
    """A frozen dataclass whose fields are members of a JSON object."""

    def members(self) -> dict[str, Any]:
        """Return the fields that are set, in their wire form."""
        return {
            name: value if type(value) is str else plain(value)
            for name, value in vars(self).items()
            if value is not None
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return self.members()

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the wire form. Raises TypeError where a member is missing or unknown."""
        return cls(**value)


class Part(WireValue):
    """A content part with its members beside its type: `{"type": kind, ...}`."""

    kind: ClassVar[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"type": self.kind, **self.members()}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the wire form. Raises TypeError where a member is missing or unknown."""
        return cls(**{name: member for name, member in value.items() if name != "type"})


class Enveloped(WireValue):
    """A value with its members in an object named after its type: `{"type": kind, kind: {...}}`."""

    kind: ClassVar[str]
    #: The fields that stand beside the inner object.
    outside: ClassVar[tuple[str, ...]] = ("prompt_cache_breakpoint",)

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        inner = self.members()
        outer = {name: inner.pop(name) for name in self.outside if name in inner}
        return {"type": self.kind, self.kind: inner, **outer}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the wire form. Raises TypeError or KeyError where a member is missing or unknown."""
        outer = {name: member for name, member in value.items() if name not in ("type", cls.kind)}
        return cls(**value[cls.kind], **outer)
