"""Temporary credentials by AWS's own way: a role that botocore assumes, here at moto's security token service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bedrock_openai_http import Client, PermissionDeniedError
from processes import command, free_port, running
from support import COMPLETION, REQUEST, RawServer, http

CONFIG = """
[profile base]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY

[profile app]
role_arn = arn:aws:iam::123456789012:role/caller
source_profile = base
duration_seconds = {seconds}
region = us-west-2
"""

EXPIRED = http(b'{"message": "The security token included in the request is expired"}', "403 Forbidden").replace(
    b"x-amzn-RequestId", b"x-amzn-ErrorType: ExpiredTokenException:\r\nx-amzn-RequestId"
)


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a security token service."""
    install = "python -m venv .venv/moto && .venv/moto/bin/pip install -r tests/system/requirements.txt"
    port = free_port()
    with running(
        [command("moto_server", install), "-H", "127.0.0.1", "-p", str(port)],
        port,
        tmp_path_factory.mktemp("moto"),
    ):
        yield f"http://127.0.0.1:{port}"


def configure(monkeypatch: pytest.MonkeyPatch, folder: Path, sts: str, seconds: int) -> None:
    (folder / "config").write_text(CONFIG.format(seconds=seconds))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts)


def signers(server: RawServer) -> list[tuple[bytes, bytes]]:
    """Return the access key ID and the session token of each request, as they went over the wire."""
    found = []
    for request in server.requests:
        key = re.search(rb"(?i)^authorization: AWS4-HMAC-SHA256 Credential=(\w+)/", request, re.MULTILINE)
        token = re.search(rb"(?i)^x-amz-security-token: (\S+)", request, re.MULTILINE)
        assert key
        assert token
        found.append((key[1], token[1]))
    return found


def test_credentials_that_are_due_are_renewed(sts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call is signed with what the role has then: with 900 s to live botocore renews it before every call."""
    configure(monkeypatch, tmp_path, sts, 900)
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        with Client(base_url=server.url, profile="app") as client:
            assert [client.complete(REQUEST).text for _ in range(3)] == ["hi"] * 3
        found = signers(server)
    assert len({key for key, _ in found}) == len({token for _, token in found}) == 3
    assert all(key.startswith(b"ASIA") for key, _ in found)


def test_credentials_that_are_good_are_kept(sts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an hour to live the role is assumed once for all calls."""
    configure(monkeypatch, tmp_path, sts, 3600)
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        with Client(base_url=server.url, profile="app") as client:
            assert [client.complete(REQUEST).text for _ in range(3)] == ["hi"] * 3
        assert len(set(signers(server))) == 1


def test_a_token_that_the_service_calls_expired(sts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that was ended before its time is replaced within the call: the role is assumed anew."""
    configure(monkeypatch, tmp_path, sts, 3600)
    with RawServer(lambda number: [EXPIRED if number == 2 else http(COMPLETION)]) as server:
        with Client(base_url=server.url, profile="app") as client:
            assert [client.complete(REQUEST).text for _ in range(2)] == ["hi"] * 2
        first, refused, renewed = signers(server)
    assert first == refused
    assert refused[0] != renewed[0]
    assert refused[1] != renewed[1]


def test_a_role_that_stays_refused(sts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the new token is refused too, the call ends: it never goes round in circles."""
    configure(monkeypatch, tmp_path, sts, 3600)
    with RawServer(lambda number: [EXPIRED]) as server:
        with Client(base_url=server.url, profile="app") as client:
            with pytest.raises(PermissionDeniedError) as caught:
                client.complete(REQUEST)
        assert len(server.requests) == caught.value.attempts == 2
