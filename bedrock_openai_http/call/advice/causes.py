"""What advice is made from: the facts of a call, what the service said, and a row of the tables of causes.

This module knows no cause itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class CallFacts:
    """What is known of the call that failed; None where it is not known. Nothing in it is secret."""

    #: "runtime" or "mantle".
    endpoint: str | None = None
    host: str | None = None
    region: str | None = None
    model: str | None = None
    #: "API key" or "SigV4".
    authentication: str | None = None
    #: What a short-term API key says about itself; when it ends in UTC.
    key_region: str | None = None
    key_expires_at: datetime | None = None
    #: Where the key or the credentials were found, such as the name of a variable.
    credentials_from: str | None = None
    stream: bool | None = None
    max_completion_tokens: int | None = None


@dataclass(frozen=True)
class Seen:
    """What the service said. `names` are the error's type and code; they and `text` are in lower case."""

    status: int | None
    names: frozenset[str]
    text: str
    param: str | None
    #: Whether the body is a page for a browser.
    page: bool
    #: Whether nothing shows that the service itself answered, and not something on the way.
    foreign: bool = False


@dataclass(frozen=True)
class Cause:
    """A row of a table. It fits if each of its conditions does; one that is not given always does.

    `status`: one of these; an error inside a stream often has none, and is then judged by the rest. `names`: one is
    the type or the code. `words`: one is in the message. `page`: the body is a page for a browser.
    `foreign`: nothing shows that the service itself answered.
    """

    #: May hold {model}, {region}, {host}, {key_region} and {source}, which is where the credentials were found.
    advice: str | Callable[[Seen, CallFacts], str]
    status: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    page: bool = False
    foreign: bool = False

    def fits(self, seen: Seen) -> bool:
        """Tell whether this is the cause of what was `seen`."""
        unknown = seen.status is None and bool(self.names or self.words)
        return (
            (not self.status or seen.status in self.status or unknown)
            and (not self.names or not seen.names.isdisjoint(self.names))
            and (not self.words or any(words in seen.text for words in self.words))
            and (not self.page or seen.page)
            and (not self.foreign or seen.foreign)
        )
