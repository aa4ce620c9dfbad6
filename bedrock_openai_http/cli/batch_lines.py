"""What a batch file must keep beside the bodies in it: IDs, one model, no stream.

There are two forms of a line: OpenAI's, `{"custom_id", "method", "url", "body"}`, and Bedrock's, `{"recordId",
"modelInput"}` (Amazon Bedrock user guide: batch inference). This module judges what surrounds a body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

#: What a line says its body is for. The job's own `endpoint` has no slash before it.
URLS = ("/v1/chat/completions", "v1/chat/completions")

#: Members that only a body of Converse has.
_CONVERSE = ("inferenceConfig", "toolConfig", "additionalModelRequestFields", "guardrailConfig", "requestMetadata")
_CONVERSE_PARTS = ("text", "image", "document", "video", "toolUse", "toolResult", "cachePoint")


class Wrapping(NamedTuple):
    """A form of a line: the member with the body, and the one with the ID."""

    body: str
    id: str


class Fault(NamedTuple):
    """What is wrong with a line: the member that it is about, the kind and the text of the remark, the rule."""

    member: str
    kind: str
    text: str
    rule: str


OPENAI = Wrapping("body", "custom_id")
BEDROCK = Wrapping("modelInput", "recordId")


def wrapping_of(value: Any) -> Wrapping | None:
    """Return the form of a line of a batch file, or None for what is none, such as a body or a line of results."""
    if not isinstance(value, Mapping) or "messages" in value or {"response", "modelOutput"} & value.keys():
        return None
    return next((form for form in (OPENAI, BEDROCK) if form.body in value), None)


class BatchFile:
    """What the lines of one batch file have shown so far."""

    def __init__(self) -> None:
        #: Where an ID was first seen, by the form's name for it and itself.
        self._seen: dict[tuple[str, str], str] = {}
        #: The model of the first line that names one, and where that is.
        self._model: tuple[str, str] | None = None

    def faults(self, value: Mapping[str, Any], form: Wrapping, place: str) -> Iterator[Fault]:
        """Yield what is wrong with the line `value` of that form at `place`, but for its body's own flaws."""
        yield from self._id_faults(value, form, place)
        if form is OPENAI:
            yield from _address_faults(value)
        body = value[form.body]
        if not isinstance(body, Mapping):
            return
        if body.get("stream") is True:
            yield Fault(
                f"{form.body}.stream", "error", "no answer of a batch is streamed; leave it out", "batch-stream"
            )
        if form is BEDROCK and _is_for_converse(body):
            words = 'is a body of the Converse API, which only a job with modelInvocationType "Converse" takes'
            yield Fault(form.body, "error", words, "batch-converse")
        yield from self._model_faults(body.get("model"), form, place)

    def _id_faults(self, value: Mapping[str, Any], form: Wrapping, place: str) -> Iterator[Fault]:
        given = value.get(form.id)
        if given is None and form is BEDROCK:
            words = "is missing; the job makes one up, and results come in any order"
            yield Fault(form.id, "warning", words, "batch-id")
        elif not isinstance(given, str) or not given:
            yield Fault(form.id, "error", "must be a text that tells the line's result from others", "batch-id")
        else:
            first = self._seen.setdefault((form.id, given), place)
            if first != place:
                yield Fault(form.id, "error", f"is that of {first} too", "batch-id")

    def _model_faults(self, model: Any, form: Wrapping, place: str) -> Iterator[Fault]:
        if not isinstance(model, str):
            return
        if self._model is None:
            self._model = model, place
        elif self._model[0] != model:
            words = f"is another one than that of {self._model[1]}; all of a batch file goes to one model"
            yield Fault(f"{form.body}.model", "error", words, "batch-model")


def is_judged(value: Mapping[str, Any], form: Wrapping) -> bool:
    """Tell whether the body in the line is for this API, as far as what surrounds it says."""
    body = value[form.body]
    if form is BEDROCK:
        return not (isinstance(body, Mapping) and _is_for_converse(body))
    return value.get("url") in (None, *URLS) or (isinstance(body, Mapping) and "messages" in body)


def _address_faults(value: Mapping[str, Any]) -> Iterator[Fault]:
    # Who sends the file himself, or by a tool that fills them in, may leave both out.
    if value.get("method") not in (None, "POST"):
        yield Fault("method", "error", 'must be "POST"', "batch-method")
    if value.get("url") not in (None, *URLS):
        yield Fault("url", "error", f'must be "{URLS[0]}"; files for other APIs are not for this client', "batch-url")


def _is_for_converse(body: Mapping[str, Any]) -> bool:
    if any(key in body for key in _CONVERSE) or isinstance(body.get("system"), list):
        return True
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, Mapping) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, Mapping) and "type" not in part and any(key in part for key in _CONVERSE_PARTS):
                return True
    return False
