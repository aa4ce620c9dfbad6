"""The decisions of a run, played with listed answers and without any client."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bedrock_openai_http import (
    APITimeoutError,
    BedrockOpenAIError,
    ChatCompletionRequest,
    ConfigurationError,
    CustomTool,
    FunctionTool,
    RateLimitError,
    RequestValidationError,
    ToolError,
    ToolLoopError,
    ToolRun,
    UserMessage,
    validate_request,
)
from bedrock_openai_http.values.wire_value import plain
from models import REQUEST, Clock, Played, answer, call, custom


def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    return a + b


def refuse(why: str) -> str:
    """Refuse."""
    raise ToolError(why)


def fail(secret: str) -> str:
    """Fail."""
    raise KeyError(secret)


TOOLS = [add, refuse, fail]


def fits(run: ToolRun, request: ChatCompletionRequest = REQUEST) -> bool:
    """Tell whether the messages of a run can be sent with the next request, and are plain JSON."""
    assert json.loads(json.dumps(run.messages)) == run.messages
    validate_request(replace(request, messages=run.messages))
    return True


def test_a_run_to_its_end() -> None:
    """Calls are run and their results sent back, in order, until an answer calls none."""
    played = Played(TOOLS, answer(call("add", {"a": 1, "b": 2}), call("add", {"a": 5, "b": None})), answer("Done."))
    run = played.run
    assert run.completion is not None
    assert run.completion.text == "Done."
    assert [message["role"] for message in run.messages] == ["user", "assistant", "tool", "tool", "assistant"]
    assert played.results == ["3", "6"]
    assert [result.tool_call_id for result in run.turns[0].results] == ["call_0", "call_1"]
    assert (len(run.turns), run.usage.total_tokens, run.request_id) == (1, 26, "r-1")
    assert fits(run)
    assert "Done" not in repr(run)
    assert pickle.loads(pickle.dumps(run)) == run


def test_the_request_of_each_turn_holds_what_was_said() -> None:
    """Each turn is asked with the caller's fields, the tools, and the transcript; the request is not changed."""
    request = replace(REQUEST, temperature=0.5, extra_body={"later": 1})
    played = Played(TOOLS, answer(call("add", {"a": 1})), answer("2"), request=request)
    first, second = (each.to_body() for each in played.requests)
    assert [tool["function"]["name"] for tool in first["tools"]] == ["add", "refuse", "fail"]
    assert {**second, "messages": 0} == {**first, "messages": 0}
    assert second["messages"] == played.run.messages[:-1]
    assert request.tools is None
    assert len(request.messages) == 1


def test_a_request_may_be_a_mapping() -> None:
    """A body of the wire format does as well, and stays as it is."""
    body = {"model": "m", "messages": [{"role": "user", "content": "a"}], "tools": None}
    played = Played(TOOLS, answer(call("add", {"a": 1})), answer("2"), request=body)
    assert [len(each["messages"]) for each in played.requests] == [1, 3]
    assert (len(body["messages"]), body["tools"]) == (1, None)
    assert played.run.messages[0] == {"role": "user", "content": "a"}


def test_ids_that_recur_are_paired_by_turn() -> None:
    """A model that calls each call `call_0` gets its results where they belong."""
    turns = [answer(call("add", {"a": number, "b": 0})) for number in range(3)]
    run = Played(TOOLS, *turns, answer("Done.")).run
    assert [turn.results[0].content for turn in run.turns] == ["0", "1", "2"]
    assert {turn.results[0].tool_call_id for turn in run.turns} == {"call_0"}
    assert fits(run)


def test_what_the_model_is_told() -> None:
    """Wrong arguments, an unknown name and a ToolError are told, and the run goes on."""
    calls = [
        call("add", {"a": "one"}),
        call("sub", {}),
        call("refuse", {"why": "No \ud800."}),
        call("refuse", {"why": ""}),
    ]
    played = Played(TOOLS, answer(*calls), answer("Sorry."))
    assert played.error is None
    wrong, unknown, refused, empty = played.results
    assert "$.a: must be an integer [type]" in wrong
    assert "the tools are: add, refuse, fail" in unknown
    assert (refused, empty) == ("No \ufffd.", "The tool failed.")
    assert played.ran == ["refuse", "refuse"]
    assert fits(played.run)


def test_arguments_that_are_no_json_do_not_go_back() -> None:
    """Some models fail on them: history has {} in their place, and the result says what they were."""
    calls = [call("add", text) for text in ('{"a": ', "", '{"a": 1}', '{"a": 1, "b": 1, "a": 2}')]
    played = Played(TOOLS, answer(*calls), answer("Sorry."))
    said = played.run.messages[1]["tool_calls"]
    assert [each["function"]["arguments"] for each in said] == ["{}", "{}", '{"a": 1}', "{}"]
    assert played.ran == ["add"]
    assert played.results[0].endswith('They were: {"a": ')
    assert [each.function.arguments for each in played.run.turns[0].completion.tool_calls][:2] == ['{"a": ', ""]  # type: ignore[union-attr]


def test_the_second_of_three_calls_fails() -> None:
    """Another exception ends the run; each call has its result, and no word of the exception is in any."""
    calls = [call("add", {"a": 1}), call("fail", {"secret": "SECRET"}), call("add", {"a": 3})]
    played = Played(TOOLS, answer(*calls))
    error = played.error
    assert isinstance(error, ToolLoopError)
    assert (error.reason, type(error.__cause__)) == ("tool-failed", KeyError)
    assert played.results == ["2", "The tool failed.", "This call was not run."]
    assert played.ran == ["add", "fail"]
    assert "SECRET" not in f"{error!s}{error!r}{error.advice}"
    assert "'fail' failed with KeyError" in str(error)
    assert (error.request_id, error.run, error.usage) == ("r-1", played.run, played.run.usage)
    assert "SECRET" not in json.dumps([each.to_dict() for each in played.run.turns[0].results])
    assert fits(played.run)
    assert played.told == [played.run]


@pytest.mark.parametrize("result", [float("nan"), object(), b"bytes"])
def test_a_result_that_is_no_json_ends_the_run(result: Any) -> None:
    """What JSON cannot hold is a failure of the tool, and not put into words."""

    def give() -> Any:
        return result

    played = Played([give], answer(call("give")))
    assert isinstance(played.error, ToolLoopError)
    assert played.error.reason == "tool-failed"
    assert isinstance(played.error.__cause__, (TypeError, ValueError))
    assert played.results == ["The tool failed."]


def test_an_error_of_ours_in_a_tool_is_the_tools_failure() -> None:
    """A tool that calls another model and gets a 429 has failed; the run's own calls have not."""

    def ask() -> str:
        raise RateLimitError("slow down", status_code=429)

    error = Played([ask], answer(call("ask"))).error
    assert isinstance(error, ToolLoopError)
    assert isinstance(error.__cause__, RateLimitError)
    assert error.__cause__.run is None


def test_two_refunds_and_a_429() -> None:
    """An error of a later turn keeps its class, and has the run with all that was done."""
    done: list[str] = []

    def refund(order: str) -> str:
        done.append(order)
        return "refunded"

    limited = RateLimitError("slow down", status_code=429)
    played = Played([refund], answer(call("refund", {"order": "A"}), call("refund", {"order": "B"})), limited)
    assert played.error is limited
    assert limited.run is not None
    assert done == ["A", "B"]
    assert [result.content for result in limited.run.turns[0].results] == ["refunded", "refunded"]
    assert limited.run.usage.total_tokens == 13
    assert fits(limited.run)
    resumed = Played([refund], answer("Done."), request=replace(REQUEST, messages=limited.run.messages))
    assert (resumed.run.messages[:-1], done) == (limited.run.messages, ["A", "B"])
    assert pickle.loads(pickle.dumps(limited)).run == limited.run


def test_an_error_of_the_first_turn_has_a_run_too() -> None:
    """What fails before anything was done has the request's messages, and no tokens."""
    run = Played(TOOLS, RateLimitError("slow down")).run
    assert (run.completion, run.turns, run.usage.total_tokens) == (None, (), None)
    assert run.messages == [{"role": "user", "content": "SECRET prompt"}]


@pytest.mark.parametrize("rule", [{"$dynamicRef": "#nowhere"}])
def test_a_schema_that_nothing_can_be_checked_by(rule: dict[str, Any]) -> None:
    """What is found out at the first call only is a failure of that tool: no call runs, and the run is kept."""
    own = FunctionTool("own", parameters={"type": "object", "properties": {"a": rule}})
    played = Played([add, (own, lambda a: a)], answer(call("add", {"a": 1}), call("own", {"a": "x"})))
    assert isinstance(played.error, ToolLoopError)
    assert (played.error.reason, played.ran) == ("tool-failed", [])
    assert played.error.__cause__ is not None
    assert played.results == ["This call was not run.", "The tool failed."]
    assert fits(played.run)


# --- asking before a call


def test_before_call_is_asked_for_all_calls_before_the_first_runs() -> None:
    """It is asked in order, with the call and its converted arguments, for those that can be run."""
    asked: list[Any] = []

    def before(call: Any, arguments: Any) -> None:
        assert played_calls == []
        asked.append((call.id, call.function.name, arguments))

    played_calls: list[int] = []

    def note(a: int) -> int:
        played_calls.append(a)
        return a

    calls = [call("note", {"a": 1}), call("nope"), call("note", {"a": "x"}), call("note", {"a": 4})]
    played = Played([note], answer(*calls), answer("Done."), before_call=before)
    assert played.error is None
    assert asked == [("call_0", "note", {"a": 1}), ("call_3", "note", {"a": 4})]
    assert played_calls == [1, 4]


def test_before_call_says_no() -> None:
    """Its ToolError is told to the model in place of a result, and the other calls run."""

    def before(call: Any, arguments: Any) -> None:
        if arguments["a"] == 1:
            raise ToolError("The customer says no.")

    played = Played(TOOLS, answer(call("add", {"a": 1}), call("add", {"a": 2})), answer("Done."), before_call=before)
    assert (played.error, played.results) == (None, ["The customer says no.", "3"])


def test_before_call_fails() -> None:
    """Any other exception ends the run before any call of the turn has run."""

    def before(call: Any, arguments: Any) -> None:
        if arguments["a"] == 2:
            raise KeyError("SECRET")

    calls = [call("add", {"a": 1}), call("add", {"a": 2}), call("nope")]
    played = Played(TOOLS, answer(*calls), before_call=before)
    assert isinstance(played.error, ToolLoopError)
    assert (played.error.reason, type(played.error.__cause__)) == ("tool-failed", KeyError)
    assert "before_call failed with KeyError" in str(played.error)
    assert played.ran == []
    assert played.results[:2] == ["This call was not run."] * 2
    assert "There is no tool" in played.results[2]
    assert fits(played.run)


# --- limits


REASONED = {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 7}}


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        (answer(call("add", {"a": 1}), finish="length"), "none of its calls was run"),
        (answer("Let me see.", call("add", {"a": 1}), finish="length"), "none of its calls was run"),
        (answer("", finish="length"), "it says nothing"),
        (answer("<reasoning>Hm", finish="length"), "lower reasoning_effort: it had begun with reasoning"),
        (
            answer("", finish="length", usage=REASONED),
            "7 of its 9 tokens went into reasoning",
        ),
    ],
)  # fmt: skip
def test_a_turn_that_was_cut(cut: Any, words: str) -> None:
    """It runs no call: the answer is in `run.completion` and its tokens in `run.usage`, but in no message."""
    played = Played(TOOLS, answer(call("add", {"a": 1})), cut)
    error = played.error
    assert isinstance(error, ToolLoopError)
    assert error.reason == "length"
    assert words in str(error)
    assert "Raise max_completion_tokens" in str(error.advice)
    run = played.run
    assert run.completion is not None
    assert run.completion.finish_reason == "length"
    assert (run.usage.completion_tokens or 0) > 3
    assert [message["role"] for message in run.messages] == ["user", "assistant", "tool"]
    assert (len(run.turns), played.ran) == (1, ["add"])
    assert fits(run)


def test_a_text_that_was_cut_is_the_answer() -> None:
    """As with `complete` the caller sees it by the finish reason."""
    assert Played(TOOLS, answer("", refusal="I can", finish="length")).error is None
    played = Played(TOOLS, answer("Half an", finish="length"))
    assert played.error is None
    assert played.run.completion is not None
    assert played.run.completion.finish_reason == "length"
    assert played.run.messages[-1] == {"role": "assistant", "content": "Half an"}


@pytest.mark.parametrize(
    "last", [answer(""), {"choices": []}, answer("", refusal="No."), answer("", finish="content_filter")]
)
def test_an_answer_that_says_little_is_an_answer(last: Any) -> None:
    """An empty answer that was not cut, a refusal, and an answer without choices end the run as they are."""
    played = Played(TOOLS, answer(call("add", {"a": 1})), last)
    assert played.error is None
    assert fits(played.run)
    assert played.told[-1] == played.run


def test_max_turns_counts_rounds() -> None:
    """The calls of the last round are run, of which there may be any number, and then the run ends."""
    turns = [answer(call("add", {"a": number}), call("add", {"a": number})) for number in range(3)]
    played = Played(TOOLS, *turns, max_turns=3)
    assert isinstance(played.error, ToolLoopError)
    assert played.error.reason == "max-turns"
    assert "after 3 turns" in str(played.error)
    assert (len(played.run.turns), played.ran) == (3, ["add"] * 6)
    assert fits(played.run)
    assert Played(TOOLS, turns[0], answer("Done."), max_turns=2).error is None


def test_the_same_failing_call_in_three_turns() -> None:
    """It ends the run, whether or not the turns follow on each other, once its results are in."""
    failing = answer(call("add", {"a": "x"}), call("add", {"a": "x"}))
    played = Played(TOOLS, failing, failing, answer(call("add", {"a": 1})), failing)
    assert isinstance(played.error, ToolLoopError)
    assert played.error.reason == "repeated"
    assert [len(turn.results) for turn in played.run.turns] == [2, 2, 1, 2]
    assert fits(played.run)


@pytest.mark.parametrize(
    "calls",
    [
        [call("add", {"a": 1})] * 4,
        [call("refuse", {"why": str(number)}) for number in range(4)],
        [call("refuse", {"why": "a"})] * 2,
        [call(f"nope{number}") for number in range(4)],
    ],
)
def test_what_is_no_repetition(calls: list[Any]) -> None:
    """The same call may succeed as often as it likes, and different calls may fail."""
    assert Played(TOOLS, *[answer(each) for each in calls], answer("Done.")).error is None


@pytest.mark.parametrize("each", [call("nope", {"a": 1}), call("add", "{"), call("refuse", {"why": "a"})])
def test_each_kind_of_failing_call_counts(each: Any) -> None:
    """An unknown name, broken arguments and a ToolError are failures alike."""
    error = Played(TOOLS, *[answer(each)] * 3).error
    assert isinstance(error, ToolLoopError)
    assert error.reason == "repeated"


def test_one_deadline_over_all() -> None:
    """Each completion gets what is left of it, and with none left there is no further turn."""
    clock = Clock()

    def work(seconds: float) -> str:
        clock.now += seconds
        return "done"

    turns = [answer(call("work", {"seconds": 4})), answer(call("work", {"seconds": 6}), call("work", {"seconds": 1}))]
    played = Played([work], *turns, clock=clock, deadline=10)
    assert played.seconds == [10, 6]
    error = played.error
    assert isinstance(error, APITimeoutError)
    assert (error.phase, error.elapsed) == ("deadline", 10)
    assert error.run == played.run
    assert played.results == ["done", "This call was not run."]
    assert fits(played.run)


def test_a_deadline_that_passes_in_the_last_turn() -> None:
    """It is what ended the run: calls were not run, which with `max-turns` they are."""
    clock = Clock()

    def work() -> None:
        clock.now += 10

    played = Played([work], answer(call("work"), call("work")), clock=clock, deadline=10, max_turns=1)
    assert isinstance(played.error, APITimeoutError)
    assert played.results == ["null", "This call was not run."]


def test_without_a_deadline_each_call_has_the_clients() -> None:
    """No limit of ours is put on the completions."""
    assert Played(TOOLS, answer(call("add", {"a": 1})), answer("Done.")).seconds == [None, None]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_turns": 0}, "max_turns: must be an integer of 1 to 1000000 turns"),
        ({"max_turns": True}, "max_turns: "),
        ({"max_turns": "3"}, "max_turns: "),
        ({"max_concurrency": 0}, "max_concurrency: must be an integer of 1 to 1000000 calls"),
        ({"max_concurrency": 1.5}, "max_concurrency: "),
        ({"deadline": 0}, "deadline: must be a number of seconds above 0"),
    ],
)
def test_limits_that_are_none(options: dict[str, Any], words: str) -> None:
    """A limit that cannot be used is a ConfigurationError before anything is sent, with the run as it stands."""
    played = Played(TOOLS, **options)
    assert isinstance(played.error, ConfigurationError)
    assert words in str(played.error)
    assert played.error.run is not None
    assert played.error.run.messages == [{"role": "user", "content": "SECRET prompt"}]


# --- requests


NAMED = {"type": "function", "function": {"name": "add"}}


def allowed(mode: str) -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [NAMED]}}


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (None, None),
        ("auto", "auto"),
        ("none", "none"),
        ("required", None),
        (NAMED, None),
        (allowed("auto"), allowed("auto")),
        (allowed("required"), allowed("auto")),
    ],
)
def test_a_forced_choice_holds_for_the_first_turn(first: Any, later: Any) -> None:
    """A choice that forces a call would have the model call for ever; one that allows stays."""
    played = Played(TOOLS, answer(call("add", {"a": 1})), answer("2"), request=replace(REQUEST, tool_choice=first))
    assert [each.to_body().get("tool_choice") for each in played.requests] == [first, later]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"tools": [FunctionTool("a")]}, "$.tools"),
        ({"functions": [{"name": "a"}]}, "$.functions"),
        ({"function_call": "auto"}, "$.function_call"),
        ({"stream": True}, "$.stream"),
        ({"n": 2}, "$.n"),
        ({"temperature": 9}, "$.temperature"),
        ({"tool_choice": {"type": "function", "function": {"name": "nope"}}}, "$.tool_choice"),
        ({"messages": []}, "$.messages"),
        ({"messages": None}, "$.messages"),
        ({"stream_options": {"include_usage": True}}, "$.stream_options"),
    ],
)
def test_requests_that_are_refused(fields: dict[str, Any], path: str) -> None:
    """What the loop could not keep to, and what is not valid, is refused before anything is sent, with its place."""
    requests: list[Any] = [replace(REQUEST, **fields), {**REQUEST.to_body(), **fields}]
    if fields.keys() <= {"tools", "functions", "function_call", "stream", "n"}:
        requests.append(replace(REQUEST, extra_body=fields))
    for request in requests:
        played = Played(TOOLS, request=request)
        assert isinstance(played.error, RequestValidationError)
        assert played.error.json_path.startswith(path)
        assert played.error.run is not None
        assert "SECRET" not in str(played.error)


@pytest.mark.parametrize("request_", [None, "hello", object(), {}, {"model": "m", "messages": "SECRET"}])
def test_what_is_no_request(request_: Any) -> None:
    """Anything else than a request is one error of ours, with an empty run."""
    played = Played(TOOLS, request=request_)
    assert isinstance(played.error, RequestValidationError)
    assert played.run.messages == []


def test_unknown_members_of_a_mapping_are_refused() -> None:
    """As `complete` does it."""
    played = Played(TOOLS, request={**REQUEST.to_body(), "temprature": 1})
    assert isinstance(played.error, RequestValidationError)
    assert played.error.rule == "unknown-key"


@pytest.mark.parametrize("model", ["openai.gpt-5.6-mini", "openai.gpt-5.6"])
def test_models_that_take_tools_only_without_reasoning(model: str) -> None:
    """They are refused with that sentence before the first turn, unless the request says that there is none."""
    request = ChatCompletionRequest(model, [UserMessage("a")])
    error = Played(TOOLS, request=request).error
    assert isinstance(error, RequestValidationError)
    assert (error.json_path, error.rule) == ("$.tools", "needs-no-reasoning")
    assert 'unless reasoning_effort is "none"' in str(error)
    assert Played(TOOLS, answer("a"), request=replace(request, reasoning_effort="none")).error is None


def test_streamed_turns_ask_for_their_tokens() -> None:
    """A streamed turn asks for its usage, unless the request says what it wants."""
    own = {"include_usage": False}
    for given, sent in ((None, {"include_usage": True}), (own, own)):
        request = replace(REQUEST, stream_options=given)
        played = Played(TOOLS, answer(call("add", {"a": 1})), answer("2"), request=request, streamed=True)
        assert [each.to_body()["stream_options"] for each in played.requests] == [sent, sent]


def test_custom_tools() -> None:
    """A custom tool gets its text, and its result goes back to the custom call."""
    played = Played(
        [(CustomTool("shout"), str.upper), add], answer(custom("shout", "hi"), call("add", {"a": 1})), answer("Done.")
    )
    assert played.results == ["HI", "2"]
    assert played.run.messages[1]["tool_calls"][0]["custom"] == {"name": "shout", "input": "hi"}
    assert fits(played.run)


# --- checkpoints


def test_on_turn_is_told_after_each_turn() -> None:
    """It gets the run so far, each time with one turn more, fit to be gone on from; at last the whole run."""
    turns = [answer(call("add", {"a": number})) for number in range(2)]
    played = Played(TOOLS, *turns, answer("Done."))
    assert [len(run.turns) for run in played.told] == [1, 2, 2]
    assert all(fits(run) for run in played.told)
    assert played.told[-1] == played.run
    checkpoint = played.told[0].messages
    checkpoint[0]["content"] = "changed"
    assert played.told[0].messages[0]["content"] == "SECRET prompt"
    resumed = Played(TOOLS, turns[1], answer("Done."), request=replace(REQUEST, messages=played.told[0].messages))
    assert resumed.run.messages == played.run.messages


def test_every_reason_has_advice() -> None:
    """Each error of the loop says in one line what helps."""
    errors: list[Callable[[], Any]] = [
        lambda: Played(TOOLS, answer(call("add", {"a": 1})), max_turns=1),
        lambda: Played(TOOLS, *[answer(call("nope"))] * 3),
        lambda: Played(TOOLS, answer("", finish="length")),
        lambda: Played(TOOLS, answer(call("fail", {"secret": "SECRET"}))),
    ]
    for make in errors:
        error = make().error
        assert isinstance(error, BedrockOpenAIError)
        assert error.advice
        assert error.advice in str(error)
        assert error.elapsed is not None
        assert "SECRET" not in str(error)


# --- what the caller holds is the caller's own


def test_what_is_done_to_the_arguments_in_before_call_changes_nothing() -> None:
    """Whoever shortens or masks arguments to show them shortens only what is shown."""
    got: list[Any] = []

    def pay(items: list[str], place: Place) -> str:
        got.append((items, place))
        return "paid"

    def mask(call: Any, arguments: Any) -> None:
        arguments["items"].append("EVIL")
        arguments["place"].x = 999

    Played([pay], answer(call("pay", {"items": ["a"], "place": {"x": 1}})), answer("Done."), before_call=mask)
    assert got == [(["a"], Place(1))]


@dataclass
class Place:
    x: int

    def __post_init__(self) -> None:
        if self.x == 0:
            raise ToolError("There is no place 0.")
        if self.x < 0:
            raise ValueError("SECRET of the database")


def test_a_class_of_an_argument_says_to_the_model_what_it_says_by_a_tool_error() -> None:
    """The text of a ToolError is for the model, that of another exception is not."""

    def go(place: Place) -> str:
        return "gone"

    played = Played([go], answer(*[call("go", {"place": {"x": x}}) for x in (0, -1)]), answer("Done."))
    zero, negative = played.results
    assert "There is no place 0." in zero
    assert "is refused by Place itself (ValueError)" in negative
    assert "SECRET" not in negative


def test_a_list_of_messages_is_read_once() -> None:
    """A checkpoint that is kept in the very list that the request was made of is not sent twice."""
    messages: list[Any] = [{"role": "user", "content": "Hello!"}]
    body = {"model": "openai.gpt-oss-20b-1:0", "messages": messages}

    def add(a: int) -> int:
        messages.append({"role": "user", "content": "and more"})
        return a

    played = Played([add], answer(call("add", {"a": 1})), answer("Done."), request=body)
    sent = [plain(message)["role"] for message in played.requests[1]["messages"]]
    assert sent == ["user", "assistant", "tool"]


def test_what_stands_beside_the_fields_of_a_message_goes_with_it() -> None:
    """The messages of a run are fit for the next request, also where the first had an `extra`."""
    request = replace(REQUEST, messages=[UserMessage("Hello!", extra={"cache_control": {"type": "ephemeral"}})])
    played = Played([add], answer(call("add", {"a": 1})), answer("Done."), request=request)
    again = replace(request, messages=played.run.messages)
    validate_request(again)
    assert json.loads(json.dumps(played.run.messages))[0]["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize("extra", [{"tool_choice": "required"}, {"tools": []}])
def test_what_a_run_sets_cannot_come_by_extra_body(extra: dict[str, Any]) -> None:
    """A choice that is forced there would be forced in each turn."""
    played = Played([add], request=replace(REQUEST, extra_body=extra))
    assert isinstance(played.error, RequestValidationError)
    assert played.requests == []


def test_calls_of_an_answer_that_a_filter_ended_are_not_run() -> None:
    """What such calls are made with may be half."""
    played = Played([add], answer(call("add", {"a": 1}), finish="content_filter"))
    assert isinstance(played.error, ToolLoopError)
    assert (played.error.reason, played.ran, played.run.turns) == ("guardrail", [], ())
