"""The client for event loops: it has the same calls planned as `Client`, and driven by `transport.aio`.

This module loads aiohttp, through the transport, when a call first needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..aws.credential_source import CredentialSource, Punctual
from ..call.walk import completed, opened
from ..transport.aio.aside import Awaiting, aside
from ..transport.aio.drive import ASYNC_MACHINE, adrive
from ..values import arguments
from ..values.completion import ChatCompletion
from ..values.errors import ConfigurationError
from ..values.forks import loading
from ..values.http import AsyncTransport
from ..values.once import once
from ..values.request import ChatCompletionRequest
from .async_stream import AsyncChatCompletionStream, PendingStream
from .base import BaseClient
from .typed_calls import AsyncTypedCalls

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import aiohttp

    from ..call.walk import Call
    from ..values.chunk import ChatCompletionChunk
    from ..values.request import CustomTool, FunctionTool
    from ..values.tool_run import ToolRun
    from .async_tool_runs import AsyncToolRuns
    from .openai_shape import AsyncChat

    _Base = BaseClient[aiohttp.ClientSession, AsyncTransport, str | Awaitable[str]]
else:
    _Base = BaseClient


class AsyncClient(AsyncTypedCalls, _Base):
    """Calls Amazon Bedrock's Chat Completions API on an event loop. Needs aiohttp: the extra `async`.

    It takes the arguments of `Client` and promises the same errors, repetitions, times and limits. One client serves
    any number of tasks, and more than one event loop; cancelling a task closes its connection and disturbs no other
    call. These arguments differ:

    Args:
        api_key, credentials: a callable may be a coroutine function, which is awaited on the loop; any other is
            called in a thread, as is all that looks credentials up.
        session: an `aiohttp.ClientSession` whose connector, `proxy` and `trust_env` are used; the caller closes it.
            Its connections cannot tell whether they carry somebody else's answer: see docs/async.md.
        transport: an object with the methods of `values.http.AsyncTransport`, in place of `aiohttp`.
        on_event: a plain function, called in the task of the call.
        world: as for `Client`, but that `sleep` is a coroutine function.

    Raises what `Client` raises, and ConfigurationError where aiohttp is missing.
    """

    _machine = ASYNC_MACHINE
    _session_kind = ("aiohttp", "ClientSession")

    async def complete(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        *,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ChatCompletion:
        """Return the completion for `request`. Raises what `Client.complete` raises."""
        return await self._complete(request, deadline, extra_headers)

    def stream(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        *,
        deadline: float | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> PendingStream[AsyncChatCompletionStream]:
        """Return the answer to `request` as a stream of chunks, for `async with` or `await`.

        Nothing is sent until then, and then it raises what `Client.stream` raises.
        """
        return PendingStream(lambda: self._stream(request, deadline, extra_headers))

    async def run_tools(
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
        """Return the run for `request`, as `Client.run_tools` does, and raise what it raises.

        Tools and the three callables may be coroutine functions, which are awaited. Other tools run in threads, other
        callables on the loop. A run that is cancelled cancels the calls under way; a thread goes on to its end.
        """
        kind = await aside(_tool_runs)
        runs = kind(self, before_call=before_call, on_turn=on_turn, on_chunk=on_chunk, extra_headers=extra_headers)
        steps = runs.steps(request, tools, max_turns=max_turns, max_concurrency=max_concurrency, deadline=deadline)
        return await runs.drive(steps)

    @once
    def chat(self) -> AsyncChat:
        """The OpenAI-shaped door: `await client.chat.completions.create(...)`."""
        with loading():
            from .openai_shape import AsyncChat

        return AsyncChat(self)

    async def aclose(self) -> None:
        """Close the pooled connections of this event loop. The client can still be used; it then opens new ones.

        Calls and streams that are under way go on.
        """
        self._planner.session.close()
        transport = self._connections.made if self._owns_connections else None
        if transport is not None:  # with a session of the caller's this closes nothing
            await transport.aclose()

    async def __aenter__(self) -> AsyncClient:
        await aside(self._load)
        return self

    def _load(self) -> None:
        """Load what a first call needs, some tenths of a second in which the loop would stand still."""
        if self._connections.transport is self._connections.made and not self._source.gives_a_key():
            with loading():
                from ..aws import signing  # noqa: F401

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _complete(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
        timeout: float | None = None,
    ) -> ChatCompletion:
        plan = self._planner.call
        return await self._answer(
            plan(request, stream=False, deadline=deadline, extra_headers=extra_headers, timeout=timeout)
        )

    async def _answer(self, call: Call) -> ChatCompletion:
        plans = self._planner
        return await adrive(completed(call, plans.session), lambda: self._transport, plans.world.sleep)

    async def _stream(
        self,
        request: ChatCompletionRequest | Mapping[str, Any],
        deadline: float | None,
        extra_headers: Mapping[str, str] | None,
        timeout: float | None = None,
    ) -> Any:
        plan = self._planner.call
        call = plan(request, stream=True, deadline=deadline, extra_headers=extra_headers, timeout=timeout)
        return await self._open(call)

    async def _open(self, call: Call, kind: Any = AsyncChatCompletionStream) -> Any:
        """Return the stream, of the class `kind`."""
        plans = self._planner
        response: Any = await adrive(opened(call, plans.session), lambda: self._transport, plans.world.sleep)
        return kind(
            response,
            lambda error: plans.session.annotate(call, error),
            attempts=call.attempts,
            clock=lambda: plans.session.elapsed(call),
            report=call.report,
        )

    @staticmethod
    def _source_of(api_key: Any, credentials: Any, profile: str | None) -> CredentialSource:
        try:
            return CredentialSource(api_key=_awaiting(api_key), credentials=_awaiting(credentials), profile=profile)
        finally:
            del api_key, credentials

    @staticmethod
    def _checked_transport(transport: Any) -> AsyncTransport | None:
        if transport is None:
            if "aiohttp" not in sys.modules and find_spec("aiohttp") is None:
                failure = ConfigurationError("AsyncClient needs aiohttp, which is not installed")
                failure.advice = "Install the extra: python -m pip install 'bedrock-openai-http[async]'."
                raise failure
            return None
        with loading():
            from ..transport.given_transport import GivenAsyncTransport

        return GivenAsyncTransport(transport)

    @staticmethod
    def _new_transport(session: Any, ca_bundle: str | None) -> AsyncTransport:
        with loading():
            from ..transport.aio.transport import AiohttpTransport

        return AiohttpTransport(session, ca_bundle=ca_bundle)


def _tool_runs() -> type[AsyncToolRuns]:
    with loading():
        from .async_tool_runs import AsyncToolRuns

    return AsyncToolRuns


def _awaiting(given: Any) -> Any:
    """Return what is given for a key; of a callable one whose result is awaited where that is needed."""
    try:
        is_plain = not callable(given) or arguments.is_a(given, Punctual)
        return given if is_plain or arguments.is_a(given, Awaiting) else Awaiting(given)
    finally:
        del given
