"""JSON objects as frozen dataclasses: what the values of a request have in common.

`to_dict()` gives the wire form without unset members, `from_dict()` reads it.

This module does not judge: a value may hold anything until `validation` looks at the whole request. Only what cannot
be read at all, since a method of somebody else's raises, is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from . import jsontext
from .errors import RequestValidationError
from .extras import Extended, beyond, extended, joined
from .forks import loading
from .frozen import KW_ONLY, field, frozen

if TYPE_CHECKING:
    from typing_extensions import Self


class ToDict(Protocol):
    """An object that knows its own wire form, such as the message of an answer."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that stands for this value."""


#: What makes plain JSON values of any: `plain`, or `sure`.
Copy: TypeAlias = Callable[[Any], Any]

#: A JSON object as the API spells it, or a value that turns into one.
WireObject: TypeAlias = Mapping[str, Any] | ToDict


#: How deep a request may be nested. serde_json, which reads it on the other side, stops at 128 by default; this
#: stops well before that, and well before Python's own recursion limit.
MAX_DEPTH = 100
#: How deep what is copied by `sure` may be, within each of the values that stand in another, as parts in a message.
SURE_DEPTH = 30


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
        return value.own_form() if value.extra is None else value.to_dict()
    if type(value) is Extended:  # which is what a value of ours has become before, as in a run's messages
        return extended(_plain(value.own, levels), _plain(value.extra, levels), value.judged)
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


class Doubt(Exception):
    """What was to be copied may be no JSON, or has a null in it."""


def sure(value: Any, levels: int = SURE_DEPTH) -> Any:
    """Return what `plain` returns of what surely is JSON without a null; raise Doubt, or anything, of all else.

    It is one walk in place of two, for what nearly every request is made of: who gets an exception asks `plain` and
    `validation`, which know what is wrong.
    """
    kind = type(value)
    if kind is bool or (kind is str and jsontext.is_unicode(value)):
        return value
    if not levels:
        raise Doubt
    if kind is dict:
        if not all(type(key) is str and key.isascii() for key in value):
            raise Doubt
        return {
            key: item if type(item) is str and item.isascii() else sure(item, levels - 1)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [sure(item, levels - 1) for item in value]
    if (kind is int and abs(value) < 2**53) or (kind is float and isfinite(value)):
        return value
    if isinstance(value, WireValue) and value.extra is None:
        return value.own_form(sure)
    raise Doubt


def _scalar(value: Any) -> Any:
    """Return a text or number of a subclass as a plain one, as JSON has it; anything else as it is."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    return float.__float__(value) if isinstance(value, float) else value


def fitting(value: Any, tag: str, kinds: Mapping[str, type[WireValue]], other: type[WireValue] | None = None) -> Any:
    """Return the mapping `value` as the one of `kinds` that its member `tag` names, if nothing is lost by it.

    What the schema does not know of it goes to `extra`; `other` is for a word that is none of `kinds`. Anything
    else, such as a mapping without a member that must be there, comes back as it is.
    """
    if not isinstance(value, Mapping):
        return value
    try:
        word = value[tag]
        if word in kinds:
            return _read(value, kinds[word])
        made = other.from_dict(value) if other is not None and isinstance(word, str) else value
        return made if plain(made) == value else value
    except Exception:  # noqa: BLE001  (a mapping of the caller's may raise anything)
        return value


def _read(value: Mapping[str, Any], kind: type[WireValue]) -> Any:
    try:
        made = kind.from_dict(value)
        # In a mapping something may stand that is not known; a tool's `parameters` are its author's own.
        fields = vars(made).items()
        mappings = (name for name, each in fields if type(each) not in _SCALARS and isinstance(each, Mapping))
        if all(name == "parameters" for name in mappings):
            return made if made.to_dict() == value else value
    except (TypeError, KeyError):  # something is not known, or missing
        made = None
    with loading():
        from .known_members import known_part

    given = plain(value)
    known = known_part(given, kind.definition)
    if known == given:
        return made if made is not None and made.to_dict() == value else value
    made = kind.from_dict(known)
    made = replace(made, extra=beyond(given, made.to_dict()))
    return made if made.to_dict() == given else value


def all_fitting(
    values: Any, tag: str, kinds: Mapping[str, type[WireValue]], other: type[WireValue] | None = None
) -> Any:
    """Return the list `values` with `fitting` done to each item; anything else than a list as it is."""
    if not isinstance(values, (list, tuple)):
        return values
    return [fitting(value, tag, kinds, other) for value in values]


class Frozen:
    """A frozen dataclass that keeps a list as a tuple, so that it stays as it was made."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))


@frozen
class WireValue(Frozen):
    """A frozen dataclass whose fields are members of a JSON object."""

    #: What the schema calls such an object.
    definition: ClassVar[str]
    _: KW_ONLY
    #: Members that this version does not know: sent as they are, unchecked, beside the fields. A mapping under the
    #: name of a member that is an object joins it.
    extra: Mapping[str, Any] | None = field(default=None, repr=False)

    def members(self, copy: Copy = plain) -> dict[str, Any]:
        """Return the fields that are set, in their wire form, without `extra`: `plain`, or by another `copy`."""
        members = {
            name: value if type(value) is str and value.isascii() else copy(value)
            for name, value in vars(self).items()
            if value is not None
        }
        if self.extra is not None:
            del members["extra"]
        return members

    def own_form(self, copy: Copy = plain) -> dict[str, Any]:
        """Return the wire form without `extra`: the part that the schema describes."""
        return self.members(copy)

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        own = self.own_form()
        return own if self.extra is None else extended(own, plain(self.extra))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the wire form. Raises TypeError where a member is missing or unknown."""
        return cls._of(value)

    @classmethod
    def _of(cls, members: Mapping[str, Any]) -> Self:
        if "extra" in members:  # a field, and no member
            raise TypeError(f"a {cls.__name__} has no such member: extra")
        return cls(**members)


class Part(WireValue):
    """A content part with its members beside its type: `{"type": kind, ...}`."""

    kind: ClassVar[str]

    def own_form(self, copy: Copy = plain) -> dict[str, Any]:
        """Return the wire form without `extra`."""
        return {"type": self.kind, **self.members(copy)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the wire form. Raises TypeError where a member is missing or unknown."""
        return cls._of({name: member for name, member in value.items() if name != "type"})


class Enveloped(WireValue):
    """A value with its members in an object named after its type: `{"type": kind, kind: {...}}`.

    Its `extra` stands beside that object, and a mapping under the object's name joins it.
    """

    kind: ClassVar[str]
    #: The fields that stand beside the inner object.
    outside: ClassVar[tuple[str, ...]] = ("prompt_cache_breakpoint",)

    def own_form(self, copy: Copy = plain) -> dict[str, Any]:
        """Return the wire form without `extra`."""
        inner = self.members(copy)
        outer = {name: inner.pop(name) for name in self.outside if name in inner}
        return {"type": self.kind, self.kind: inner, **outer}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the wire form. Raises TypeError or KeyError where a member is missing or unknown."""
        outer = {name: member for name, member in value.items() if name not in ("type", cls.kind)}
        if not outer.keys() <= set(cls.outside):
            raise TypeError(f"a {cls.__name__} has no such member beside its {cls.kind}")
        return cls._of({**value[cls.kind], **outer})


class Other(WireValue):
    """A value of a type that this version does not know: `{"type": type, ...}` with its members in `extra`."""

    #: The types that have classes of their own, whose rules hold for them in any case.
    known: ClassVar[Mapping[str, type[WireValue]]]
    #: What is judged in its place: the least that may stand where it stands.
    stand_in: ClassVar[Mapping[str, Any]]

    def own_form(self, copy: Copy = plain) -> dict[str, Any]:
        """Return the whole wire form: without the `extra` there is nothing to judge."""
        own = self.members(copy)
        extra = {} if self.extra is None else plain(self.extra)
        if own.get("type") in self.known:
            return extended(own, extra, joined(own, extra) if isinstance(extra, dict) else own)
        return extended(own, extra, {**self.stand_in, **own, "type": self.stand_in["type"]})

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form."""
        return self.own_form()

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Read the wire form: what is no field goes to `extra`. Raises TypeError where a member is missing."""
        names = cls.__dataclass_fields__.keys() - {"extra"}
        own = {name: member for name, member in value.items() if name in names}
        return cls(**own, extra={name: member for name, member in value.items() if name not in names})
