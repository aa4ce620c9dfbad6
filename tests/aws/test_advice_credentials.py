"""What helps where there are no credentials: the line of advice, on exceptions and as `doctor` prints it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions
import botocore.utils
import pytest

from bedrock_openai_http import (
    ApiKeyProvider,
    APITimeoutError,
    Client,
    ConfigurationError,
    Credentials,
    CredentialsError,
    PermissionDeniedError,
    mint_api_key,
)
from bedrock_openai_http.aws import credential_advice as credentials
from bedrock_openai_http.aws.credential_advice import LOOK_UP_CAUSES, advise_on_look_up, no_such_profile
from bedrock_openai_http.aws.credential_source import CredentialSource
from bedrock_openai_http.cli import main
from bedrock_openai_http.testing import LocalEndpoint
from refusals import SECRET, is_a_line
from support import REQUEST, RawServer, http


def client_error(operation: str, code: str, message: str = SECRET) -> Exception:
    response = {"Error": {"Code": code, "Message": message}}
    return botocore.exceptions.ClientError(response, operation)  # type: ignore[no-any-return]


def retrieval(provider: str) -> Exception:
    return botocore.exceptions.CredentialRetrievalError(provider=provider, error_msg=SECRET)  # type: ignore[no-any-return]


def refused(name: str, **fields: Any) -> Exception:
    """Return an exception of botocore's; older versions lack some."""
    kind = getattr(botocore.exceptions, name, None) or type(name, (botocore.exceptions.BotoCoreError,), {})
    return kind(**fields)  # type: ignore[no-any-return]


#: What botocore raises, and words of the advice, in the order of the table.
RAISED: dict[str, tuple[Exception, str]] = {
    "a library": (refused("MissingDependencyException", msg=SECRET), "pip install 'botocore[crt]'"),
    "no token": (refused("SSOTokenLoadError", error_msg=SECRET), "run 'aws sso login --profile work'"),
    "an old token": (refused("UnauthorizedSSOTokenError"), "run 'aws sso login --profile work'"),
    "a token not refreshed": (
        refused("TokenRetrievalError", provider="sso", error_msg="Token has expired and refresh failed"),
        "run 'aws sso login --profile work'",
    ),
    "no assignment": (client_error("GetRoleCredentials", "ForbiddenException"), "sso_role_name"),
    "login not permitted": (refused("LoginInsufficientPermissions"), "signin:CreateOAuth2Token"),
    "login": (refused("LoginError"), "run 'aws login --profile work'"),
    "MFA": (botocore.exceptions.RefreshWithMFAUnsupportedError(), "MFA"),
    "web identity": (client_error("AssumeRoleWithWebIdentity", "InvalidIdentityToken"), "trust policy"),
    "expired": (client_error("AssumeRole", "ExpiredToken"), "have expired"),
    "role refused": (client_error("AssumeRole", "AccessDenied"), "sts:AssumeRole"),
    "half": (refused("PartialCredentialsError", provider="env", cred_var="x"), "belong together"),
    "a file": (refused("ConfigParseError", path="/x"), "[profile name]"),
    "a profile": (refused("InvalidConfigError", error_msg=SECRET), "source_profile"),
    "a process": (retrieval("custom-process"), "credential_process"),
    "a program": (FileNotFoundError(2, "No such file"), "credential_process"),
    "an instance": (retrieval("iam-role"), "hop limit"),
    "a container": (retrieval("container-role"), "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
    "a certificate": (refused("SSLError", endpoint_url="https://x", error=SECRET), "AWS_CA_BUNDLE"),
    "the way": (refused("EndpointConnectionError", endpoint_url="https://x"), "HTTPS_PROXY"),
    "a Region": (refused("NoRegionError"), "AWS_DEFAULT_REGION"),
}


@pytest.mark.parametrize("raised", RAISED)
def test_causes(raised: str) -> None:
    """Each exception that botocore is known to raise has one line of advice, with the profile and no foreign text."""
    error, words = RAISED[raised]
    advice = advise_on_look_up(error, profile="work")
    assert words in advice
    assert is_a_line(advice)
    assert SECRET not in advice


def test_every_row_is_tried() -> None:
    """Each row of the table is the first that fits for one of the exceptions above."""
    first = [
        next(
            cause
            for cause in LOOK_UP_CAUSES
            if cause.fits(frozenset(kind.__name__ for kind in type(error).__mro__), str(error).lower())
        )
        for error, _ in RAISED.values()
    ]
    assert [cause for cause in LOOK_UP_CAUSES if cause not in first] == []
    for text in (credentials.NONE_FOUND, credentials.NO_CREDENTIALS, credentials.KEY, credentials.SET):
        assert is_a_line(text)


def test_what_is_not_known() -> None:
    """Of anything else the advice is how to see more, in the callable or by the AWS CLI."""
    assert "callable" in advise_on_look_up(ValueError(SECRET), "the credentials callable")
    unknown = advise_on_look_up(ValueError(SECRET), "the AWS credential chain", profile="my own")
    assert unknown == "See what 'aws sts get-caller-identity --profile \"my own\"' says: it uses the same chain."
    assert "identity' says" in advise_on_look_up(ValueError(SECRET), "a refresh", profile="default")


@pytest.mark.parametrize(
    ("name", "profiles", "advice"),
    [
        ("wrok", ["work"], "The profile wrok is not in the AWS configuration files: there is work."),
        ("wrok", [], "The profile wrok is not in the AWS configuration files: there is none at all."),
        (None, ["b", "a"], "This profile is not in the AWS configuration files: there are a, b."),
        (
            "x",
            list("gfedcba"),
            "The profile x is not in the AWS configuration files: there are a, b, c, d, e and 2 more.",
        ),
        ("n" * 99, ["\x1b[2J"], f"The profile {'n' * 40}... is not in the AWS configuration files: there is ?[2J."),
    ],
)
def test_profiles_that_there_are(name: str | None, profiles: list[str], advice: str) -> None:
    """For a profile that is not there the advice names those that are: not too many, not too long, and printable."""
    assert no_such_profile(name, profiles) == advice


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that writes the AWS configuration file."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return lambda text: (tmp_path / "config").write_text(text) and None


SSO = (
    "[profile work]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\nregion = us-west-2\n"
    "[sso-session s]\nsso_region = us-west-2\nsso_start_url = https://x.awsapps.com/start\n"
)
ROLE = "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/r\n"
FILES = {
    "never signed in": (SSO, "run 'aws sso login --profile work'"),
    "a missing profile": (
        "[profile home]\n",
        "The profile work is not in the AWS configuration files: there is home.",
    ),
    "a failing process": (
        "[profile work]\ncredential_process = sh -c 'exit 7'\n",
        "credential_process of the profile",
    ),
    "a missing program": ("[profile work]\ncredential_process = /nowhere/x\n", "check credential_process"),
    "half of a key": ("[profile work]\naws_access_key_id = AKIA\n", "belong together"),
    "a missing source": (f"{ROLE}source_profile = gone\n", "source_profile"),
    "a circle": (f"{ROLE}source_profile = work\n", "source_profile"),
    "a missing token": (f"{ROLE}web_identity_token_file = /nowhere/x\n", "web_identity_token_file"),
    "nothing": ("[profile work]\nregion = us-west-2\n", "Run 'aws configure'"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("deadline", [None, 20.0])
def test_what_is_wrong_with_a_profile(name: str, deadline: float | None, config: Callable[[str], None]) -> None:
    """What botocore raises for each of these is recognised, in a call with a deadline and in one without."""
    text, words = FILES[name]
    config(text)
    with Client("us-west-2", base_url="http://127.0.0.1:9", profile="work", deadline=deadline) as client:
        with pytest.raises(CredentialsError) as caught:
            client.complete(REQUEST)
    assert words in (caught.value.advice or "")
    assert str(caught.value).endswith(f" {caught.value.advice}")
    assert is_a_line(caught.value.advice or "")


def test_a_sign_in_that_is_over(
    config: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token of IAM Identity Center that has expired is told of, with the profile of the environment."""
    config(SSO)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_PROFILE", "work")
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {"accessToken": SECRET, "expiresAt": "2020-01-01T00:00:00Z", "startUrl": "x", "region": "us-west-2"}
    (cache / f"{hashlib.sha1(b's').hexdigest()}.json").write_text(json.dumps(token))
    with Client(base_url="http://127.0.0.1:9") as client, pytest.raises(CredentialsError) as caught:
        client.complete(REQUEST)
    assert "run 'aws sso login --profile work'" in (caught.value.advice or "")
    assert SECRET not in str(caught.value)


def test_a_containers_service_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A credentials service of a container that answers with an error is named in the advice."""
    monkeypatch.setattr(botocore.utils.ContainerMetadataFetcher, "SLEEP_TIME", 0)
    with RawServer(lambda number: [http(b'{"message": "no"}', "403 No")]) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/get")
        with pytest.raises(CredentialsError) as caught:
            CredentialSource().get()
    assert "AWS_CONTAINER_CREDENTIALS" in (caught.value.advice or "")


UNUSABLE: dict[str, Callable[[], object]] = {
    "an empty key": lambda: Client(api_key=" "),
    "a key of two words": lambda: CredentialSource(api_key=lambda: f"{SECRET} x").get(),
    "a key that is none": lambda: CredentialSource(api_key=lambda: 7).get(),  # type: ignore[arg-type, return-value]
    "no credentials": lambda: CredentialSource(credentials=object()).get(),
    "a line break": lambda: CredentialSource(credentials=Credentials("A", f"{SECRET}\n")).get(),
    "a callable that fails": lambda: CredentialSource(credentials=lambda: 1 / 0).get(),
    "none for a key": lambda: mint_api_key("us-west-2"),
    "none for a provider": lambda: ApiKeyProvider("us-west-2")(),
    "none at all": lambda: CredentialSource().get(),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_every_credentials_error_has_advice(name: str) -> None:
    """Wherever a CredentialsError is made, it says what helps, and repeats nothing."""
    with pytest.raises(CredentialsError) as caught:
        UNUSABLE[name]()
    assert is_a_line(caught.value.advice or "")
    assert SECRET not in str(caught.value)


def test_who_is_too_late() -> None:
    """A call whose deadline passes during the look-up says what may be slow."""
    with Client(base_url="http://127.0.0.1:9", api_key=lambda: time.sleep(1), deadline=0.05) as client:
        with pytest.raises(APITimeoutError) as caught:
            client.complete(REQUEST)
    assert "aws sts get-caller-identity" in (caught.value.advice or "")
    assert is_a_line(caught.value.advice or "")


def test_no_region_because_of_a_missing_profile(
    config: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A misspelled AWS_PROFILE has no Region either: the error that is seen first says which profiles there are."""
    config("[profile work]\nregion = us-west-2\n[default]\n")
    monkeypatch.setenv("AWS_PROFILE", "wrok")
    with (
        Client(api_key="bedrock-api-key-x") as client,
        pytest.raises(ConfigurationError, match="no region") as caught,
    ):
        client.complete(REQUEST)
    assert caught.value.advice == "The profile wrok is not in the AWS configuration files: there are default, work."
    monkeypatch.setenv("AWS_PROFILE", "default")
    with (
        Client(api_key="bedrock-api-key-x") as client,
        pytest.raises(ConfigurationError, match="no region") as caught,
    ):
        client.complete(REQUEST)
    assert caught.value.advice is None


class TestWhereTheyWere:
    """The advice of a refusal says where the key or the credentials were found."""

    def advice(self, endpoint: LocalEndpoint, **options: Any) -> str:
        with Client("us-west-2", base_url=endpoint.url, **options) as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
        assert is_a_line(caught.value.advice or "")
        return caught.value.advice or ""

    def test_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A key that was given, and one of the variable."""
        with LocalEndpoint() as endpoint:
            assert "(found in: the argument api_key)" in self.advice(endpoint, api_key="bedrock-api-key-wrong")
            assert "(found in: the argument api_key)" in self.advice(
                endpoint, api_key=lambda: "bedrock-api-key-wrong"
            )
            monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-wrong")
            assert "(found in: AWS_BEARER_TOKEN_BEDROCK)" in self.advice(endpoint)

    def test_credentials(self, monkeypatch: pytest.MonkeyPatch, config: Callable[[str], None]) -> None:
        """Credentials that were given, those of the environment, and those that the chain found."""
        with LocalEndpoint() as endpoint:
            wrong = Credentials("AKIAIOSFODNN7EXAMPLE", "wrong")
            assert "(found in: the argument credentials)" in self.advice(endpoint, credentials=wrong)
            keys = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wrong\n"
            config(f"[profile work]\n{keys}")
            assert "(found in: config file, profile work)" in self.advice(endpoint, profile="work")
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
            assert "(found in: environment variables)" in self.advice(endpoint)


def test_doctor_says_the_same(config: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """What `doctor` prints as a fix is the advice of the exception that a call raises."""
    for name in ("never signed in", "a missing profile", "a failing process"):
        config(FILES[name][0])
        with pytest.raises(CredentialsError) as caught:
            CredentialSource(profile="work").get()
        assert main(["doctor", "--offline", "--profile", "work", "--region", "us-west-2", "--json"]) == 3
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert next(row["fix"] for row in findings if row["name"] == "credentials") == caught.value.advice
