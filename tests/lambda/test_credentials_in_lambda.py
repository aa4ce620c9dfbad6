"""The bundle's botocore is pruned, and still finds credentials by each way of its chain: stand-ins give them.

What is found must sign so that the stand-in for Bedrock lets it in. The variables are AWS's own, from "AWS SDKs and
Tools reference guide".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bedrock_openai_http import Credentials
from bedrock_openai_http.testing import LocalEndpoint
from function import Function, keys, settings
from support import RawServer, http

ROLE = "arn:aws:iam::123456789012:role/caller"
FOREVER = "2099-01-01T00:00:00Z"
START_URL = "https://example.awsapps.com/start"

#: Writes the files of one way into a folder, and returns what the stand-in answers and the variables of the way.
Way = Callable[[Path, Credentials], tuple[bytes, dict[str, str]]]


def sts_answer(action: str, credentials: Credentials) -> bytes:
    """Return what the security token service answers to an action that gives credentials."""
    return http(
        f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>
        <AssumedRoleUser><Arn>{ROLE}</Arn><AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>
        <Credentials><AccessKeyId>{credentials.access_key}</AccessKeyId><Expiration>{FOREVER}</Expiration>
        <SecretAccessKey>{credentials.secret_key}</SecretAccessKey><SessionToken>{credentials.token}</SessionToken>
        </Credentials></{action}Result></{action}Response>""".encode(),
        kind="text/xml",
    )


def container_answer(credentials: Credentials) -> bytes:
    """Return what a container's credential server answers."""
    return http(
        json.dumps(
            {
                "AccessKeyId": credentials.access_key,
                "SecretAccessKey": credentials.secret_key,
                "Token": credentials.token,
                "Expiration": FOREVER,
            }
        ).encode()
    )


def web_identity(folder: Path, credentials: Credentials) -> tuple[bytes, dict[str, str]]:
    (folder / "token").write_text("a web identity token")
    return sts_answer("AssumeRoleWithWebIdentity", credentials), {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"),
        "AWS_ROLE_ARN": ROLE,
        "AWS_ENDPOINT_URL_STS": "URL",
    }


def assumed_role(folder: Path, credentials: Credentials) -> tuple[bytes, dict[str, str]]:
    (folder / "config").write_text(
        f"[profile app]\nrole_arn = {ROLE}\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"
    )
    return sts_answer("AssumeRole", credentials), {
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_PROFILE": "app",
        "AWS_ENDPOINT_URL_STS": "URL",
    }


def single_sign_on(folder: Path, credentials: Credentials) -> tuple[bytes, dict[str, str]]:
    (folder / "config").write_text(
        f"[profile app]\nsso_start_url = {START_URL}\nsso_region = us-west-2\n"
        "sso_account_id = 123456789012\nsso_role_name = caller\n"
    )
    cache = folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {"startUrl": START_URL, "region": "us-west-2", "accessToken": "a token", "expiresAt": FOREVER}
    (cache / f"{hashlib.sha1(START_URL.encode()).hexdigest()}.json").write_text(json.dumps(token))
    answer = {
        "accessKeyId": credentials.access_key,
        "secretAccessKey": credentials.secret_key,
        "sessionToken": credentials.token,
        "expiration": 4_000_000_000_000,
    }
    return http(json.dumps({"roleCredentials": answer}).encode()), {
        "HOME": str(folder),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_PROFILE": "app",
        "AWS_ENDPOINT_URL_SSO": "URL",
    }


def container(folder: Path, credentials: Credentials) -> tuple[bytes, dict[str, str]]:
    return container_answer(credentials), {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "URL/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a token",
    }


@pytest.mark.parametrize("way", [web_identity, assumed_role, single_sign_on, container])
def test_credentials_are_found_and_sign(own: Path, tmp_path: Path, endpoint: LocalEndpoint, way: Way) -> None:
    """The service that the way leads to is asked once, and what it gives signs the requests."""
    answer, variables = way(tmp_path, endpoint.credentials)
    with RawServer(lambda number: [answer]) as server:
        environment = {name: value.replace("URL", server.url) for name, value in variables.items()}
        with Function(own, {**settings(endpoint), **environment}) as function:
            for _ in range(2):
                assert function.invoke({"question": "Why?"}).body["answer"] == "An answer."
        assert len(server.requests) == 1
    assert len(endpoint.requests) == 2


def test_a_profile_with_keys(own: Path, tmp_path: Path, endpoint: LocalEndpoint) -> None:
    """Keys of a credentials file sign without anybody being asked."""
    names = {name.lower(): value for name, value in keys(endpoint).items()}
    (tmp_path / "credentials").write_text("[default]\n" + "".join(f"{n} = {v}\n" for n, v in names.items()))
    environment = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}
    with Function(own, {**settings(endpoint), **environment}) as function:
        assert function.invoke({"question": "Why?"}).body["answer"] == "An answer."


def test_a_function_with_snapstart(own: Path, endpoint: LocalEndpoint) -> None:
    """Before the snapshot nobody is asked or called; afterwards the first call finds credentials and is signed."""
    with RawServer(lambda number: [container_answer(endpoint.credentials)]) as server:
        environment = {
            "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a token",
        }
        with Function(own, {**settings(endpoint), **environment}) as function:
            function.initialise()
            assert function.restored == 1
            assert (server.connections, len(endpoint.requests)) == (0, 0)
            assert function.invoke({"question": "Why?"}).body["answer"] == "An answer."
