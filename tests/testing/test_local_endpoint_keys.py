"""LocalEndpoint and minted keys: a key that was made from its credentials is let in, and nothing like one is."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http import (
    ApiKeyProvider,
    Client,
    Credentials,
    CredentialsError,
    PermissionDeniedError,
    mint_api_key,
)
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.testing.service.minted_keys import verify_key
from chance import tries
from example_keys import KEYS, NOW, TEMPORARY, text_of
from faults.secrets_check import assert_no_secret
from loopback import BODY, bearer, encoded, send
from support import PROMPT, REQUEST

EXPIRED = "Bearer Token has expired"
INVALID = "Authentication failed: Please make sure your API Key is valid."
KNOWN = {KEYS.access_key: TEMPORARY}


@pytest.fixture
def endpoint() -> Iterator[LocalEndpoint]:
    with LocalEndpoint() as running:
        yield running


def answer(endpoint: LocalEndpoint, key: str) -> str | None:
    """Return the words in which `key` is refused; None if it is not."""
    reply = send(endpoint, encoded(BODY), bearer(key))
    assert reply.status == (403 if "Message" in reply.json else 200)
    return reply.json.get("Message")


def said_of(key: str, after: float = 0, region: str = "us-west-2", expired: tuple[str, ...] = ()) -> str | None:
    """Return the words in which `key` is refused so many seconds after NOW; None if it is not."""
    now = NOW.timestamp() + after
    refusal = verify_key(key, region=region, keys=KNOWN, expired=expired, now=now)
    return refusal and refusal.message


def minted(**changes: object) -> str:
    return mint_api_key(**{"region": "us-west-2", "credentials": TEMPORARY, "now": NOW, **changes})  # type: ignore[arg-type]


def repacked(text: str) -> str:
    return "bedrock-api-key-" + b64encode(text.encode()).decode()


@pytest.mark.parametrize("service", ["bedrock", "bedrock-mantle"])
def test_a_minted_key_is_let_in(service: str) -> None:
    """A key that was minted from the endpoint's credentials is good, whatever requests must be signed for."""
    with LocalEndpoint(service=service) as endpoint:
        assert answer(endpoint, mint_api_key(endpoint.region, credentials=endpoint.credentials)) is None


def test_a_key_of_another_region_is_refused(endpoint: LocalEndpoint) -> None:
    """As recorded of Bedrock: a key for another region is no valid key."""
    assert answer(endpoint, mint_api_key("eu-west-1", credentials=endpoint.credentials)) == INVALID


def test_a_key_of_other_credentials_is_refused(endpoint: LocalEndpoint) -> None:
    """Unknown credentials, another secret, another session token, and none, make no valid key."""
    good = endpoint.credentials
    for other in (
        TEMPORARY,
        Credentials(good.access_key, "another", good.token),
        Credentials(good.access_key, good.secret_key, "another"),
        Credentials(good.access_key, good.secret_key),
    ):
        assert answer(endpoint, mint_api_key(endpoint.region, credentials=other)) == INVALID


def test_a_key_is_good_for_its_lifetime() -> None:
    """By the endpoint's own clock: before its end it is let in, from its end on it has expired."""
    now = time.time()
    with LocalEndpoint(clock=lambda: now) as endpoint:
        key = mint_api_key(endpoint.region, credentials=endpoint.credentials, lifetime=3600)
        assert answer(endpoint, key) is None
        now += 3590
        assert answer(endpoint, key) is None
        now += 20
        assert answer(endpoint, key) == EXPIRED


def test_the_first_and_the_last_second() -> None:
    """The end itself is too late; a key of a clock up to five minutes ahead is taken, of one further ahead not."""
    key = minted(lifetime=60)
    assert said_of(key, 59.9) is None
    assert said_of(key, 60) == EXPIRED
    assert said_of(key, -300) is None
    assert said_of(key, -301) == INVALID


def test_a_key_of_rotated_credentials_has_expired(endpoint: LocalEndpoint) -> None:
    """When credentials end, so does every key that they made, and one of the new credentials is good."""
    key = mint_api_key(endpoint.region, credentials=endpoint.credentials)
    endpoint.rotate()
    assert answer(endpoint, key) == EXPIRED
    assert answer(endpoint, mint_api_key(endpoint.region, credentials=endpoint.credentials)) is None


def with_parameter(name: str, value: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        start, found, rest = text.partition(f"{name}=")
        assert found
        return start + found + value + rest[rest.find("&") :]

    return change


@pytest.mark.parametrize(
    "change",
    [
        with_parameter("X-Amz-Expires", "43199"),
        with_parameter("X-Amz-Expires", "0"),
        with_parameter("X-Amz-Expires", "x"),
        with_parameter("X-Amz-Date", "20260102T030406Z"),
        with_parameter("X-Amz-Date", "20260102"),
        with_parameter("X-Amz-Date", "20261302T030405Z"),
        with_parameter("X-Amz-Date", "%E6%BC%A2"),
        with_parameter("X-Amz-Signature", "0" * 64),
        with_parameter("X-Amz-Signature", ""),
        with_parameter("X-Amz-Signature", "%E6%BC%A2"),
        with_parameter("X-Amz-Algorithm", "AWS4-HMAC-SHA512"),
        with_parameter("X-Amz-SignedHeaders", "host%3Bx"),
        with_parameter("X-Amz-Credential", "AKIDEXAMPLE%2F20260102%2Fus-west-2%2Fs3%2Faws4_request"),
        with_parameter("X-Amz-Credential", "AKIDEXAMPLE"),
        with_parameter("X-Amz-Security-Token", "another"),
        with_parameter("Action", "CallWithAnything"),
        with_parameter("Version", "2"),
        lambda text: text.replace("&Version=1", ""),
        lambda text: text + "&Version=1",
        lambda text: text + "&X-Amz-Expires=43200",
        lambda text: text + "&Something=else",
        lambda text: text.replace("bedrock.amazonaws.com", "bedrock.amazonaws.com.evil.example"),
        lambda text: "https://" + text,
        lambda text: text.replace("&X-Amz-Security-Token", "&x-amz-security-token"),
        lambda text: "",
    ],
)
def test_a_key_that_was_changed_is_refused(change: Callable[[str], str]) -> None:
    """One part changed, and the key is invalid; which part is not said."""
    text = text_of(minted())
    assert change(text) != text
    assert said_of(repacked(change(text))) == INVALID


@pytest.mark.parametrize("lifetime", [43201, 86400, 99999])
def test_a_key_that_would_live_too_long_is_refused(lifetime: int) -> None:
    """Signed rightly, but for more than twelve hours: no valid key."""
    from bedrock_openai_http.aws.minting import _mint

    assert said_of(_mint(TEMPORARY, "us-west-2", 43200, NOW)) is None
    assert said_of(_mint(TEMPORARY, "us-west-2", lifetime, NOW)) == INVALID


@tries(60)
@given(st.data())
def test_any_change_of_a_character_is_seen(data: st.DataObject) -> None:
    """A key is refused, without an exception, if one character of its text is another."""
    text = text_of(minted())
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.characters(min_codepoint=1, max_codepoint=0x7E).filter(lambda c: c != text[place]))
    changed = text[:place] + character + text[place + 1 :]
    if changed.upper() != text.upper():  # `%2f` is the same text as `%2F`
        assert said_of(repacked(changed)) == INVALID


VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60)


@tries(60)
@given(VISIBLE, VISIBLE, st.integers(1, 43200))
def test_any_credentials_make_a_key_that_is_let_in(secret_key: str, token: str, lifetime: int) -> None:
    """Whatever characters are in secret and token: made here, good here, until its end."""
    keys = Credentials("AKIDEXAMPLE", secret_key, token)
    key = minted(credentials=keys, lifetime=lifetime)
    for after, expected in ((lifetime - 1, None), (lifetime, EXPIRED)):
        now = NOW.timestamp() + after
        refusal = verify_key(key, region="us-west-2", keys={"AKIDEXAMPLE": keys}, now=now)
        assert (refusal and refusal.message) == expected


@tries(60)
@given(st.text() | st.binary().map(lambda data: b64encode(data).decode()) | st.text().map(quote).map(repacked))
def test_any_other_text_is_refused(text: str) -> None:
    """Garbage is refused in Bedrock's words, without an exception."""
    assert said_of("bedrock-api-key-" + text.removeprefix("bedrock-api-key-")) == INVALID


def test_base64_is_read_strictly() -> None:
    """A key with a character too many, or cut short, is refused."""
    key = minted()
    assert b64decode(key[16:])
    for other in (key[:-4], key + "\n", key[:20] + " " + key[20:], key + "===="):
        assert said_of(other) == INVALID


# --- a client with a key, and with a provider


def test_a_call_with_a_key_never_loads_botocore(endpoint: LocalEndpoint) -> None:
    """A minted key that is given as a text costs what any key costs: no signer and no chain is loaded."""
    key = mint_api_key(endpoint.region, credentials=endpoint.credentials)
    code = (
        "import sys; from bedrock_openai_http import Client;"
        "Client(base_url=sys.argv[1], api_key=sys.stdin.read()).chat.completions.create(model='m', messages="
        "[{'role': 'user', 'content': 'Hi'}]); print('botocore' in sys.modules, 'requests' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, endpoint.url], input=key, capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.split() == ["False", "True"]


def test_a_client_calls_with_minted_keys(endpoint: LocalEndpoint) -> None:
    """A provider's key is sent as a bearer token, and the same one with each call."""
    provider = ApiKeyProvider(endpoint.region, credentials=endpoint.credentials)
    with Client(endpoint.region, base_url=endpoint.url, api_key=provider) as client:
        client.complete(REQUEST)
        with client.stream(REQUEST) as stream:
            assert stream.completion().text
    sent = {request.headers["authorization"] for request in endpoint.requests}
    assert sent == {f"Bearer {provider()}"}


def test_a_provider_recovers_from_a_rotation_with_one_retry(endpoint: LocalEndpoint) -> None:
    """Credentials that end early end the key: it is refused once, and the retry has a key of the new ones."""

    class Source:
        """Gives the former credentials until it is told that they are over, which is while a call is under way."""

        given = endpoint.credentials

        def __call__(self) -> Credentials:
            return self.given

        def refresh(self) -> None:
            self.given = endpoint.credentials

    provider = ApiKeyProvider(endpoint.region, credentials=Source())
    with Client(endpoint.region, base_url=endpoint.url, api_key=provider) as client:
        client.complete(REQUEST)
        endpoint.rotate()
        completion = client.complete(REQUEST)
    assert len(endpoint.requests) == 3
    assert completion.request_id == endpoint.requests[2].request_id


def test_a_rotation_that_the_source_knows_of_costs_no_retry(endpoint: LocalEndpoint) -> None:
    """Where the credentials' callable already gives the new ones, the next call has a new key at once."""
    provider = ApiKeyProvider(endpoint.region, credentials=lambda: endpoint.credentials)
    with Client(endpoint.region, base_url=endpoint.url, api_key=provider) as client:
        client.complete(REQUEST)
        endpoint.rotate()
        client.complete(REQUEST)
    assert len(endpoint.requests) == 2


def test_a_provider_of_the_chain_recovers(
    endpoint: LocalEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The chain is built anew when a key is refused as expired, so that a rewritten credentials file counts."""
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def export() -> None:
        keys = endpoint.credentials
        file.write_text(
            f"[default]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
            f"aws_session_token = {keys.token}\n"
        )

    export()
    with Client(base_url=endpoint.url, api_key=ApiKeyProvider(endpoint.region)) as client:
        client.complete(REQUEST)
        endpoint.rotate()
        export()
        client.complete(REQUEST)
    assert len(endpoint.requests) == 3


def test_credentials_that_have_ended_for_good(endpoint: LocalEndpoint, caplog: pytest.LogCaptureFixture) -> None:
    """With credentials that cannot change, the refusal reaches the caller after a second key at most.

    Neither the error nor a log at DEBUG, botocore's for one, has the key or what it was made of.
    """
    caplog.set_level(logging.DEBUG)
    keys = endpoint.credentials
    provider = ApiKeyProvider(endpoint.region, credentials=keys)
    key = provider()
    endpoint.rotate()
    with Client(endpoint.region, base_url=endpoint.url, api_key=provider) as client:
        with pytest.raises(PermissionDeniedError, match=EXPIRED) as caught:
            client.complete(REQUEST)
    assert len(endpoint.requests) <= 2
    assert caught.value.request_id == endpoint.requests[-1].request_id
    assert_no_secret(caught.value, caplog, key, provider(), keys.secret_key, str(keys.token), PROMPT)


def test_a_source_that_fails_after_a_refusal(endpoint: LocalEndpoint) -> None:
    """If the key has expired and no other can be made, the error is one of ours with the refusal's request ID."""
    given = iter([endpoint.credentials])
    provider = ApiKeyProvider(endpoint.region, credentials=lambda: next(given))
    endpoint.rotate()
    with Client(endpoint.region, base_url=endpoint.url, api_key=provider) as client:
        with pytest.raises(CredentialsError) as caught:
            client.complete(REQUEST)
    assert caught.value.request_id == endpoint.requests[0].request_id
