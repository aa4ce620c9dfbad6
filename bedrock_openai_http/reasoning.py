"""Thoughts and answer told apart: Bedrock's runtime puts reasoning inside the content, between tags.

A model such as gpt-oss answers `<reasoning>thoughts</reasoning>answer`, and in a stream wraps every piece of its
thoughts in a pair of tags of its own, so one answer can hold dozens of pairs.

This module's law: joined, the thoughts and the answer are the content without the tags, wherever a chunk cuts it.
"""

from __future__ import annotations

OPEN = "<reasoning>"
CLOSE = "</reasoning>"


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
        if "<" not in piece and not self._held:
            return ("", piece) if self._inside else (piece, "")
        rest = self._held + piece
        parts: tuple[list[str], list[str]] = ([], [])
        while True:
            tag = CLOSE if self._inside else OPEN
            before, found, after = rest.partition(tag)
            if not found:
                break
            parts[self._inside].append(before)
            self._inside = not self._inside
            rest = after
        held = _begun(rest, tag)
        parts[self._inside].append(rest[: len(rest) - held])
        self._held = rest[len(rest) - held :]
        return "".join(parts[0]), "".join(parts[1])

    def flush(self) -> tuple[str, str]:
        """Return what was held back: the content is over, so it was no tag."""
        held, self._held = self._held, ""
        return ("", held) if self._inside else (held, "")


def split_reasoning(content: str) -> tuple[str, str]:
    """Return the (text, reasoning) of a whole content."""
    if OPEN not in content:
        return content, ""
    splitter = ReasoningSplitter()
    text, thoughts = splitter.feed(content)
    rest_text, rest_thoughts = splitter.flush()
    return text + rest_text, thoughts + rest_thoughts


def _begun(text: str, tag: str) -> int:
    """Return how many characters at the end of `text` could be the beginning of `tag`."""
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:length]):
            return length
    return 0
