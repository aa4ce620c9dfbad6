"""Where keys and credentials come from, in which order, and that they never get out."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import botocore.credentials
import botocore.session
import pytest
from botocore.exceptions import PartialCredentialsError
from botocore.session import Session

from bedrock_openai_http import (
    Client,
    ConfigurationError,
    Credentials,
    CredentialsError,
    PermissionDeniedError,
)
from bedrock_openai_http.aws.credential_source import CredentialSource
from bedrock_openai_http.aws.credentials import ApiKey, clean_api_key, freeze

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT",
    "AWS_SECRET_ACCESS_KEY": "SECRET-environment",
    "AWS_SESSION_TOKEN": "SECRET-token",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An AWS configuration file with a default profile and one called `other`."""
    path = tmp_path / "config"
    path.write_text(
        "[default]\nregion = eu-west-1\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = SECRET-default\n"
        "[profile other]\nregion = eu-west-2\naws_access_key_id = AKIAOTHER\naws_secret_access_key = SECRET-other\n"
        f"[profile process]\ncredential_process = {sys.executable} -c 'import sys; sys.exit(7)'\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return path


class TestPrecedence:
    """Explicit arguments, then the environment's key, then the chain."""

    @pytest.mark.usefixtures("environment")
    def test_explicit_arguments_come_first(self, monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
        """An argument beats the environment's key and credentials."""
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-environment")
        mine = Credentials("AKIAMINE", "SECRET-mine")
        assert CredentialSource(credentials=mine).get() == mine
        assert CredentialSource(api_key="bedrock-api-key-mine").get() == ApiKey("bedrock-api-key-mine")
        assert CredentialSource(profile="other").get() == Credentials("AKIAOTHER", "SECRET-other")

    @pytest.mark.usefixtures("environment")
    def test_the_environments_key_beats_the_chain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """AWS_BEARER_TOKEN_BEDROCK is used before credentials of the environment; a blank one is absent."""
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-environment")
        source = CredentialSource()
        assert source.get() == ApiKey("bedrock-api-key-environment")
        for blank in ("", " ", "\n"):
            monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", blank)
            assert source.get() == Credentials("AKIAENVIRONMENT", "SECRET-environment", "SECRET-token")

    def test_the_chain_reads_the_default_profile(self, config: Path) -> None:
        """Without anything else botocore's chain is asked."""
        assert CredentialSource().get() == Credentials("AKIADEFAULT", "SECRET-default")

    @pytest.mark.usefixtures("config")
    @pytest.mark.parametrize(
        "variables",
        [
            {},
            {"AWS_SESSION_TOKEN": ""},
            {"AWS_SECURITY_TOKEN": "SECRET-other-token"},
            {"AWS_SESSION_TOKEN": "", "AWS_SECURITY_TOKEN": "SECRET-other-token"},
            {"AWS_ACCESS_KEY_ID": ""},
            {"AWS_SECRET_ACCESS_KEY": ""},
            {"AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z"},
            {"AWS_PROFILE": "other"},
            {"AWS_PROFILE": "other", "AWS_ACCESS_KEY_ID": ""},
        ],
    )
    @pytest.mark.parametrize("profile", [None, "other"])
    def test_the_environments_credentials(
        self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], profile: str | None
    ) -> None:
        """Credentials of the environment are those that botocore's chain would find, which is not loaded for them."""
        for name, value in {**ENVIRONMENT, **variables}.items():
            monkeypatch.setenv(name, value)
        source = CredentialSource(profile=profile)
        try:
            frozen = Session(profile=profile).get_credentials().get_frozen_credentials()
        except PartialCredentialsError:
            with pytest.raises(CredentialsError, match="PartialCredentialsError"):
                source.get()
        else:
            assert source.get() == Credentials(*frozen[:3])

    @pytest.mark.parametrize(
        "kinds",
        [
            {"api_key": "x", "profile": "p"},
            {"api_key": "x", "credentials": object()},
            {"credentials": object(), "profile": "p"},
        ],
    )
    def test_two_explicit_kinds_are_refused(self, kinds: dict[str, Any]) -> None:
        """Two ways to authenticate at once are a mistake that is named."""
        with pytest.raises(ConfigurationError, match=" and ".join(kinds)):
            Client("us-west-2", **kinds)


class TestProviders:
    """Objects and callables that give credentials."""

    def test_botocore_objects(self) -> None:
        """A credentials object of botocore, fixed or frozen, is taken."""
        theirs = botocore.credentials.Credentials("AKIA", "SECRET", "SECRET-token")
        for given in (theirs, theirs.get_frozen_credentials()):
            assert CredentialSource(credentials=given).get() == Credentials("AKIA", "SECRET", "SECRET-token")

    def test_callables_are_asked_each_time(self) -> None:
        """A callable is asked again for every attempt, so that rotated keys are picked up."""
        keys = iter(["one", "two\n"])
        source = CredentialSource(api_key=lambda: next(keys))
        assert [source.get(), source.get()] == [ApiKey("one"), ApiKey("two")]
        sets = iter([Credentials("A", "SECRET"), botocore.credentials.Credentials("B", "SECRET")])
        source = CredentialSource(credentials=lambda: next(sets))
        assert [source.get(), source.get()] == [Credentials("A", "SECRET"), Credentials("B", "SECRET")]

    @pytest.mark.parametrize("option", ["api_key", "credentials"])
    def test_a_callable_is_refreshed_before_it_is_asked_again(self, option: str) -> None:
        """If the service says that what a callable gave has expired, its `refresh` is called first."""

        class Provider:
            def __init__(self) -> None:
                self.calls: list[str] = []

            def __call__(self) -> Any:
                self.calls.append("ask")
                number = self.calls.count("refresh")
                return f"key-{number}" if option == "api_key" else Credentials(f"AKIA{number}", "SECRET")

            def refresh(self) -> None:
                self.calls.append("refresh")

        provider = Provider()
        source = CredentialSource(**{option: provider})
        used = source.get()
        assert source.renew(PermissionDeniedError("The model is denied", status_code=403), used) is None
        assert provider.calls == ["ask"]
        fresh = source.renew(PermissionDeniedError("Bearer Token has expired", status_code=403), used)
        assert provider.calls == ["ask", "refresh", "ask"]
        assert fresh == source.get() != used

    def test_a_refresh_that_fails(self) -> None:
        """What a callable's `refresh` raises becomes a CredentialsError, and is not shown."""

        class Provider:
            def __call__(self) -> str:
                return "key"

            def refresh(self) -> None:
                raise ValueError("SECRET")

        with pytest.raises(CredentialsError, match=r"^the callable's refresh failed: ValueError\. ") as caught:
            CredentialSource(api_key=Provider()).renew(
                PermissionDeniedError("Bearer Token has expired", status_code=403), ApiKey("key")
            )
        assert caught.value.__context__ is None

    def test_aws_credentials_are_never_a_key(self, monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
        """`aws_credentials` passes over the environment's API key, which `get` would return."""
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-environment")
        source = CredentialSource()
        assert source.get() == ApiKey("bedrock-api-key-environment")
        assert source.aws_credentials() == Credentials("AKIADEFAULT", "SECRET-default")
        mine = Credentials("AKIAMINE", "SECRET-mine")
        assert CredentialSource(credentials=lambda: mine).aws_credentials() == mine

    def test_a_failing_callable(self) -> None:
        """What a callable raises becomes a CredentialsError."""
        with pytest.raises(CredentialsError, match="the api_key callable failed: ZeroDivisionError"):
            CredentialSource(api_key=lambda: str(1 / 0)).get()
        with pytest.raises(CredentialsError, match="the credentials callable failed: ZeroDivisionError") as caught:
            CredentialSource(credentials=lambda: 1 / 0).get()
        assert caught.value.__context__ is None

    def test_a_failing_refresh(self) -> None:
        """What botocore raises while refreshing becomes a CredentialsError, with the system's words for it."""

        def refresh() -> dict[str, str]:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "metadata service unreachable")

        expired = "2020-01-01T00:00:00Z"
        theirs = botocore.credentials.RefreshableCredentials.create_from_metadata(
            {"access_key": "A", "secret_key": "SECRET", "token": "SECRET", "expiry_time": expired}, refresh, "test"
        )
        with pytest.raises(
            CredentialsError, match=r"a refresh failed: ConnectionRefusedError: [^:]+ \(ECONNREFUSED\)\. "
        ):
            CredentialSource(credentials=theirs).get()

    def test_credentials_whose_properties_fail(self) -> None:
        """What a property of a credentials object raises becomes a CredentialsError, and is not shown."""

        class Failing:
            access_key = "AKIA"

            @property
            def secret_key(self) -> str:
                raise ValueError("SECRET")

        with pytest.raises(
            CredentialsError,
            match=r"^reading the credentials failed: ValueError\. This came out of the credentials object",
        ) as caught:
            CredentialSource(credentials=Failing()).get()
        assert caught.value.__context__ is None

    @pytest.mark.parametrize(
        "given", [object(), "AKIA", ("AKIA", "SECRET"), botocore.credentials.Credentials("A", "")]
    )
    def test_what_is_no_credentials(self, given: Any) -> None:
        """Anything else is refused by its type, without being shown."""
        with pytest.raises(CredentialsError, match=type(given).__name__) as caught:
            freeze(given)
        assert "SECRET" not in str(caught.value)

    def test_parallel_first_calls_make_one_session(self, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Threads that ask at the same time share one botocore session."""
        made: list[Any] = []
        original = botocore.session.Session

        def counting(**options: Any) -> Any:
            made.append(original(**options))
            return made[-1]

        monkeypatch.setattr(botocore.session, "Session", counting)
        source = CredentialSource()
        found: list[Any] = []
        threads = [threading.Thread(target=lambda: found.append(source.get())) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [Credentials("AKIADEFAULT", "SECRET-default")] * 16
        assert len(made) == 1


class TestFailures:
    """What is said when there are none."""

    def test_nothing_found(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Without any credentials the error says what was tried, in the words of who sets it, and in order."""
        with pytest.raises(CredentialsError) as caught:
            CredentialSource().get()
        assert caught.value.message == (
            "no AWS credentials and no Bedrock API key were found; tried: AWS_BEARER_TOKEN_BEDROCK, environment "
            "variables, profile default, container role, instance role"
        )
        assert caught.value.__context__ is None
        monkeypatch.setenv("AWS_PROFILE", "work")
        (tmp_path / "config").write_text("[profile work]\n[profile given]\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        with pytest.raises(CredentialsError, match="environment variables, profile work, container role"):
            CredentialSource().get()
        with pytest.raises(
            CredentialsError, match=r"^no AWS credentials were found; tried: profile given, container role"
        ):
            CredentialSource(profile="given").get()

    def test_unknown_profile(self, config: Path) -> None:
        """A misspelled profile is named."""
        with pytest.raises(CredentialsError, match=r"ProfileNotFound: The config profile \(mine\)"):
            CredentialSource(profile="mine").get()

    def test_half_credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An access key without its secret is not passed over in silence."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
        with pytest.raises(CredentialsError, match="PartialCredentialsError"):
            CredentialSource().get()

    def test_a_failing_process(self, config: Path) -> None:
        """A credential process that fails becomes a CredentialsError."""
        with pytest.raises(CredentialsError, match="CredentialRetrievalError"):
            CredentialSource(profile="process").get()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "\n",
        "SECRET key",
        "SECRET\n\n",
        "SECRET\nX-Evil: 1",
        "SECRET\t",
        " SECRET",
        "SECRETé",
        "SECRET漢",
        "SECRET\x00",
    ]
    + ["Bearer SECRET", b"SECRET", 7],
)
def test_keys_that_are_refused(key: Any) -> None:
    """A key that could not stand in a header is refused, and is not repeated."""
    with pytest.raises(CredentialsError, match=r"^api_key: ") as caught:
        CredentialSource(api_key=lambda: key).get()
    assert "SECRET" not in str(caught.value)
    if isinstance(key, str):
        with pytest.raises(CredentialsError):
            Client("us-west-2", api_key=key)


def test_one_line_break_at_the_end_is_a_files() -> None:
    """One line break after a key, as files have it, is left away."""
    assert clean_api_key("bedrock-api-key-YWJj+/=\n", "x") == "bedrock-api-key-YWJj+/="
    assert clean_api_key("ABSKx\r\n", "x") == "ABSKx"


def test_no_repr_shows_a_secret() -> None:
    """Reprs show the access key ID at most."""
    credentials = Credentials("AKIA", "SECRET", "SECRET-token")
    source = CredentialSource(credentials=credentials)
    client = Client("us-west-2", api_key="SECRET")
    shown = f"{credentials!r} {ApiKey('SECRET')!r} {source!r} {client!r}"
    assert "AKIA" in shown
    assert "SECRET" not in shown


def test_making_a_client_looks_nothing_up() -> None:
    """A new client has loaded neither botocore nor requests nor jsonschema, and has read no configuration."""
    code = (
        "import sys; from bedrock_openai_http import Client; Client(profile='missing'); Client('us-west-2');"
        "print(sorted({'botocore', 'requests', 'jsonschema', 'urllib3'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "[]"
