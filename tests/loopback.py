"""A plain client for the tests of LocalEndpoint: http.client for HTTP, botocore for signatures, and bare sockets."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any, Protocol

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from bedrock_openai_http.aws.credentials import Credentials

PATH = "/openai/v1/chat/completions"
PROMPT = "a prompt that is nobody's business"
BODY: dict[str, Any] = {
    "model": "openai.gpt-oss-20b-1:0",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": PROMPT}],
}
CORAL = "http://internal.amazon.com/coral/com.amazon.coral.service/"


class Endpoint(Protocol):
    """What is known of an endpoint in this process or in another: where it is, and who is let in."""

    @property
    def url(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def api_key(self) -> str: ...


@dataclass
class Reply:
    """A whole answer, read from the socket."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[str]:
        """The payload of each event of a stream."""
        lines = self.body.decode().split("\n\n")
        assert lines.pop() == ""
        assert all(line.startswith("data: ") and "\n" not in line for line in lines)
        return [line.removeprefix("data: ") for line in lines]

    @property
    def chunks(self) -> list[Any]:
        """The JSON objects of a stream."""
        *chunks, done = self.events
        assert done == "[DONE]"
        return [json.loads(chunk) for chunk in chunks]


def port(endpoint: Endpoint) -> int:
    return int(endpoint.url.rpartition(":")[2])


def encoded(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def signed(
    endpoint: Endpoint,
    body: bytes,
    *,
    method: str = "POST",
    path: str = PATH,
    credentials: Credentials | None = None,
    service: str = "bedrock",
    region: str | None = None,
    **headers: str,
) -> dict[str, str]:
    """Return the headers of a request that botocore has signed."""
    given = credentials or endpoint.credentials
    keys = botocore.credentials.Credentials(given.access_key, given.secret_key, given.token)
    given_headers = {"Content-Type": "application/json", **headers}
    request = botocore.awsrequest.AWSRequest(method, endpoint.url + path, headers=given_headers, data=body)
    botocore.auth.SigV4Auth(keys, service, region or endpoint.region).add_auth(request)
    return dict(request.headers)


def send(
    endpoint: Endpoint, body: bytes, headers: dict[str, str], *, method: str = "POST", path: str = PATH
) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", port(endpoint), timeout=10)
    try:
        return send_on(connection, body, headers, method=method, path=path)
    finally:
        connection.close()


def send_on(
    connection: http.client.HTTPConnection,
    body: bytes,
    headers: dict[str, str],
    *,
    method: str = "POST",
    path: str = PATH,
) -> Reply:
    connection.request(method, path, body, headers)
    with connection.getresponse() as response:
        return Reply(response.status, response.headers, response.read())


def ask(endpoint: Endpoint, body: Any = BODY, **changes: Any) -> Reply:
    """Send `body` with the given fields changed, signed as it should be."""
    data = encoded({**body, **changes} if changes else body)
    return send(endpoint, data, signed(endpoint, data))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


def exchange(endpoint: Endpoint, data: bytes) -> bytes:
    """Send bytes, and return all that comes back until the endpoint closes the connection."""
    with socket.create_connection(("127.0.0.1", port(endpoint)), timeout=10) as client:
        client.sendall(data)
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65536), b""))


def head(endpoint: Endpoint, *lines: str, version: str = "1.1") -> bytes:
    key = f"Authorization: Bearer {endpoint.api_key}"
    return "\r\n".join([f"POST {PATH} HTTP/{version}", "Host: localhost", key, *lines, "", ""]).encode()
