"""The command `key`: what it prints, and that `inspect` never prints a key."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from bedrock_openai_http import Credentials, inspect_api_key, mint_api_key
from bedrock_openai_http.cli import key as command
from shell import SOME_KEYS, Finished, Shell

Here = Callable[..., Finished]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
TOKEN = "SECRET/token+with=chars"
KEYS = Credentials("ASIAY34FZKBOKMUTVV7A", "SECRET-secret-key", TOKEN)
TEMPORARY = {**SOME_KEYS, "AWS_SESSION_TOKEN": TOKEN}


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(
        "[profile other]\nregion = eu-west-2\naws_access_key_id = AKIAOTHER\naws_secret_access_key = SECRET-other\n"
        "[profile bare]\naws_access_key_id = AKIABARE\naws_secret_access_key = SECRET-bare\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Give a function that sets the clock of `inspect` to so much after NOW."""

    def set_clock(after: timedelta) -> None:
        class Frozen(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                return NOW + after

        monkeypatch.setattr(command, "datetime", Frozen)

    return set_clock


# --- mint


def test_mint_prints_the_key_and_nothing_else(here: Here) -> None:
    """Standard output is one key in one line; region, end and use are noted on standard error."""
    done = here("key", "mint", **TEMPORARY)
    info = inspect_api_key(done.out)
    assert done.code == 0
    assert done.out == done.out.strip() + "\n"
    assert (info.region, info.access_key_id) == ("us-west-2", "AKIDEXAMPLE")
    assert info.expires_at is not None
    assert info.minted_at is not None
    assert info.expires_at - info.minted_at == timedelta(hours=12)
    for words in ("us-west-2", f"{info.expires_at:%Y-%m-%d %H:%M:%S} UTC", "temporary", "AWS_BEARER_TOKEN_BEDROCK"):
        assert words in done.err
    assert done.out.strip() not in done.err
    assert TOKEN not in done.err


def test_mint_says_nothing_of_temporary_credentials_where_there_are_none(here: Here) -> None:
    """A key of lasting credentials ends at its end."""
    assert "temporary" not in here("key", "mint", **SOME_KEYS).err


@pytest.mark.parametrize(("hours", "seconds"), [("1", 3600), ("0.5", 1800), ("12", 43200), ("12.0", 43200)])
def test_mint_takes_hours(here: Here, hours: str, seconds: int) -> None:
    """The lifetime is given in hours, fractions too."""
    info = inspect_api_key(here("key", "mint", "--hours", hours, **SOME_KEYS).out)
    assert info.expires_at is not None
    assert info.minted_at is not None
    assert (info.expires_at - info.minted_at).total_seconds() == seconds


@pytest.mark.parametrize("hours", ["0", "-1", "12.1", "nan", "inf", "x", ""])
def test_mint_refuses_other_hours(here: Here, hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A lifetime that no key can have is wrong usage."""
    with pytest.raises(SystemExit) as ended:
        here("key", "mint", f"--hours={hours}", **SOME_KEYS)
    assert ended.value.code == 2
    assert "above 0, and 12 at most" in capsys.readouterr().err


def test_where_the_region_comes_from(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option counts, then the variables, then the profile; without any it is an error."""

    def region(*options: str, **variables: str) -> str | None:
        return inspect_api_key(here("key", "mint", *options, **variables).out).region

    assert region("--region", "eu-west-1", "--profile", "other") == "eu-west-1"
    assert region("--profile", "other", AWS_REGION="ap-south-1", AWS_DEFAULT_REGION="sa-east-1") == "ap-south-1"
    assert region("--profile", "other", AWS_REGION="", AWS_DEFAULT_REGION="sa-east-1") == "sa-east-1"
    assert region("--profile", "other", AWS_REGION="", AWS_DEFAULT_REGION="") == "eu-west-2"
    done = here("key", "mint", "--profile", "bare", AWS_REGION="", AWS_DEFAULT_REGION="")
    assert (done.code, done.out) == (2, "")
    assert "no region" in done.err


def test_mint_without_credentials(here: Here) -> None:
    """Without AWS credentials there is no key, though there is one in the environment: exit code 3."""
    done = here("key", "mint", AWS_BEARER_TOKEN_BEDROCK="bedrock-api-key-SECRET")
    assert (done.code, done.out) == (3, "")
    assert "no AWS credentials" in done.err
    assert "SECRET" not in done.err


def test_an_impossible_region(here: Here) -> None:
    """What is no region is refused with exit code 2."""
    assert here("key", "mint", "--region", "mars", **SOME_KEYS).code == 2


# --- inspect


def test_a_minted_key_can_be_piped_to_inspect(shell: Shell) -> None:
    """`key mint | key inspect -` shows what was minted; this is the whole program, twice."""
    minted = shell.run("key", "mint", "--region", "eu-north-1", "--hours", "3", **TEMPORARY)
    shown = shell.run("key", "inspect", "-", stdin=minted.out.encode())
    assert (minted.code, shown.code, shown.err) == (0, 0, "")
    facts = dict(line.split(maxsplit=1) for line in shown.out.splitlines() if " " in line.strip())
    assert facts["region"] == "eu-north-1"
    assert facts["expires"].endswith("(in 3 h)")


def test_inspect_shows_what_a_key_says(here: Here, at: Callable[[timedelta], None]) -> None:
    """One line for each fact, times with the distance, and neither key nor token."""
    at(timedelta(hours=9, minutes=50))
    key = mint_api_key("us-west-2", credentials=KEYS, now=NOW)
    done = here("key", "inspect", AWS_BEARER_TOKEN_BEDROCK=key)
    assert done == Finished(
        0,
        "kind           short-term\n"
        "region         us-west-2\n"
        "minted         2026-01-02 03:04:05 UTC\n"
        "expires        2026-01-02 15:04:05 UTC (in 2 h 10 min)\n"
        "access key ID  ASIAY34FZKBOKMUTVV7A\n"
        "account        609629065308\n"
        "session token  yes\n",
        "",
    )


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(), "in 12 h"),
        (timedelta(seconds=0.4), "in 12 h"),
        (timedelta(hours=11, minutes=29), "in 31 min"),
        (timedelta(hours=11, minutes=59, seconds=20), "in 40 s"),
        (timedelta(hours=12), "expired 0 s ago"),
        (timedelta(hours=12, seconds=59.6), "expired 1 min ago"),
        (timedelta(hours=12, minutes=59, seconds=40), "expired 1 h ago"),
        (timedelta(hours=15), "expired 3 h ago"),
        (timedelta(hours=12, days=2, minutes=5), "expired 2 d 5 min ago"),
        (timedelta(hours=13, days=400, minutes=5), "expired 400 d 1 h ago"),
    ],
)
def test_how_long_it_is_to_the_end(here: Here, at: Callable[[timedelta], None], after: timedelta, words: str) -> None:
    """The distance to the end is told in its two greatest units."""
    at(after)
    done = here("key", "inspect", mint_api_key("us-west-2", credentials=KEYS, now=NOW))
    assert f"expires        2026-01-02 15:04:05 UTC ({words})\n" in done.out


def test_inspect_as_json(here: Here, at: Callable[[timedelta], None]) -> None:
    """The JSON document has every fact by its name in the library, and the seconds that are left."""
    at(timedelta(hours=13))
    done = here("key", "inspect", "--json", mint_api_key("us-west-2", credentials=KEYS, now=NOW))
    assert json.loads(done.out) == {
        "kind": "short-term",
        "region": "us-west-2",
        "minted_at": "2026-01-02T03:04:05Z",
        "expires_at": "2026-01-02T15:04:05Z",
        "access_key_id": "ASIAY34FZKBOKMUTVV7A",
        "account_id": "609629065308",
        "has_session_token": True,
        "seconds_left": -3600,
    }


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize(
    "key",
    [
        mint_api_key("us-west-2", credentials=KEYS, now=NOW),
        "ABSKSECRETSECRETSECRET",
        "bedrock-api-key-SECRETSECRET",
        "sk-SECRETSECRETSECRET",
        "bedrock-api-key-\x1b[2JSECRET",
    ],
)
def test_inspect_never_shows_the_key(here: Here, key: str, options: tuple[str, ...]) -> None:
    """Whatever it is given, none of the key's secret parts is in what it prints."""
    done = here("key", "inspect", *options, key)
    assert done.code == 0
    assert "SECRET" not in done.out + done.err
    assert key[-20:] not in done.out + done.err
    assert "\x1b" not in done.out


def test_inspect_of_what_is_no_key(here: Here) -> None:
    """A text of another kind is said to be none of Bedrock's keys; of a long-term key only the kind is known."""
    assert "begins with bedrock-api-key- or ABSK" in here("key", "inspect", "sk-other").err
    done = here("key", "inspect", "ABSKx")
    assert done.out.splitlines()[:2] == ["kind           long-term", "region         unknown"]
    assert done.err == ""


class Input:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.mark.parametrize(
    ("arguments", "stdin", "variable", "words"),
    [
        ((), b"", None, "no key: AWS_BEARER_TOKEN_BEDROCK is not set"),
        ((), b"", " ", "the key is empty"),
        (("-",), b"\n", "ABSKx", "the key is empty"),
        (("",), b"ABSKx", "ABSKx", "the key is empty"),
        (("-",), None, "ABSKx", "there is no standard input"),
    ],
)
def test_inspect_without_a_key(
    here: Here,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    stdin: bytes | None,
    variable: str | None,
    words: str,
) -> None:
    """Where there is none in the place that is named, that is wrong usage."""
    monkeypatch.setattr("sys.stdin", None if stdin is None else Input(stdin))
    if variable is not None:
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", variable)
    with pytest.raises(SystemExit) as ended:
        here("key", "inspect", *arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_standard_input_may_hold_anything(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no text, or far too many, are no key, and no exception."""
    for data in (b"\xff\xfe\x00", b"bedrock-api-key-" + b"A" * 1_000_000):
        monkeypatch.setattr("sys.stdin", Input(data))
        assert here("key", "inspect", "-").code == 0


def test_an_action_is_needed(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    """`key` alone is wrong usage and names its actions in its help."""
    with pytest.raises(SystemExit) as ended:
        here("key")
    assert ended.value.code == 2
    with pytest.raises(SystemExit):
        here("key", "--help")
    assert {"mint", "inspect"} <= set(capsys.readouterr().out.split())
