"""No frame of this package that a failure goes through shows a key: error reporters show the locals of frames.

What counts is what such a reporter shows of a local: its repr, which for lists, tuples, sets and dicts is that of all
they hold. An object whose repr hides its key, such as `ApiKey`, `Credentials`, a `Client` or a `CredentialSource`,
has to have it and is let pass. The frames of whoever calls this package, and of what it calls back, are theirs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import botocore.credentials
import pytest

import bedrock_openai_http
from bedrock_openai_http import (
    ApiKeyProvider,
    APIStatusError,
    ConfigurationError,
    Credentials,
    CredentialsError,
    HTTPRequest,
    PermissionDeniedError,
    inspect_api_key,
    mint_api_key,
    sign,
)
from bedrock_openai_http.aws.credential_source import CredentialSource
from bedrock_openai_http.aws.credentials import ApiKey, clean_api_key, freeze
from both import Client
from support import MODEL, REQUEST, RawServer, http

PACKAGE = str(Path(bedrock_openai_http.__file__).parent)
#: Put together here, since frames show lines of source too.
SECRET = "SECRET" + "5b1c"
GOOD_KEY = "bedrock-api-key-" + SECRET
BAD_KEY = SECRET + " with a space"
POST = HTTPRequest("POST", "https://x.example/", {}, b"")  # type: ignore[arg-type]


class Shown(NamedTuple):
    """Credentials that show themselves, as botocore's frozen ones do."""

    access_key: str = "AKIA"
    secret_key: str = SECRET + "\n"
    token: str | None = None


@dataclasses.dataclass
class Refreshed:
    """Credentials with a refresh, which fails, and a repr that shows everything."""

    secret_key: str = SECRET

    def get_frozen_credentials(self) -> Any:
        raise ValueError(self.secret_key)

    def __call__(self) -> Any:
        raise ValueError(self.secret_key)

    refresh = __call__


BAD_CREDENTIALS: dict[str, Any] = {
    "a line break": Shown(),
    "frozen by botocore": botocore.credentials.ReadOnlyCredentials("AKIA", SECRET, "t\n"),
    "a token": Shown(secret_key=SECRET, token=SECRET + "é"),
    "a tuple": ("AKIA", SECRET),
    "a dict": {"access_key": "AKIA", "secret_key": SECRET},
    "a text": SECRET,
    "a failing refresh": Refreshed(),
    "ours": Credentials("AKIA", SECRET + " "),
}
BAD_KEYS: dict[str, Any] = {
    "a space": BAD_KEY,
    "bytes": GOOD_KEY.encode(),
    "a list": [GOOD_KEY],
    "a line break": GOOD_KEY + "\n\n",
    "é": GOOD_KEY + "é",
}


def attempts() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield ways to a CredentialsError or a ConfigurationError while a key is near."""
    for name, key in BAD_KEYS.items():
        yield f"clean_api_key, {name}", lambda key=key: clean_api_key(key, "x")
        yield (
            f"an api_key callable, {name}",
            lambda key=key: Client("us-west-2", api_key=lambda: key).complete(REQUEST),
        )
    yield "Client, api_key", lambda: Client("us-west-2", api_key=BAD_KEY)
    yield "CredentialSource, api_key", lambda: CredentialSource(api_key=BAD_KEY)
    for name, given in BAD_CREDENTIALS.items():
        yield f"freeze, {name}", lambda given=given: freeze(given)
        yield f"Client, {name}", lambda given=given: Client("us-west-2", credentials=given).complete(REQUEST)
        yield f"stream, {name}", lambda given=given: Client("us-west-2", credentials=given).stream(REQUEST)
        yield f"sign, {name}", lambda given=given: sign(POST, given, "us-west-2")
        yield f"mint, {name}", lambda given=given: mint_api_key("us-west-2", credentials=given)
        yield f"provider, {name}", ApiKeyProvider("us-west-2", credentials=given)
        if not callable(given):
            yield (
                f"a callable, {name}",
                lambda given=given: Client("us-west-2", credentials=lambda: given).complete(REQUEST),
            )
    yield "a failing api_key callable", lambda: CredentialSource(api_key=Refreshed()).get()  # type: ignore[arg-type]
    yield "a failing credentials callable", lambda: CredentialSource(credentials=Refreshed()).get()
    yield "a failing refresh", lambda: CredentialSource(api_key=Refreshed()).refresh()  # type: ignore[arg-type]
    yield "inspect_api_key", lambda: inspect_api_key(GOOD_KEY.encode())  # type: ignore[arg-type]
    for name, options in {
        "timeout": {"timeout": -1},
        "region": {"region": "x y"},
        "deadline": {"deadline": 0},
    }.items():
        yield f"Client, {name}", lambda options=options: Client(**{"api_key": GOOD_KEY, **options})
        yield (
            f"Client, credentials, {name}",
            lambda options=options: Client(**{"credentials": Shown(), **options}),
        )
    two_ways = {"api_key": GOOD_KEY, "credentials": Shown()}
    yield "Client, two ways", lambda: Client("us-west-2", **two_ways)
    yield "CredentialSource, two ways", lambda: CredentialSource(**two_ways)
    yield "mint, two ways", lambda: mint_api_key("us-west-2", credentials=Shown(), profile="p")
    yield "provider, two ways", lambda: ApiKeyProvider("us-west-2", credentials=Shown(), profile="p")
    yield "mint, region", lambda: mint_api_key("x y", credentials=Shown())
    yield "mint, lifetime", lambda: mint_api_key("us-west-2", credentials=Shown(), lifetime=0)
    yield "provider, region", lambda: ApiKeyProvider("x y", credentials=Shown())
    yield "provider, lifetime", lambda: ApiKeyProvider("us-west-2", credentials=Shown(), lifetime=0)
    yield "provider, margin", lambda: ApiKeyProvider("us-west-2", credentials=Shown(), margin=-1)
    yield "create", lambda: _create(Client("us-west-2", credentials=Shown()))
    yield "another region's key", lambda: Client("us-east-1", api_key=_minted).complete(REQUEST)
    yield "another house's key", lambda: Client("us-west-2", api_key=f"sk-{SECRET}").complete(REQUEST)
    yield "an expired key", lambda: Client("us-west-2", api_key=_expired).complete(REQUEST)
    yield "a callable's expired key", lambda: Client("us-west-2", api_key=lambda: _expired).complete(REQUEST)
    yield (
        "no region",
        lambda: Client(base_url="https://x.example", credentials=Credentials("AKIA", SECRET)).complete(REQUEST),
    )


def _create(client: Client) -> Any:
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hi"}])


_minted = mint_api_key("us-west-2", credentials=Credentials("AKIA", SECRET, SECRET))
_expired = mint_api_key(
    "us-west-2", credentials=Credentials("AKIA", SECRET, SECRET), now=datetime(2026, 1, 1, tzinfo=timezone.utc)
)
ATTEMPTS = dict(attempts())


def frames_of(error: BaseException) -> Iterator[FrameType]:
    """Yield this package's frames in the traceback of `error`, and of what led to it."""
    link: BaseException | None = error
    while link is not None:
        trace = link.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith(PACKAGE):
                yield trace.tb_frame
            trace = trace.tb_next
        link = link.__cause__ or link.__context__


def shown_by(error: BaseException, *secrets: str) -> list[str]:
    """Return the locals, by function and name, that show one of `secrets`."""
    return [
        f"{frame.f_code.co_qualname if hasattr(frame.f_code, 'co_qualname') else frame.f_code.co_name}: {name}"
        for frame in frames_of(error)
        for name, value in frame.f_locals.items()
        if any(secret in repr(value) for secret in secrets)
    ]


#: Those that go through a client.
OF_CLIENTS = ("Client", "stream", "a callable", "an api_key callable")
OF_CLIENTS += ("create", "no region", "another", "an expired")


@pytest.mark.parametrize("name", [name for name in ATTEMPTS if name.startswith(OF_CLIENTS)])
def test_no_frame_of_a_client_shows_a_key(name: str) -> None:
    """On each way to a CredentialsError or ConfigurationError, no local of ours shows the key when it is raised."""
    check(name)


@pytest.mark.no_client
@pytest.mark.parametrize("name", [name for name in ATTEMPTS if not name.startswith(OF_CLIENTS)])
def test_no_frame_shows_a_key(name: str) -> None:
    """The same without a client."""
    check(name)


def check(name: str) -> None:
    with pytest.raises((CredentialsError, ConfigurationError)) as caught:
        ATTEMPTS[name]()
    assert list(frames_of(caught.value))
    assert shown_by(caught.value, SECRET, _minted[40:80]) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_BEARER_TOKEN_BEDROCK", BAD_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET + "\n"),
        ("AWS_SESSION_TOKEN", SECRET + " "),
    ],
)
def test_no_frame_shows_the_environments_key(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for what the environment holds."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIA")
    monkeypatch.setenv(variable, value)
    asked = [CredentialSource().get, lambda: Client("us-west-2").complete(REQUEST)]
    if "BEARER" not in variable:  # a key is never made of a key
        asked += [lambda: mint_api_key("us-west-2"), ApiKeyProvider("us-west-2")]
    for ask in asked:
        with pytest.raises(CredentialsError) as caught:
            ask()
        assert shown_by(caught.value, SECRET) == []


def test_no_frame_shows_what_a_renewal_has_found() -> None:
    """Where an expired key is to be renewed and its source then gives rubbish, neither is shown."""
    keys = iter((GOOD_KEY, BAD_KEY))
    refusal = http(b'{"message": "Bearer Token has expired"}', "403 No")
    with RawServer(lambda number: [refusal]) as server:
        with Client(base_url=server.url, api_key=lambda: next(keys)) as client:
            with pytest.raises(CredentialsError) as caught:
                client.complete(REQUEST)
    assert shown_by(caught.value, SECRET) == []
    with pytest.raises(CredentialsError) as caught:
        CredentialSource(api_key=lambda: BAD_KEY).renew(
            PermissionDeniedError("Bearer Token has expired", status_code=403), ApiKey(GOOD_KEY)
        )
    assert shown_by(caught.value, SECRET) == []


@pytest.mark.no_client
def test_a_frame_that_shows_a_key_is_seen() -> None:
    """The check fails for a local, for a container in one, and only for frames of the package."""
    code = compile("def f(key, keys):\n    raise e", f"{PACKAGE}/x.py", "exec")
    space: dict[str, Any] = {"e": APIStatusError("no")}
    exec(code, space)
    with pytest.raises(APIStatusError) as caught:
        space["f"](SECRET, {"a": [(SECRET, 1)]})
    assert shown_by(caught.value, SECRET) == ["f: key", "f: keys"]
