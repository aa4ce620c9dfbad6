"""`chat --dry-run`: what it prints is what would be sent, the curl command sends the same, and no secret shows."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bedrock_openai_http import Credentials, Headers, HTTPRequest, sign
from bedrock_openai_http.aws.signing import explain
from bedrock_openai_http.testing import LocalEndpoint
from shell import SECONDS, SOME_KEYS, Finished, Shell, keys

HOSTILE = [
    'It\'s $HOME, `id`, $(id) and "that"',
    "!! !-1 '!' \\!x \\\\ \\",
    "first\nsecond\r\n\tthird\n",
    "Grüße 東京 \U0001f5fc \u202e\u2028",
    "it\x92s old\x85 text, \x7f \\' !x \x1b[31m \x00",
    "' \" ' ; & | > < * ? [a] {b,c} ~ # %",
]


@pytest.fixture(scope="module")
def curl() -> str:
    """Give the path of a curl that can sign."""
    path = shutil.which("curl")
    if path is None:
        pytest.skip("curl is not installed")
    shown = subprocess.run([path, "--help", "all"], capture_output=True, text=True, check=False).stdout
    if "--aws-sigv4" not in shown:
        pytest.skip("curl is older than 7.75, which brought --aws-sigv4")
    return path


def document(done: Finished) -> dict[str, Any]:
    """Return what --json printed."""
    assert done.code == 0
    printed: dict[str, Any] = json.loads(done.out)
    return printed


def paste(shell: Shell, command: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Type a command into an interactive shell, which also expands its history."""
    words = ["bash", "--norc", "-i"] if shutil.which("bash") else ["sh", "-i"]
    environment = {**shell.environment(variables), "HISTFILE": "/dev/null", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        words,
        input=f"echo before > /dev/null\n{command}\n".encode(),
        capture_output=True,
        env=environment,
        cwd=shell.home,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("prompt", "way"), [*((prompt, "signature") for prompt in HOSTILE), ("".join(HOSTILE), "key")]
)
@pytest.mark.usefixtures("curl")
def test_the_curl_command_sends_the_same_bytes_and_is_let_in(
    shell: Shell, here: Callable[..., Finished], endpoint: LocalEndpoint, prompt: str, way: str
) -> None:
    """Pasted into a shell, the command sends the body that `chat` sends, whatever the prompt, and is let in."""
    variables = keys(endpoint) if way == "signature" else {"AWS_BEARER_TOKEN_BEDROCK": endpoint.api_key}
    options = ("--endpoint-url", endpoint.url, "--system", "It's me", prompt)
    assert here("chat", *options, **variables).code == 0
    sent = endpoint.requests[-1]
    shown = here("chat", "--dry-run", "--json", *options, **variables)
    assert endpoint.requests[-1] is sent  # the dry run sent nothing
    pasted = paste(shell, document(shown)["curl"], http_proxy="http://127.0.0.1:9", **variables)
    again = endpoint.requests[-1]
    assert b"Gr\xc3\xbc\xc3\x9fe" in pasted.stdout, pasted.stderr
    assert again is not sent
    assert (again.method, again.path, again.body) == (sent.method, sent.path, sent.body)
    assert again.values("accept") == sent.values("accept") == ["text/event-stream"]
    assert again.values("content-type") == sent.values("content-type")


def test_the_page_shows_the_request_and_its_signature(here: Callable[..., Finished]) -> None:
    """A reader finds the request, the canonical request, the string to sign and the command, in this order."""
    done = here("chat", "--dry-run", "--region", "eu-west-1", "Grüße!", **SOME_KEYS)
    url = "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/chat/completions"
    request, canonical, to_sign, command = re.split(r"\n*^# .*\n\n", done.out, flags=re.MULTILINE)[1:]
    assert done.code == 0
    assert request.startswith(f"POST {url}\n")
    assert json.loads(request.partition("\n\n")[2])["messages"] == [{"role": "user", "content": "Grüße!"}]
    assert canonical.startswith("POST\n/openai/v1/chat/completions\n\ncontent-type:application/json\nhost:")
    assert to_sign.startswith("AWS4-HMAC-SHA256\n")
    assert "/eu-west-1/bedrock/aws4_request\n" in to_sign
    assert command.startswith(f'curl --no-buffer {url} \\\n  --aws-sigv4 "aws:amz:eu-west-1:bedrock" \\\n')
    assert "nothing was sent" in done.err


def test_the_mantle_endpoint_has_its_own_service(here: Callable[..., Finished]) -> None:
    """The scope, the host and the path are those of the endpoint that the options name."""
    shown = document(here("chat", "--dry-run", "--json", "--no-stream", "--endpoint", "mantle", "Hi", **SOME_KEYS))
    assert shown["url"] == "https://bedrock-mantle.us-west-2.api.aws/v1/chat/completions"
    assert shown["body"]["model"] == "openai.gpt-oss-20b"
    assert '"aws:amz:us-west-2:bedrock-mantle"' in shown["curl"]
    assert "/us-west-2/bedrock-mantle/aws4_request" in shown["string_to_sign"]
    assert "--no-buffer" not in shown["curl"]


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["page", "json"])
def test_no_secret_is_shown(here: Callable[..., Finished], form: tuple[str, ...]) -> None:
    """No secret key, session token, signature or API key; of the access key ID only its end."""
    secrets = {
        "AWS_ACCESS_KEY_ID": "AKIACANARYCANARY1234",
        "AWS_SECRET_ACCESS_KEY": "canary-secret",
        "AWS_SESSION_TOKEN": "canary/token+with=chars",
    }
    signed = here("chat", "--dry-run", *form, "Hi", **secrets)
    bearer = here("chat", "--dry-run", *form, "Hi", AWS_BEARER_TOKEN_BEDROCK="bedrock-api-key-canary")
    assert (signed.code, bearer.code) == (0, 0)
    for text in (signed.out, signed.err, bearer.out, bearer.err):
        assert "canary" not in text.lower()
        assert not re.search(r"Signature=[0-9a-f]", text)
    assert "Credential=****1234/" in signed.out
    assert "x-amz-security-token:***" in signed.out
    assert "X-Amz-Security-Token: $AWS_SESSION_TOKEN" in signed.out.replace('\\"', '"')
    assert "Bearer ***" in bearer.out


def test_without_credentials_placeholders_are_shown(here: Callable[..., Finished]) -> None:
    """Nobody needs credentials to see a request; what is missing is said, and the exit code is 0."""
    done = here("chat", "--dry-run", "Hello!")
    assert done.code == 0
    assert "Credential=<AWS_ACCESS_KEY_ID>/" in done.out
    assert "no AWS credentials and no Bedrock API key were found; tried: " in done.err
    assert "which lacks AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; " in done.err


def test_a_profile_without_credentials_still_gives_the_region(here: Callable[..., Finished], tmp_path: Path) -> None:
    """Placeholders take the place of the credentials, and of nothing else that the profile says."""
    config = tmp_path / "config"
    config.write_text("[profile work]\nregion = eu-north-1\n")
    done = here("chat", "--dry-run", "--profile", "work", "Hello!", AWS_REGION="", AWS_CONFIG_FILE=str(config))
    assert done.code == 0
    assert "POST https://bedrock-runtime.eu-north-1.amazonaws.com/" in done.out
    assert "/eu-north-1/bedrock/aws4_request" in done.out


def test_credentials_of_a_profile_are_not_in_the_shell(here: Callable[..., Finished], tmp_path: Path) -> None:
    """Where the variables that the command reads are not set, the user is told, and how to set them."""
    config = tmp_path / "config"
    lines = [f"{name.lower()} = {value}" for name, value in SOME_KEYS.items()]
    config.write_text("\n".join(["[profile work]", *lines]))
    done = here("chat", "--dry-run", "--profile", "work", "Hello!", AWS_CONFIG_FILE=str(config))
    assert done.code == 0
    assert "Credential=****MPLE/" in done.out
    assert "which lacks AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY; " in done.err
    assert "aws configure export-credentials --profile work --format env" in done.err
    others = here("chat", "--dry-run", "--profile", "work", "Hello!", AWS_CONFIG_FILE=str(config), **SOME_KEYS)
    assert "--profile work --format env" in others.err  # the shell's may be other credentials than the profile's


def test_curl_trusts_what_the_client_trusts(here: Callable[..., Finished], tmp_path: Path) -> None:
    """As curl does not read AWS_CA_BUNDLE, the command names the file or the directory."""
    bundle = tmp_path / "my ca.pem"
    bundle.write_text("")
    of_file = document(here("chat", "--dry-run", "--json", "Hi", AWS_CA_BUNDLE=str(bundle), **SOME_KEYS))
    of_folder = document(here("chat", "--dry-run", "--json", "Hi", AWS_CA_BUNDLE=str(tmp_path), **SOME_KEYS))
    plain = ("--endpoint-url", "http://127.0.0.1:9")
    of_http = document(here("chat", "--dry-run", "--json", *plain, "Hi", AWS_CA_BUNDLE=str(bundle), **SOME_KEYS))
    assert f"--cacert '{bundle}'" in of_file["curl"]
    assert f"--capath {tmp_path}" in of_folder["curl"]
    assert "--ca" not in of_http["curl"]


def test_an_invalid_request_is_refused_as_ever(here: Callable[..., Finished]) -> None:
    """The dry run makes the same checks as the call: exit code 2, and nothing is printed."""
    done = here("chat", "--dry-run", "--temperature", "3", "Hi", **SOME_KEYS)
    assert (done.code, done.out) == (2, "")
    assert "$.temperature" in done.err


def test_a_dry_run_has_no_local_service(capsys: pytest.CaptureFixture[str]) -> None:
    """--local would show the address of a service that is gone when the command ends."""
    from bedrock_openai_http.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["chat", "--dry-run", "--local", "Hi"])
    assert ended.value.code == 2
    assert "--dry-run" in capsys.readouterr().err


def test_a_body_that_no_argument_can_hold_is_pointed_out(here: Callable[..., Finished]) -> None:
    """A shell on Linux takes no argument of 128 KiB: the user learns it here, and not from the shell."""
    long = "x" * (os.sysconf("SC_PAGE_SIZE") * 32)
    assert "--data-binary @" in here("chat", "--dry-run", long, **SOME_KEYS).err
    assert "--data-binary @" not in here("chat", "--dry-run", "short", **SOME_KEYS).err


# What is signed

REQUEST = HTTPRequest(
    "POST",
    "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions",
    Headers({"Content-Type": "application/json", "Accept": "application/json"}),
    b"{}",
)


@pytest.mark.parametrize("token", [None, "canary/token+with=chars"])
def test_the_texts_are_those_that_were_signed(token: str | None) -> None:
    """From the string to sign and the secret key follows the signature; the token does not stand in the texts."""
    credentials = Credentials("AKID/EXAMPLE", "secret", token)
    signed = sign(REQUEST, credentials, "us-west-2")
    canonical, to_sign = explain(signed)
    key = b"AWS4secret"
    for step in (*to_sign.splitlines()[2].split("/"), to_sign):
        key = hmac.digest(key, step.encode(), "sha256")
    assert signed.headers["authorization"].endswith(f"Signature={key.hex()}")
    real = canonical.replace("x-amz-security-token:***", f"x-amz-security-token:{token}")
    assert to_sign.splitlines()[3] == hashlib.sha256(real.encode()).hexdigest()
    assert "canary" not in canonical + to_sign
    assert explain(replace(signed, body=b"[]")) != (canonical, to_sign)
