"""What an answer costs grows with its length, and not with its square.

Everything is measured in CPU time of this process, so a busy machine cannot blur it much, and the bounds lie far from
what is linear and from what is quadratic.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from bedrock_openai_http import BedrockOpenAIError, ChatCompletionChunk, Headers, iter_chunks
from bedrock_openai_http.values.accumulator import Accumulator
from bedrock_openai_http.values.chunk import ChunkReader
from bedrock_openai_http.values.guardrail_outcome import TRACE
from bedrock_openai_http.values.jsontext import decode
from bedrock_openai_http.values.reasoning import ReasoningSplitter, split_reasoning

#: Makes the work of a size, so that only the work itself is measured.
Prepare = Callable[[int], Callable[[], object]]


def seconds(action: Callable[[], object]) -> float:
    """Return the CPU time of `action`, without that of the garbage collector."""
    gc.disable()
    start = time.process_time()
    try:
        action()
        return time.process_time() - start
    finally:
        gc.enable()


def assert_linear(prepare: Prepare, size: int) -> None:
    """Check that 16 times the input takes at most 128 times the time: linear is 16, quadratic is 256.

    What a processor's caches hold takes a fifth of what they do not, so that 80 is still linear.
    """
    small = min(seconds(prepare(size)) for _ in range(4))
    assert any(seconds(prepare(16 * size)) <= 128 * small for _ in range(3))


def nested(leaf: Any, depth: int) -> Any:
    for _ in range(depth):
        leaf = {"a": leaf}
    return leaf


TEXT = "word " * 400
CALL = {"name": "f", "arguments": TEXT}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
OUTPUTS = [{"n": n} for n in range(50)]

#: What stands in the n-th chunk: its delta, what else its choice has, and what stands beside the choices.
SHAPES: dict[str, Callable[[int], tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]] = {
    "content": lambda n: ({"content": TEXT}, {}, {}),
    "reasoning": lambda n: ({"reasoning": TEXT}, {}, {}),
    "role and refusal": lambda n: ({"role": "assistant", "refusal": TEXT}, {}, {}),
    "an unknown text": lambda n: ({"reasoning_content": TEXT}, {}, {}),
    "an unknown text in objects": lambda n: ({"x": nested(TEXT, 3)}, {}, {}),
    "an unknown text deep in objects": lambda n: ({"x": nested(TEXT, 15)}, {}, {}),
    "unknown objects deeper than are joined": lambda n: ({"x": nested(TEXT, 20)}, {}, {}),
    "unknown texts of other names": lambda n: ({f"x{n}": TEXT}, {}, {}),
    "unknown texts of other names in an object": lambda n: ({"x": {f"{n} {i}": TEXT for i in range(9)}}, {}, {}),
    "an unknown array": lambda n: ({"reasoning_details": [{"text": TEXT}]}, {}, {}),
    "audio": lambda n: ({"audio": {"id": "a", "data": TEXT, "transcript": TEXT}}, {}, {}),
    "tool call": lambda n: ({"tool_calls": [{"index": 0, "id": "t", "function": CALL}]}, {}, {}),
    "custom tool call": lambda n: ({"tool_calls": [{"index": 0, "custom": {"name": "f", "input": TEXT}}]}, {}, {}),
    "many tool calls": lambda n: ({"tool_calls": [{"index": n, "function": CALL}]}, {}, {}),
    "extras of a tool call": lambda n: ({"tool_calls": [{"index": 0, "x": TEXT, f"x{n}": {"y": TEXT}}]}, {}, {}),
    "function call": lambda n: ({"function_call": CALL}, {}, {}),
    "extras of a choice": lambda n: ({}, {"x": TEXT, f"x{n}": {"y": TEXT}, "finish_reason": "stop"}, {}),
    "many choices": lambda n: ({"content": TEXT}, {"index": n}, {}),
    "logprobs": lambda n: ({}, {"logprobs": {"content": OUTPUTS, "refusal": None, f"x{n}": [1]}}, {}),
    "extras of a chunk": lambda n: ({}, {}, {"x": TEXT, f"x{n}": {"y": TEXT}}),
    "usage in each": lambda n: ({"content": TEXT}, {}, {"usage": USAGE}),
    "another ID in each": lambda n: ({"content": TEXT}, {}, {"id": f"bedrock-guardrails-{n}"}),
    "arrays of a trace": lambda n: ({}, {}, {TRACE: {"guardrail": {"outputs": [*OUTPUTS, n]}}}),
    "members of a trace": lambda n: ({}, {}, {TRACE: {"guardrail": {"input": {f"{n} {i}": 1 for i in range(20)}}}}),
    "traces as texts": lambda n: ({}, {}, {TRACE: f'{{"guardrail": {{"outputs": [{"1, " * 40}{n}]}}}}'}),
    "the same trace": lambda n: ({}, {}, {TRACE: {"guardrail": {"outputs": OUTPUTS}}}),
}


def assert_even(bodies: Iterable[dict[str, Any]]) -> None:
    """Check that the last twentieth of the chunks is added up in less than eight times the time of the first."""
    reader, total = ChunkReader(), Accumulator()
    chunks = [reader.read({"id": "c", "choices": [], **body}) for body in bodies]
    part = len(chunks) // 20

    def add(some: list[ChatCompletionChunk]) -> float:
        return seconds(lambda: [total.add(chunk) for chunk in some])

    times = [add(chunks[start : start + part]) for start in range(0, len(chunks), part)]
    # The least of a few, since a list or dict grows by leaps.
    assert min(times[-4:]) <= 8 * times[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_adding_up_chunks(shape: str) -> None:
    """A chunk is taken in without a look at, or a copy of, what came before, whatever its parts are."""
    parts = (SHAPES[shape](n) for n in range(4000))
    assert_even({"choices": [{"index": 0, "delta": delta, **choice}], **top} for delta, choice, top in parts)


def test_a_trace_that_is_a_text_is_read_once() -> None:
    """A long text in place of a trace is not read again for each chunk that has none."""

    def prepare(size: int) -> Callable[[], object]:
        reader, total = ChunkReader(), Accumulator()
        traces = ['"' + "x" * 100 * size + '"', *[None] * size]
        chunks = [reader.read({"choices": [], TRACE: trace}) for trace in traces]
        return lambda: [total.add(chunk) for chunk in chunks]

    assert_linear(prepare, 200)


@pytest.mark.parametrize(
    ("unit", "size"),
    [("<reasoning>why</reasoning>so", 2000), ("<reasoning></reasoning>", 2000), ("<reasoning><", 20_000)]
    + [(tag, 20_000) for tag in ("<", "</", "<reasoning", "</reasoning", "<reasoning>", "</reasoning>")],
)
@pytest.mark.parametrize("inside", [False, True])
def test_telling_reasoning_apart(unit: str, size: int, inside: bool) -> None:
    """However many tags a content has, or what could become one, it is gone through once."""

    def prepare(size: int) -> Callable[[], object]:
        content = "<reasoning>" * inside + unit * size + "</reasoning>"
        return lambda: split_reasoning(content)

    assert_linear(prepare, size)


@pytest.mark.parametrize("unit", ["<reasoning>why</reasoning>so", "<", "<reasoning", "</reasoning"])
def test_telling_reasoning_apart_in_pieces(unit: str) -> None:
    """No piece is held back longer than it takes to tell whether it begins a tag."""

    def prepare(size: int) -> Callable[[], object]:
        splitter = ReasoningSplitter()
        return lambda: [splitter.feed(unit) for _ in range(size)]

    assert_linear(prepare, 1000)


def test_headers() -> None:
    """Any number of headers of one name is joined once."""

    def prepare(size: int) -> Callable[[], object]:
        pairs = [("via", "1.1 proxy" * 20)] * size
        return lambda: Headers(pairs)

    assert_linear(prepare, 1000)


@pytest.mark.parametrize(
    ("first", "unit"),
    [
        # What tells nothing, or that it is no event stream.
        (b"", b" "),
        (b"\xef\xbb\xbf", b"\n"),
        (b"{", b"x"),
        (b"\xef\xbb\xbf<", b" "),
        # What an event stream may go on with.
        (b"data: ", b"x"),
        (b": ", b"x"),
        (b"data: x\n", b"data: x\n"),
        (b"data: x\n", b": x\n"),
        (b"data: x\n", b"event: x\n"),
        (b": x\n", b"retry: 5\n\n"),
        (b": x\n", b"id: 5\r"),
        (b": x\n", b"\r"),
    ],
)
def test_bodies_in_small_pieces(first: bytes, unit: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pieces of a body are, each is looked at once."""
    monkeypatch.setattr("bedrock_openai_http.call.decode._NO_STREAM_LIMIT", 1 << 20)

    def prepare(size: int) -> Callable[[], object]:
        def read() -> None:
            with pytest.raises(BedrockOpenAIError):
                list(iter_chunks([first, *[unit * 4] * size]))

        return read

    assert_linear(prepare, 2000)


def test_escapes_take_no_memory_of_their_own() -> None:
    """To find out how deep a document is takes no more than a few copies of it, whatever its strings hold."""
    data = b"[" + b"[]," * 500 + b'"' + rb"\n\"" * 250_000 + b'"]'
    tracemalloc.start()
    try:
        value = decode(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(value[-1]) == 500_000
    assert peak < 10 * len(data)
