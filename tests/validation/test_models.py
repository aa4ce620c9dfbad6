"""What is known about models: each row of the table is used, and nothing unknown is refused."""

from __future__ import annotations

import random
import string

import pytest

from bedrock_openai_http.validation.models import (
    FAMILIES,
    MODELS,
    PROFILES,
    Family,
    Model,
    Profile,
    family_of,
    mantle_path,
    model_mistake,
    profile_of,
)

ENDPOINTS = ("runtime", "mantle")
RIGHT = [
    *((prefix + row.runtime, "runtime") for row in MODELS if row.runtime for prefix in row.profiles or ("",)),
    *((row.mantle, "mantle") for row in MODELS if row.mantle),
]


@pytest.mark.parametrize(("model", "endpoint"), RIGHT)
def test_the_right_id_passes(model: str, endpoint: str) -> None:
    """The ID that a row gives for an endpoint, with each profile that it wants, is no mistake there."""
    assert model_mistake(model, endpoint) is None


@pytest.mark.parametrize("row", [row for row in MODELS if row.runtime != row.mantle and row.runtime and row.mantle])
def test_the_id_of_the_other_endpoint_is_named_with_the_right_one(row: Model) -> None:
    """A mantle ID on runtime, and a runtime ID on mantle, are refused with what to write instead."""
    runtime, mantle = str(row.runtime), str(row.mantle)
    assert model_mistake(mantle, "runtime") == f"{mantle!r} is the ID of the mantle endpoint; write {runtime!r}"
    assert model_mistake(runtime, "mantle") == f"{runtime!r} is the ID of the runtime endpoint; write {mantle!r}"


@pytest.mark.parametrize("row", [row for row in MODELS if row.profiles], ids=lambda row: row.runtime)
def test_a_model_that_needs_a_profile_is_told_which(row: Model) -> None:
    """The bare ID is refused on runtime, and every ID in the message is right."""
    mistake = model_mistake(str(row.runtime), "runtime")
    assert mistake is not None
    assert "needs a cross-Region profile" in mistake
    for prefix in row.profiles:
        assert f"'{prefix}{row.runtime}'" in mistake


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("us.openai.gpt-5.6-sol", "write 'openai.gpt-5.6-sol', or use the runtime endpoint"),
        ("us-gov.openai.gpt-oss-20b-1:0", "write 'openai.gpt-oss-20b', or use the runtime endpoint"),
        ("eu.openai.gpt-6-tomorrow", "write 'openai.gpt-6-tomorrow', or use the runtime endpoint"),
        ("us.xai.grok-4.6", "write 'xai.grok-4.6', or use the runtime endpoint"),
        ("us.moonshotai.kimi-k3", "; use the runtime endpoint"),
    ],
)
def test_mantle_has_no_profiles(model: str, hint: str) -> None:
    """A cross-Region profile of a known family is refused on mantle, with the ID that mantle has."""
    mistake = model_mistake(model, "mantle")
    assert mistake is not None
    assert mistake.endswith(hint)


def test_an_application_inference_profile_is_refused_on_runtime_only() -> None:
    """Its ARN, which holds an account number, is not repeated; other ARNs pass."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:{}/abc"
    mistake = model_mistake(arn.format("application-inference-profile"), "runtime")
    assert mistake is not None
    assert "cross-Region profile" in mistake
    assert "123456789012" not in mistake
    assert model_mistake(arn.format("application-inference-profile"), "mantle") is None
    assert model_mistake(arn.format("inference-profile"), "runtime") is None


def test_ids_that_no_row_knows_pass() -> None:
    """Random IDs of the usual form, with and without a profile, and odd texts, are never refused."""
    chance = random.Random(7)
    letters = string.ascii_lowercase + string.digits + ".:-_/é\n"
    prefixes = ["", "arn:", *(row.prefix for row in PROFILES)]
    for _ in range(2000):
        model = chance.choice(prefixes) + "".join(chance.choices(letters, k=chance.randint(0, 60)))
        for endpoint in ENDPOINTS:
            assert model_mistake(model, endpoint) is None, model


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "model",
    [
        *("openai.gpt-oss-20b-2:0", "openai.gpt-6-tomorrow", "openai.gpt-6.2", "openai.gpt-7"),
        *("xai.grok-5", "qwen.qwen9-v1:0"),
    ],
)
def test_a_model_of_tomorrow_passes(model: str, endpoint: str) -> None:
    """A new member of a known family is not refused: only exact IDs are."""
    assert model_mistake(model, endpoint) is None


def test_only_facts_that_were_seen_or_documented_refuse() -> None:
    """Each row of a model, which can refuse, is SEEN or DOC, and each row of the tables has a tag and a source."""
    assert {row.tag for row in MODELS} <= {"SEEN", "DOC"}
    rows = [*MODELS, *FAMILIES, *PROFILES]
    assert {row.tag for row in rows} <= {"SEEN", "DOC", "INF"}
    assert all(row.source for row in rows)


@pytest.mark.parametrize("row", FAMILIES, ids=lambda row: row.name)
def test_every_family_is_reached(row: Family) -> None:
    """No row of a family is hidden by one above it, also behind the prefix of a profile."""
    assert family_of(row.start) == row
    assert family_of(f"us.{row.start}-x") == row
    assert mantle_path(f"{row.start}-x") == row.mantle_path


@pytest.mark.parametrize("row", PROFILES, ids=lambda row: row.prefix)
def test_every_profile_is_reached(row: Profile) -> None:
    """A profile is known by what stands before the first dot."""
    assert profile_of(f"{row.prefix}openai.gpt-6-sol") == row
    assert profile_of("openai.gpt-6-sol") is None


@pytest.mark.parametrize(
    ("model", "path"),
    [("foo.bar", "/v1"), ("", "/v1"), ("openai.gpt-oss-20b", "/v1"), ("google.gemma-3-4b", "/v1")]
    + [(model, "/v1") for model in ("openai.gpt-4o", "openai.gpt-4.1", "openai.gpt-x")]
    + [
        (model, "/openai/v1")
        for model in (
            *("openai.gpt-5.1", "openai.gpt-6-sol", "openai.gpt-6.2-sol", "openai.gpt-7", "openai.gpt-10.1-x"),
            *("openai.gpt-daybreak-blue-5.6-sol", "xai.grok-4.3", "google.gemma-4-31b"),
        )
    ],
)
def test_the_path_on_mantle(model: str, path: str) -> None:
    """GPT, Grok and Gemma 4 are served below /openai/v1, everything else, the unknown too, below /v1."""
    assert mantle_path(model) == path


def test_a_message_shows_no_odd_or_long_id() -> None:
    """What is not visible ASCII is not repeated, and a long ID is cut at 100 characters."""
    odd = model_mistake("us.openai.gpt-6-\x1b[31m\n", "mantle")
    assert odd is not None
    assert odd.isprintable()
    long = model_mistake("us.openai.gpt-6-" + "x" * 500, "mantle")
    assert long is not None
    assert max(map(len, long.split("'"))) == 100
