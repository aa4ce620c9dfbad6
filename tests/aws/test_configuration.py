"""Environment variables and configuration files: what counts, what is refused, and that botocore reads the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.session import Session

from bedrock_openai_http import (
    APIConnectionError,
    BedrockOpenAIError,
    Client,
    ConfigurationError,
    Credentials,
    HTTPRequest,
    mint_api_key,
)
from bedrock_openai_http.aws.configuration import Configuration, Setting
from bedrock_openai_http.aws.destination import Destination, Options, find_destination
from support import KEY, NO_WAITS, REQUEST, RawServer, http

CONFIG = """\
[default]
region = eu-west-1
max_attempts = 7

[profile other]
region=eu-west-2
use_fips_endpoint = TRUE
use_dualstack_endpoint = false
ca_bundle = /profile/ca.pem
aws_secret_access_key = SECRET-of-the-config-file

[profile "quoted name"]
region = eu-west-3

[profile with-services]
services = mine
endpoint_url = https://global.example
[services mine]
s3 =
  endpoint_url = https://s3.example
bedrock_runtime =
  endpoint_url = https://service.example
  other = thing

[profile with-other-services]
services = s3-only
endpoint_url = https://global.example
[services s3-only]
s3 =
  endpoint_url = https://s3.example

[profile ignoring]
endpoint_url = https://global.example
ignore_configured_endpoint_urls = true

[profile blank]
region =
endpoint_url =

[profilelike]
region = eu-west-9

[profile both]
region = eu-north-1
"""
CREDENTIALS = """\
[both]
region = eu-south-1
aws_access_key_id = AKIABOTH
aws_secret_access_key = SECRET-of-the-credentials-file

[only-credentials]
region = eu-south-2
"""
PROFILES = [
    *("default", "other", "quoted name", "with-services", "with-other-services", "ignoring", "blank", "both"),
    "only-credentials",
]


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(CREDENTIALS)
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", "$FOLDER/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "$FOLDER/credentials")
    return tmp_path


def settings(configuration: Configuration) -> dict[str, Any]:
    found = {
        "region": configuration.region(),
        "endpoint_url": configuration.endpoint_url("runtime"),
        "use_fips_endpoint": configuration.use_fips_endpoint(),
        "use_dualstack_endpoint": configuration.use_dualstack_endpoint(),
        "ca_bundle": configuration.ca_bundle(),
        "max_attempts": configuration.max_attempts(),
    }
    return {name: setting.value if setting else None for name, setting in found.items()}


def botocores(profile: str | None) -> dict[str, Any]:
    """The same settings as botocore reads them; what is blank there counts as unset."""
    session = Session(profile=profile)
    scoped = session.get_scoped_config()
    url = None
    if not session.get_config_variable("ignore_configured_endpoint_urls"):
        url = ConfiguredEndpointProvider(session.full_config, scoped, "bedrock-runtime").provide()
    names = ("region", "use_fips_endpoint", "use_dualstack_endpoint", "ca_bundle", "max_attempts")
    return {**{name: session.get_config_variable(name) or None for name in names}, "endpoint_url": url or None}


@pytest.mark.usefixtures("files")
class TestTheSameAsBotocore:
    """Where botocore reads a setting, this package reads the same."""

    @pytest.mark.parametrize("profile", [None, *PROFILES])
    def test_profiles(self, profile: str | None) -> None:
        """Every member of every profile, from both files."""
        mine = {name: value or None for name, value in settings(Configuration(profile)).items()}
        assert mine == botocores(profile)
        assert any(mine.values()) or profile in ("blank", "ignoring")

    @pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
    def test_the_environments_profile(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        """A variable names the profile; where both do, the same one wins."""
        monkeypatch.setenv("AWS_PROFILE", "both")
        monkeypatch.setenv("AWS_DEFAULT_PROFILE", "both")
        monkeypatch.setenv(variable, "other")
        assert Configuration().profile == Session().profile
        assert settings(Configuration())["region"] == botocores(None)["region"]

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("AWS_DEFAULT_REGION", "ap-south-1"),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://variable.example"),
            ("AWS_ENDPOINT_URL", "https://variable.example"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "False"),
            ("AWS_USE_FIPS_ENDPOINT", "true"),
            ("AWS_USE_FIPS_ENDPOINT", "false"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "True"),
            ("AWS_MAX_ATTEMPTS", "5"),
        ],
    )
    @pytest.mark.parametrize("profile", ["default", "other", "with-services", "ignoring"])
    def test_variables(self, monkeypatch: pytest.MonkeyPatch, profile: str, variable: str, value: str) -> None:
        """A variable beats the profile, for each profile."""
        monkeypatch.setenv(variable, value)
        mine = {name: value or None for name, value in settings(Configuration(profile)).items()}
        assert mine == botocores(profile)


class TestOwnChoices:
    """Where this package does more than botocore, or is stricter."""

    def test_aws_region_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """AWS_REGION, which Lambda sets and botocore does not read, beats AWS_DEFAULT_REGION; blank is absent."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_REGION", "eu-west-2")
        assert Configuration().region() == Setting("eu-west-2", "AWS_REGION")
        monkeypatch.setenv("AWS_REGION", " ")
        assert Configuration().region() == Setting("eu-west-1", "AWS_DEFAULT_REGION")

    def test_mantle_has_no_variable_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The variable of bedrock-runtime is not for mantle; the one for all services is."""
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://runtime.example")
        assert Configuration().endpoint_url("mantle") is None
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://all.example")
        assert Configuration().endpoint_url("mantle") == Setting("https://all.example", "AWS_ENDPOINT_URL")

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("AWS_USE_FIPS_ENDPOINT", "yes"),
            ("AWS_USE_FIPS_ENDPOINT", "1"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "on"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "maybe"),
            ("AWS_MAX_ATTEMPTS", "0"),
            ("AWS_MAX_ATTEMPTS", "-1"),
            ("AWS_MAX_ATTEMPTS", "three"),
            ("AWS_MAX_ATTEMPTS", "1_000"),
            ("AWS_REGION", "moon"),
            ("AWS_ENDPOINT_URL", "http://plain.example"),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://user:SECRET@h.example"),
        ],
    )
    def test_what_cannot_be_used(self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
        """A value that would be misread is an error that names its variable, before anything is sent."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
        monkeypatch.setenv(variable, value)
        with Client(api_key=KEY) as client, pytest.raises(ConfigurationError, match=f"^{variable}: ") as caught:
            client.complete(REQUEST)
        assert value not in str(caught.value)

    @pytest.mark.parametrize(
        "text", ["no section", "[default]\nregion\n", "[a]\n[a]\n", b"[default]\nregion = \xff\n", "[a\n"]
    )
    def test_a_file_that_cannot_be_read(self, files: Path, text: str | bytes) -> None:
        """A file that is no configuration file is named, and no line of it is repeated."""
        path = files / "config"
        data = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(data + b"\naws_secret_access_key SECRET\n")
        with pytest.raises(ConfigurationError, match="cannot be read as an AWS configuration file") as caught:
            Configuration().max_attempts()
        assert str(path) in str(caught.value)
        assert "SECRET" not in f"{caught.value}{caught.value.__context__}"

    def test_a_services_section_that_is_missing(self, files: Path) -> None:
        """A profile that names a services section which is not there is an error, as in botocore."""
        (files / "config").write_text("[default]\nservices = nowhere\n")
        with pytest.raises(ConfigurationError, match="services of profile default"):
            Configuration().endpoint_url("runtime")

    @pytest.mark.usefixtures("files")
    def test_no_secret_is_kept(self) -> None:
        """Of the files only the settings stay in memory, not the secret keys beside them."""
        configuration = Configuration("both")
        settings(configuration)
        assert "eu-south-1" in repr(vars(configuration))
        assert "SECRET" not in repr(vars(configuration))


def destination(monkeypatch: pytest.MonkeyPatch, *, environment: dict[str, str], **options: Any) -> Destination:
    for name, value in {"AWS_REGION": "us-west-2", **environment}.items():
        monkeypatch.setenv(name, value)
    return find_destination(Options(**options), Configuration())


URL, FIPS, DUAL = "AWS_ENDPOINT_URL", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"


class TestDestination:
    """The caller's word, then the environment's, then the profile's, together with where it was said."""

    @pytest.mark.parametrize(
        ("environment", "options", "root"),
        [
            ({}, {}, "https://bedrock-runtime.us-west-2.amazonaws.com"),
            ({}, {"region": "eu-west-1"}, "https://bedrock-runtime.eu-west-1.amazonaws.com"),
            ({FIPS: "true"}, {}, "https://bedrock-runtime-fips.us-west-2.amazonaws.com"),
            ({FIPS: "true", DUAL: "true"}, {}, "https://bedrock-runtime-fips.us-west-2.api.aws"),
            ({FIPS: "true"}, {"use_fips_endpoint": False}, "https://bedrock-runtime.us-west-2.amazonaws.com"),
            ({DUAL: "true"}, {"endpoint": "mantle"}, "https://bedrock-mantle.us-west-2.api.aws"),
            ({"AWS_REGION": "fips-us-east-1"}, {}, "https://bedrock-runtime-fips.us-east-1.amazonaws.com"),
            ({URL: "https://a.example/openai/v1"}, {}, "https://a.example"),
            ({URL: "https://a.example"}, {"base_url": "https://b.example"}, "https://b.example"),
            ({FIPS: "true"}, {"base_url": "https://b.example"}, "https://b.example"),
        ],
    )
    def test_hosts(
        self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, Any], root: str
    ) -> None:
        """Which host follows from what was said where."""
        assert destination(monkeypatch, environment=environment, **options).endpoint.root == root

    @pytest.mark.parametrize(
        ("environment", "options", "words"),
        [
            ({URL: "https://a.example", FIPS: "true"}, {}, f"{URL} and {FIPS} both choose a host"),
            ({URL: "https://a.example"}, {"use_dualstack_endpoint": True}, f"{URL} and use_dualstack_endpoint="),
            ({}, {"base_url": "https://a.example", "use_fips_endpoint": True}, "so does base_url"),
            ({FIPS: "true"}, {"endpoint": "mantle"}, "no FIPS host for mantle"),
            ({}, {"use_fips_endpoint": "true"}, "use_fips_endpoint: must be True, False or None"),
            ({URL: "https://bedrock-mantle.us-west-2.api.aws"}, {}, f"^{URL}: is a host of mantle"),
        ],
    )
    def test_contradictions(
        self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, Any], words: str
    ) -> None:
        """FIPS is never dropped without a word: two settings that choose a host each are refused."""
        with pytest.raises(ConfigurationError, match=words):
            destination(monkeypatch, environment=environment, **options)

    def test_sources(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each value knows where it was said."""
        found = destination(monkeypatch, environment={FIPS: "true", "AWS_MAX_ATTEMPTS": "4"})
        assert found.region == Setting("us-west-2", "AWS_REGION")
        assert found.use_fips_endpoint == Setting(True, FIPS)
        assert found.use_dualstack_endpoint == Setting(False, "default")
        assert found.max_attempts == Setting(4, "AWS_MAX_ATTEMPTS")
        assert destination(monkeypatch, environment={}, max_attempts=2).max_attempts.source == "max_attempts="

    def test_a_pseudo_region_is_signed_as_the_real_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """`fips-us-east-1` chooses a host; the signature names the region itself."""
        found = destination(monkeypatch, environment={"AWS_REGION": "fips-us-east-1"})
        assert found.region == Setting("us-east-1", "AWS_REGION")

    @pytest.mark.parametrize(
        ("root", "endpoint"),
        [
            ("https://bedrock-runtime.eu-west-1.amazonaws.com", "runtime"),
            ("https://bedrock-runtime-fips.eu-west-1.amazonaws.com.", "runtime"),
            ("https://vpce-0a-1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "runtime"),
            ("https://bedrock-mantle.eu-west-1.api.aws", "mantle"),
        ],
    )
    @pytest.mark.parametrize("environment", [{}, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}])
    @pytest.mark.usefixtures("files")
    def test_a_given_hosts_region_beats_an_ambient_one(
        self, monkeypatch: pytest.MonkeyPatch, root: str, endpoint: str, environment: dict[str, str]
    ) -> None:
        """A base_url that the caller gives names its region, whatever a variable or a profile says."""
        options = {"base_url": root, "endpoint": endpoint}
        found = destination(monkeypatch, environment=environment, **options)
        assert (found.region, found.endpoint.region) == (Setting("eu-west-1", "the host's name"), "eu-west-1")
        of_profile = find_destination(Options(**options), Configuration("other"))
        assert of_profile.region == Setting("eu-west-1", "the host's name")

    def test_an_ambient_region_that_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable that does not count is not judged, and one that counts is."""
        given = {"base_url": "https://bedrock-runtime.eu-west-1.amazonaws.com"}
        assert destination(monkeypatch, environment={"AWS_REGION": "moon"}, **given).endpoint.region == "eu-west-1"
        with pytest.raises(ConfigurationError, match=r"^AWS_REGION: must look like"):
            destination(monkeypatch, environment={"AWS_REGION": "moon"}, base_url="https://gateway.example")

    @pytest.mark.parametrize(
        ("environment", "options", "words"),
        [
            (
                {"AWS_ENDPOINT_URL": "HOST"},
                {},
                "AWS_ENDPOINT_URL: is a host in eu-west-1, and AWS_REGION is us-west-2",
            ),
            (
                {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "HOST", "AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"},
                {},
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME: is a host in eu-west-1, and AWS_DEFAULT_REGION is us-east-1",
            ),
            (
                {"AWS_ENDPOINT_URL": "HOST"},
                {"region": "us-east-1"},
                "AWS_ENDPOINT_URL: is a host in eu-west-1, and the region is us-east-1",
            ),
            (
                {},
                {"base_url": "HOST", "region": "us-east-1"},
                "base_url: is a host in eu-west-1, and the region is us",
            ),
        ],
    )
    def test_regions_that_contradict_each_other(
        self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: dict[str, str], words: str
    ) -> None:
        """Two variables, or an argument and either, that name two regions are an error that names both sources."""
        host = "https://bedrock-runtime.eu-west-1.amazonaws.com"
        environment, options = (
            {name: value.replace("HOST", host) for name, value in each.items()} for each in (environment, options)
        )
        with pytest.raises(ConfigurationError, match=f"^{words}"):
            destination(monkeypatch, environment=environment, **options)

    @pytest.mark.usefixtures("files")
    def test_a_profiles_region_that_contradicts_a_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The profile is named where its region is the other one."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://bedrock-runtime.us-west-2.amazonaws.com")
        words = "^AWS_ENDPOINT_URL: is a host in us-west-2, and region of profile both is eu-south-1$"
        with pytest.raises(ConfigurationError, match=words):
            find_destination(Options(), Configuration("both"))

    def test_the_hosts_region_will_do(self) -> None:
        """Without any region, that of AWS's own host in a base_url is signed for."""
        url = "https://vpce-0a-1b.bedrock-runtime.eu-west-1.vpce.amazonaws.com"
        assert find_destination(Options(base_url=url), Configuration()).region == Setting(
            "eu-west-1", "the host's name"
        )


def test_a_client_attempts_as_often_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_MAX_ATTEMPTS counts where `max_attempts` is not given, and is said to the service."""
    with RawServer(lambda number: [http(b"", "500 x")]) as server:
        for variable, options, attempts in (("2", {}, 2), ("2", {"max_attempts": 1}, 1), ("", {}, 3)):
            monkeypatch.setenv("AWS_MAX_ATTEMPTS", variable)
            with Client(base_url=server.url, api_key=KEY, world=NO_WAITS, **options) as client:
                with pytest.raises(BedrockOpenAIError) as caught:
                    client.complete(REQUEST)
            assert caught.value.attempts == attempts
            assert f"max={attempts}".encode() in server.requests[-1].lower()


class Noting:
    """A transport that notes what it is to send, and fails."""

    def __init__(self) -> None:
        self.sent: list[HTTPRequest] = []

    def open(self, request: HTTPRequest, limits: object) -> NoReturn:
        self.sent.append(request)
        raise APIConnectionError("not sent", phase="headers")

    def close(self) -> None:
        pass


@pytest.mark.parametrize("how", [{"api_key": KEY}, {"credentials": Credentials("AKIDEXAMPLE", "x")}])
def test_a_call_to_another_region_than_lambdas(monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]) -> None:
    """With AWS_REGION set, as Lambda does, a call to another Region's host is sent there, and signed for it."""
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    transport = Noting()
    url = "https://bedrock-runtime.eu-west-1.amazonaws.com"
    with Client(base_url=url, transport=transport, **how) as client, pytest.raises(APIConnectionError):
        client.complete(REQUEST)
    assert transport.sent[0].url.startswith(url)
    authorization = transport.sent[0].headers["authorization"]
    assert authorization == f"Bearer {KEY}" or "/eu-west-1/bedrock/aws4_request" in authorization


def test_a_short_term_key_of_the_hosts_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is judged by the region of the host, not by that of the environment."""
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    keys = {
        name: mint_api_key(name, credentials=Credentials("AKIDEXAMPLE", "x")) for name in ("eu-west-1", "us-west-2")
    }
    url = "https://bedrock-runtime.eu-west-1.amazonaws.com"
    with Client(base_url=url, api_key=keys["eu-west-1"], transport=Noting()) as client:
        with pytest.raises(APIConnectionError):
            client.complete(REQUEST)
    with Client(base_url=url, api_key=keys["us-west-2"], transport=Noting()) as client:
        with pytest.raises(ConfigurationError, match="was made for us-west-2, and the call goes to eu-west-1"):
            client.complete(REQUEST)
