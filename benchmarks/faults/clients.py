"""The three clients behind one face: this library, boto3, and the OpenAI SDK with its own Bedrock provider.

Each is used as its documentation says, with its default settings but for shorter timeouts. This module's law: what a
client returns or raises goes on as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.session
import openai
from openai.providers.bedrock import bedrock

from bedrock_openai_http import BedrockOpenAIError, Client
from bedrock_openai_http.aws.credentials import Credentials

REGION = "us-west-2"
MODEL = "openai.gpt-oss-20b-1:0"
#: What must not turn up where it does not belong, by the name that the results give it.
SECRETS = {
    "prompt": "canary-of-the-prompt",
    "secret key": "canary-of-the-secret-key",
    "session token": "canary-of-the-session-token",
    "API key": "canary-of-the-api-key",
    "proxy password": "canary-of-the-proxy-password",
    "header value": "canary-of-a-header-value",
}
PROMPT, KEY = SECRETS["prompt"], SECRETS["API key"]
OLD = Credentials("AKIDOLD", SECRETS["secret key"], SECRETS["session token"])
NEW = Credentials("AKIDNEW", SECRETS["secret key"], SECRETS["session token"] + "-new")


class NotPlayedError(Exception):
    """A case that makes no sense for a client; the text says why."""


@dataclass(frozen=True)
class Setup:
    """How a client is made."""

    url: str = ""
    #: Seconds for connecting and for each read.
    timeout: float = 3.0
    #: Seconds for the whole call, where the client has such an option.
    deadline: float | None = None
    #: "sigv4" (static keys), "key" (`api_key`), "provider" (old keys once, then new ones) or "chain".
    auth: str = "sigv4"
    api_key: str = KEY
    #: Headers given with each request.
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What a call returned, its text if it has one, and its request ID if it tells one."""

    raw: Any
    text: str | None
    request_id: str | None


def reply(raw: Any, text: Callable[[Any], str], request_id: Callable[[Any], str]) -> Reply:
    """Look into what a call returned, which may be anything."""
    found: list[str | None] = [None, None]
    for position, look in enumerate((text, request_id)):
        with contextlib.suppress(AttributeError, LookupError, TypeError):
            found[position] = look(raw)
    return Reply(raw, found[0], found[1])


def rotation() -> Callable[[], Credentials]:
    """Return a source that gives the old keys once and the new ones from then on."""
    given: list[Credentials] = []

    def source() -> Credentials:
        given.append(NEW if given else OLD)
        return given[-1]

    return source


class Here:
    """The package that this benchmark belongs to."""

    name = "this library"
    errors = (BedrockOpenAIError,)

    def __init__(self, setup: Setup) -> None:
        auths: dict[str, dict[str, Any]] = {
            "sigv4": {"credentials": OLD},
            "key": {"api_key": setup.api_key},
            "provider": {"credentials": rotation()},
            "chain": {},
        }
        self._client = Client(
            REGION,
            base_url=setup.url,
            timeout=setup.timeout,
            connect_timeout=setup.timeout,
            deadline=setup.deadline,
            # The proxy of one case is reached over plain http; an API key is never meant for that.
            allow_insecure=setup.auth == "sigv4",
            **auths[setup.auth],
        )
        self._headers = setup.headers

    def complete(self, prompt: str = PROMPT, **fields: Any) -> Reply:
        request = {"model": MODEL, "messages": [{"role": "user", "content": prompt}], **fields}
        raw = self._client.complete(request, extra_headers=self._headers)
        return reply(raw, lambda it: it.text, lambda it: it.request_id)

    def stream(self) -> Generator[str, None, None]:
        request = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}]}
        with self._client.stream(request) as stream:
            for chunk in stream:
                yield chunk.text

    @staticmethod
    def request_id(error: BaseException) -> str | None:
        return getattr(error, "request_id", None)

    def close(self) -> None:
        self._client.close()


class Boto3:
    """boto3's `bedrock-runtime`, Converse and ConverseStream."""

    name = "boto3"
    errors = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)

    def __init__(self, setup: Setup) -> None:
        if setup.headers:
            raise NotPlayedError("Converse takes no extra headers")
        config = botocore.config.Config(
            connect_timeout=setup.timeout, read_timeout=setup.timeout, retries={"mode": "standard"}
        )
        self._client = self._session(setup).client("bedrock-runtime", endpoint_url=setup.url, config=config)

    @staticmethod
    def _session(setup: Setup) -> boto3.Session:
        if setup.auth == "sigv4":
            return boto3.Session(OLD.access_key, OLD.secret_key, OLD.token, region_name=REGION)
        inner = botocore.session.get_session()
        if setup.auth == "provider":
            source = rotation()

            def metadata() -> dict[str, str]:
                keys = source()
                later = datetime.now(timezone.utc) + timedelta(hours=1)
                words = {"access_key": keys.access_key, "secret_key": keys.secret_key, "token": keys.token or ""}
                return {**words, "expiry_time": later.isoformat()}

            # As botocore's own providers do it; there is no public way to hand over refreshable credentials.
            inner._credentials = botocore.credentials.RefreshableCredentials.create_from_metadata(
                metadata(), metadata, method="benchmark"
            )
        return boto3.Session(botocore_session=inner, region_name=REGION)

    def complete(self, prompt: str = PROMPT, **fields: Any) -> Reply:
        more = {"inferenceConfig": fields} if fields else {}
        raw = self._client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": prompt}]}], **more)
        return reply(
            raw,
            lambda it: it["output"]["message"]["content"][0]["text"],
            lambda it: it["ResponseMetadata"]["RequestId"],
        )

    def stream(self) -> Generator[str, None, None]:
        raw = self._client.converse_stream(modelId=MODEL, messages=[{"role": "user", "content": [{"text": PROMPT}]}])
        with contextlib.closing(raw["stream"]) as stream:
            for event in stream:
                if "contentBlockDelta" in event:
                    yield event["contentBlockDelta"]["delta"]["text"]

    @staticmethod
    def request_id(error: BaseException) -> str | None:
        answer = getattr(error, "response", None)
        return answer["ResponseMetadata"].get("RequestId") if isinstance(answer, dict) else None

    def close(self) -> None:
        self._client.close()


class OpenAISDK:
    """The OpenAI SDK with `openai.providers.bedrock`."""

    name = "OpenAI SDK"
    errors = (openai.OpenAIError,)

    def __init__(self, setup: Setup) -> None:
        auths: dict[str, dict[str, Any]] = {
            "sigv4": {
                "access_key_id": OLD.access_key,
                "secret_access_key": OLD.secret_key,
                "session_token": OLD.token,
            },
            "key": {"api_key": setup.api_key},
            "provider": {"credential_provider": _for_openai(rotation())},
            "chain": {},
        }
        url = setup.url.rstrip("/") + "/openai/v1"
        provider = bedrock(endpoint="runtime", region=REGION, base_url=url, **auths[setup.auth])
        self._client = openai.OpenAI(provider=provider, timeout=setup.timeout)
        self._headers = setup.headers

    def complete(self, prompt: str = PROMPT, **fields: Any) -> Reply:
        messages: Any = [{"role": "user", "content": prompt}]
        create = self._client.chat.completions.create
        raw = create(model=MODEL, messages=messages, extra_headers=self._headers, **fields)
        return reply(raw, lambda it: it.choices[0].message.content, lambda it: it._request_id)

    def stream(self) -> Generator[str, None, None]:
        messages: Any = [{"role": "user", "content": PROMPT}]
        with self._client.chat.completions.create(model=MODEL, messages=messages, stream=True) as stream:
            for chunk in stream:
                if chunk.choices:
                    yield chunk.choices[0].delta.content or ""

    @staticmethod
    def request_id(error: BaseException) -> str | None:
        return getattr(error, "request_id", None)

    def close(self) -> None:
        self._client.close()


def _for_openai(source: Callable[[], Credentials]) -> Callable[[], object]:
    def provider() -> object:
        keys = source()
        return botocore.credentials.Credentials(keys.access_key, keys.secret_key, keys.token)

    return provider


Player = Here | Boto3 | OpenAISDK
CLIENTS: tuple[type[Player], ...] = (Here, Boto3, OpenAISDK)
