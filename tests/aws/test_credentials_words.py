"""What a failed look-up of credentials says: the words of the system and of botocore, and nobody else's."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import subprocess
import sys
import traceback
import urllib.error
from pathlib import Path
from string import Formatter
from typing import Any

import botocore.exceptions
import pytest
import requests
import urllib3
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError
from botocore.session import Session

from bedrock_openai_http import ApiKeyProvider, Client, CredentialsError, mint_api_key
from bedrock_openai_http.aws.credential_source import CredentialSource
from bedrock_openai_http.aws.credentials import _BOTOCORES_WORDS
from bedrock_openai_http.values.errors import one_line
from support import REQUEST

SECRET = "wJalrXUtnFEMI"
URL = f"https://sts.example/?token={SECRET}"

BOTOCORES = {
    name: kind
    for name, kind in vars(botocore.exceptions).items()
    if isinstance(kind, type)
    and issubclass(kind, Exception)
    and not issubclass(kind, Warning)
    and kind.__module__ == "botocore.exceptions"
}


def words(error: Exception) -> str:
    """Return what is said where a callable that gives credentials raises `error`."""

    def look_up() -> Any:
        raise error

    with pytest.raises(CredentialsError) as caught:
        CredentialSource(credentials=look_up).get()
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert SECRET not in repr(vars(caught.value)) + "".join(traceback.format_exception(caught.value))
    assert str(caught.value).isprintable()
    return one_line(caught.value.message).removeprefix("the credentials callable failed: ")


def made(kind: Any, **fields: Any) -> Exception:
    """Return an exception of botocore with the secret in each of its fields but those that are given."""
    if issubclass(kind, ClientError):
        answer = {"Error": {"Code": SECRET, "Message": f"not {SECRET}"}, "ResponseMetadata": {"RequestId": SECRET}}
        return kind(answer, SECRET)
    names = {name for _, name, _, _ in Formatter().parse(getattr(kind, "fmt", "")) if name}
    names |= {"last_response"} if kind is botocore.exceptions.WaiterError else set()
    return kind(**{**dict.fromkeys(names, SECRET), **fields}) if hasattr(kind, "fmt") else kind(SECRET)


@pytest.mark.parametrize("name", BOTOCORES)
def test_every_exception_of_botocore(name: str) -> None:
    """An exception of botocore is named, with its fixed words, and of its fields a profile is shown at most."""
    kind = BOTOCORES[name]
    error = made(kind, **({"profile": "work"} if name == "ProfileNotFound" else {}))
    assert (SECRET in str(error)) is ("{" in getattr(kind, "fmt", "{") and name != "ProfileNotFound")
    text = words(error)
    assert text.startswith(name)
    assert ("(work)" in text) is (name == "ProfileNotFound")


def test_all_of_botocore_is_tried() -> None:
    assert len(BOTOCORES) > 60
    assert {"CredentialRetrievalError", "ClientError", "SSOTokenLoadError", "ProxyConnectionError"} <= set(BOTOCORES)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            made(BOTOCORES["ProfileNotFound"], profile="w\x1b[2J\n"),
            "The config profile (w\ufffd[2J ) could not be found",
        ),
        (
            made(BOTOCORES["CredentialRetrievalError"], provider="custom-process"),
            "Error when retrieving credentials from custom-process: ...",
        ),
        (
            made(BOTOCORES["TokenRetrievalError"], provider="sso", error_msg="Token has expired and refresh failed"),
            "Error when retrieving token from sso: Token has expired and refresh failed",
        ),
        (made(BOTOCORES["SSOTokenLoadError"]), "Error loading SSO Token: ..."),
        (
            made(BOTOCORES["UnauthorizedSSOTokenError"]),
            "The SSO session associated with this profile has expired or is otherwise invalid. To refresh this SSO "
            "session run aws sso login with the corresponding profile.",
        ),
        (
            made(BOTOCORES["PartialCredentialsError"], provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        ),
        (made(BOTOCORES["ConfigParseError"], path=__file__), f"Unable to parse config file: {__file__}"),
        (made(BOTOCORES["ConfigParseError"]), "Unable to parse config file: ..."),
        (made(BOTOCORES["InvalidConfigError"]), ""),
        (
            made(BOTOCORES["PartialCredentialsError"], provider=["env"], cred_var={SECRET: 1}),
            "Partial credentials found in ..., missing: ...",
        ),
        (
            made(BOTOCORES["EndpointConnectionError"], endpoint_url=URL),
            'Could not connect to the endpoint URL: "..."',
        ),
        (made(BOTOCORES["MetadataRetrievalError"]), "Error retrieving metadata: ..."),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": f"User {SECRET} may not"}}, "AssumeRole"),
            "An error occurred (AccessDenied) when calling the AssumeRole operation: ...",
        ),
        (ClientError({}, "AssumeRole"), "An error occurred (...) when calling the AssumeRole operation: ..."),
    ],
)
def test_botocores_words_that_help(error: Exception, text: str) -> None:
    """What botocore has written itself is quoted, with dots for what it has put into it."""
    kind = type(error).__name__
    assert words(error) == (f"{kind}: {text}" if text else kind)


def test_exceptions_that_botocore_makes_of_a_service_model() -> None:
    """An exception of one service's own, made when its client is, is named as it is there."""
    sso = ClientExceptionsFactory().create_client_exceptions(Session().get_service_model("sso"))
    error = sso.UnauthorizedException(
        {"Error": {"Code": "UnauthorizedException", "Message": SECRET}}, "GetRoleCredentials"
    )
    assert words(error) == (
        "UnauthorizedException: An error occurred (UnauthorizedException) when calling the GetRoleCredentials "
        "operation: ..."
    )


def test_the_words_are_botocores() -> None:
    """Each word that may be shown stands in botocore's own source or data, or is a code of AWS STS or SSO."""
    folder = Path(botocore.__file__).parent
    source = "".join((folder / f"{name}.py").read_text() for name in ("credentials", "tokens", "utils", "session"))
    of_services = {word for word in _BOTOCORES_WORDS if word not in source}
    assert {word for word in of_services if word.islower() or " " in word} <= {"login", "aws_session_token"}


def of_libraries() -> list[Exception]:
    """Return exceptions that derive from OSError, or look like it, with the secret in their text."""
    answer = requests.Response()
    answer.url = URL
    return [
        requests.HTTPError(f"403 Client Error for url: {URL}", response=answer),
        requests.ConnectionError(f"cannot connect to {URL}"),
        requests.exceptions.InvalidURL(URL),
        requests.Timeout(OSError(errno.ETIMEDOUT, URL)),
        urllib.error.URLError(URL),
        urllib.error.HTTPError(URL, 403, SECRET, {}, None),  # type: ignore[arg-type]
        urllib3.exceptions.NewConnectionError(None, URL),  # type: ignore[arg-type]
        subprocess.CalledProcessError(1, ["get", SECRET], SECRET, SECRET),
        socket.gaierror(socket.EAI_NONAME, SECRET),
        ssl.SSLError(1, SECRET),
        ssl.SSLCertVerificationError(SECRET),
        OSError(SECRET),
        OSError(SECRET, SECRET),
        OSError(99999, SECRET),
        OSError([SECRET], SECRET),
        FileNotFoundError(SECRET),
        ConnectionResetError(URL),
        type("BotoCoreError", (OSError,), {"fmt": "{x}", "kwargs": {"x": SECRET}})(SECRET),
        UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
        KeyError(SECRET),
        ValueError(SECRET),
    ]


@pytest.mark.parametrize("error", of_libraries(), ids=lambda error: type(error).__name__)
def test_other_libraries_words_are_not_repeated(error: Exception) -> None:
    """Of any other exception the class is named, and nothing of its text."""
    assert words(error) == type(error).__name__


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EMFILE])
def test_the_systems_words_are(number: int) -> None:
    """Of an error of the system its words are quoted, by its number, and neither the file's name nor other text."""
    for error in (OSError(number, SECRET), OSError(number, os.strerror(number), f"/run/{SECRET}")):
        assert words(error) == f"{type(error).__name__}: {os.strerror(number)} ({errno.errorcode[number]})"


def test_a_process_that_writes_its_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a credential_process writes to standard error, or in place of its answer, is in no error."""
    script = tmp_path / "process.py"
    script.write_text("import sys; sys.stderr.write(sys.argv[1]); print(sys.argv[1]); sys.exit(int(sys.argv[2]))")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    answers = [(SECRET, 7), (SECRET, 0), (f'{{\\"Version\\": \\"{SECRET}\\"}}', 0), ('{\\"Version\\": 1}', 0)]
    for said, code in answers:
        config = f'[profile p]\ncredential_process = {sys.executable} {script} "{said}" {code}\n'
        (tmp_path / "config").write_text(config)
        for ask in (
            lambda: Client("us-west-2", profile="p").complete(REQUEST),
            lambda: mint_api_key("us-west-2", profile="p"),
            ApiKeyProvider("us-west-2", profile="p"),
        ):
            with pytest.raises(CredentialsError) as caught:
                ask()
            assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
            if code:
                assert "credentials from custom-process" in str(caught.value)


def test_other_ways_of_failing() -> None:
    """The same holds for an API key's callable, for `refresh`, and for a refresh of an object's own."""
    error = requests.HTTPError(URL)

    class Provider:
        def __call__(self) -> Any:
            raise error

        def get_frozen_credentials(self) -> Any:
            raise error

        refresh = __call__

    asked = [
        CredentialSource(api_key=Provider()).get,
        CredentialSource(api_key=Provider()).refresh,
        CredentialSource(credentials=lambda: Provider()).get,
    ]
    for ask in asked:
        with pytest.raises(CredentialsError, match=r"failed: HTTPError\. "):
            ask()


def test_nothing_is_formatted_twice() -> None:
    """A field that looks like a template is not filled in: it is not shown at all."""
    assert "{profile}" not in words(made(BOTOCORES["CredentialRetrievalError"], provider="{profile}", profile="x"))
    assert words(made(BOTOCORES["ProfileNotFound"], profile="{error_msg}")).endswith(
        "({error_msg}) could not be found"
    )
