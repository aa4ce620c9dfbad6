"""Thoughts and answer told apart, wherever a chunk cuts the tags."""

from __future__ import annotations

from itertools import combinations

import pytest

from bedrock_openai_http.values.reasoning import ReasoningSplitter, split_reasoning

# (content, text, reasoning)
CASES = [
    ("", "", ""),
    ("plain", "plain", ""),
    ("<reasoning>why</reasoning>answer", "answer", "why"),
    ("<reasoning>a</reasoning><reasoning> b</reasoning>answer", "answer", "a b"),
    ("one<reasoning>a</reasoning>two<reasoning>b</reasoning>three", "onetwothree", "ab"),
    ("<reasoning></reasoning>", "", ""),
    ("<reasoning>never closed", "", "never closed"),
    ("1 < 2 and <b>", "1 < 2 and <b>", ""),
    ("<reason>x</reason>", "<reason>x</reason>", ""),
    ("</reasoning>stray", "</reasoning>stray", ""),
    ("<reasoning>a <reasoning> b</reasoning>c", "c", "a <reasoning> b"),
    ("ends with <reas", "ends with <reas", ""),
    ("<reasoning>ends with </reason", "", "ends with </reason"),
    ("<<reasoning>x</reasoning>", "<", "x"),
    ("<reasoning><</reasoning>>", ">", "<"),
]


@pytest.mark.parametrize(("content", "text", "reasoning"), CASES)
def test_whole_content(content: str, text: str, reasoning: str) -> None:
    """A whole content is told apart by its tags; what is no pair of tags stays as it is."""
    assert split_reasoning(content) == (text, reasoning)


@pytest.mark.parametrize(("content", "text", "reasoning"), CASES)
def test_every_cut_into_up_to_three_pieces(content: str, text: str, reasoning: str) -> None:
    """The same comes out for every cut into two or three pieces, and cut into single characters."""
    places = range(len(content) + 1)
    cuts = [*combinations(places, 1), *combinations(places, 2), tuple(places)]
    for cut in cuts:
        splitter = ReasoningSplitter()
        pieces = [content[a:b] for a, b in zip((0, *cut), (*cut, len(content)), strict=True)]
        results = [splitter.feed(piece) for piece in pieces]
        results.append(splitter.flush())
        assert "".join(part[0] for part in results) == text, cut
        assert "".join(part[1] for part in results) == reasoning, cut


def test_text_is_not_held_back_without_need() -> None:
    """What cannot be the beginning of a tag is given at once."""
    splitter = ReasoningSplitter()
    assert splitter.feed("a < b") == ("a < b", "")
    assert splitter.feed("c <") == ("c ", "")
    assert splitter.feed(" d") == ("< d", "")
