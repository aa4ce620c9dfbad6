"""A second opinion on thousands of broken requests: the request types of the openai package.

Both judges look at the same randomly damaged requests. Wherever they disagree, one line of a table must say why.
The openai package is a requirement of the tests, and of nothing else.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator
from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter

from bedrock_openai_http.validation.validate import RULES, validate_request
from bedrock_openai_http.values.errors import RequestValidationError
from bedrock_openai_http.values.known_members import without_nulls
from damaged_requests import damaged_requests, every_variant

#: What the types leave to prose: JSON Schema keywords that they never use.
RANGES = {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "pattern"}
#: What only an answer has, and is known here in a request.
ANSWER_MEMBERS = re.compile(
    r"\.(reasoning|reasoning_content|annotations|index)$"
    r"|\.audio\.(data|expires_at|transcript)$|\.function\.type$|^\$\.messages\[\d+\]\.name$"
)
PROSE = {"stream-options", "top-logprobs", "assistant-content", "tool-pairs", "audio-output", "tool-choice"}


def reserved_tier(body: Any, _: RequestValidationError | None) -> bool:
    return body.get("service_tier") == "reserved"


def unknown_key(_: Any, error: RequestValidationError | None) -> bool:
    return error is not None and error.rule == "unknown-key"


def out_of_range(_: Any, error: RequestValidationError | None) -> bool:
    return error is not None and error.rule in RANGES


def prose_rule(_: Any, error: RequestValidationError | None) -> bool:
    return error is not None and error.rule in PROSE


def amazon_member(_: Any, error: RequestValidationError | None) -> bool:
    return error is not None and error.json_path.startswith('$["amazon-bedrock-guardrailConfig"]')


def answer_member(_: Any, error: RequestValidationError | None) -> bool:
    return error is not None and bool(ANSWER_MEMBERS.search(error.json_path))


def null_member(body: Any, _: RequestValidationError | None) -> bool:
    return accepted_by_types(without_nulls(body))


def whole_float(body: Any, error: RequestValidationError | None) -> bool:
    return error is not None and error.rule == "type" and isinstance(at(body, error.json_path), float)


#: Every way in which the two judges may disagree: what we say, when, and why we are right.
DISAGREEMENTS: dict[Callable[[Any, RequestValidationError | None], bool], tuple[str, str]] = {
    reserved_tier: ("accepted", "the tier is Amazon's own, and the types are OpenAI's"),
    unknown_key: ("refused", "typed dictionaries let unknown keys pass, so that a typing error goes unnoticed"),
    out_of_range: ("refused", "types carry no ranges; the API description or its prose does"),
    prose_rule: ("refused", "types cannot say how fields depend on each other"),
    amazon_member: ("refused", "the member is Amazon's own, unknown to the types"),
    answer_member: (
        "refused",
        "members that answers have come back in histories: the request types do not know them",
    ),
    null_member: ("accepted", "null counts as absent, whether or not the types have a null there"),
    whole_float: ("refused", "in JSON Schema 1.0 is an integer; not every JSON reader takes it for one"),
}


@cache
def judge(name: str) -> Draft202012Validator:
    """Return what judges by the type `name`, by its JSON schema.

    Validating by the types themselves is lazy for iterables, and so would hardly look at the messages.
    """
    definitions = TypeAdapter(CompletionCreateParams).json_schema()["$defs"]
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": definitions})


def accepted_by_types(body: Any) -> bool:
    """Whether the types accept `body`: of their two, the one for streams wants `stream` to be true, the other not."""
    streaming = body.get("stream") is True
    return judge(f"CompletionCreateParams{'' if streaming else 'Non'}Streaming").is_valid(body)


def our_error(body: Any) -> RequestValidationError | None:
    try:
        validate_request(body)
    except RequestValidationError as error:
        return error
    return None


def at(body: Any, json_path: str) -> Any:
    """Return what stands at `json_path`, of which the tests' documents need only names and numbers."""
    for step in json_path.replace("[", ".[").split(".")[1:]:
        body = body[json.loads(step)[0]] if step.startswith("[") else body[step]
    return body


def compare(bodies: Iterable[dict[str, Any]]) -> tuple[Counter[str], list[str]]:
    """Judge each of `bodies` twice; return how often which outcome came, and the unexplained disagreements."""
    outcomes: Counter[str] = Counter()
    unexplained = []
    for body in bodies:
        error = our_error(body)
        ours = "accepted" if error is None else "refused"
        theirs = "accepted" if accepted_by_types(body) else "refused"
        if error is not None:
            assert "canary" not in f"{error}{error!r}{vars(error)}", "an error repeats what the caller wrote"
        if ours == theirs:
            outcomes[f"both {ours}"] += 1
            continue
        reasons = [why for why, (verdict, _) in DISAGREEMENTS.items() if verdict == ours and why(body, error)]
        outcomes.update(why.__name__ for why in reasons)
        if not reasons:
            unexplained.append(f"{ours} by us ({error}), {theirs} by the types: {json.dumps(body)}")
    return outcomes, unexplained


def test_every_disagreement_with_the_openai_types_has_a_reason_that_is_listed() -> None:
    """On thousands of damaged requests both judges agree, but for the listed reasons; and each reason occurs."""
    outcomes, unexplained = compare(damaged_requests(count=1500, seed=20260821))
    assert unexplained == []
    assert outcomes["both accepted"] > 200
    assert outcomes["both refused"] > 500
    assert {why.__name__ for why in DISAGREEMENTS} - {"null_member"} <= set(outcomes)


def test_no_type_and_no_word_is_judged_otherwise_anywhere() -> None:
    """Whatever type of value, or word of the API, stands or is missing at any place of a request: both agree."""
    outcomes, unexplained = compare(every_variant())
    assert unexplained == []
    assert outcomes["both accepted"] > 300
    assert outcomes["both refused"] > 1000
    assert outcomes["null_member"] > 30


def test_the_prose_rules_are_rules_of_ours() -> None:
    """The classes of disagreement name rules that exist."""
    assert set(RULES) >= PROSE
