"""Thoughts and answer told apart: Bedrock's runtime puts reasoning inside the content, between tags.

A model such as gpt-oss answers `<reasoning>thoughts</reasoning>answer`, and in a stream wraps every piece of its
thoughts in a pair of tags of its own, so one answer can hold dozens of pairs.

This module's law: joined, the thoughts and the answer are the content without the tags, wherever a chunk cuts it, and
to tell them apart takes time linear in its length.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OPEN = "<reasoning>"
CLOSE = "</reasoning>"


#: Where thoughts stand that have a field of their own, best first: Bedrock's, and what other servers call it.
FIELDS = ("reasoning", "reasoning_content")


class ReasoningSplitter:
    """Splits content that arrives in pieces into (text, reasoning).

    A piece that ends like the beginning of a tag is held back until the next piece decides; at the end of the
    content `flush()` gives what is still held. A closing tag outside of a thought, or an opening tag within
    one, is ordinary text.
    """

    __slots__ = ("_held", "_inside")

    def __init__(self) -> None:
        self._inside = False
        self._held = ""

    def feed(self, piece: str) -> tuple[str, str]:
        """Return the (text, reasoning) that `piece` completes."""
        if not self._held:
            if "<" not in piece:
                return ("", piece) if self._inside else (piece, "")
            # A thought in tags of its own, as Bedrock sends each.
            if piece.startswith(OPEN) and piece.endswith(CLOSE) and piece.count("<") == 2 and not self._inside:
                return "", piece[len(OPEN) : -len(CLOSE)]
        rest = self._held + piece
        parts: tuple[list[str], list[str]] = ([], [])
        # By positions: to copy what is left after each tag would be quadratic in their number.
        inside, start = self._inside, 0
        tag = CLOSE if inside else OPEN
        while (found := rest.find(tag, start)) >= 0:
            parts[inside].append(rest[start:found])
            start = found + len(tag)
            inside = not inside
            tag = CLOSE if inside else OPEN
        end = _end_before_tag(rest, tag, start)
        parts[inside].append(rest[start:end])
        self._inside, self._held = inside, rest[end:]
        return "".join(parts[0]), "".join(parts[1])

    def flush(self) -> tuple[str, str]:
        """Return what was held back: the content is over, so it was no tag."""
        held, self._held = self._held, ""
        return ("", held) if self._inside else (held, "")


def split_reasoning(content: str) -> tuple[str, str]:
    """Return the (text, reasoning) of a whole content."""
    if OPEN not in content:
        return content, ""
    thoughts, closed, text = content.removeprefix(OPEN).partition(CLOSE)
    if closed and content.startswith(OPEN) and OPEN not in text:
        return text, thoughts  # one pair at the start, as nearly every answer has it
    splitter = ReasoningSplitter()
    text, thoughts = splitter.feed(content)
    rest_text, rest_thoughts = splitter.flush()
    return text + rest_text, thoughts + rest_thoughts


def own_reasoning(members: Mapping[str, Any]) -> str:
    """Return the thoughts in a field of their own, the first that has a text; "" if there are none."""
    return next((text for text in map(members.get, FIELDS) if text and isinstance(text, str)), "")


def _end_before_tag(text: str, tag: str, start: int) -> int:
    """Return where the text from `start` on ends, if its end may be the beginning of `tag`, which has but one "<"."""
    last = text.rfind("<", max(start, len(text) - len(tag) + 1))
    return last if last >= 0 and tag.startswith(text[last:]) else len(text)
