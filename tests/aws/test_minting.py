"""Minted API keys, judged by known ones and by a signer of a few lines, and the provider that mints them anew."""

from __future__ import annotations

import copy
import hashlib
import hmac
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import botocore.credentials
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http import (
    ApiKeyProvider,
    ConfigurationError,
    Credentials,
    CredentialsError,
    inspect_api_key,
    mint_api_key,
)
from chance import tries
from example_keys import KEYS, NOW, TEMPORARY, TOKEN, text_of
from faults.secrets_check import texts_within

# --- mint_api_key


def expected_text(token: str, signature: str) -> str:
    return (
        "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-west-2%2Fbedrock%2Faws4_request&X-Amz-Date=20260102T030405Z"
        f"&X-Amz-Expires=43200&X-Amz-SignedHeaders=host{token}&X-Amz-Signature={signature}&Version=1"
    )


def test_known_keys() -> None:
    """With known credentials at a known time the key is the known one, with and without a session token."""
    signature = "a27884da5492609aabf329fa37d9ebfc43fc30bc26dfa7c45723eacdf4dd1099"
    key = mint_api_key("us-west-2", credentials=KEYS, now=NOW)
    assert text_of(key) == expected_text("", signature)
    assert key == (
        "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb249Q2FsbFdpdGhCZWFyZXJUb2tlbiZYLUFtei1BbGdvcml0aG09QVdTNC"
        "1ITUFDLVNIQTI1NiZYLUFtei1DcmVkZW50aWFsPUFLSURFWEFNUExFJTJGMjAyNjAxMDIlMkZ1cy13ZXN0LTIlMkZiZWRyb2NrJTJGYXdzNF9y"
        "ZXF1ZXN0JlgtQW16LURhdGU9MjAyNjAxMDJUMDMwNDA1WiZYLUFtei1FeHBpcmVzPTQzMjAwJlgtQW16LVNpZ25lZEhlYWRlcnM9aG9zdCZYLU"
        "Ftei1TaWduYXR1cmU9YTI3ODg0ZGE1NDkyNjA5YWFiZjMyOWZhMzdkOWViZmM0M2ZjMzBiYzI2ZGZhN2M0NTcyM2VhY2RmNGRkMTA5OSZWZXJz"
        "aW9uPTE="
    )
    signature = "17df3050a99c5da4d535fa9179a5a4a76a405664f29775cd4154ef497d4bb424"
    token = "&X-Amz-Security-Token=FQoGZXIvYXdzEXAMPLE%2Ftoken%2Bwith%3Dchars"
    assert text_of(mint_api_key("us-west-2", credentials=TEMPORARY, now=NOW)) == expected_text(token, signature)


def plain_signature(keys: Credentials, region: str, lifetime: int, now: datetime) -> str:
    """Return the signature of a key: AWS's description of it in a few lines."""
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{region}/bedrock/aws4_request"
    query = {
        "Action": "CallWithBearerToken",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{keys.access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(lifetime),
        "X-Amz-SignedHeaders": "host",
    }
    if keys.token:
        query["X-Amz-Security-Token"] = keys.token
    canonical_query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))
    nothing = hashlib.sha256(b"").hexdigest()
    canonical = f"POST\n/\n{canonical_query}\nhost:bedrock.amazonaws.com\n\nhost\n{nothing}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{keys.secret_key}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
CREDENTIALS = st.builds(
    Credentials,
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=1, max_size=20),
    st.text(VISIBLE, min_size=1, max_size=40),
    st.none() | st.text(VISIBLE, min_size=1, max_size=300),
)
REGIONS = st.sampled_from(
    ["us-east-1", "us-west-2", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-3", "xx-y-z-12"]
)
LIFETIMES = st.integers(1, 43200)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001


@tries(100)
@given(CREDENTIALS, REGIONS, LIFETIMES, MOMENTS)
def test_a_second_opinion(keys: Credentials, region: str, lifetime: int, now: datetime) -> None:
    """The signature is what a plain signer gives for any credentials, and what went in can be read from the key."""
    key = mint_api_key(region, credentials=keys, lifetime=lifetime, now=now)
    found = dict(parse_qsl(text_of(key).partition("?")[2]))
    assert found["X-Amz-Signature"] == plain_signature(keys, region, lifetime, now)
    assert found.get("X-Amz-Security-Token") == keys.token
    info = inspect_api_key(key)
    assert (info.region, info.access_key_id) == (region, keys.access_key)
    assert info.has_session_token is (keys.token is not None)
    assert info.minted_at == now.replace(microsecond=0)
    assert info.expires_at == now.replace(microsecond=0) + timedelta(seconds=lifetime)


def test_without_now_a_key_begins_now() -> None:
    """Without `now` the clock is read, and a moment in another time zone is the same moment."""
    before = datetime.now(timezone.utc).replace(microsecond=0)
    minted = inspect_api_key(mint_api_key("us-west-2", credentials=KEYS)).minted_at
    assert minted is not None
    assert before <= minted <= datetime.now(timezone.utc)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    again = mint_api_key("us-west-2", credentials=KEYS, now=elsewhere)
    assert again == mint_api_key("us-west-2", credentials=KEYS, now=NOW)


def test_a_pseudo_region_stands_for_a_real_one() -> None:
    """A key for `fips-us-east-1`, which older SDKs know, is one for us-east-1: no key is good for the other name."""
    key = mint_api_key("fips-us-east-1", credentials=KEYS, now=NOW)
    assert key == mint_api_key("us-east-1", credentials=KEYS, now=NOW)


@pytest.mark.parametrize("lifetime", [0, -1, 43201, 3600.0, True, "3600", None, float("nan")])
def test_lifetimes_that_are_refused(lifetime: Any) -> None:
    """A lifetime that no key can have is refused before anything is looked up."""
    for make in (mint_api_key, ApiKeyProvider):
        with pytest.raises(ConfigurationError, match=r"^lifetime: "):
            make("us-west-2", credentials=lambda: 1 / 0, lifetime=lifetime)


@pytest.mark.parametrize("region", ["", "mars", "us-west-2/s3", "us-west-2\n", None, 7])
def test_regions_that_are_refused(region: Any) -> None:
    """What does not look like a region is refused before anything is looked up."""
    for make in (mint_api_key, ApiKeyProvider):
        with pytest.raises(ConfigurationError, match="region"):
            make(region, credentials=lambda: 1 / 0)


class TestCredentials:
    """Where the credentials come from that a key is made with."""

    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "config").write_text(
            "[profile other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = SECRET-other\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-SECRET")

    @pytest.mark.parametrize(
        "given",
        [
            TEMPORARY,
            lambda: TEMPORARY,
            botocore.credentials.Credentials("AKIDEXAMPLE", KEYS.secret_key, TOKEN),
            botocore.credentials.Credentials("AKIDEXAMPLE", KEYS.secret_key, TOKEN).get_frozen_credentials(),
        ],
    )
    def test_given_credentials(self, given: Any) -> None:
        """Ours, botocore's and a callable's credentials make the same key."""
        key = mint_api_key("us-west-2", credentials=given, now=NOW)
        assert key == mint_api_key("us-west-2", credentials=TEMPORARY, now=NOW)

    def test_the_chain_is_asked_and_never_the_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without an argument the chain's credentials count, whatever AWS_BEARER_TOKEN_BEDROCK says."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_key)
        assert mint_api_key("us-west-2", now=NOW) == mint_api_key("us-west-2", credentials=KEYS, now=NOW)
        assert inspect_api_key(ApiKeyProvider("us-west-2")()).access_key_id == KEYS.access_key
        assert inspect_api_key(mint_api_key("us-west-2", profile="other")).access_key_id == "AKIAOTHER"

    def test_without_credentials(self) -> None:
        """Where the chain finds nothing, the error says what was tried; a Bedrock API key was not."""
        for make in (lambda: mint_api_key("us-west-2"), ApiKeyProvider("us-west-2")):
            with pytest.raises(CredentialsError, match=r"^no AWS credentials were found; tried: env") as caught:
                make()
            assert "BEARER" not in str(caught.value)

    def test_what_is_no_credentials(self) -> None:
        """A key in place of credentials is refused, and so are two ways to find them."""
        with pytest.raises(CredentialsError, match="str has no access_key"):
            mint_api_key("us-west-2", credentials="bedrock-api-key-SECRET")
        with pytest.raises(ConfigurationError, match="credentials and profile are given"):
            mint_api_key("us-west-2", credentials=KEYS, profile="other")


# --- ApiKeyProvider


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_key_is_used_until_its_end_is_near(clock: Clock) -> None:
    """The same key is given until `margin` seconds before it expires, then a new one; it begins when it is made."""
    provider = ApiKeyProvider("us-west-2", credentials=KEYS, lifetime=3600, margin=600, clock=clock)
    began, first = clock.now, provider()
    info = inspect_api_key(first)
    assert info.minted_at == datetime.fromtimestamp(began, timezone.utc)
    assert info.expires_at == datetime.fromtimestamp(began + 3600, timezone.utc)
    clock.now = began + 2999.9
    assert provider() == first
    clock.now = began + 3000
    second = provider()
    assert second != first
    assert provider() == second


@pytest.mark.parametrize(("lifetime", "margin", "after"), [(600, 900, 300), (1, 900, 1), (3600, 0, 3600)])
def test_a_margin_is_at_most_half_of_the_lifetime(lifetime: int, margin: int, after: float, clock: Clock) -> None:
    """A lifetime that is shorter than the margin works: such a key is used for half of its life."""
    provider = ApiKeyProvider("us-west-2", credentials=KEYS, lifetime=lifetime, margin=margin, clock=clock)
    first, began = provider(), clock.now
    clock.now = began + after - 0.6
    assert provider() == first
    clock.now = began + after
    assert provider() != first


def test_a_key_is_over_when_it_says_so(clock: Clock) -> None:
    """A key knows whole seconds only: one made at a fraction of a second is not used for that fraction longer."""
    clock.now += 0.9
    provider = ApiKeyProvider("us-west-2", credentials=KEYS, lifetime=60, margin=0, clock=clock)
    first = provider()
    clock.now += 59.5
    assert provider() != first


def test_a_clock_that_is_set_back_makes_a_new_key(clock: Clock) -> None:
    """A key from the future, which the service might refuse, is not used."""
    provider = ApiKeyProvider("us-west-2", credentials=KEYS, clock=clock)
    first = provider()
    clock.now -= 3600
    minted = inspect_api_key(provider()).minted_at
    assert provider() != first
    assert minted == datetime.fromtimestamp(clock.now, timezone.utc)


def test_changed_credentials_make_a_new_key(clock: Clock) -> None:
    """Credentials are asked for at each call, and a key of other credentials is not used."""
    given = [KEYS]
    provider = ApiKeyProvider("us-west-2", credentials=lambda: given[0], clock=clock)
    first = provider()
    assert provider() == first
    given[0] = replace(KEYS, token="another")
    assert provider() != first


def test_refresh_forgets_key_and_chain(clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After `refresh` the chain is built anew, so that a rewritten file counts, and the key is a new one."""
    file = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    file.write_text("[default]\naws_access_key_id = AKIAFIRST\naws_secret_access_key = SECRET\n")
    provider = ApiKeyProvider("us-west-2", clock=clock)
    first = provider()
    file.write_text("[default]\naws_access_key_id = AKIASECOND\naws_secret_access_key = SECRET\n")
    assert provider() == first
    provider.refresh()
    assert inspect_api_key(provider()).access_key_id == "AKIASECOND"


def test_refresh_makes_a_new_key_of_the_same_credentials(clock: Clock) -> None:
    """After `refresh` a key begins anew, and a callable's own `refresh` has been called."""

    class Source:
        refreshed = 0

        def __call__(self) -> Credentials:
            return KEYS

        def refresh(self) -> None:
            self.refreshed += 1

    source = Source()
    provider = ApiKeyProvider("us-west-2", credentials=source, clock=clock)
    first = provider()
    clock.now += 10
    assert provider() == first
    provider.refresh()
    assert provider() != first
    assert source.refreshed == 1


class Failing:
    """A source of credentials that can be made to fail, and counts how often it is asked."""

    def __init__(self) -> None:
        self.fails = False
        self.asked = 0

    def __call__(self) -> Credentials:
        self.asked += 1
        if self.fails:
            raise OSError("SECRET socket is gone")
        return KEYS


def test_a_good_key_outlives_a_failing_source(clock: Clock) -> None:
    """If credentials cannot be looked up, the present key is used until it expires, and then it is an error."""
    source = Failing()
    provider = ApiKeyProvider("us-west-2", credentials=source, lifetime=3600, margin=900, clock=clock)
    first, began = provider(), clock.now
    source.fails = True
    for after in (1, 2800, 3599):
        clock.now = began + after
        assert provider() == first
    clock.now = began + 3600
    with pytest.raises(CredentialsError, match="the credentials callable failed: OSError"):
        provider()
    source.fails = False
    assert provider() != first


def test_a_failing_source_is_left_alone_for_a_while(clock: Clock) -> None:
    """With a good key in hand, a source that failed is not asked at every call: it may be slow to fail."""
    source = Failing()
    provider = ApiKeyProvider("us-west-2", credentials=source, clock=clock)
    provider()
    source.fails = True
    for _ in range(5):
        provider()
    assert source.asked == 2
    clock.now += 5
    provider()
    assert source.asked == 3


def test_a_failing_source_is_an_error_without_a_key(clock: Clock) -> None:
    """At the first call, and after `refresh`, there is no key to fall back on; the next call asks again."""
    source = Failing()
    source.fails = True
    provider = ApiKeyProvider("us-west-2", credentials=source, clock=clock)
    with pytest.raises(CredentialsError) as caught:
        provider()
    assert caught.value.__context__ is None
    source.fails = False
    provider()
    source.fails = True
    provider.refresh()
    with pytest.raises(CredentialsError):
        provider()


def run_in_threads(work: Callable[[], Any], count: int) -> list[Any]:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_threads_that_begin_together_share_one_key(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread mints; the others wait for its key, since there is none yet."""
    minted: list[str] = []
    original = sys.modules["bedrock_openai_http.aws.minting"]._mint

    def counting(*args: Any) -> str:
        minted.append(original(*args))
        return minted[-1]

    monkeypatch.setattr("bedrock_openai_http.aws.minting._mint", counting)
    provider = ApiKeyProvider("us-west-2", credentials=lambda: KEYS, clock=clock)
    assert set(run_in_threads(provider, 16)) == set(minted)
    assert len(minted) == 1


def test_nobody_waits_while_there_is_a_good_key(clock: Clock) -> None:
    """While one thread waits for slow credentials, the others get the present key at once."""
    asked, answer = threading.Event(), threading.Event()
    slow = False

    def source() -> Credentials:
        if slow:
            asked.set()
            assert answer.wait(30)
            return TEMPORARY
        return KEYS

    provider = ApiKeyProvider("us-west-2", credentials=source, clock=clock)
    first, slow = provider(), True
    waiting: list[str] = []
    thread = threading.Thread(target=lambda: waiting.append(provider()))
    thread.start()
    assert asked.wait(30)
    assert run_in_threads(provider, 4) == [first] * 4
    assert waiting == []
    answer.set()
    thread.join(30)
    assert waiting != [first]
    assert [provider()] == waiting


@pytest.mark.parametrize("margin", [-1, float("nan"), float("inf"), "900", None, True])
def test_margins_that_are_refused(margin: Any) -> None:
    """A margin is a number of seconds, not below 0."""
    with pytest.raises(ConfigurationError, match=r"^margin: "):
        ApiKeyProvider("us-west-2", margin=margin)


@pytest.mark.parametrize("now", [-1.0, 253402300799.0, 1e300, float("inf"), float("nan")])
def test_a_clock_that_gives_nonsense(now: float) -> None:
    """A clock of the caller's that is out of all years is a ConfigurationError, and so is such a `now`."""
    with pytest.raises(ConfigurationError, match=r"^clock: "):
        ApiKeyProvider("us-west-2", credentials=KEYS, clock=lambda: now)()


@pytest.mark.parametrize("now", [datetime.min, datetime.max, datetime.max.replace(tzinfo=timezone.utc)])  # noqa: DTZ901
def test_a_moment_out_of_all_years(now: datetime) -> None:
    """A key is not made for a moment that no key can name."""
    with pytest.raises(ConfigurationError, match=r"^now: "):
        mint_api_key("us-west-2", credentials=KEYS, now=now)


# --- secrets


def test_nothing_secret_gets_out(caplog: pytest.LogCaptureFixture) -> None:
    """Minting logs nothing, at DEBUG either; the provider's repr and public attributes show neither key nor token."""
    with caplog.at_level(logging.DEBUG):
        provider = ApiKeyProvider("us-west-2", credentials=TEMPORARY)
        key = provider()
        mint_api_key("us-west-2", credentials=TEMPORARY)
    public = {name: getattr(provider, name) for name in dir(provider) if not name.startswith("_")}
    shown = f"{caplog.text} {provider!r} {provider} {list(texts_within(public))}"
    assert "us-west-2" in repr(provider)
    signature = dict(parse_qsl(text_of(key)))["X-Amz-Signature"]
    for secret in (key, KEYS.secret_key, TOKEN, quote(TOKEN, safe=""), signature):
        assert secret not in shown
    for value in vars(provider).values():
        assert not any(secret in repr(value) for secret in (key, KEYS.secret_key, TOKEN))


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_provider_does_not_leave_its_process(take: Callable[[Any], Any]) -> None:
    """It cannot be pickled or copied, since it may hold a key."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        take(ApiKeyProvider("us-west-2", credentials=KEYS))


def test_errors_show_no_secret() -> None:
    """A source that fails with a secret in its words is named by its kind only."""

    def source() -> Credentials:
        raise ValueError("SECRET")

    with pytest.raises(CredentialsError) as caught:
        mint_api_key("us-west-2", credentials=source)
    assert "SECRET" not in "".join(texts_within(caught.value))


def test_making_a_provider_loads_no_library() -> None:
    """A provider that has not been asked yet has loaded neither botocore nor anything else, and read nothing."""
    code = (
        "import sys; from bedrock_openai_http import ApiKeyProvider, Client;"
        "Client('us-west-2', api_key=ApiKeyProvider('us-west-2', profile='missing'));"
        "print(sorted({'botocore', 'requests', 'jsonschema', 'urllib3'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "[]"
