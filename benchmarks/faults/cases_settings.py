"""Faults in what surrounds a call: environment, redirects, proxies, keys, header values, threads, sockets.

This module holds cases.
"""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from answers import good, http, refusal
from play import Case, Stage, once
from server import Received, Step

from bedrock_openai_http.testing.service.received import ReceivedRequest
from bedrock_openai_http.testing.service.verifier import Scope, verify
from clients import OLD, REGION, SECRETS, Reply, Setup

#: macOS has another name for it.
KEEP_IDLE: int = getattr(socket, "TCP_KEEPIDLE" if hasattr(socket, "TCP_KEEPIDLE") else "TCP_KEEPALIVE")
HEADER = "X-Amzn-Bedrock-GuardrailIdentifier"
BEHIND_PROXY = "http://bedrock.example"
NO_KEY_OVER_HTTP = {"boto3": "it sends an API key over https only"}
KEY = Setup(auth="key")


def answering(received: Received) -> Iterator[Step]:
    yield good(received)


def only_signed(stage: Stage) -> Reply:
    """Make a call, and look at what authenticates it."""
    reply = stage.client().complete()
    signed = stage.server.requests[0].header("authorization").startswith("AWS4-HMAC-SHA256")
    stage.notes.append("signature intact" if signed else "signature replaced by a password")
    return reply


def redirecting(received: Received) -> Iterator[Step]:
    """Send who calls 127.0.0.1 on to localhost, which is another host by its name."""
    host, _, port = received.header("host").partition(":")
    if host == "localhost":
        yield good(received)
    else:
        yield http(b"", "307 Temporary Redirect", Location=f"http://localhost:{port}{received.target}")


def redirected(stage: Stage) -> Reply:
    """Be sent to another host, and see what arrives there."""
    try:
        return stage.client().complete()
    finally:
        sent_on = [request for request in stage.server.requests if request.header("host").startswith("localhost")]
        told = any(SECRETS["prompt"].encode() in request.body for request in sent_on)
        stage.notes.append("prompt sent to the other host" if told else "nothing sent on")


def keyed_over_http(stage: Stage) -> Reply:
    """Call a host that is not this machine, through a proxy that is, and see whether the key gets there."""
    try:
        return stage.client().complete()
    finally:
        told = any(SECRETS["API key"] in request.header("authorization") for request in stage.server.requests)
        stage.notes.append("key sent in the clear" if told else "key not sent")


def rewritten(received: Received) -> Iterator[Step]:
    """Be a proxy that rewrites what proxies may rewrite, in front of a service that checks signatures."""
    dropped = {"accept", "connection"}
    changed = {"accept-encoding": "br", "user-agent": "proxy/1"}
    headers = tuple(
        (name, changed.get(name.lower(), value)) for name, value in received.headers if name.lower() not in dropped
    )
    request = ReceivedRequest(received.method, received.target, (*headers, ("Via", "1.1 proxy")), received.body)
    scope, keys = Scope(REGION, "bedrock"), {OLD.access_key: OLD}
    wrong = verify(request, scope=scope, keys=keys, now=time.time())
    yield refusal("403 Forbidden", "InvalidSignatureException") if wrong else good(received)


def echoed(received: Received) -> Iterator[Step]:
    yield 0.15
    yield good(received, received.prompt)


def forty_threads(stage: Stage) -> Reply:
    """Make 80 calls from 40 threads, each with a prompt of its own that comes back."""
    client = stage.client()

    def matched(number: int) -> bool:
        prompts = [f"prompt {number} a", f"prompt {number} b"]
        return [client.complete(prompt).text for prompt in prompts] == prompts

    with ThreadPoolExecutor(40) as threads:
        wrong = list(threads.map(matched, range(40))).count(False)
    stage.notes.append(f"{stage.server.connections} connections, {wrong or 'no'} answers mixed up")
    return Reply(None, "hi", None)


def silent_metadata(stage: Stage) -> Reply:
    """Make two calls without credentials while the metadata service takes connections and says nothing."""
    began = time.monotonic()
    client = None
    seconds = []
    for _ in range(2):
        try:
            client = client or stage.client()
            client.complete()
        except Exception as error:  # noqa: BLE001 - each client has its own, and the last is handed on
            failure = error
        seconds.append(f"{time.monotonic() - began:.1f} s")
        began = time.monotonic()
    stage.notes.append(f"first call {seconds[0]}, second {seconds[1]}")
    raise failure


def kept_alive(stage: Stage) -> Reply:
    """Make a call, and ask its socket after how much silence it looks whether the other side is there."""
    reply = stage.client().complete()
    for found in gc.get_objects():
        if isinstance(found, socket.socket) and _peer(found) == stage.server.port:
            on = found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle = found.getsockopt(socket.IPPROTO_TCP, KEEP_IDLE)
            stage.notes.append(f"keep-alive after {idle} s" if on else "no keep-alive")
            return reply
    raise LookupError("the client's socket")


def _peer(sock: socket.socket) -> int | None:
    try:
        return int(sock.getpeername()[1])
    except (OSError, IndexError):
        return None


def surrogate(stage: Stage) -> Reply:
    return stage.client().complete("half of a pair: \ud83d")


def not_a_number(stage: Stage) -> Reply:
    return stage.client().complete(temperature=float("nan"))


def header(value: str) -> Setup:
    return Setup(headers={HEADER: value + SECRETS["header value"]})


REFUSED = http(b'{"message": "no"}', "400 Bad Request", x_amzn_ErrorType="ValidationException")
METADATA = {
    "AWS_EC2_METADATA_DISABLED": "false",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}",
}
PROXY = {"HTTP_PROXY": "{url}", "http_proxy": "{url}"}
DEAD = "http://user:" + SECRETS["proxy password"] + "@127.0.0.1:9"

CASES = [
    Case(
        "T01", "`.netrc` has a password for the host", answering, only_signed, environment={"NETRC": "{folder}/netrc"}
    ),
    Case("T02", "307 to another host", redirecting, redirected, shows=()),
    Case("T02", "the same with an API key", redirecting, redirected, KEY, shows=(), skip=NO_KEY_OVER_HTTP),
    Case(
        "T03",
        "a dead proxy, its URL with a password",
        answering,
        once,
        Setup(url=BEHIND_PROXY),
        shows=("posts", "secrets"),
        environment={"HTTP_PROXY": DEAD, "http_proxy": DEAD},
    ),
    Case("T05", "80 calls from 40 threads", echoed, forty_threads, shows=("posts",)),
    Case(
        "T25",
        "no credentials, a silent metadata service",
        lambda r: [10.0],
        silent_metadata,
        Setup(auth="chain"),
        shows=(),
        environment=METADATA,
    ),
    Case("T26", "CR LF in a header's value", answering, setup=header("a\r\nX-Evil: 1"), shows=("posts", "secrets")),
    Case(
        "T26", "a control character in a header's value", answering, setup=header("a\x01"), shows=("posts", "secrets")
    ),
    Case(
        "T27",
        "an API key with a line feed at its end",
        answering,
        setup=Setup(auth="key", api_key=SECRETS["API key"] + "\n"),
        shows=("posts", "secrets"),
        skip=NO_KEY_OVER_HTTP,
    ),
    Case(
        "T27",
        "an API key that is not ASCII",
        answering,
        setup=Setup(auth="key", api_key=SECRETS["API key"] + "\u2026"),
        shows=("posts", "secrets"),
        skip=NO_KEY_OVER_HTTP,
    ),
    Case("T28", "a proxy rewrites `Accept-Encoding` and drops `Accept`", rewritten),
    Case(
        "T29",
        "a password in the service's URL",
        answering,
        only_signed,
        Setup(url="http://user:pw@127.0.0.1:{port}"),
        shows=("posts",),
    ),
    Case("T31", "a 400, all logged at DEBUG", lambda r: [REFUSED], shows=("secrets",)),
    Case(
        "T31", "the same with an API key", lambda r: [REFUSED], setup=KEY, shows=("secrets",), skip=NO_KEY_OVER_HTTP
    ),
    Case(
        "T36",
        "an API key, and plain http to another host",
        answering,
        keyed_over_http,
        Setup(url=BEHIND_PROXY, auth="key"),
        shows=("posts",),
        environment={**PROXY, "AWS_BEARER_TOKEN_BEDROCK": SECRETS["API key"]},
    ),
    Case("T37", "TCP keep-alive, where NAT drops flows idle for 350 s", answering, kept_alive, shows=()),
    Case("T40", "half of a surrogate pair in the prompt", answering, surrogate),
    Case("T40", "NaN as a parameter", answering, not_a_number),
]
