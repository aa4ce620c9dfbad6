"""The client: it lines up the steps, and does nothing else.

    request ─validate─► body ─build─► HTTPRequest ─sign─► HTTPRequest
                                                              │ transport
    ChatCompletion ◄─────────── parse ◄──────────────── HTTPResponse

This module imports the steps that load a library (jsonschema, botocore, requests) when a call first needs them, so
that importing the package costs next to nothing and a call with an API key never loads botocore.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .building import build_http_request
from .calls import Call, Caller
from .completion import ChatCompletion
from .credential_source import CredentialSource
from .endpoint import Endpoint, check_region, resolve_endpoint
from .errors import BedrockOpenAIError, ConfigurationError, RequestValidationError
from .request import ChatCompletionRequest, Guardrail
from .response import parse_completion, read_response
from .retry import Retrier
from .streaming import ChatCompletionStream, not_a_stream
from .wire import TimeLimits, Transport

if TYPE_CHECKING:
    import requests

    from .chat import Chat


class Client:
    """Calls Amazon Bedrock's Chat Completions API. Thread-safe, fork-safe, and lazy: making one looks nothing up.

    Args:
        region: such as "us-west-2"; None for AWS_REGION, AWS_DEFAULT_REGION or the profile's.
        endpoint: "runtime" (recommended by AWS) or "mantle".
        base_url: another service root, with or without its `/openai/v1`: a VPC endpoint, a proxy, a local server.
        api_key: a Bedrock API key, or a callable that returns one and is asked for each attempt.
        credentials: a botocore credentials object, or a callable that returns one and is asked for each attempt.
        profile: a profile of the AWS configuration files.
        timeout: seconds to wait for the answer's headers, and then for each piece of its body.
        connect_timeout: seconds to wait for a connection.
        deadline: seconds for a whole call, attempts, waits and body included; None for no limit.
        max_attempts: how often a call is attempted in all.
        retry_read_timeouts: also repeat an attempt that got no answer, which may be paid for twice.
        allow_insecure: allow plain http to other hosts than this machine.
        guardrail: applied to every request that has none of its own.
        session: a `requests.Session` whose adapters, proxies, `verify` and `cert` are used; the caller closes it.
        transport: an object with the methods of `wire.Transport`, in place of `requests`.

    Without `api_key`, `credentials` or `profile`, the variable AWS_BEARER_TOKEN_BEDROCK is used, then botocore's
    credential chain. Raises ConfigurationError for options that cannot be used.
    """

    def __init__(
        self,
        region: str | None = None,
        *,
        endpoint: str = "runtime",
        base_url: str | None = None,
        api_key: str | Callable[[], str] | None = None,
        credentials: Any = None,
        profile: str | None = None,
        timeout: float = 600.0,
        connect_timeout: float = 5.0,
        deadline: float | None = None,
        max_attempts: int = 3,
        retry_read_timeouts: bool = False,
        allow_insecure: bool = False,
        guardrail: Guardrail | None = None,
        session: requests.Session | None = None,
        transport: Transport | None = None,
    ) -> None:
        for name, seconds in (
            ("timeout", timeout),
            ("connect_timeout", connect_timeout),
            ("deadline", deadline),
        ):
            _check_seconds(name, seconds)
        if isinstance(max_attempts, bool) or not isinstance(max_attempts, int) or max_attempts < 1:
            raise ConfigurationError("max_attempts: must be an integer of at least 1")
        if session is not None and transport is not None:
            raise ConfigurationError("session and transport are given; choose one")
        if region is not None:
            check_region(region)
        self._given_region = region
        self._endpoint_name = endpoint
        self._base_url = base_url
        self._allow_insecure = allow_insecure
        if region is not None or base_url is not None:
            resolve_endpoint(region, endpoint=endpoint, base_url=base_url, allow_insecure=allow_insecure)
        self._source = CredentialSource(api_key=api_key, credentials=credentials, profile=profile)
        self._limits = TimeLimits(connect_timeout, timeout)
        self._deadline = deadline
        self._retrier = Retrier(max_attempts, retry_read_timeouts=retry_read_timeouts)
        self._guardrail = guardrail
        self._session = session
        self._given_transport = transport
        self._own_transport: Transport | None = None
        self._lock = threading.Lock()
        self._caller = Caller(self._source, self._retrier, self._region, lambda: self._transport)

    def complete(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        *,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ChatCompletion:
        """Return the completion for `request`, a `ChatCompletionRequest` or a body of the wire format.

        `deadline` (seconds) replaces the client's. Raises BedrockOpenAIError, and nothing else: see `errors`.
        """
        return self._complete(request, deadline, extra_headers)

    def stream(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        *,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ChatCompletionStream:
        """Return the answer to `request` as a stream of chunks, once its headers have arrived.

        Use it in a `with` statement. `deadline` (seconds) replaces the client's and includes the stream's end.
        Raises BedrockOpenAIError, and nothing else; once the stream has begun, it is the stream that raises.
        """
        return self._stream(request, deadline, extra_headers)

    @cached_property
    def chat(self) -> Chat:
        """The OpenAI-shaped door: `client.chat.completions.create(...)`."""
        from .chat import Chat

        return Chat(self)

    def close(self) -> None:
        """Close the pooled connections. The client can still be used; it then opens new ones."""
        # With a session of the caller's this closes nothing.
        if self._own_transport is not None:
            self._own_transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError("a Client cannot be pickled or copied: it may hold keys; make one where it is needed")

    def __repr__(self) -> str:
        return f"Client(region={self._given_region!r}, endpoint={self._endpoint_name!r})"

    def _complete(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
        timeout: float | None = None,
    ) -> ChatCompletion:
        checked = self._checked(request, stream=False)
        call = self._call(checked, deadline, extra_headers, timeout)
        try:
            return parse_completion(read_response(self._caller.open(call)))
        except BedrockOpenAIError as error:
            self._caller.annotate(call, error)
            raise

    def _stream(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
        timeout: float | None = None,
    ) -> ChatCompletionStream:
        checked = self._checked(request, stream=True)
        call = self._call(checked, deadline, extra_headers, timeout)
        try:
            response = self._caller.open(call)
            if response.headers.get("content-type", "").split(";")[0].strip().lower() != "text/event-stream":
                raise not_a_stream(read_response(response))
        except BedrockOpenAIError as error:
            self._caller.annotate(call, error)
            raise
        return ChatCompletionStream(response, lambda error: self._caller.annotate(call, error))

    def _checked(self, request: ChatCompletionRequest | Mapping[str, Any], *, stream: bool) -> ChatCompletionRequest:
        """Return the valid request that will be sent, with the client's guardrail and `stream` set."""
        from .validation import validate_guardrail, validate_request

        if not isinstance(request, ChatCompletionRequest):
            # Judged as it is given, since `from_body` would take an unknown key for one that is meant.
            body = {"stream": True, **request} if stream and isinstance(request, Mapping) else request
            validate_request(body)
            request = ChatCompletionRequest.from_body(body)
        if request.stream is not None and request.stream is not stream:
            method = "stream" if request.stream else "complete"
            raise RequestValidationError(f"use Client.{method} for this request", json_path="$.stream", rule="stream")
        changes: dict[str, Any] = {}
        if stream and request.stream is None:
            changes["stream"] = True
        if request.guardrail is None and self._guardrail is not None:
            changes["guardrail"] = self._guardrail
        if changes:
            request = replace(request, **changes)
        if request.guardrail is not None:
            if self._endpoint_name == "mantle":
                raise ConfigurationError(
                    "guardrail: the mantle endpoint ignores guardrails; use the runtime endpoint"
                )
            validate_guardrail(request.guardrail)
        validate_request(request)
        return request

    def _call(
        self,
        request: ChatCompletionRequest,
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
        timeout: float | None,
    ) -> Call:
        _check_seconds("deadline", deadline)
        if timeout is not None:
            _check_seconds("timeout", timeout)
        endpoint = self._endpoint()
        built = build_http_request(request, endpoint.chat_completions_url(request.model), extra_headers=extra_headers)
        started = self._retrier.clock()
        seconds = deadline if deadline is not None else self._deadline
        limits = replace(
            self._limits,
            read=self._limits.read if timeout is None else timeout,
            deadline=None if seconds is None else started + seconds,
        )
        return Call(built, endpoint.service, limits, started)

    def _endpoint(self) -> Endpoint:
        region = None if self._base_url is not None else self._region()
        return resolve_endpoint(
            region, endpoint=self._endpoint_name, base_url=self._base_url, allow_insecure=self._allow_insecure
        )

    def _region(self) -> str | None:
        if self._given_region is not None:
            return self._given_region
        for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            if os.environ.get(variable, "").strip():
                return os.environ[variable].strip()
        return self._source.region()

    @property
    def _transport(self) -> Transport:
        if self._given_transport is not None:
            return self._given_transport
        with self._lock:  # threads that begin together share one pool
            if self._own_transport is None:
                from .transport import RequestsTransport

                self._own_transport = RequestsTransport(self._session)
            return self._own_transport


def _check_seconds(name: str, seconds: float | None) -> None:
    if seconds is None and name == "deadline":
        return
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not is_number or not 0 < float(seconds or 0) < float("inf"):
        raise ConfigurationError(f"{name}: must be a number of seconds above 0")
