"""`Conversation`: what becomes history, what is dropped, and how it is kept."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_openai_http import (
    ChatCompletion,
    ConfigurationError,
    Conversation,
    FunctionTool,
    Guardrail,
    ImagePart,
    OtherPart,
    OtherTool,
    Parsed,
    RequestValidationError,
    TextPart,
    ToolMessage,
    ToolRun,
    Turn,
    UserMessage,
    validate_request,
)
from bedrock_openai_http.values.usage import NO_USAGE, Usage
from chance import tries

TOOL = FunctionTool("look_up", parameters={"type": "object", "properties": {}})


def call(call_id: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "look_up", "arguments": "{}"}}


def completion(text: str | None = "Yes.", calls: tuple[str, ...] = (), prompt_tokens: int = 10) -> ChatCompletion:
    message = {"role": "assistant", "content": text, "tool_calls": [call(each) for each in calls]}
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": 2, "total_tokens": prompt_tokens + 2}
    return ChatCompletion.from_dict({"choices": [{"index": 0, "message": message}], "usage": usage})


def run_of(conversation: Conversation, *turns: tuple[str, ...], answer: str | None = "Done.") -> ToolRun:
    """Return a run of tools for what is asked: each of `turns` is the IDs of its calls."""
    transcript = [*conversation.request().to_body()["messages"]]
    done, usage, last = [], NO_USAGE, None
    for ids in turns:
        last = completion(None, ids)
        results = tuple(ToolMessage("42", each) for each in ids)
        transcript += [last.choices[0].message.to_dict(), *(result.to_dict() for result in results)]
        done.append(Turn(last, results))
        usage = usage.plus(last.usage)
    if answer is not None:
        last = completion(answer)
        transcript.append(last.choices[0].message.to_dict())
        usage = usage.plus(last.usage)
    return ToolRun(last, tuple(done), usage, tuple(transcript))


def talked(*questions: str, **fields: Any) -> Conversation:
    """Return a conversation in which each of `questions` has the answer "Yes.", whose prompt nobody counted."""
    conversation = Conversation("m", **fields)
    for question in questions:
        conversation.request(question)
        conversation.add(completion(prompt_tokens=0))
    return conversation


def contents(messages: Any) -> list[Any]:
    return [message.get("content") for message in messages]


def test_a_question_becomes_history_with_its_answer() -> None:
    """A request holds the system message, the history and the question; the question alone is no history."""
    conversation = talked("one", system="Be brief.", temperature=0.5)
    request = conversation.request("two", max_completion_tokens=9)
    body = request.to_body()
    assert contents(body["messages"]) == ["Be brief.", "one", "Yes.", "two"]
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("m", 0.5, 9)
    assert contents(conversation.messages) == ["Be brief.", "one", "Yes."]
    assert "max_completion_tokens" not in conversation.request().to_body()
    assert "temperature" not in conversation.request(temperature=None).to_body()


def test_a_question_without_an_answer_is_asked_again_or_replaced() -> None:
    """After a call that failed, `request()` is the same request, and another text takes the place of the first."""
    conversation = talked("one")
    first = conversation.request("two")
    assert conversation.request() == first
    assert contents(conversation.request("three").to_body()["messages"]) == ["one", "Yes.", "three"]
    conversation.add(completion())
    assert contents(conversation.messages) == ["one", "Yes.", "three", "Yes."]
    assert contents(conversation.request().to_body()["messages"]) == contents(conversation.messages)


def test_reasoning_is_left_out() -> None:
    """What the model thought, in a field or in tags, is not sent back."""
    conversation = Conversation("m")
    conversation.request("one")
    conversation.add(completion("<reasoning>deep thought</reasoning>Yes."))
    assert conversation.messages[1] == {"role": "assistant", "content": "Yes."}


def test_parts_and_messages_are_asked_as_they_are() -> None:
    """Parts make one user message, whole messages stand for themselves, and members beyond the schema are sent."""
    parts = [TextPart("What is it?"), {"type": "text", "text": "Look."}, ImagePart("data:image/png;base64,AA==")]
    other = OtherPart("video_url", extra={"video_url": {"url": "s3://b/k"}})
    for asked, expected in (
        (parts, [{"role": "user", "content": [UserMessage(parts).to_dict()["content"][i] for i in range(3)]}]),
        (UserMessage("x", name="Ann"), [{"role": "user", "content": "x", "name": "Ann"}]),
        ([{"role": "user", "content": "x"}, UserMessage("y")], [{"role": "user", "content": t} for t in "xy"]),
        ([other], [{"role": "user", "content": [other.to_dict()]}]),
    ):
        request = Conversation("m").request(asked)
        assert request.to_body()["messages"] == expected
        validate_request(request)


@pytest.mark.parametrize("asked", [[], 7, b"x", ["x"], [TextPart("x"), UserMessage("y")], {}.keys()])
def test_what_is_no_question_is_refused(asked: Any) -> None:
    """Neither text, nor parts, nor messages: a TypeError, and what waits still waits."""
    conversation = Conversation("m")
    conversation.request("one")
    with pytest.raises(TypeError, match="a text, content parts, or messages"):
        conversation.request(asked)
    assert contents(conversation.request().to_body()["messages"]) == ["one"]


def test_the_callers_own_lists_and_dicts_stay_theirs() -> None:
    """A later change of what was given, or of what was returned, changes nothing."""
    part = {"type": "text", "text": "x"}
    conversation = Conversation("m")
    conversation.request([part])
    part["text"] = "changed"
    conversation.add(completion())
    conversation.messages[0]["content"][0]["text"] = "changed"
    conversation.messages.clear()
    assert conversation.messages[0]["content"] == [{"type": "text", "text": "x"}]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"temprature": 1}, r'\$\.temprature: is not a known field; did you mean "temperature"\?'),
        ({"stop_sequences": ["x"]}, r"\$\.stop_sequences: is not a known field; it is stop here"),
        ({"messages": []}, r"\$\.messages: the messages are the conversation's"),
        ({"stream": True}, r"\$\.stream: client\.stream"),
    ],
)
def test_a_field_that_is_not_known_is_refused_at_once(fields: dict[str, Any], words: str) -> None:
    """In the words of `client.chat.completions.create`, whether it is for all requests or for one."""
    with pytest.raises(RequestValidationError, match=words):
        Conversation("m", **fields)
    if "stream" not in fields:
        with pytest.raises(RequestValidationError, match=words):
            Conversation("m").request("x", **fields)


def test_a_request_may_be_for_a_stream() -> None:
    """With what goes with a stream; the same question again is for any call."""
    conversation = Conversation("m")
    request = conversation.request("x", stream=True, stream_options={"include_usage": True})
    validate_request(request)
    assert request.to_body()["stream"] is True
    assert "stream" not in conversation.request().to_body()


def test_an_answer_needs_a_question() -> None:
    """Nothing asked, nothing that is an answer, no choice, another's run: each is told, and nothing is added."""
    conversation = talked("one")
    with pytest.raises(ValueError, match="nothing was asked"):
        conversation.add(completion())
    with pytest.raises(ValueError, match="nothing to ask"):
        Conversation("m").request()
    conversation.request("two")
    with pytest.raises(TypeError, match="a ChatCompletion, a Parsed or a ToolRun"):
        conversation.add({"choices": []})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no choice"):
        conversation.add(ChatCompletion.from_dict({"choices": []}))
    other = Conversation("m")
    other.request("other")
    with pytest.raises(ValueError, match="of another request"):
        conversation.add(run_of(other))
    assert contents(conversation.messages) == ["one", "Yes."]


def test_the_tokens_of_all_answers_are_added_up() -> None:
    """Of a Parsed the tokens of all attempts, of a run those of all turns; before an answer there are none known."""
    conversation = Conversation("m")
    assert conversation.usage == NO_USAGE
    conversation.request("one")
    conversation.add(Parsed(1, completion(), Usage(30, 4, 34), "message"))
    conversation.request("two")
    conversation.add(run_of(conversation, ("call_0",)))
    assert conversation.usage == Usage(50, 8, 58)


def test_a_run_of_tools_is_added_with_all_its_messages() -> None:
    """Also one that an error broke off, after which `request()` goes on from the last result."""
    conversation = Conversation("m", system="Be brief.")
    conversation.request("one")
    conversation.add(run_of(conversation, ("call_0", "call_1"), ("call_0",), answer=None))
    roles = [message["role"] for message in conversation.messages]
    assert roles == ["system", "user", "assistant", "tool", "tool", "assistant", "tool"]
    validate_request(conversation.request())
    conversation.add(run_of(conversation))
    assert contents(conversation.messages)[-1] == "Done."


@pytest.mark.parametrize("turns", [(), (("call_0",), ("call_0", "call_1"), ("call_0",))])
def test_a_later_state_of_a_run_takes_the_place_of_the_earlier(turns: tuple[tuple[str, ...], ...]) -> None:
    """As by `on_turn=conversation.add`, and at the end once more: each message and each token counts once."""
    conversation, other = talked("one"), talked("other")
    conversation.request("two")
    run = run_of(conversation, *turns)
    begun = [run_of(conversation, *turns[:i], answer=None) for i in range(1, len(turns) + 1)]
    for count, state in enumerate([*begun, run, run], 1):
        conversation.add(state)
        assert conversation.messages == [*talked("one").messages, *state.messages[2:]]
        assert conversation.usage.total_tokens == 2 + 12 * min(count, len(turns) + 1)
    with pytest.raises(ValueError, match="nothing was asked"):
        conversation.add(run_of(other, *turns))
    conversation.request("three")
    with pytest.raises(ValueError, match="of another request"):
        conversation.add(run)
    conversation.add(completion())
    assert contents(conversation.messages)[-3:] == ["Done.", "three", "Yes."]


def test_an_answer_at_once_has_no_later_state() -> None:
    """A run that begins with all of it is another run, which this conversation has not asked for."""
    conversation = Conversation("m")
    conversation.request("one")
    run = run_of(conversation)
    conversation.add(run)
    with pytest.raises(ValueError, match="nothing was asked"):
        conversation.add(replace(run, transcript=(*run.transcript, *run.transcript)))
    assert (contents(conversation.messages), conversation.usage) == (["one", "Done."], run.usage)


def test_a_run_may_leave_nulls_out() -> None:
    """Of a question with a member that is null, the run has what was sent, which is without it."""
    conversation = Conversation("m")
    conversation.request([{"role": "user", "content": "x", "name": None}])
    run = run_of(conversation)
    conversation.add(replace(run, transcript=({"role": "user", "content": "x"}, *run.transcript[1:])))
    assert contents(conversation.messages) == ["x", "Done."]


def test_a_run_without_a_message_leaves_the_question() -> None:
    """A first turn that failed is no answer; what it cost is counted."""
    conversation = Conversation("m")
    request = conversation.request("one")
    conversation.add(ToolRun(None, (), Usage(5, 0, 5), tuple(request.to_body()["messages"])))
    assert (conversation.messages, conversation.usage.total_tokens) == ([], 5)
    assert conversation.request() == request


def test_calls_get_their_results() -> None:
    """Results can be given; a call without one is said not to have been run, or the API would refuse what follows."""
    conversation = Conversation("m", tools=[TOOL])
    conversation.request("one")
    conversation.add(completion(None, ("a", "b")))
    validate_request(conversation.request())
    request = conversation.request([ToolMessage("42", "b")])
    validate_request(request)
    assert contents(request.to_body()["messages"])[2:] == ["42", "This call was not run."]
    request = conversation.request("two")
    validate_request(request)
    assert contents(request.to_body()["messages"])[2:] == ["This call was not run."] * 2 + ["two"]


def test_whole_turns_are_dropped_from_the_front() -> None:
    """As few as it takes; the system message, the last turn and the open question stay."""
    conversation = talked(*(f"{i}" + "x" * 400 for i in range(5)), system="Be brief.")
    conversation.request("open")
    whole = len(json.dumps(conversation.request().to_body(), separators=(",", ":")))
    assert conversation.shorten(whole // 4 + 1) == 0
    assert conversation.shorten((whole - 450) // 4) == 1
    assert contents(conversation.messages)[1][0] == "1"
    assert conversation.shorten(1) == 3
    assert [text[:2] for text in contents(conversation.request().to_body()["messages"])] == ["Be", "4x", "Ye", "op"]
    assert conversation.shorten(1) == 0


def test_tokens_are_estimated_by_the_last_answer() -> None:
    """A service that counted one token for each byte makes four times as many of them."""
    conversations = [talked(*"abcdefgh") for _ in range(2)]
    body = conversations[0].request("i").to_body()
    size = len(json.dumps(body, separators=(",", ":")))
    for conversation, tokens in zip(conversations, (size // 4, size), strict=True):
        conversation.request("i")
        conversation.add(completion(prompt_tokens=tokens))
    assert conversations[0].shorten(size // 3) == 0
    assert conversations[1].shorten(size // 3) > 4


@pytest.mark.parametrize("limit", [0, -1, True, "9", None])
def test_a_limit_is_a_number_of_tokens(limit: Any) -> None:
    """Anything else is refused, and nothing dropped."""
    with pytest.raises(ConfigurationError, match="to_tokens"):
        talked("one").shorten(limit)


def test_it_is_kept_as_json() -> None:
    """What is saved and read again asks the same: fields, tools, guardrail, extra body, and the open question."""
    fields = {
        "temperature": 0.5,
        "tools": [TOOL, OtherTool("web_search", extra={"web_search": {"depth": 1}})],
        "guardrail": Guardrail("gr-1", "DRAFT", trace=True),
        "extra_body": {"top_k": 5},
    }
    conversation = talked("Grüße", system=[TextPart("Be brief.")], **fields)
    other = OtherPart("video_url", extra={"video_url": {"url": "s3://b/k"}})
    for asked in (None, [other]):
        if asked:
            conversation.request(asked)
        text = json.dumps(conversation.to_dict())
        again = Conversation.from_dict(json.loads(text))
        assert json.dumps(again.to_dict()) == text
        assert again.request().to_body() == conversation.request().to_body()
        assert again.request().guardrail == fields["guardrail"]
        assert (again.usage, again.messages) == (conversation.usage, conversation.messages)
        validate_request(again.request("x"))
        conversation = Conversation.from_dict(json.loads(text))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ([], TypeError, r"\$: must be an object"),
        ({"model": None}, ValueError, r"\$\.model: is required"),
        ({"model": 7}, TypeError, r"\$\.model: must be a string"),
        ({"messages": {}}, TypeError, r"\$\.messages: must be a list"),
        ({"messages": ["secret"]}, TypeError, r"\$\.messages\[0\]: must be an object"),
        ({"messages": [{"role": "secret"}]}, ValueError, r"\$\.messages\[0\]\.role: must be one of system"),
        ({"asked": [{"content": "secret"}]}, ValueError, r"\$\.asked\[0\]\.role"),
        ({"system": 7}, TypeError, r"\$\.system"),
        ({"usage": []}, ValueError, r"\$\.usage"),
        ({"bytes_per_token": 0}, ValueError, r"\$\.bytes_per_token"),
        ({"version": 1}, ValueError, r"\$\['version'\]: is no member"),
        ({"fields": []}, TypeError, r"\$\.fields: must be an object"),
        ({"fields": {"stream": True}}, ValueError, r"\$\.fields\['stream'\]: is no member"),
        ({"fields": {"guardrail": {"identifier": "a"}}}, TypeError, r"\$\.fields\.guardrail\.version"),
        ({"fields": {"extra_body": "secret"}}, TypeError, r"\$\.fields\.extra_body: must be an object"),
    ],
)
def test_what_is_no_saved_conversation_is_refused(change: Any, error: type[Exception], words: str) -> None:
    """By TypeError or ValueError, with the path and without what stands there."""
    saved = {**talked("one").to_dict(), **change} if isinstance(change, dict) else change
    with pytest.raises(error, match=words) as caught:
        Conversation.from_dict(saved)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("calls", [None, 7, [7], [{}], [{"id": []}], {"id": "a"}])
def test_what_no_history_may_hold_is_for_the_check(calls: Any) -> None:
    """A document that somebody wrote is read if it has the form; a request that cannot be sent is refused as ever."""
    answer = {"role": "assistant", "content": "Yes.", "tool_calls": calls}
    saved = {"model": "m", "messages": [{"role": "user", "content": "x"}, answer]}
    request = Conversation.from_dict(saved).request("y")
    if calls is None:
        validate_request(request)
    else:
        with pytest.raises(RequestValidationError, match="tool_calls"):
            validate_request(request)


def test_the_repr_shows_no_content() -> None:
    """Neither what was said nor the system message; copies and pickles are whole."""
    conversation = talked("secret", system="secret")
    conversation.request("secret")
    assert repr(conversation) == "Conversation('m', 2 messages, a question waits)"
    for again in (copy.deepcopy(conversation), pickle.loads(pickle.dumps(conversation))):
        assert again.to_dict() == conversation.to_dict()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("text"), st.sampled_from(["", "Yes.", "Grüße"])),
        st.tuples(st.just("calls"), st.integers(1, 3)),
        st.tuples(st.just("run"), st.lists(st.integers(1, 2), max_size=3), st.booleans()),
        st.tuples(st.just("results"), st.integers(0, 2)),
        st.tuples(st.just("shorten"), st.integers(1, 200)),
        st.tuples(st.just("saved")),
    ),
    max_size=12,
)


@given(STEPS)
@tries(60)
def test_whatever_is_added_and_dropped_can_be_sent(steps: list[Any]) -> None:
    """Calls keep their results, and the next question makes a valid request that begins with a whole turn."""
    conversation = Conversation("m", system="Be brief.", tools=[TOOL])
    for kind, *rest in steps:
        if kind == "shorten":
            conversation.shorten(rest[0])
        elif kind == "saved":
            conversation = Conversation.from_dict(conversation.to_dict())
        elif kind == "results":
            last = conversation.messages[-1]
            results = [ToolMessage("42", each["id"]) for each in last.get("tool_calls", ())][: rest[0]]
            conversation.request(results or "What?")
            conversation.add(completion())
        else:
            conversation.request("What?")
            if kind == "run":
                turns = [tuple(f"call_{i}" for i in range(count)) for count in rest[0]]
                conversation.add(run_of(conversation, *turns, answer="Done." if rest[1] or not turns else None))
            else:
                text, ids = (rest[0], ()) if kind == "text" else (None, tuple(f"call_{i}" for i in range(rest[0])))
                conversation.add(completion(text, ids))
        validate_request(conversation.request("x").to_body())
        assert [message["role"] for message in conversation.messages][:2] in (["system"], ["system", "user"])
