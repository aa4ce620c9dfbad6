"""What is read from a Bedrock API key, whatever text it is given, and that nothing secret is among it."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from base64 import b64encode
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_openai_http import ApiKeyInfo, ConfigurationError, inspect_api_key
from chance import tries

SIGNATURE = "5" * 64
PARAMETERS = {
    "Action": "CallWithBearerToken",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "ASIAQNZGKIQY56JQ7WML%2F20260102%2Fus-west-2%2Fbedrock%2Faws4_request",
    "X-Amz-Date": "20260102T030405Z",
    "X-Amz-Expires": "43200",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Security-Token": "SECRET-token%2Bwith%3Dchars",
    "X-Amz-Signature": SIGNATURE,
    "Version": "1",
}


def encoded(text: str) -> str:
    return "bedrock-api-key-" + b64encode(text.encode()).decode()


def key(host: str = "bedrock.amazonaws.com", **changes: str | None) -> str:
    """Return a key with some parameters changed, or left out for None; `_` in their names stands for `-`."""
    changed = {**PARAMETERS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    query = "&".join(f"{name}={value}" for name, value in changed.items() if value is not None)
    return encoded(f"{host}/?{query}")


WHOLE = ApiKeyInfo(
    kind="short-term",
    region="us-west-2",
    minted_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    expires_at=datetime(2026, 1, 2, 15, 4, 5, tzinfo=timezone.utc),
    access_key_id="ASIAQNZGKIQY56JQ7WML",
    account_id="029608264753",
    has_session_token=True,
)


def test_a_short_term_key_is_read() -> None:
    """Region, times, access key ID, account and the kind of credentials are read; white space around is ignored."""
    assert inspect_api_key(key()) == WHOLE
    assert inspect_api_key(f"  {key()}\r\n") == WHOLE
    assert inspect_api_key(key(X_Amz_Security_Token=None)).has_session_token is False


def test_nothing_secret_is_in_what_is_read() -> None:
    """Neither the repr nor the value nor its pickle has the token, the signature or the key."""
    info = inspect_api_key(key())
    shown = f"{info!r} {dataclasses.asdict(info)} {pickle.dumps(info)!r}"
    assert "us-west-2" in shown
    for secret in ("SECRET", SIGNATURE, key()[16:]):
        assert secret not in shown


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ABSKQmVkcm9ja0FQSUtleS1hYmNk", "long-term"),
        ("ABSK", "long-term"),
        ("bedrock-api-key-", "short-term"),
        ("bedrock-api-key-SECRET not base64", "short-term"),
        ("bedrock-api-key-YWJj", "short-term"),
        ("", "unknown"),
        ("sk-of-another-service", "unknown"),
        ("Bearer " + key(), "unknown"),
        ("bedrock-api-kez-" + key()[16:], "unknown"),
    ],
)
def test_what_is_no_readable_key_has_only_a_kind(text: str, kind: str) -> None:
    """The kind is what the text begins as; of one that cannot be read further the rest is None."""
    assert inspect_api_key(text) == ApiKeyInfo(kind)


@pytest.mark.parametrize(
    "text",
    [
        key(host="https://bedrock.amazonaws.com"),
        key(host="bedrock.amazonaws.com.evil.example"),
        key(X_Amz_Credential=None),
        key(X_Amz_Credential="SECRET"),
        key(X_Amz_Credential="AKID%2F20260102%2Fus-west-2%2Fs3%2Faws4_request"),
        key(X_Amz_Credential="AKID%2F20260102%2F%1B[2Jus-west-2%2Fbedrock%2Faws4_request"),
        key(X_Amz_Credential="AKID%20SECRET%2F20260102%2Fus-west-2%2Fbedrock%2Faws4_request"),
        encoded("x" * 100_000),
        key(X_Amz_Security_Token="x" * 100_000),
        "bedrock-api-key-" + key()[16:] * 1000,
        "bedrock-api-key-é",
        key(**{f"X{number}": "x" for number in range(40)}),
    ],
)
def test_a_short_term_key_of_another_form_has_only_a_kind(text: str) -> None:
    """What is no presigned request for Bedrock, or is oversized, is not guessed at."""
    assert inspect_api_key(text) == ApiKeyInfo("short-term")


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"X_Amz_Date": "yesterday"}, {"minted_at", "expires_at"}),
        ({"X_Amz_Date": "20261302T030405Z"}, {"minted_at", "expires_at"}),
        ({"X_Amz_Date": "00000102T030405Z"}, {"minted_at", "expires_at"}),
        ({"X_Amz_Date": None}, {"minted_at", "expires_at"}),
        ({"X_Amz_Expires": "-1"}, {"expires_at"}),
        ({"X_Amz_Expires": "1e3"}, {"expires_at"}),
        ({"X_Amz_Expires": "9" * 5000}, {"expires_at"}),
        ({"X_Amz_Expires": None}, {"expires_at"}),
        ({"X_Amz_Date": "99991231T235959Z"}, {"expires_at"}),
        ({"X_Amz_Credential": "AKIDEXAMPLE%2F20260102%2Fus-west-2%2Fbedrock%2Faws4_request"}, {"account_id"}),
    ],
)
def test_one_odd_part_does_not_hide_the_others(changes: dict[str, str | None], missing: set[str]) -> None:
    """Of a key with one part that cannot be, that part is None."""
    found = inspect_api_key(key(**changes))
    assert {name for name, value in vars(found).items() if value is None} == missing


@pytest.mark.parametrize(
    ("access_key_id", "account"),
    [
        ("ASIAY34FZKBOKMUTVV7A", "609629065308"),  # published with its account, by Aidan Steele
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),  # by the program that Tal Be'ery published
        ("AKIAY34FZKBOKMUTVV7A", "609629065308"),
        ("AKIAIOSFODNN7EXAMPLE", None),  # the older form: AWS's own example
        ("AKIAJOSFODNN7EXAMPLE", None),
        ("AROAY34FZKBOKMUTVV7A", None),
        ("ASIAY34FZKBOKMUTVV7", None),
        ("ASIAY34FZKBOKMUTVV7AA", None),
        ("ASIAY34FZKBOKMUTVV01", None),
        ("ASIA7777777777777777", None),  # would be more than 12 digits
        ("asiay34fzkbokmutvv7a", None),
        ("AKIDEXAMPLE", None),
    ],
)
def test_the_account_is_read_from_the_access_key_id(access_key_id: str, account: str | None) -> None:
    """IDs of the new generation name their account; no other does."""
    credential = f"{access_key_id}%2F20260102%2Fus-west-2%2Fbedrock%2Faws4_request"
    found = inspect_api_key(key(X_Amz_Credential=credential))
    assert (found.access_key_id, found.account_id) == (access_key_id, account)


VALUES = st.text(max_size=40) | st.sampled_from(["", "%", "%00", "99999999T999999Z", "A%2F20260102%2Fx%2Fbedrock"])


@tries(150)
@given(
    st.text()
    | st.text().map(lambda text: "bedrock-api-key-" + text)
    | st.binary().map(lambda data: "bedrock-api-key-" + b64encode(data).decode())
    | st.text().map(lambda text: encoded(f"bedrock.amazonaws.com/?{text}"))
    | st.dictionaries(st.sampled_from(sorted(PARAMETERS)), VALUES).map(
        lambda changes: key(**{name.replace("-", "_"): value for name, value in changes.items()})
    )
)
@example("bedrock-api-key-" + "=" * 9)
@example("\ud800")
@example("bedrock-api-key-\ud800")
def test_any_text_can_be_read(text: str) -> None:
    """No text raises, and what is reported of one is of the kinds that were promised."""
    found = inspect_api_key(text)
    assert found.kind in ("short-term", "long-term", "unknown")
    for moment in (found.minted_at, found.expires_at):
        assert moment is None or moment.tzinfo is timezone.utc
    for word in (found.region, found.access_key_id, found.account_id):
        assert word is None or (word.isascii() and word.isprintable() and len(word) <= 128)


@pytest.mark.parametrize("value", [None, b"bedrock-api-key-SECRET", 7, lambda: "SECRET"])
def test_what_is_no_text_is_refused(value: Any) -> None:
    """Anything but a str is a ConfigurationError that names the type and not the value."""
    with pytest.raises(ConfigurationError, match=f"not {type(value).__name__}$") as caught:
        inspect_api_key(value)
    assert "SECRET" not in str(caught.value)


def test_reading_a_key_loads_no_library() -> None:
    """Neither botocore nor requests nor jsonschema is needed to inspect a key."""
    code = (
        "import sys; from bedrock_openai_http import inspect_api_key; inspect_api_key(sys.argv[1]);"
        "print(sorted({'botocore', 'requests', 'jsonschema', 'urllib3'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code, key()], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "[]"
