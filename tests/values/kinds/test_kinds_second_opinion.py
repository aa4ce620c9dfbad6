"""A second opinion on what JSON means: pydantic's `TypeAdapter` reads it as the same values.

The package never imports it.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bedrock_openai_http import parse_answer
from chance import tries
from made_kinds import MADE_KINDS
from made_parts import Made, is_same


@tries(15)
@given(MADE_KINDS, st.data())
def test_pydantic_reads_the_same_json_as_the_same_value(made: Made, data: st.DataObject):
    """What is asked for with null for a default is to pydantic what has no such member."""
    adapter: TypeAdapter[Any] = TypeAdapter(made.hint)
    for _ in range(3):
        case = data.draw(made.cases)
        ours = parse_answer(json.dumps(made.root(case.asked)), made.hint)
        theirs = adapter.validate_json(json.dumps(case.usual), strict=True)
        assert is_same(ours, theirs), (ours, theirs)
