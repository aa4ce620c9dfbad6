"""What is read out of docstrings: the text, and what is said of each member."""

from __future__ import annotations

import pytest

from bedrock_openai_http.values.kinds.docstrings import described

GOOGLE = """Refund an order.

    It cannot be taken back.

    Args:
        order (str): The number of the order,
            such as "A-17".
        amount (Decimal, optional): How much: at most what was paid
        reason: Why.

          In one sentence.
        callback (Callable[[int], str]):
            Called at the end.
        x, y (int): A place.
        *rest: More.
        bare:

    Returns:
        order: The new state.

    Raises:
        KeyError: There is none.
    """

NUMPY = """Refund an order.

    It cannot be taken back.

    Parameters
    ----------
    order : str
        The number of the order,
        such as "A-17".
    amount : Decimal, optional
        How much: at most what was paid
    reason
        Why.

        In one sentence.
    callback : Callable[[int], str]
        Called at the end.
    x, y : int
        A place.
    *rest
        More.
    bare : int

    Returns
    -------
    order : str
        The new state.
    """

SPHINX = """Refund an order.

    It cannot be taken back.

    :param str order: The number of the order,
        such as "A-17".
    :param amount: How much: at most what was paid
    :type amount: Decimal
    :param reason: Why.

        In one sentence.
    :param callback:
        Called at the end.
    :param x: A place.
    :param int y: A place.
    :param \\*rest: More.
    :param bare:
    :returns: The new state.
    :raises KeyError: There is none.
    """

MEMBERS = {
    "order": 'The number of the order, such as "A-17".',
    "amount": "How much: at most what was paid",
    "reason": "Why. In one sentence.",
    "callback": "Called at the end.",
    "x": "A place.",
    "y": "A place.",
    "rest": "More.",
}


@pytest.mark.parametrize("doc", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_three_forms_say_the_same(doc: str) -> None:
    """One docstring in three forms has one text, the same members, and nothing of what it returns or raises."""
    assert described(doc) == ("Refund an order.\n\nIt cannot be taken back.", MEMBERS)


@pytest.mark.parametrize(
    ("doc", "text", "members"),
    [
        (None, None, {}),
        ("", None, {}),
        ("  \n ", None, {}),
        ("One line: with a colon.", "One line: with a colon.", {}),
        ("\nArgs:\n    x: Alone.", None, {"x": "Alone."}),
        ("A point.\n\nAttributes:\n    x: Across.\n\nArgs:\n    y: Up.", "A point.", {"x": "Across.", "y": "Up."}),
        ("A point.\n\nAttributes\n----------\nx : int\n    Across.", "A point.", {"x": "Across."}),
        ("A point.\n\n:ivar x: Across.\n:var int y: Up.", "A point.", {"x": "Across.", "y": "Up."}),
        ("T.\n\nKeyword Args:\n\tx: By a tab.\n", "T.", {"x": "By a tab."}),
        ("T.\n\nArgs:\n    x: First.\n\nArgs:\n    x: Second.", "T.", {"x": "First."}),
        ("T.\n\nArgs:\n    x: Said.\nMore text: no member.", "T.", {"x": "Said."}),
        ("T.\n\nParameters\n----------\nx : int\n    Said.\nA sentence, no name.", "T.", None),
    ],
)
def test_forms_that_are_met(doc: str | None, text: str | None, members: dict[str, str] | None) -> None:
    """Each docstring has this text and these members."""
    found = described(doc)
    assert found.text == text
    if members is not None:
        assert found.members == members


@pytest.mark.parametrize(
    "doc",
    [
        "Args:\nnot indented, so no section",
        "Parameters\nwithout a line under it",
        ":class:`int` begins a sentence.",
        "Note: in one line, this refunds money.",
        "A point.\n\nThe parameters:\n    are no heading",
    ],
)
def test_what_is_no_section_stays_in_the_text(doc: str) -> None:
    """A line that only looks like a heading belongs to the text."""
    assert described(doc) == (doc, {})
