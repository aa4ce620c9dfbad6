"""Looks for secrets in everything that a failure leaves behind.

This module's law: it looks where a log aggregator, an error tracker or a worker pool would look.
"""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest


def assert_no_secret(error: BaseException, caplog: pytest.LogCaptureFixture, *secrets: str) -> None:
    """Assert that none of `secrets` is in what is left of `error`, nor in a record of any logger.

    What is left: its text, its repr, its traceback, whatever it holds or leads to, and its pickled bytes.
    """
    assert secrets, "nothing to look for"
    assert logging.getLogger().isEnabledFor(logging.DEBUG), "the logs are not captured at DEBUG"
    places = {
        "str": str(error),
        "repr": repr(error),
        "traceback": "".join(traceback.format_exception(error)),
        "what it holds": "\n".join(texts_within(error)),
        "pickle": pickle.dumps(error).decode("utf-8", errors="replace"),
        "logs": "\n".join(_log_texts(caplog)),
    }
    for secret in secrets:
        for form in {secret, quote(secret, safe=""), secret.encode("unicode_escape").decode()}:
            found = [name for name, text in places.items() if form in text]
            assert not found, f"a secret of {len(secret)} characters is in: {', '.join(found)}"


def texts_within(value: Any) -> Iterator[str]:
    """Yield every text that can be reached from `value`: items, attributes, and an exception's causes."""
    seen: set[int] = set()
    reached = [value]
    while reached:
        here = reached.pop()
        if id(here) in seen or here is None or isinstance(here, (type, int, float)):
            continue
        seen.add(id(here))
        if isinstance(here, str):
            yield here
        elif isinstance(here, (bytes, bytearray)):
            yield here.decode("utf-8", errors="replace")
        elif isinstance(here, Mapping):
            reached += [*here.keys(), *here.values()]
        elif isinstance(here, (list, tuple, set, frozenset)):
            reached += here
        else:
            yield repr(here)
            reached += _attributes(here)


def _attributes(value: Any) -> list[Any]:
    names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    held = [getattr(value, name, None) for name in names]
    held.append(getattr(value, "__dict__", None))
    if isinstance(value, BaseException):
        # Not its traceback: what the frames hold are the caller's own variables.
        held += [value.args, value.__cause__, value.__context__]
    return held


def _log_texts(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    yield caplog.text
    for record in caplog.records:
        yield record.getMessage()
        if record.name == "asyncio":
            # In its debug mode it logs handles of its loop themselves, which lead to all that is under way.
            yield repr(record.args)
        else:
            yield from texts_within(record.args)
