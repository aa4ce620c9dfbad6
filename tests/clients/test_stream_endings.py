"""How a stream ends, and goes on ending: whole, failed, closed early, interrupted, or read by two at once.

Only a whole stream just ends. Whatever else happened, whoever asks again is told so.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import (
    APIConnectionError,
    BedrockOpenAIError,
    ChatCompletionStream,
    IncompleteStreamError,
    ResponseFormatError,
)
from both import client_of, stream_over
from support import (
    CHUNK,
    CHUNKED_STREAM,
    CLOSING_STREAM,
    DONE,
    REQUEST,
    RawServer,
    RecordedResponse,
    chunk,
    http,
    http_chunk,
)

CLOSED = "the stream was closed before its end"
WITHIN = "the answer was closed while it was read"
READ = "the stream is being read at this moment"

#: Ways to ask a stream for more.
Ask = Callable[[ChatCompletionStream], object]
ASKS: list[Ask] = [next, list, lambda stream: stream.completion()]


class Playing(RecordedResponse):
    """An open response whose pieces are bytes, exceptions to raise, or functions to call, whose bytes are a piece."""

    def __init__(self, *steps: Any) -> None:
        super().__init__()
        self.steps = list(steps)

    def pieces(self) -> Iterator[bytes]:
        for step in self.steps:
            if isinstance(step, BaseException):
                raise step
            yield step if isinstance(step, bytes) else step() or b"\n"


def stream_of(*steps: Any) -> tuple[ChatCompletionStream, Playing, list[BedrockOpenAIError]]:
    """Return a stream that reads `steps`, its response, and the list of the errors that it notes."""
    response = Playing(*steps)
    noted: list[BedrockOpenAIError] = []
    return stream_over(response, noted.append), response, noted


def failure_of(ask: Ask, stream: ChatCompletionStream) -> BedrockOpenAIError:
    with pytest.raises(BedrockOpenAIError) as caught:
        ask(stream)
    return caught.value


def assert_closed_early(stream: ChatCompletionStream, noted: list[BedrockOpenAIError], text: str | None) -> None:
    """Check that whoever asks gets one and the same IncompleteStreamError with the `text` that had arrived."""
    errors = [failure_of(ask, stream) for ask in [*ASKS, *ASKS]]
    assert [type(error) for error in errors] == [IncompleteStreamError] * 6
    assert (errors[0].message, errors[0].request_id, errors[0].advice) == (CLOSED, "r-1", None)
    assert (errors[0].partial and errors[0].partial.text) == text
    assert all(error is errors[0] for error in errors)
    assert noted == [errors[0]]


ENDS_THE_LOOP = pytest.mark.only("Client", "An event loop ends with these; what a task gets is a CancelledError.")


class TestWhole:
    """A stream whose end mark has come."""

    def test_it_just_ends_as_often_as_it_is_asked(self) -> None:
        """Iterating over it again gives nothing, and its completion stays, also after it was closed."""
        stream, response, noted = stream_of(chunk("a"), DONE)
        assert [item.text for item in stream] == ["a"]
        for _ in range(2):
            assert list(stream) == []
            with pytest.raises(StopIteration):
                next(stream)
            assert stream.completion().text == "a"
            stream.close()
        assert (response.closed, noted) == ([True], [])

    def test_closed_by_the_reader_of_its_last_chunk(self) -> None:
        """Until the end mark has been read a stream is not whole, whatever its last chunk says."""
        stream, _, noted = stream_of(chunk("a", finish_reason="stop"), DONE)
        next(stream)
        stream.close()
        assert_closed_early(stream, noted, "a")

    @pytest.mark.only("Client", "A signal handler runs beside an event loop, and not within a read of its.")
    def test_closed_while_the_end_mark_is_read(self) -> None:
        """A stream whose end mark had arrived is whole, also if it was closed at that moment."""
        stream, response, noted = stream_of(chunk("a"), lambda: stream.close() or DONE)
        assert [item.text for item in stream] == ["a"]
        assert stream.completion().text == "a"
        assert (response.closed, noted) == ([False], [])


class TestFailed:
    """A stream that raised."""

    @pytest.mark.parametrize("last", [b"", b"data: {\n\n", APIConnectionError("gone", phase="body")])
    @pytest.mark.parametrize("ask", ASKS)
    def test_it_raises_the_same_again(self, ask: Ask, last: Any) -> None:
        """Whoever asks again gets the same failure, with what had arrived; it is noted once."""
        stream, response, noted = stream_of(chunk("a"), last)
        first = failure_of(ask if ask is not next else list, stream)
        assert all(failure_of(again, stream) is first for again in ASKS)
        stream.close()
        assert failure_of(ask, stream) is first
        assert first.partial is not None
        assert (first.partial.text, noted, response.closed) == ("a", [first], [False])

    def test_its_traceback_does_not_grow(self) -> None:
        """However often it is raised, the failure holds one traceback."""
        stream, _, _ = stream_of(b"data: {\n\n")
        failures = [failure_of(ask, stream) for _ in range(50) for ask in ASKS]
        depth, link = 0, failures[-1].__traceback__
        while link is not None:
            depth, link = depth + 1, link.tb_next
        assert depth < 10

    def test_noting_it_fails(self) -> None:
        """What the noting of a failure raises comes out, and then the failure does; the connection is closed."""

        def note(error: BedrockOpenAIError) -> None:
            raise ZeroDivisionError

        response = Playing(chunk("a"), b"data: {\n\n")
        stream = stream_over(response, note)
        with pytest.raises(ZeroDivisionError):
            list(stream)
        assert response.closed == [False]
        assert all(type(failure_of(ask, stream)) is ResponseFormatError for ask in ASKS)


class TestClosedEarly:
    """A stream that somebody let go of before its end."""

    @pytest.mark.parametrize("ask", ASKS)
    def test_by_close(self, ask: Ask) -> None:
        """It raises IncompleteStreamError for each way to ask, with what had arrived."""
        stream, response, noted = stream_of(chunk("a"), chunk("b"), DONE)
        next(stream)
        stream.close()
        error = failure_of(ask, stream)
        assert_closed_early(stream, noted, "a")
        assert (noted, response.closed) == ([error], [False])

    def test_by_the_end_of_a_with_statement(self) -> None:
        """So does one that was left by `with`, of which nothing had been read."""
        stream, _, noted = stream_of(chunk("a"), DONE)
        with stream:
            pass
        assert_closed_early(stream, noted, None)

    @pytest.mark.only("Client", "The pieces of an AsyncClient's answer are the answer itself, and end with it.")
    def test_the_pieces_are_over(self) -> None:
        """Closing ends the iteration over the transport's pieces there and then."""
        over: list[bool] = []

        class Waiting(Playing):
            def pieces(self) -> Iterator[bytes]:
                try:
                    yield from super().pieces()
                finally:
                    over.append(True)

        stream = stream_over(Waiting(chunk("a"), DONE), lambda error: None)
        next(stream)
        stream.close()
        assert over == [True]

    def test_in_the_body_of_its_own_loop(self) -> None:
        """A loop whose body closes its stream does not look as if the stream had ended."""
        stream, _, noted = stream_of(chunk("a") + chunk("b"), DONE)
        texts = []
        with pytest.raises(IncompleteStreamError):
            for item in stream:
                texts.append(item.text)
                stream.close()
        assert texts == ["a"]
        assert_closed_early(stream, noted, "a")

    @pytest.mark.parametrize(
        "interruption",
        [
            pytest.param(KeyboardInterrupt(), marks=ENDS_THE_LOOP),
            pytest.param(SystemExit(), marks=ENDS_THE_LOOP),
            GeneratorExit(),
            ValueError("x"),
        ],
    )
    def test_by_what_interrupts_a_read(self, interruption: BaseException) -> None:
        """What is no failure of ours passes as it is, and closes the stream: the chunk on its way may be lost."""
        stream, response, noted = stream_of(chunk("a"), interruption, chunk("b"), DONE)
        next(stream)
        with pytest.raises(type(interruption)) as caught:
            next(stream)
        assert caught.value is interruption
        assert response.closed == [False]
        assert_closed_early(stream, noted, "a")

    @pytest.mark.only("Client", "A signal handler runs beside an event loop, and not within a read of its.")
    def test_by_a_second_interruption(self) -> None:
        """An interruption in the very moment in which a failure is noted leaves no stream that just ends."""

        def note(error: BedrockOpenAIError) -> None:
            raise KeyboardInterrupt

        response = Playing(chunk("a"))
        stream = stream_over(response, note)
        with pytest.raises(KeyboardInterrupt):
            list(stream)
        assert response.closed == [False]
        assert all(type(failure_of(ask, stream)) is IncompleteStreamError for ask in ASKS)

    def test_by_a_generator_of_the_callers(self) -> None:
        """A generator that is closed while it hands chunks on takes nothing from the stream, which goes on."""
        stream, _, _ = stream_of(chunk("a"), chunk("b"), DONE)
        texts = (item.text for item in stream)
        assert next(texts) == "a"
        texts.close()  # type: ignore[attr-defined]
        assert stream.completion().text == "ab"


@pytest.mark.only("Client", "A signal handler runs beside an event loop, and not within a read of its.")
class TestWithinARead:
    """What a signal handler or another greenlet does while the same thread is within `next`."""

    @pytest.fixture(autouse=True)
    def handler(self) -> Iterator[None]:
        """Let the signal USR1 do what a test says."""
        self.do: Callable[[], object] = lambda: None
        before = signal.signal(signal.SIGUSR1, lambda number, frame: self.do())
        yield
        signal.signal(signal.SIGUSR1, before)

    @pytest.mark.parametrize(
        ("after", "kind", "message"),
        [
            ((b": comment\n\n",), IncompleteStreamError, CLOSED),
            ((), IncompleteStreamError, CLOSED),
            ((APIConnectionError("closed while read", phase="body"),), APIConnectionError, "closed while read"),
        ],
    )
    def test_closing(self, after: tuple[Any, ...], kind: type[BedrockOpenAIError], message: str) -> None:
        """The read ends in an exception of ours, also where the body just ends once its connection is closed."""
        stream, response, noted = stream_of(chunk("a"), lambda: signal.raise_signal(signal.SIGUSR1), *after)
        self.do = lambda: stream.close()
        next(stream)
        error = failure_of(next, stream)
        assert (type(error), error.message, error.advice) == (kind, message, None)
        assert error.partial is not None
        assert (error.partial.text, error.request_id) == ("a", "r-1")
        assert all(failure_of(ask, stream) is error for ask in ASKS)
        assert (response.closed, noted) == ([False], [error])

    def test_closing_when_a_chunk_is_there(self) -> None:
        """A chunk that has arrived is handed on, and then the stream is one that was closed."""
        stream, _, noted = stream_of(chunk("a"), lambda: signal.raise_signal(signal.SIGUSR1), chunk("b"), DONE)
        self.do = lambda: stream.close()
        next(stream)
        assert next(stream).text == "b"
        assert_closed_early(stream, noted, "ab")

    @pytest.mark.parametrize("ask", ASKS)
    def test_reading(self, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
        """To ask for a chunk within the read of a chunk is refused, at once and typed, and disturbs nothing."""
        monkeypatch.setattr("bedrock_openai_http.clients.stream._LEAVING", 20.0)
        start = time.monotonic()
        stream, _, noted = stream_of(chunk("a"), lambda: signal.raise_signal(signal.SIGUSR1), chunk("b"), DONE)
        refused: list[BedrockOpenAIError] = []
        self.do = lambda: refused.append(failure_of(ask, stream))
        assert [item.text for item in stream] == ["a", "b"]
        assert stream.completion().text == "ab"
        assert [(type(error), READ in error.message, error.request_id) for error in refused] == [
            (BedrockOpenAIError, True, "r-1")
        ]
        assert noted == refused
        assert time.monotonic() - start < 10

    def test_closing_and_reading(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who closes the stream within a read, and asks then, gets an error and no deadlock."""
        monkeypatch.setattr("bedrock_openai_http.clients.stream._LEAVING", 0.01)
        stream, _, _ = stream_of(chunk("a"), lambda: signal.raise_signal(signal.SIGUSR1))

        def close_and_read() -> None:
            stream.close()
            assert READ in failure_of(next, stream).message

        self.do = close_and_read
        next(stream)
        assert failure_of(next, stream).message == CLOSED


class TestThreads:
    """One stream and several threads."""

    def test_two_readers(self) -> None:
        """No chunk comes twice or is lost, and the only failure is that somebody else is reading."""
        sent = [str(n) for n in range(300)]
        stream, _, _ = stream_of(*[chunk(text + " ") for text in sent], DONE)
        texts: list[str] = []
        others: list[BaseException] = []

        def read() -> None:
            while True:
                try:
                    texts.append(next(stream).text.strip())
                except StopIteration:
                    return
                except BaseException as error:
                    others.append(error)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(texts, key=int) == sent
        assert {(type(error), READ in str(error)) for error in others} <= {(BedrockOpenAIError, True)}
        assert stream.completion().text == " ".join(sent) + " "

    def test_closed_by_another_thread_between_two_chunks(self) -> None:
        """The reader is told at its next chunk."""
        stream, _, noted = stream_of(chunk("a"), chunk("b"), DONE)
        next(stream)
        thread = threading.Thread(target=stream.close)
        thread.start()
        thread.join(5)
        assert_closed_early(stream, noted, "a")

    @pytest.mark.parametrize(
        "head",
        [
            CHUNKED_STREAM + http_chunk(CHUNK),
            http(CHUNK, kind="text/event-stream", length=9999),
            CLOSING_STREAM + CHUNK,
        ],
    )
    def test_closed_by_another_thread_within_a_read(self, head: bytes) -> None:
        """The reader is woken by an exception, however the body is framed, and so is who asks right after closing."""
        with RawServer(lambda number: [head, 30.0]) as server, client_of(server) as client:
            stream = client.stream(REQUEST)
            assert next(stream).text == "hi"
            woken: list[BedrockOpenAIError] = []
            thread = threading.Thread(target=lambda: woken.append(failure_of(next, stream)))
            thread.start()
            time.sleep(0.1)
            stream.close()
            again = failure_of(ASKS[-1], stream)
            thread.join(5)
        (error,) = woken
        assert error is again
        # Whether a body without a length breaks off or just ends depends on how far the closing has come.
        assert (type(error), error.message) in [(APIConnectionError, WITHIN), (IncompleteStreamError, CLOSED)]
        assert error.partial is not None
        assert (error.partial.text, error.request_id, error.attempts, error.advice) == ("hi", "r-1", 1, None)
        assert error.elapsed is not None

    def test_left_by_with_over_a_connection(self) -> None:
        """A stream of a client's that was left tells how often it was attempted and how long it took."""
        with RawServer(lambda number: [CLOSING_STREAM + CHUNK, 30.0]) as server, client_of(server) as client:
            with client.stream(REQUEST) as stream:
                next(stream)
            error = failure_of(next, stream)
        assert (type(error), error.attempts, error.request_id) == (IncompleteStreamError, 1, "r-1")
        assert error.elapsed is not None


class TestAbandoned:
    """A stream that nobody holds any more. A warning would fail these tests."""

    @pytest.mark.only("Client", "Nothing can be awaited then: an answer of aiohttp closes itself (T42).")
    def test_within_a_stream(self) -> None:
        """It closes its connection and says nothing, also if that fails or a generator of the transport's minds."""

        class Failing(Playing):
            def close(self, *, drain: bool = False) -> None:
                super().close(drain=drain)
                raise ValueError

        for kind in (Playing, Failing):
            response = kind(chunk("a"), DONE)
            stream = stream_over(response, lambda error: None)
            next(stream)
            del stream
            assert response.closed == [False]

    @pytest.mark.no_client
    def test_before_it_was_made(self) -> None:
        """One that could not be made is dropped without a word."""
        with contextlib.suppress(TypeError):
            ChatCompletionStream()  # type: ignore[call-arg]
        gc.collect()
