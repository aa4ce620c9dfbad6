"""A second opinion on thousands of broken requests: the request types of the openai package.

Both judges look at the same randomly damaged requests. Wherever they disagree, one line of a table must say why.
The openai package is a requirement of the tests, and of nothing else.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter

from bedrock_openai_http import load_schema
from bedrock_openai_http.errors import RequestValidationError
from bedrock_openai_http.validation import RULES, validate_request

CASES = Path(__file__).parent / "cases"
SEEDS = json.loads((CASES / "full_requests.json").read_text(encoding="utf-8"))

#: What the types leave to prose: JSON Schema keywords that they never use.
RANGES = {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "pattern"}
#: Fields that are refused alone, with the one that they need.
COMPANIONS = {
    "tool_choice": "tools",
    "stream_options": "stream",
    "top_logprobs": "logprobs",
    "audio": "modalities",
    "modalities": "audio",
}
#: A value of each type.
SAMPLES: tuple[Any, ...] = (None, True, 7, 0.5, "x", [], ["x"], {}, {"x": "x"})
PROSE = {"stream-options", "top-logprobs", "assistant-content", "audio-output", "tool-choice"}


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


def whole_float(body: Any, error: RequestValidationError | None) -> bool:
    return error is not None and error.rule == "type" and isinstance(at(body, error.json_path), float)


#: Every way in which the two judges may disagree: what we say, when, and why we are right.
DISAGREEMENTS: dict[Callable[[Any, RequestValidationError | None], bool], tuple[str, str]] = {
    reserved_tier: ("accepted", "the tier is Amazon's own, and the types are OpenAI's"),
    unknown_key: ("refused", "typed dictionaries let unknown keys pass, so that a typing error goes unnoticed"),
    out_of_range: ("refused", "types carry no ranges; the API description or its prose does"),
    prose_rule: ("refused", "types cannot say how fields depend on each other"),
    amazon_member: ("refused", "the member is Amazon's own, unknown to the types"),
    whole_float: ("refused", "in JSON Schema 1.0 is an integer; not every JSON reader takes it for one"),
}


@cache
def types_schema(name: str) -> Draft202012Validator:
    # Validating by the types themselves is lazy for iterables, and so would hardly look at the messages.
    schema = TypeAdapter(CompletionCreateParams).json_schema()
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


def accepted_by_types(body: Any) -> bool:
    """Whether the types accept `body`: of their two, the one for streams wants `stream` to be true, the other not."""
    streaming = body.get("stream") is True
    return types_schema(f"CompletionCreateParams{'' if streaming else 'Non'}Streaming").is_valid(body)


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


@cache
def enumerations() -> list[list[Any]]:
    """Every list of words that a schema allows somewhere, in ours or in that of the types."""
    found: list[list[Any]] = []

    def collect(schema: Any) -> None:
        for member in schema.values() if isinstance(schema, dict) else schema:
            if isinstance(member, (dict, list)):
                collect(member)
        if isinstance(schema, dict):
            found.extend([schema["enum"]] if isinstance(schema.get("enum"), list) else [])
            found.extend([[schema["const"]]] if isinstance(schema.get("const"), str) else [])

    collect(load_schema("request"))
    collect(TypeAdapter(CompletionCreateParams).json_schema())
    # The names of OpenAI's own models are of no use here.
    return [words for words in found if "gpt-5" not in words]


@cache
def vocabulary() -> tuple[Any, ...]:
    """Every word that a schema names, and values of every type, near every limit."""
    words = [word for words in enumerations() for word in words]
    names = [name for s in load_schema("request")["$defs"].values() for name in s.get("properties", {})]
    numbers = [-101, -3, -1, 0, 1, 2, 3, 21, 129, 2**63, 1.0, 0.5, -2.5]
    return (*words, *names, *numbers, *SAMPLES, "x" * 129, "a b", [None], ["text"], {"type": "text"})


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def thinned(rng: random.Random) -> dict[str, Any]:
    """A valid request with some of its optional members, two of its messages and two of its tools."""
    seed = copy.deepcopy(rng.choice(SEEDS))
    body = {key: value for key, value in seed.items() if key in ("model", "messages") or rng.random() < 0.3}
    for name in ("messages", "tools"):
        if name in body:
            body[name] = rng.sample(body[name], min(2, len(body[name])))
    return body


def places(body: Any) -> list[tuple[Any, Any]]:
    """Every place in `body`, as a container and the key or position in it."""
    return [
        (inside, key)
        for inside in containers(body)
        for key in (inside if isinstance(inside, dict) else range(len(inside)))
    ]


def damage(body: dict[str, Any], rng: random.Random) -> None:
    """Change one thing in `body` at random."""
    everywhere = places(body)
    inside, key = rng.choice(everywhere)
    kind = rng.choice(["delete", "rename", "add", "copy", "wrap", "number", "replace"])
    numbers = [(where, name) for where, name in everywhere if type(where[name]) in (int, float)]
    if kind == "delete":
        del inside[key]
    elif kind == "rename" and isinstance(inside, dict):
        inside[rng.choice([f"{key}s", key[:-1], key.upper()])] = inside.pop(key)
    elif kind == "add" and isinstance(inside, dict):
        inside[str(rng.choice(vocabulary()))] = copy.deepcopy(rng.choice(vocabulary()))
    elif kind == "copy":
        other, name = rng.choice(everywhere)
        inside[key] = copy.deepcopy(other[name])
    elif kind == "wrap":
        inside[key] = [inside[key]]
    elif kind == "number" and numbers:
        inside, key = rng.choice(numbers)
        inside[key] = rng.choice([float(inside[key]), inside[key] * 1000 + 7, -inside[key] - 1, str(inside[key])])
    else:
        inside[key] = copy.deepcopy(rng.choice(vocabulary()))


def damaged_requests(count: int, seed: int) -> Iterator[dict[str, Any]]:
    rng = random.Random(seed)
    for _ in range(count):
        body = thinned(rng)
        for _ in range(rng.randrange(4)):
            if body:
                damage(body, rng)
        yield body


def small_requests() -> Iterator[tuple[dict[str, Any], str]]:
    """For every message and every other member of the seeds a request with little else, and the member's name."""
    for seed in SEEDS:
        for message in seed["messages"]:
            yield {"model": "m", "messages": [message]}, "messages"
        for name in sorted(seed.keys() - {"messages"}):
            members = {each: seed[each] for each in (name, COMPANIONS.get(name)) if each in seed}
            yield {"model": "m", "messages": [{"role": "user", "content": "canary"}], **members}, name


def variants(body: dict[str, Any], inside: Any, key: Any) -> Iterator[str]:
    """What `body` becomes, as JSON, with other values at a place, without the place, and with one more beside it."""
    original = copy.copy(inside)
    words = [word for words in enumerations() if inside[key] in words for word in words]
    for value in (*SAMPLES, *words):
        inside[key] = value
        yield json.dumps(body)
    inside[key] = original[key]
    if isinstance(inside, dict):
        inside["x"] = "x"
        yield json.dumps(body)
        del inside["x"], inside[key]
        yield json.dumps(body)
        inside.clear()
        inside.update(original)


def every_variant() -> Iterator[dict[str, Any]]:
    """At every place of every small request, a value of each type, each word that could stand there, and nothing."""
    seen = set()
    for request, name in small_requests():
        body = copy.deepcopy(request)
        for inside, key in [(body, name), *places(body[name])]:
            for text in variants(body, inside, key):
                if text not in seen:
                    seen.add(text)
                    yield json.loads(text)


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
    assert {why.__name__ for why in DISAGREEMENTS} <= set(outcomes)


def test_no_type_and_no_word_is_judged_otherwise_anywhere() -> None:
    """Whatever type of value, or word of the API, stands or is missing at any place of a request: both agree."""
    outcomes, unexplained = compare(every_variant())
    assert unexplained == []
    assert outcomes["both accepted"] > 300
    assert outcomes["both refused"] > 1000


def test_the_prose_rules_are_rules_of_ours() -> None:
    """The classes of disagreement name rules that exist."""
    assert set(RULES) >= PROSE
