"""The stream as the caller holds it: what it reads, when it ends, and how it lets go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bedrock_openai_http import (
    BedrockOpenAIError,
    ChatCompletionStream,
    IncompleteStreamError,
)
from support import DONE, RecordedResponse, chunk


class TestChatCompletionStream:
    """The stream as the caller holds it."""

    def test_chunks_come_before_the_next_piece_is_read(self) -> None:
        """Each chunk is handed on before another piece of the body is asked for."""
        log: list[str] = []

        class Slow(RecordedResponse):
            def pieces(self) -> Iterator[bytes]:
                for piece in (chunk("a"), chunk("b"), DONE):
                    log.append("read")
                    yield piece

        with ChatCompletionStream(Slow(), lambda error: None) as stream:
            for item in stream:
                log.append(item.text)
        assert log == ["read", "a", "read", "b", "read"]

    def test_the_end_lets_the_connection_be_used_again(self) -> None:
        """After the end mark the rest is drained, so that the connection can serve the next call."""
        response = RecordedResponse(chunk("a"), DONE)
        with ChatCompletionStream(response, lambda error: None) as stream:
            assert stream.completion().text == "a"
            assert stream.completion().text == "a"  # asked again: the same
        assert response.closed == [True]
        assert stream.request_id == "r-1"

    def test_leaving_early_closes_the_connection(self) -> None:
        """A stream that is left is closed at once, and its completion then is an IncompleteStreamError."""
        response = RecordedResponse(chunk("a"), chunk("b"), DONE)
        with ChatCompletionStream(response, lambda error: None) as stream:
            assert next(stream).text == "a"
        assert response.closed == [False]
        with pytest.raises(IncompleteStreamError) as caught:
            stream.completion()
        assert caught.value.partial is not None
        assert caught.value.partial.text == "a"

    def test_a_failure_is_raised_again(self) -> None:
        """Asking for the completion of a stream that failed raises the failure again."""
        noted: list[BedrockOpenAIError] = []
        stream = ChatCompletionStream(RecordedResponse(chunk("a")), noted.append)
        with pytest.raises(IncompleteStreamError) as first:
            list(stream)
        with pytest.raises(IncompleteStreamError) as second:
            stream.completion()
        assert second.value is first.value
        assert noted == [first.value]

    def test_an_abandoned_stream_lets_go(self) -> None:
        """A stream that nobody holds any more closes its connection."""
        response = RecordedResponse(chunk("a"), DONE)
        stream = ChatCompletionStream(response, lambda error: None)
        next(stream)
        del stream
        assert response.closed == [False]
