"""Kinds that hypothesis makes, with values of them, the JSON of these, and JSON that is of no such kind.

What the JSON of a value is stands here for a second time, written from the documentation: members by their names, a
tuple as an array, null for what is left to its default; `made_parts` has the rest.

This module knows nothing of the package.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ForwardRef, Generic, Literal, NamedTuple, TypeVar, Union

from hypothesis import strategies as st
from typing_extensions import NotRequired, Required, TypedDict

from made_parts import MARK, SCALARS, Broken, Case, Made, choices, made_of

#: Names of members that are keywords of JSON Schema too, or need care in a JSON path.
_NAMES = "minimum properties required items enum type anyOf title default pattern value n m_1".split()
_ODD_NAMES = ["$ref", "$defs", "additionalProperties", "", "a b", "é", 'q"', "a/b", "a~b", "%", "class", "0"]


# --- arrays and unions


def _items(item: Made, hint: Any, make: type) -> Made:
    cases = st.lists(item.cases, max_size=3).map(
        lambda each: Case(make(c.value for c in each), [c.asked for c in each], [c.usual for c in each])
    )

    def near(before: Sequence[Case], bad: Broken) -> Broken:
        return bad.within(len(before), [*(case.asked for case in before), bad.asked])

    return Made(hint, cases, st.builds(near, st.lists(item.cases, max_size=2), item.broken), frozenset(["array"]))


@st.composite
def _fixed(draw: st.DrawFn, inner: st.SearchStrategy[Made]) -> Made:
    parts = draw(st.lists(inner, min_size=1, max_size=3))
    cases = st.tuples(*(part.cases for part in parts)).map(
        lambda each: Case(tuple(c.value for c in each), [c.asked for c in each], [c.usual for c in each])
    )

    @st.composite
    def near(draw: st.DrawFn) -> Broken:
        whole = draw(cases).asked
        index = draw(st.integers(0, len(parts)))
        if index == len(parts):
            return Broken(draw(st.sampled_from([whole[:-1], [*whole, None], [*whole, *whole]])), ())
        bad = draw(parts[index].broken)
        return bad.within(index, [*whole[:index], bad.asked, *whole[index + 1 :]])

    return Made(tuple[tuple(part.hint for part in parts)], cases, near(), frozenset(["array"]))  # type: ignore[misc]


@st.composite
def _unions(draw: st.DrawFn, inner: st.SearchStrategy[Made]) -> Made:
    parts: list[Made] = []
    for part in draw(st.lists(inner.filter(lambda part: part.is_hashable), min_size=2, max_size=4)):
        if not any(part.types & other.types for other in parts):
            parts.append(part)
    if draw(st.booleans()) and not any("null" in part.types for part in parts):
        parts.append(SCALARS[5])
    return _union(parts)


def _union(parts: list[Made]) -> Made:
    if len(parts) == 1:
        return parts[0]
    near = [part.near for part in parts if part.near is not None]
    inexact = st.one_of(near).map(lambda bad: bad._replace(is_exact=False)) if near else None
    types = frozenset[str]().union(*(part.types for part in parts))
    hint = Union[tuple(part.hint for part in parts)]  # noqa: UP007
    return Made(hint, st.one_of([part.cases for part in parts]), inexact, types)


@st.composite
def _tagged(draw: st.DrawFn, inner: st.SearchStrategy[Made]) -> Made:
    """A union of objects that a member tells apart."""
    parts = []
    for index in range(draw(st.integers(2, 3))):
        tag = made_of(Literal[f"tag{index}"], st.just(f"tag{index}"), str, "string", MARK)
        parts.append(draw(_objects(inner, {"tag": tag})))
    return _union(parts)


# --- objects

T = TypeVar("T")


@dataclasses.dataclass
class Box(Generic[T]):
    """A generic class."""

    content: T
    more: list[T]


@dataclasses.dataclass(kw_only=True)
class Base:
    """What others inherit from."""

    base: int
    base_text: str = "usual"


@dataclasses.dataclass
class Member:
    made: Made
    #: What stands where the member is left out; None if it must be there.
    default: Case | None = None


def _object_cases(make: Callable[..., Any], members: Mapping[str, Member]) -> st.SearchStrategy[Case]:
    def case(parts: dict[str, Case | None]) -> Case:
        value, asked, usual = {}, {}, {}
        for name, part in parts.items():
            asked[name] = None if part is None else part.asked
            if part is not None:
                value[name], usual[name] = part.value, part.usual
        return Case(make(**value), asked, usual)

    def may_lack(member: Member) -> bool:
        # Where null is a value of its own, it is never the default.
        is_said = member.made.is_constant and make is not dict
        return member.default is not None and "null" not in member.made.types and not is_said

    each = {
        name: st.none() | member.made.cases if may_lack(member) else member.made.cases
        for name, member in members.items()
    }
    return st.fixed_dictionaries(each).map(case)


def _object(hint: Any, make: Callable[..., Any], members: Mapping[str, Member]) -> Made:
    cases = _object_cases(make, members)

    @st.composite
    def near(draw: st.DrawFn) -> Broken:
        whole = dict(draw(cases).asked)
        name = draw(st.sampled_from([None, *members]))
        if name is None:
            return Broken({**whole, MARK: 1}, ())
        bad = draw(st.none() | members[name].made.broken)
        if bad is None:
            del whole[name]
            return Broken(whole, (name,))
        broken = bad.within(name, {**whole, name: bad.asked})
        return broken if members[name].default is None else broken._replace(is_exact=False)

    return Made(hint, cases, near(), frozenset(["object"]), is_object=True)


@st.composite
def _members(draw: st.DrawFn, inner: st.SearchStrategy[Made], names: list[str]) -> dict[str, Member]:
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    members = {}
    for name in chosen:
        made = draw(inner)
        members[name] = Member(made, draw(st.none() | made.cases))
    return members


def _field(member: Member) -> Any:
    default = member.default
    return dataclasses.field() if default is None else dataclasses.field(default_factory=lambda: default.value)


_THING = ForwardRef("Thing")
ITSELF: Mapping[str, Any] = {"Optional[Thing]": Union[_THING, None], "list[Thing]": list[_THING]}  # noqa: UP007


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Made], tag: Mapping[str, Made] | None = None) -> Made:
    """A dataclass, by itself, inherited, or one that holds itself."""
    members = draw(_members(inner, _NAMES)) | {name: Member(made) for name, made in (tag or {}).items()}
    fields = [(name, member.made.hint, _field(member)) for name, member in members.items()]
    bases: tuple[type, ...] = ()
    if draw(st.booleans()):
        bases, text = (Base,), SCALARS[0]
        members |= {"base": Member(SCALARS[1]), "base_text": Member(text, Case("usual", "usual", "usual"))}
    again = draw(st.sampled_from([None, "Optional[Thing]", "list[Thing]"]))
    if again is not None:
        # By its name, as a class that holds itself must.
        fields.append(("again", ITSELF[again], dataclasses.field()))
    cls = dataclasses.make_dataclass("Thing", fields, bases=bases, kw_only=True)
    if again is None:
        return _object(cls, cls, members)
    if again == "list[Thing]":
        end, grow = made_of(list, st.just([]), list, "array"), lambda inner: _items(inner, list, list)
    else:
        end, grow = SCALARS[5], lambda inner: _union([inner, SCALARS[5]])
    innermost = _object(cls, cls, members | {"again": Member(end)})
    return _object(cls, cls, members | {"again": Member(grow(innermost))})


@st.composite
def _typed_dicts(draw: st.DrawFn, inner: st.SearchStrategy[Made]) -> Made:
    members = draw(_members(inner, [*_NAMES, *_ODD_NAMES]))
    is_total = draw(st.booleans())
    hints = {}
    for name, member in members.items():
        hints[name] = member.made.hint
        if not is_total and "null" not in member.made.types:
            member.default = Case(..., None, None)
        elif not is_total:
            hints[name] = Required[member.made.hint]
            member.default = None
        elif member.default is not None:
            hints[name] = NotRequired[member.made.hint]
    hint = TypedDict("Thing", hints, total=is_total)  # type: ignore[misc]
    return _object(hint, dict, members)


@st.composite
def _named_tuples(draw: st.DrawFn, inner: st.SearchStrategy[Made]) -> Made:
    members = draw(_members(inner, _NAMES))
    members = dict(sorted(members.items(), key=lambda each: each[1].default is not None))
    defaults = {name: member.default.value for name, member in members.items() if member.default is not None}

    def body(names: dict[str, Any]) -> None:
        names["__module__"] = __name__
        names["__annotations__"] = {name: member.made.hint for name, member in members.items()}
        names.update(defaults)

    cls = types.new_class("Thing", (NamedTuple,), {}, body)
    return _object(cls, cls, members)


def _boxes(inner: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    def box(content: Made) -> Made:
        more = _items(content, list, list)
        return _object(Box[content.hint], Box, {"content": Member(content), "more": Member(more)})  # type: ignore[name-defined]

    return inner.map(box)


# --- kinds


def _whole(inner: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    return st.one_of(
        inner.map(lambda item: _items(item, list[item.hint], list)),  # type: ignore[name-defined]
        inner.map(lambda item: _items(item, Sequence[item.hint], list)),  # type: ignore[name-defined]
        inner.map(lambda item: _items(item, tuple[item.hint, ...], tuple)),  # type: ignore[name-defined]
        _fixed(inner),
        _unions(inner),
        _tagged(inner),
        _objects(inner),
        _typed_dicts(inner),
        _named_tuples(inner),
        _boxes(inner),
    )


MADE_KINDS: st.SearchStrategy[Made] = st.recursive(st.sampled_from(SCALARS) | choices(), _whole, max_leaves=6)
