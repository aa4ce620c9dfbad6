"""The client: it has calls planned and driven, and does nothing else.

    request ─Planner─► Call ─completed, opened─► Send, ReadAll, Ask, Sleep ─drive─► ChatCompletion or open answer

This module loads what needs a library (requests, through the transport) when a call first needs it, so that importing
the package costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..aws.credential_source import CredentialSource
from ..call.walk import completed, opened
from ..transport.drive import MACHINE, drive
from ..values import arguments
from ..values.completion import ChatCompletion
from ..values.errors import ConfigurationError
from ..values.forks import loading
from ..values.http import Transport
from ..values.once import once
from ..values.request import ChatCompletionRequest
from .base import BaseClient
from .typed_calls import TypedCalls

if TYPE_CHECKING:
    import requests

    from ..call.walk import Call
    from ..values.chunk import ChatCompletionChunk
    from ..values.request import CustomTool, FunctionTool
    from ..values.tool_run import ToolRun
    from .openai_shape import Chat
    from .stream import ChatCompletionStream

    _Base = BaseClient[requests.Session, Transport, str]
else:
    _Base = BaseClient


class Client(TypedCalls, _Base):
    """Calls Amazon Bedrock's Chat Completions API. Thread-safe, fork-safe, and lazy: making one looks nothing up.

    Args:
        region: such as "us-west-2"; None for AWS_REGION, AWS_DEFAULT_REGION or the profile's.
        endpoint: "runtime" (recommended by AWS) or "mantle".
        base_url: another service root, with or without its `/openai/v1`: a VPC endpoint, a proxy, a local server;
            None for AWS_ENDPOINT_URL_BEDROCK_RUNTIME, AWS_ENDPOINT_URL or the profile's, else AWS's own.
        api_key: a Bedrock API key, or a callable that returns one and is asked for each attempt.
        credentials: a botocore credentials object, or a callable that returns one and is asked for each attempt.
        profile: a profile of the AWS configuration files.
        timeout: seconds to wait for the answer's headers, and then for each piece of its body.
        connect_timeout: seconds to wait for a connection.
        deadline: seconds for a whole call, look-up of credentials, attempts, waits and body; None for no limit.
        max_attempts: how often a call is attempted in all; None for AWS_MAX_ATTEMPTS, the profile's, or 3.
        retry_read_timeouts: also repeat an attempt that got no answer, or a gateway's 500 to 504; both may be paid
            for twice.
        allow_insecure: allow plain http to other hosts than this machine.
        use_fips_endpoint, use_dualstack_endpoint: choose among AWS's own hosts; None for AWS_USE_FIPS_ENDPOINT and
            AWS_USE_DUALSTACK_ENDPOINT, the profile's, or False.
        guardrail: applied to every request that has none of its own.
        unknown_fields: "refuse" a request with members that this version does not know, or "send" them, at every
            level; what is known is checked in either case.
        project: the ID of a project, such as "proj_abc123", that calls belong to; on mantle only.
        session: a `requests.Session` whose adapters, proxies, `verify` and `cert` are used; the caller closes it.
        transport: an object with the methods of `values.http.Transport`, in place of `requests`. What it raises that
            is no BedrockOpenAIError becomes an APIConnectionError that names its class, and is not repeated.
        on_event: a function that is given each `events.Event` of each call, in the thread of the call. What it raises
            is logged and changes nothing.
        world: chance, sleep and clocks in place of the machine's, for tests. A `clock` of another kind than
            `time.monotonic` is for calls without a deadline, or with a `transport` of your own.

    Without `api_key`, `credentials` or `profile`, the variable AWS_BEARER_TOKEN_BEDROCK is used, then botocore's
    credential chain. Raises ConfigurationError for options that cannot be used, TypeError for an `async def` as
    `on_event`.
    """

    _machine = MACHINE
    _session_kind = ("requests", "Session")

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
        stream: ChatCompletionStream = self._stream(request, deadline, extra_headers)
        return stream

    def run_tools(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        tools: Sequence[Callable[..., Any] | tuple[FunctionTool | CustomTool, Callable[..., Any]]],
        /,
        *,
        max_turns: int = 10,
        before_call: Callable[[Any, Any], object] | None = None,
        on_turn: Callable[[ToolRun], object] | None = None,
        on_chunk: Callable[[ChatCompletionChunk], object] | None = None,
        max_concurrency: int = 1,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ToolRun:
        """Return the run for `request` in which the model called the functions of `tools`, until it answered.

        Args:
            request: one without tools of its own. A `tool_choice` that forces a call holds for the first turn only.
            tools: functions, described as `FunctionTool.from_function` says, or pairs of a tool and its function.
            max_turns: how many completions are asked for at most. The calls of the last are run.
            before_call: is given each call and its arguments, a dict, or the text of a custom tool: all of a turn
                before the first is run. A ToolError that it raises is told to the model in place of a result.
            on_turn: is given the run so far after each turn, and at the end.
            on_chunk: is given each chunk as it arrives: every turn is streamed then.
            max_concurrency: how many calls of a turn are run at once; above 1 each in a thread.
            deadline: seconds for all of the run. A tool that has begun is not broken off.
            extra_headers: go with each request.

        Raises ToolLoopError for a run that cannot go on, BedrockOpenAIError as `complete` does, each with the run so
        far as `.run`, and TypeError for what is no tool. What `on_turn` and `on_chunk` raise goes through.
        """
        with loading():
            from .tool_runs import BlockingToolRuns

        runs = BlockingToolRuns(
            self, before_call=before_call, on_turn=on_turn, on_chunk=on_chunk, extra_headers=extra_headers
        )
        steps = runs.steps(request, tools, max_turns=max_turns, max_concurrency=max_concurrency, deadline=deadline)
        return runs.drive(steps)

    @once
    def chat(self) -> Chat:
        """The OpenAI-shaped door: `client.chat.completions.create(...)`."""
        with loading():
            from .openai_shape import Chat

        return Chat(self)

    def close(self) -> None:
        """Close the pooled connections. The client can still be used; it then opens new ones."""
        self._planner.session.close()
        transport = self._connections.made if self._owns_connections else None
        if transport is not None:  # with a session of the caller's this closes nothing
            transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _complete(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
        timeout: float | None = None,
    ) -> ChatCompletion:
        plan = self._planner.call
        return self._answer(
            plan(request, stream=False, deadline=deadline, extra_headers=extra_headers, timeout=timeout)
        )

    def _answer(self, call: Call) -> ChatCompletion:
        plans = self._planner
        return drive(completed(call, plans.session), lambda: self._transport, plans.world.sleep)

    def _stream(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
        timeout: float | None = None,
    ) -> Any:
        plan = self._planner.call
        call = plan(request, stream=True, deadline=deadline, extra_headers=extra_headers, timeout=timeout)
        return self._open(call)

    def _open(self, call: Call, kind: Any = None) -> Any:
        """Return the stream, of the class `kind` if that is given."""
        with loading():
            from .stream import ChatCompletionStream

        plans = self._planner
        return (kind or ChatCompletionStream)(
            drive(opened(call, plans.session), lambda: self._transport, plans.world.sleep),
            lambda error: plans.session.annotate(call, error),
            attempts=call.attempts,
            clock=lambda: plans.session.elapsed(call),
            report=call.report,
        )

    @staticmethod
    def _source_of(api_key: Any, credentials: Any, profile: str | None) -> CredentialSource:
        try:
            for name, given in (("api_key", api_key), ("credentials", credentials)):
                if arguments.is_coroutine_function(given):
                    raise ConfigurationError(f"{name}: is a coroutine function, which AsyncClient takes")
            return CredentialSource(api_key=api_key, credentials=credentials, profile=profile)
        finally:
            del api_key, credentials, given

    @staticmethod
    def _checked_transport(transport: Any) -> Transport | None:
        if transport is None:
            return None
        with loading():
            from ..transport.given_transport import GivenTransport

        return GivenTransport(transport)

    @staticmethod
    def _new_transport(session: Any, ca_bundle: str | None) -> Transport:
        with loading():
            from ..transport.requests_transport import RequestsTransport

        return RequestsTransport(session, ca_bundle=ca_bundle)
