"""`frozen` makes what the standard library's frozen dataclasses are, and compiles nothing for the package's."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bedrock_openai_http.values import frozen_inits
from bedrock_openai_http.values.frozen import KW_ONLY, field, frozen

TOOL = runpy.run_path(str(Path(__file__).resolve().parents[2] / "tools" / "write_inits.py"))
Decorator = Callable[[type], type]


class Base:
    """Gives its subclasses a method that runs after `__init__`."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))


def classes(decorate: Decorator) -> list[type]:
    """The same classes, made by one decorator or the other."""

    @decorate
    class Plain(Base):
        """Fields of each kind."""

        kind: ClassVar[str] = "plain"
        a: int
        b: str = field(repr=False)
        c: Any = None
        d: dict[str, int] = field(default_factory=dict)
        _: KW_ONLY
        e: int
        f: float = 1.5

    @decorate
    class Inherits(Plain):
        """More fields, one of them again."""

        c: Any = "other"
        g: int = field(default=3, compare=False)

    @decorate
    class Own(Base):
        """Methods of its own."""

        a: int = 1

        def __repr__(self) -> str:
            return "mine"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    @decorate
    class Empty:
        """No fields."""

    return [Plain, Inherits, Own, Empty]


STANDARD = dict(zip("plain inherits own empty".split(), classes(dataclasses.dataclass(frozen=True)), strict=True))
OURS = dict(zip("plain inherits own empty".split(), classes(frozen), strict=True))

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("plain", (1, "b"), {"e": 5}),
    ("plain", (1, "b", [1, 2], {"x": 1}), {"e": 5, "f": 2.5}),
    ("plain", (), {"a": 1, "b": "b", "e": 0}),
    ("plain", (1,), {"e": 5}),
    ("plain", (1, "b"), {}),
    ("plain", (1, "b", 3, {}, 5), {}),
    ("plain", (1, "b"), {"e": 5, "unknown": 1}),
    ("plain", (1, "b"), {"e": 5, "a": 1}),
    ("inherits", (1, "b"), {"e": 5}),
    ("inherits", (1, "b", None, {}, 9), {"e": 5}),
    ("own", (), {}),
    ("own", (5,), {}),
    ("empty", (), {}),
    ("empty", (1,), {}),
]


def facts(made: dict[str, type], name: str, args: tuple[Any, ...], members: dict[str, Any]) -> list[Any]:
    """What a user can see of an instance, and what comes of calls that fail."""
    cls = made[name]
    try:
        one, two = cls(*args, **members), cls(*args, **members)
    except TypeError as error:
        return [str(error)]
    return [
        repr(one).rpartition("<locals>.")[2],
        vars(one),
        one == two,
        one == object(),
        one != cls(*args, **{**members, "a": 99}) if "a" in vars(one) and not args else None,
        dataclasses.asdict(one),  # type: ignore[call-overload]
        [each.name for each in dataclasses.fields(cls)],  # type: ignore[arg-type]
        vars(dataclasses.replace(one)),  # type: ignore[type-var]
        vars(copy.replace(one)) if hasattr(copy, "replace") else None,  # from Python 3.13 on
        vars(copy.copy(one)),
        vars(copy.deepcopy(one)),
        cls.__match_args__,  # type: ignore[attr-defined]
        str(inspect.signature(cls)),
        outcome(lambda: hash(one) == hash(two)),
        outcome(lambda: setattr(one, "a", 2)),
        outcome(lambda: delattr(one, "a")),
    ]


def outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(("name", "args", "members"), CALLS)
def test_the_same_as_the_standards(name: str, args: tuple[Any, ...], members: dict[str, Any]) -> None:
    """Each call of each class has the same outcome, down to signatures and the words of errors."""
    assert facts(OURS, name, args, members) == facts(STANDARD, name, args, members)


def test_what_facts_can_see() -> None:
    """The comparison above sees values, errors and frozenness: these are what it compares."""
    seen = facts(OURS, "plain", (1, "b"), {"e": 5})
    assert seen[0] == "Plain(a=1, c=None, d={}, e=5, f=1.5)"
    assert seen[-2] == (dataclasses.FrozenInstanceError, "cannot assign to field 'a'")
    assert facts(OURS, "plain", (1,), {"e": 5})[0].endswith("missing 1 required positional argument: 'b'")


def test_a_default_is_made_anew() -> None:
    """Two instances share no default that a factory makes."""
    one, two = OURS["plain"](1, "b", e=5), OURS["plain"](1, "b", e=5)
    assert one.d is not two.d  # type: ignore[attr-defined]


def test_a_signature_before_the_first_instance() -> None:
    """The signature is the real one before any instance was made."""
    new = classes(frozen)[1]
    assert str(inspect.signature(new)) == str(inspect.signature(STANDARD["inherits"]))
    assert new(1, "b", e=5).e == 5  # type: ignore[attr-defined]


def test_what_is_written_out_is_what_the_classes_have() -> None:
    """Whoever changes a field runs `make generate`, and nobody edits what it writes."""
    assert TOOL["written"]() == Path(frozen_inits.__file__).read_text(encoding="utf-8"), "run `make generate`"


def test_nothing_is_compiled_for_a_class_of_the_package() -> None:
    """Each frozen class has an `__init__` of its own, and it is the one that is written out."""
    found = TOOL["classes"]()
    codes = {vars(cls)["__init__"].__code__ for cls in found}
    assert len(codes) == len(found) > 50
    assert {code.co_filename for code in codes} == {frozen_inits.__file__}, "run `make generate`"


def test_a_class_that_is_not_written_out_as_it_is_now() -> None:
    """While a class is being changed its own fields count, and not those that were written out before."""

    class Usage:
        """Another than the one that is written out."""

        __module__ = "bedrock_openai_http.values.usage"
        other: int

    assert vars(frozen(Usage)(5)) == {"other": 5}  # type: ignore[call-arg]


def test_pickling() -> None:
    """Values of the package survive pickling, made or unpickled first."""
    from bedrock_openai_http import Usage

    usage = Usage(1, 2, 3)
    assert pickle.loads(pickle.dumps(usage)) == usage
    script = (
        "import pickle, sys; from bedrock_openai_http import Usage;"
        "usage = pickle.loads(sys.stdin.buffer.read()); assert usage == Usage(1, 2, 3); print(usage)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(usage), capture_output=True, check=True, timeout=30
    )
    assert done.stdout.decode().strip() == repr(usage)
