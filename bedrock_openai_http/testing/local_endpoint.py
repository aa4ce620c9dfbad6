"""`LocalEndpoint`: a stand-in for Bedrock's Chat Completions on 127.0.0.1.

    with LocalEndpoint() as endpoint:
        client = Client(endpoint.region, base_url=endpoint.url, credentials=endpoint.credentials)
        completion = client.complete(request)

It does for real what Bedrock's front end does: it verifies the SigV4 signature or the API key, validates the
body, refuses in Bedrock's words, and sends a request ID with every answer. What it answers is its own text,
or your own (`answer=`), or a real model's (`upstream=`), or one of Bedrock's recorded answers (`scenario=`).
It serves Chat Completions on the paths of one endpoint, runtime or mantle; the paths of Bedrock's other APIs are
refused. Guardrail headers are taken and recorded, but no guardrail is applied.

This module needs the standard library and this package's own values and checks: neither botocore nor
requests, so that it cannot share a mistake with what it stands in for.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from types import TracebackType
from typing import Any

from ..aws.credentials import Credentials
from ..validation.validate import validate_request
from ..values import arguments
from ..values.errors import ConfigurationError, RequestValidationError
from .recorded import play_list
from .service import answers
from .service.authentication import Door, Identity
from .service.exchange import Exchange, event, json_text
from .service.other_paths import AWS, OtherPath, other_path
from .service.received import ReceivedRequest
from .service.recorded_answer import RecordedAnswer
from .service.server import BodyError, Connection, LoopbackServer
from .service.upstream import Upstream, UpstreamError
from .service.verifier import Scope

#: The paths that are served, by the service that requests are signed for: runtime's is `bedrock`.
PATHS = {
    "bedrock": ("/openai/v1/chat/completions",),
    "bedrock-mantle": ("/v1/chat/completions", "/openai/v1/chat/completions"),
}

#: What InvokeModel takes at most, in bytes; no other limit is documented for this path.
BODY_LIMIT = 25_000_000

#: What bedrock-runtime answers, with status 200, to a path that it does not know.
UNKNOWN_OPERATION = {
    "Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
    "Version": "1.0",
}

#: Statuses of refusals at the door; the others are 403.
STATUS_BY_TYPE = {"IncompleteSignatureException": 400}


class LocalEndpoint:
    """A server on 127.0.0.1 that stands in for Bedrock; a context manager, or `start` and `stop`.

    `port` 0 takes any free port. `answer` is the text to answer with, or a callable from the request's body to
    it; by default the text says that no model has read the request. `upstream` is the root URL of an
    OpenAI-compatible server that answers instead; `upstream_key` is its API key, `upstream_model` the model to
    ask it for whatever the client asks for; fields that begin with "amazon-bedrock-" are not passed on.

    `service` is what requests are signed for: "bedrock" stands for the runtime endpoint, "bedrock-mantle" for mantle,
    which has other paths.

    `scenario` is the name of a recorded answer to play for every request that is let in, or a sequence of such
    names, to be played in turn before answers of the endpoint's own; None in it is one of the latter. An answer
    is played as it was recorded, its request ID too, whether or not the request asks for a stream.

    `clock` gives the time in seconds since 1970, for signatures and the Date header. `remember` limits how many
    requests are kept in `requests`.

    Raises ConfigurationError for what cannot be used, such as an upstream URL, or a name that no scenario has.
    """

    def __init__(
        self,
        *,
        region: str = "us-west-2",
        service: str = "bedrock",
        port: int = 0,
        upstream: str | None = None,
        upstream_key: str | None = None,
        upstream_model: str | None = None,
        answer: str | Callable[[Mapping[str, Any]], str] | None = None,
        scenario: str | Sequence[str | None] | None = None,
        clock: Callable[[], float] = time.time,
        remember: int | None = None,
    ) -> None:
        self.region = arguments.text("region", region)
        service = arguments.text("service", service)
        self._door = Door(Scope(self.region, service), Identity.random())
        self._paths = PATHS.get(service, PATHS["bedrock"])
        self._port = arguments.integer("port", port, 0, 65535)
        self._upstream = None if upstream is None else Upstream(upstream, upstream_key, upstream_model)
        self._answer = answers.TEXT if answer is None else answer
        self._play_list = play_list(scenario)
        if not callable(clock):
            raise ConfigurationError(f"clock: must be callable, not {type(clock).__name__}")
        self._clock = clock
        kept = None if remember is None else arguments.integer("remember", remember, 0, 1_000_000_000)
        self._requests: deque[ReceivedRequest] = deque(maxlen=kept)
        self._server: LoopbackServer | None = None

    @property
    def url(self) -> str:
        """The service root, to be given as `base_url`. Raises RuntimeError unless the endpoint is running."""
        if self._server is None:
            raise RuntimeError("the LocalEndpoint is not running; use it in a with statement, or call start()")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def credentials(self) -> Credentials:
        """The temporary AWS credentials that are let in; random, and of use nowhere else."""
        return self._door.current.credentials

    @property
    def api_key(self) -> str:
        """The Bedrock API key that is let in; random, and of use nowhere else."""
        return self._door.current.api_key

    @property
    def requests(self) -> list[ReceivedRequest]:
        """Every request that has arrived whole so far, in order, refused ones too."""
        return list(self._requests)

    def rotate(self) -> None:
        """Make new credentials and a new API key; the present ones are refused as expired from now on."""
        self._door = self._door.rotated()

    def start(self) -> LocalEndpoint:
        """Begin to listen, and return the endpoint itself. Raises OSError if the port is taken."""
        if self._server is None:
            self._server = LoopbackServer(self._port, self._respond, self._clock)
        return self

    def stop(self) -> None:
        """Stop listening and end every connection. An endpoint that is not running stays so."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def __enter__(self) -> LocalEndpoint:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<LocalEndpoint {'stopped' if self._server is None else self.url}>"

    def _respond(self, connection: Connection) -> None:
        exchange = Exchange(connection)
        try:
            request = exchange.receive(BODY_LIMIT)
        except BodyError as error:
            exchange.refuse_as_aws(error.status, "ValidationException", error.message)
            return
        refusal = self._door.check(request, self._clock())
        known_path = request.method == "POST" and request.path in self._paths
        recorded = next(self._play_list) if refusal is None and known_path else None
        if recorded is not None and recorded.request_id is not None:
            request = replace(request, request_id=recorded.request_id)
        self._requests.append(request)
        if refusal is not None:
            status = STATUS_BY_TYPE.get(refusal.error_type, 403)
            exchange.refuse_as_aws(status, refusal.error_type, refusal.message)
        elif not known_path:
            _refuse_path(exchange, other_path(self._door.scope.service, request.method, request.path))
        elif recorded is not None and recorded.status_code >= 300:
            exchange.play(recorded)  # Who refuses does not ask whether the request is valid.
        else:
            self._complete(exchange, request, recorded)

    def _complete(self, exchange: Exchange, request: ReceivedRequest, recorded: RecordedAnswer | None) -> None:
        try:
            body = valid_body(request)
        except RequestValidationError as error:
            param = error.json_path.removeprefix("$").removeprefix(".") or None
            message = f"{param}: {error.message}" if param else error.message
            exchange.refuse_as_openai(400, "validation_error", "invalid_request_error", message, param)
            return
        if recorded is not None:
            exchange.play(recorded)
        elif self._upstream is not None:
            _pass_on(exchange, self._upstream, body)
        else:
            self._answer_alone(exchange, body)

    def _answer_alone(self, exchange: Exchange, body: Mapping[str, Any]) -> None:
        try:
            text = self._answer if isinstance(self._answer, str) else self._answer(body)
            answer = answers.answer_to(body, text, created=int(self._clock()))
        except Exception:
            message = "The server had an error while processing your request. Sorry about that!"
            exchange.refuse_as_openai(500, "internal_server_error", "server_error", message, None)
            raise  # The caller's own `answer` failed: the server prints the traceback.
        if body.get("stream"):
            chunks = answers.chunk_bodies(answer, body.get("stream_options"))
            events = (event(json_text(chunk)) for chunk in chunks)
            exchange.send_stream(200, "text/event-stream", chain(events, [event(b"[DONE]")]))
        else:
            exchange.send_json(200, answers.completion_body(answer))


def _refuse_path(exchange: Exchange, other: OtherPath | None) -> None:
    """Refuse what another API of Bedrock serves; a path that no API has gets runtime's odd success."""
    if other is None:
        exchange.send_json(200, UNKNOWN_OPERATION)
    elif other.shape == AWS:
        exchange.refuse_as_aws(404, other.code, other.message)
    else:
        exchange.send_json(404, other.body)


def valid_body(request: ReceivedRequest) -> dict[str, Any]:
    """Return the request's body, decoded and valid. Raises RequestValidationError.

    Members that the schema does not know pass at every level, as they do when a client sends them on purpose: what
    Bedrock makes of them is not documented.
    """
    try:
        body = request.json()
    except ValueError as error:
        raise RequestValidationError(f"the body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise RequestValidationError("must be an object", rule="type")
    validate_request(body, unknown_fields="send")
    _check_offer(body)
    return body


def _check_offer(body: Mapping[str, Any]) -> None:
    """Refuse numbers that the schema allows, but that no model on Bedrock takes."""
    for name in ("max_completion_tokens", "max_tokens"):
        if body.get(name) is not None and body[name] < 1:
            raise RequestValidationError("must be at least 1", json_path=f"$.{name}", rule="minimum")
    if body.get("n") not in (None, 1):
        raise RequestValidationError("must be 1: only one choice is offered", json_path="$.n", rule="maximum")


def _pass_on(exchange: Exchange, upstream: Upstream, body: Mapping[str, Any]) -> None:
    """Answer with what the upstream server answers: status, content type and body, as the bytes arrive."""
    try:
        with upstream.ask(body) as answer:
            status, content_type = answer.response.status, answer.content_type
            if content_type.startswith("text/event-stream"):
                exchange.send_stream(status, content_type, answer.pieces())
            else:
                exchange.send(status, content_type, answer.read())
    except UpstreamError as error:
        if exchange.begun:
            raise  # Too late for another status: the connection ends, and the client sees a broken stream.
        message = f"The upstream server gave no answer: {error}"
        exchange.refuse_as_aws(503, "ServiceUnavailableException", message)
