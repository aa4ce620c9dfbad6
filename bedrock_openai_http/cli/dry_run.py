"""`bedrock-openai-http chat --dry-run`: what `chat` would send, and a curl command that sends the same.

The request is made by a real client, whose transport keeps it in place of sending it.

This module's law: nothing is sent, and no secret is shown; the curl command takes its secrets from variables.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any, NoReturn
from urllib.parse import urlsplit

from ..aws.configuration import Configuration
from ..aws.credential_source import API_KEY_VARIABLE
from ..aws.credentials import Credentials
from ..aws.destination import Options, find_destination
from ..clients.client import Client
from ..values.errors import BedrockOpenAIError, CredentialsError
from ..values.http import SECRET_HEADERS, HTTPRequest, TimeLimits, is_loopback
from ..values.request import ChatCompletionRequest
from .terminal import answer_output, is_shown_as_it_is, note
from .usage import in_flags

#: Stands for the access key ID where there is none.
PLACEHOLDER = "<AWS_ACCESS_KEY_ID>"

KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

#: Bytes. Linux takes no longer argument, and a shell only says "Argument list too long".
ARGUMENT_LIMIT = 131_071

# What the curl command leaves out: curl makes the first four itself, and the others tell one attempt from another.
# Accept-Encoding would only say what is so anyway, and curl 7.88 sorts it wrongly when it signs.
_NOT_FOR_CURL = frozenset(
    """
    authorization x-amz-date x-amz-security-token user-agent accept-encoding amz-sdk-invocation-id amz-sdk-request
    """.split()
)


class _NothingSentError(BedrockOpenAIError):
    """Leads out of the client when the request is ready."""


class _Recorder:
    """A transport that keeps the request and sends nothing."""

    request: HTTPRequest

    def open(self, request: HTTPRequest, limits: TimeLimits) -> NoReturn:
        self.request = request
        raise _NothingSentError("nothing was sent")

    def close(self) -> None:
        pass


def show(request: ChatCompletionRequest, options: Mapping[str, Any], *, as_json: bool) -> int:
    """Print what a client with these `options` would send for `request`, and return 0.

    Without credentials, placeholders stand in their place. Raises BedrockOpenAIError if no request can be made.
    """
    try:
        sent = _recorded(request, options)
    except CredentialsError as error:
        note(in_flags(f"placeholders are shown: {error}"))
        sent = _recorded(request, _with_placeholders(options, request.model))
    document = {
        "method": sent.method,
        "url": sent.url,
        "headers": masked_headers(sent),
        "body": json.loads(sent.body),
        **_signature_texts(sent),
        "curl": curl_command(sent, _ca_bundle(sent.url, options["profile"])),
    }
    with answer_output() as output:
        output.write(json.dumps(document, indent=2, ensure_ascii=False) if as_json else _page(document))
    for line in _remarks(sent, options["profile"]):
        note(line)
    return 0


def _recorded(request: ChatCompletionRequest, options: Mapping[str, Any]) -> HTTPRequest:
    recorder = _Recorder()
    with Client(**options, transport=recorder) as client, suppress(_NothingSentError):
        client.stream(request) if request.stream else client.complete(request)
    return recorder.request


def _with_placeholders(options: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Return options with the same destination that need no credentials of anybody's."""
    given = Options(options["region"], options["endpoint"], options["base_url"])
    to = find_destination(given, Configuration(options["profile"]))
    return {
        **options,
        "region": to.region.value if to.region else None,
        "base_url": to.endpoint.chat_completions_url(model),
        "max_attempts": to.max_attempts.value,
        "profile": None,
        "credentials": Credentials(PLACEHOLDER, "none"),
    }


def _ca_bundle(url: str, profile: str | None) -> str | None:
    """Return the path of the CA bundle for `url`; None where curl's own will do."""
    from ..transport.requests_transport import RequestsTransport

    configured = Configuration(profile).ca_bundle()
    with closing(RequestsTransport(ca_bundle=configured.value if configured else None)) as transport:
        _, verify = transport.settings(url)
    return verify if isinstance(verify, str) and url.startswith("https:") else None


def masked_headers(sent: HTTPRequest) -> dict[str, str]:
    """Return the headers; of secret values only what tells them apart: the scheme, the scope, what is signed."""
    return {name: _masked(value) if name.lower() in SECRET_HEADERS else value for name, value in sent.headers.items()}


def _masked(value: str) -> str:
    found = re.fullmatch(r"(AWS4-HMAC-SHA256 Credential=)(.+?)(/[0-9]{8}/.+, Signature=)[0-9a-f]+", value)
    if found:
        access_key = found[2] if found[2] == PLACEHOLDER else f"****{found[2][-4:]}"
        return f"{found[1]}{access_key}{found[3]}***"
    return "Bearer ***" if value.startswith("Bearer ") else "***"


def _signature_texts(sent: HTTPRequest) -> dict[str, str]:
    """Return the two texts of the signature; nothing for an API key, which signs nothing."""
    if _has_api_key(sent):
        return {}
    from ..aws.signing import explain

    canonical_request, string_to_sign = explain(sent)
    return {"canonical_request": canonical_request, "string_to_sign": string_to_sign}


def curl_command(sent: HTTPRequest, ca_bundle: str | None = None) -> str:
    """Return a command for a shell that sends the same method, URL and body, authenticated anew.

    `ca_bundle` is the path of a file or directory of certificates to trust. curl signs every header that it is given.
    """
    streamed = sent.headers["accept"] == "text/event-stream"
    words = [f"curl {'--no-buffer ' if streamed else ''}{_quoted(sent.url)}"]
    host = urlsplit(sent.url).hostname or ""
    if is_loopback(host):
        words.append("--noproxy '*'")
    if ca_bundle is not None:
        words.append(f"{'--capath' if os.path.isdir(ca_bundle) else '--cacert'} {_quoted(ca_bundle)}")
    if _has_api_key(sent):
        words.append(f'--header "Authorization: Bearer ${API_KEY_VARIABLE}"')
    else:
        region, service = sent.headers["authorization"].partition(",")[0].split("/")[-3:-1]
        words.append(f'--aws-sigv4 "aws:amz:{region}:{service}"')
        words.append('--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"')
        if "x-amz-security-token" in sent.headers:
            words.append('--header "X-Amz-Security-Token: $AWS_SESSION_TOKEN"')
    for name, value in sent.headers.items():
        if name.lower() not in _NOT_FOR_CURL:
            words.append(f"--header {_quoted(f'{name}: {value}')}")
    words.append(f"--data-binary {_quoted(sent.body.decode())}")
    return " \\\n  ".join(words)


def _has_api_key(sent: HTTPRequest) -> bool:
    return sent.headers["authorization"].startswith("Bearer ")


def _quoted(text: str) -> str:
    """Return `text` as one word of a shell that a terminal shows as it is."""
    if is_shown_as_it_is(text):
        return shlex.quote(text)
    # JSON leaves DEL and the C1 controls as they are, and a terminal does not: bash, zsh and ksh know octal digits.
    escaped = "".join(
        char if char not in "\\'" and is_shown_as_it_is(char) else "".join(f"\\{byte:03o}" for byte in char.encode())
        for char in text
    )
    return f"$'{escaped}'"


def _page(document: dict[str, Any]) -> str:
    """Return the document for human eyes."""
    headers = "\n".join(f"{name}: {value}" for name, value in document["headers"].items())
    body = json.dumps(document["body"], indent=2, ensure_ascii=False)
    parts = {
        "The HTTP request, its body spread out": f"{document['method']} {document['url']}\n{headers}\n\n{body}",
        "Its canonical request": document.get("canonical_request"),
        "Its string to sign": document.get("string_to_sign"),
        "The same with curl": document["curl"],
    }
    return "\n\n".join(f"# {title}\n\n{text}" for title, text in parts.items() if text) + "\n"


def _remarks(sent: HTTPRequest, profile: str | None) -> list[str]:
    """Return what a user must know to run the command."""
    remarks = ["nothing was sent"]
    needed = [API_KEY_VARIABLE] if _has_api_key(sent) else list(KEY_VARIABLES)
    if "x-amz-security-token" not in sent.headers:
        needed = needed[:2]
    missing = [name for name in needed if not os.environ.get(name, "").strip()]
    if missing or profile is not None:
        export = f"aws configure export-credentials --profile {shlex.quote(profile or 'default')} --format env"
        lacks = f", which lacks {', '.join(missing)}" if missing else ""
        remarks.append(f'the command reads its credentials from this shell{lacks}; to set them: eval "$({export})"')
    if len(sent.body) > ARGUMENT_LIMIT:
        remarks.append("the body is too long for an argument on Linux; put it into a file for --data-binary @FILE")
    return remarks
