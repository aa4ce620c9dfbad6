"""The time that a Lambda invocation has left."""

from __future__ import annotations

import pytest

from bedrock_openai_http import ConfigurationError, lambda_deadline


class Context:
    def __init__(self, milliseconds: int) -> None:
        self.get_remaining_time_in_millis = lambda: milliseconds


@pytest.mark.parametrize(
    ("milliseconds", "margin", "seconds"),
    [(30_000, 1.0, 29.0), (30_000, 0, 30.0), (2_500, 0.5, 2.0), (900, 1.0, 0.01), (0, 1.0, 0.01)],
)
def test_what_is_left(milliseconds: int, margin: float, seconds: float) -> None:
    """What is left less the margin, in seconds, and never nothing."""
    assert lambda_deadline(Context(milliseconds), margin=margin) == seconds


@pytest.mark.parametrize("margin", [-1, float("nan"), float("inf")])
def test_a_margin_that_is_none(margin: float) -> None:
    """A margin is a number of seconds, 0 or more."""
    with pytest.raises(ConfigurationError, match="margin"):
        lambda_deadline(Context(1000), margin=margin)
