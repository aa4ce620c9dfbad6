"""What a `Field` of pydantic's, and its other notes, say outside of its classes."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated, Any

import annotated_types as at
import pytest
from pydantic import (
    UUID4,
    AfterValidator,
    Discriminator,
    Field,
    FiniteFloat,
    PlainSerializer,
    PositiveInt,
    SkipValidation,
    Strict,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    Tag,
    WithJsonSchema,
    condecimal,
    conlist,
    create_model,
)

from bedrock_openai_http import FunctionTool, ParseError, parse_answer, schema_of


def same(value: Any) -> Any:
    return value


TAGGED = Annotated[int, Tag("a")] | Annotated[str, Tag("b")]
#: What pydantic alone checks, or changes, with what the error names.
OF_PYDANTIC = [
    (Annotated[Decimal, Field(max_digits=3, decimal_places=1)], "max_digits"),
    (Annotated[Decimal | float, Field(gt=0)], "exclusiveMinimum says nothing of such a value"),
    (Annotated[int, AfterValidator(same)], "func"),
    (Annotated[int, PlainSerializer(same)], "func"),
    (Annotated[int, SkipValidation()], "SkipValidation"),
    (Annotated[str, StringConstraints(to_lower=True)], "to_lower"),
    (Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)], "strip_whitespace"),
    (
        Annotated[str, StringConstraints(pattern=re.compile("a", re.IGNORECASE))],
        "pattern must be a regular expression",
    ),
    (Annotated[float, Field(allow_inf_nan=True)], "allow_inf_nan"),
    (Annotated[Decimal, Field(decimal_places=0)], "decimal_places"),
    (Annotated[int | str, Field(union_mode="left_to_right")], "union_mode"),
    (Annotated[list[int], Field(fail_fast=True)], "fail_fast"),
    (Annotated[int, WithJsonSchema({"type": "integer"})], "json_schema"),
    (Annotated[TAGGED, Discriminator(same)], "discriminator"),
    (Annotated[TAGGED, Field(discriminator=Discriminator(same))], "discriminator"),
]
#: What has words of its own, since there is something to write in its place.
INSTEAD = [
    (Annotated[int, Strict(False)], "strict cannot be checked; .* leave strict=False out, or write int | str"),
    (Annotated[int, Field(strict=False)], "strict cannot be checked"),
    (Annotated[int, Field(alias="b")], "alias cannot be checked; give the member itself that name"),
    (Annotated[int, Field(validation_alias="b")], "validation_alias cannot be checked; give the member itself"),
    (UUID4, "uuid_version cannot be checked; write UUID"),
]
#: What says nothing to check, or what holds anyhow; each with what it is of.
NOTHING: list[tuple[Any, Any]] = [
    (Annotated[int, Field()], int),
    (Annotated[int, Field(default=3)], int),
    (Annotated[list[int], Field(default_factory=list)], list[int]),
    (Annotated[int, Field(repr=False, frozen=True, kw_only=True, exclude=True, serialization_alias="b")], int),
    (Annotated[int, Field(validate_default=True, init=False, deprecated=True, json_schema_extra={"x": 1})], int),
    (Annotated[int, Field(title="T", examples=[1], field_title_generator=lambda name, info: name)], int),
    (Annotated[int, Field(strict=True)], int),
    (Annotated[float, Field(allow_inf_nan=False)], float),
    (Annotated[int | str, Field(union_mode="smart")], int | str),
    (Annotated[str, Field(coerce_numbers_to_str=False)], str),
    (Annotated[str, StringConstraints(strip_whitespace=False, to_lower=False)], str),
    (Annotated[int, Tag("x")], int),
    (Annotated[int | str, Discriminator("kind")], int | str),
    (Annotated[float, at.Unit("m")], float),
    (StrictInt, int),
    (StrictStr, str),
    (StrictBool, bool),
    (FiniteFloat, float),
    (condecimal(), Decimal),
]


@pytest.mark.parametrize(("hint", "name"), OF_PYDANTIC)
def test_what_pydantic_alone_can_do_is_refused_outside_of_its_classes(hint: Any, name: str):
    """It would be neither checked nor done; in a class of pydantic's it is."""
    with pytest.raises(TypeError, match=name) as caught:
        schema_of(list[hint])
    assert (
        "says nothing" in name
        or "must be" in name
        or "ask for a model or dataclass of pydantic's" in str(caught.value)
    )
    schema_of(create_model("Whole", a=(hint, ...)))


@pytest.mark.parametrize(("hint", "words"), INSTEAD)
def test_what_can_be_written_in_its_place_is_told(hint: Any, words: str):
    """For a member of a class, and for a parameter of a tool."""

    def tool(n: hint) -> None: ...

    tool.__annotations__["n"] = hint
    for told in (lambda: schema_of(list[hint]), lambda: FunctionTool.from_function(tool)):
        with pytest.raises(TypeError, match=words):
            told()


@pytest.mark.parametrize(("hint", "plain"), NOTHING)
def test_what_says_nothing_to_check_changes_nothing(hint: Any, plain: Any):
    """Nor does what holds anyhow: no text is taken for a number, and no number is infinite."""
    assert schema_of(list[hint]) == schema_of(list[plain])
    for text in ('["5"]', "[5]", "[true]", "[1e999]", "[NaN]", '["1.5"]'):
        found = []
        for kind in (list[hint], list[plain]):
            try:
                found.append(repr(parse_answer(f'{{"value": {text}}}', kind)))
            except ParseError as error:
                found.append(str(error))
        assert found[0] == found[1]


def test_what_a_tool_is_told_of_a_check_that_cannot_be_made_can_be_done_there():
    """A parameter has no `__post_init__`."""

    def tool(n: Annotated[str, StringConstraints(to_lower=True)]) -> None: ...

    with pytest.raises(TypeError, match=r"^tool\(n\): to_lower .* ToolError in a tool\), .* parameter of a tool"):
        FunctionTool.from_function(tool)


def test_what_is_understood_of_pydantic_is_taken_whole():
    """Notes for readers, and bounds; `...` says only that there is no default."""
    for hint in (
        Annotated[int, Field(..., title="T", description="D", examples=[1], gt=0, le=5)],
        Annotated[str, StringConstraints(min_length=1, max_length=3, pattern=re.compile("^a"))],
        conlist(int, min_length=1),
        PositiveInt,
    ):
        assert "Must be " in json.dumps(schema_of(hint))
