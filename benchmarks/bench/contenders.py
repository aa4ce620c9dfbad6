"""The four contenders, each used as its documentation says: keys from the environment, kept-alive connections.

A contender imports its library when it is made, so that a worker holds only one of them. This module measures
nothing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import canned

#: Connections that a pool keeps: one for each thread of the largest measurement.
POOL = 64


class Signer:
    """Signs a body by botocore, with its read-only credentials: that much every floor does."""

    def __init__(self, url: str) -> None:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import ReadOnlyCredentials

        self.url = url + "/openai/v1/chat/completions"
        self._request, self._signer = AWSRequest, SigV4Auth
        self._credentials = ReadOnlyCredentials(*(os.environ[name] for name in canned.CREDENTIALS))

    def sign(self, body: bytes) -> dict[str, str]:
        signed = self._request("POST", self.url, headers={"Content-Type": "application/json"}, data=body)
        self._signer(self._credentials, "bedrock", canned.REGION).add_auth(signed)
        return dict(signed.headers)


class Floor(Signer):
    """The least that does the work: serialise, sign, send, parse. No checks, no retries, no types, and no session.

    A session of `requests` would look for proxies, cookies and .netrc, and merge settings, all of which nobody needs
    to get an answer.
    """

    def __init__(self, url: str) -> None:
        from requests import PreparedRequest
        from requests.adapters import HTTPAdapter

        super().__init__(url)
        self.adapter = HTTPAdapter(pool_connections=1, pool_maxsize=POOL)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE", True)
        self._prepared = PreparedRequest
        self.body = canned.body()

    def open(self, body: bytes, headers: dict[str, str], stream: bool = False) -> Any:
        request = self._prepared()
        request.method, request.url, request.body = "POST", self.url, body
        request.headers = {**headers, "Content-Length": str(len(body))}
        response = self.adapter.send(request, stream=stream, timeout=60, verify=self._verify)
        response.raise_for_status()
        return response

    def send(self, body: bytes, headers: dict[str, str]) -> bytes:
        return self.open(body, headers).content

    def complete(self) -> str:
        body = json.dumps(self.body).encode()
        answer = json.loads(self.send(body, self.sign(body)))
        return answer["choices"][0]["message"]["content"]

    def stream(self) -> int:
        """Read a stream as plainly as it can be read: split into lines, `json.loads`."""
        body = json.dumps({**self.body, "stream": True}).encode()
        count = 0
        with self.open(body, self.sign(body), stream=True) as response:
            for _ in json_of_lines(response.iter_content(None)):
                count += 1
        return count


def json_of_lines(pieces: Iterator[bytes]) -> Iterator[Any]:
    """Yield the JSON of each data line of a stream whose pieces are cut anywhere."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data: ") and line != b"data: [DONE]":
                yield json.loads(line[6:])


class ThisClient:
    """Calls by this library, with a request made of its dataclasses."""

    def __init__(self, url: str) -> None:
        from bedrock_openai_http import Client

        self.client = Client(canned.REGION, base_url=url, allow_insecure=True)
        self.request = canned.dataclasses()

    def complete(self) -> str:
        return self.client.complete(self.request).text

    def stream(self) -> int:
        with self.client.stream(self.request) as stream:
            return sum(1 for _ in stream)


class ThisClientDict(ThisClient):
    """The same with a request that is a plain dict."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.request = canned.body()


class ThisClientKey(ThisClient):
    """The same with an API key in place of a signature."""

    def __init__(self, url: str) -> None:
        from bedrock_openai_http import Client

        super().__init__(url)
        self.client = Client(canned.REGION, base_url=url, allow_insecure=True, api_key="benchmark-key-of-nobody")


class Boto3:
    """boto3's `bedrock-runtime`: Converse, the nearest that it has."""

    def __init__(self, url: str) -> None:
        import boto3

        self._client = boto3.client("bedrock-runtime", canned.REGION, endpoint_url=url)
        self._request = canned.converse()

    def complete(self) -> str:
        return self._client.converse(**self._request)["output"]["message"]["content"][0]["text"]


class OpenAISDK:
    """The OpenAI SDK's client for Bedrock."""

    def __init__(self, url: str) -> None:
        from openai import BedrockOpenAI

        self._client = BedrockOpenAI(aws_region=canned.REGION, base_url=url + "/openai/v1")
        self._request = canned.body()

    def complete(self) -> str:
        return self._client.chat.completions.create(**self._request).choices[0].message.content

    def stream(self) -> int:
        with self._client.chat.completions.create(**self._request, stream=True) as stream:
            return sum(1 for _ in stream)


CONTENDERS: dict[str, Any] = {
    "floor": Floor,
    "this client": ThisClient,
    "this client, dict": ThisClientDict,
    "this client, API key": ThisClientKey,
    "boto3": Boto3,
    "OpenAI SDK": OpenAISDK,
}


def main() -> None:
    """Make so many calls, or read a stream, for what counts instructions from outside.

    python contenders.py URL NAME COUNT|stream
    """
    from programs import this_machine  # noqa: F401  (here: the benchmark's own process imports this module too)

    url, name, what = sys.argv[1:4]
    contender = CONTENDERS[name](url)
    if what == "stream":
        contender.stream()
        return
    for _ in range(int(what)):
        contender.complete()


if __name__ == "__main__":
    main()
