"""A conversation on a terminal: what is asked and shown, and what survives an error and Ctrl-C."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_openai_http import ChatCompletion, Conversation
from bedrock_openai_http.cli.session import Session
from bedrock_openai_http.cli.terminal import Output
from person import CTRL_C, Page, Person, Typed, served


def test_each_question_goes_with_all_that_was_said(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """Answers are shown, request ID and tokens follow on standard error, and empty lines ask nothing."""
    conversation = person.types("one", "", "  ", "zwei, grüß dich")
    assert person.asked == [["one"], ["one", "to one", "zwei, grüß dich"]]
    assert person.page.text.getvalue() == "to one\nto zwei, grüß dich\n\n"
    assert len(conversation.messages) == 4
    err = capsys.readouterr().err.splitlines()
    assert [line.startswith("request ID ") and " tokens · stop" in line for line in err] == [False, True, True]
    assert person.last_body["stream_options"] == {"include_usage": True}
    assert person.lines.kept == ["one", "zwei, grüß dich"]


def test_without_streaming_it_is_the_same(person: Person) -> None:
    """--no-stream holds in a conversation too."""
    person.types("one", stream=False)
    assert person.page.text.getvalue() == "to one\n\n"
    assert "stream" not in person.last_body


def test_what_is_attached_goes_with_the_first_question(person: Person) -> None:
    """The parts of --image and --file are part of the history from then on."""
    part = {"type": "text", "text": "file"}
    person.types("one", "two", attached=[part])
    assert person.asked[0] == [[{"type": "text", "text": "one"}, part]]
    assert person.asked[1][0] == person.asked[0][0]
    assert person.asked[1][2] == "two"


def test_what_is_attached_waits_for_an_answer() -> None:
    """Where the first question failed, what is typed anew has the parts too; the one after an answer has not."""
    part = {"type": "text", "text": "file"}
    with served(["throttled-429", None, None]) as person:
        person.types("one", "uno", "two", attached=[part])
        assert [messages[-1][-1] for messages in person.asked[:2]] == [part, part]
        assert person.asked[2][-1] == "two"


def test_a_question_of_before_takes_nothing_that_is_attached() -> None:
    """The first question is the first that is typed, and may fail once too."""
    begun, part = Conversation("m"), {"type": "text", "text": "file"}
    begun.request("zero")
    with served([None, "throttled-429", None, None]) as person:
        person.types("!retry", "one", "!retry", "two", conversation=begun, attached=[part])
        assert [messages[-1] for messages in person.asked] == [
            "zero",
            *[[{"type": "text", "text": "one"}, part]] * 2,
            "two",
        ]


def test_an_error_is_one_line_and_the_question_waits(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """The conversation goes on: what is asked next takes the place of what failed, and !retry asks it again."""
    bad = Conversation("m", temperature=9)
    conversation = person.types("one", "!retry", conversation=bad)
    err = capsys.readouterr().err
    assert err.count("RequestValidationError: $.temperature") == 2
    assert conversation.messages == []
    assert conversation.to_dict()["asked"] == [{"role": "user", "content": "one"}]
    assert person.asked == []


def test_ctrl_c_keeps_what_came(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """The piece of an answer is history; the next question goes on from it, and !retry asks for another."""
    page = Page(interrupt_at="to")
    conversation = person.types("one", "two", page=page)
    assert conversation.messages[1]["content"].startswith("to")
    assert len(conversation.messages[1]["content"]) <= len("to one")
    assert person.asked[1] == ["one", conversation.messages[1]["content"], "two"]
    assert "stopped and kept what came" in capsys.readouterr().err


def test_two_quick_ctrl_c_keep_what_came(person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    """The second comes while the first is obeyed: it is none, and nothing is lost. Nobody knows what it cost."""
    conversation = person.types("one", "!usage", page=Page(interrupt_at="to", twice=True))
    assert conversation.messages[1]["content"].startswith("to")
    err = capsys.readouterr().err
    assert "stopped and kept what came" in err
    assert "= 0 tokens, without 1 answer of unknown length; 1 question in the history" in err
    person.types("!usage", conversation=conversation)
    assert "without 1 answer of unknown length" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        ((CTRL_C, "one", CTRL_C, "two"), False),
        ((CTRL_C, CTRL_C), True),
        (("!help", CTRL_C, "!multi", "one", "!end", CTRL_C), False),
    ],
)
def test_the_second_ctrl_c_in_a_row_ends(person: Person, lines: tuple[Any, ...], ends: bool) -> None:
    """The first clears the line and says so; a line that was entered in between begins anew."""
    if ends:
        with pytest.raises(KeyboardInterrupt):
            person.types(*lines)
    else:
        person.types(*lines)


def test_the_ctrl_c_that_stops_an_answer_is_the_first(person: Person) -> None:
    """Stopped, and then Ctrl-C at the prompt: that ends. In a line with something in it, it clears that line."""
    with pytest.raises(KeyboardInterrupt):
        person.types("one", CTRL_C, page=Page(interrupt_at="to"))
    lines = Typed("one", CTRL_C)
    lines.cleared = True
    session = Session(person._client, Conversation("m"), lines, Page("to"), Output(None))  # type: ignore[arg-type]
    session.run()


def test_ctrl_c_before_any_text_leaves_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    """Thoughts alone are no answer that could be history."""
    with served(answer=None) as person:
        conversation = person.types("one", thoughts=Page(interrupt_at="Nobody"))
    assert "stopped before anything came; !retry asks again" in capsys.readouterr().err
    assert conversation.messages == []
    assert conversation.to_dict()["asked"] == [{"role": "user", "content": "one"}]


def test_an_answer_swallowed_by_reasoning_leaves_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    """The budget went into thoughts: a warning names the option, and the question waits."""
    choice = {"message": {"content": "<reasoning>Hm</reasoning>"}, "finish_reason": "length"}

    class Service:
        def complete(self, request: object) -> ChatCompletion:
            return ChatCompletion.from_dict({"choices": [choice]})

    session = Session(Service(), Conversation("m"), Typed("one"), Page(), Output(None), stream=False)  # type: ignore[arg-type]
    session.run()
    err = capsys.readouterr().err
    assert "--max-tokens" in err
    assert "the question waits" in err


def test_nothing_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty answer is told, and the question waits; its tokens count."""
    with served(answer="") as person:
        conversation = person.types("one", "!usage")
    err = capsys.readouterr().err
    assert conversation.messages == []
    assert "the question waits" in err
    assert "= 0 tokens" not in err
