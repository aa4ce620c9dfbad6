"""A key that the service repeats is in nothing that a failure leaves, whatever the answer, the place and the form."""

from __future__ import annotations

import base64
import json
import pickle
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pytest

from bedrock_openai_http import (
    APIStatusError,
    BedrockOpenAIError,
    Credentials,
    Headers,
    HTTPResponse,
    IncompleteStreamError,
    PermissionDeniedError,
    ResponseFormatError,
    mint_api_key,
)
from bedrock_openai_http.aws.credentials import ApiKey
from bedrock_openai_http.call.redaction import redact
from both import Client, client_of
from echoes import FORMS, Answer, Echo, leaks, readings
from support import CHUNK, COMPLETION, DONE, NO_WAITS, REQUEST, RawServer, http

#: As keys are, with all the characters that forms differ in.
API_KEY = "bedrock-api-key-Ym9ndXM/a2V5+Zm9y.dGVzdHM_b25seQ~YWJj=="
SECRET_KEY = "wJa/rX+tnF=MI&K7M<DENG>b\"Px'Rfi%CYEXAMPLEKEY"
TOKEN = "IQ/Jb3JpZ2lu+X2VjE=HoaCXVz&LXdlc3QtMiJHMEUCIQ==" * 3
SET = Credentials("AKIAIOSFODNN7EXAMPLE", SECRET_KEY, TOKEN)

#: What a call authenticates with, and the secret that is repeated.
SECRETS = {"API key": ({"api_key": API_KEY}, API_KEY), "secret key": ({"credentials": SET}, SECRET_KEY)}
SECRETS |= {"session token": ({"credentials": SET}, TOKEN)}

#: What takes keys out is shared by both clients: for AsyncClient a part of the forms does.
SHARED = pytest.mark.only("Client", "What takes keys out is shared: some forms do for AsyncClient.")
SOME_FORMS = list(FORMS)[::6]


def rows(forms: Iterable[str]) -> list[Any]:
    """Return the rows of a table of `forms`, of which AsyncClient has some."""
    return [form if form in SOME_FORMS else pytest.param(form, marks=SHARED) for form in forms]


JSON, HTML, XML, EVENTS = "application/json", "text/html", "text/xml", "text/event-stream"


def answer(status: int, kind: str, text: str, **headers: str) -> Answer:
    # Latin-1, so that the form UTF-16 is what it is; the others are ASCII.
    return Answer(status, {"content-type": kind, **headers}, text.encode("latin-1"))


def quoted(key: str) -> str:
    """Return `key`, in whichever form, as the inside of a JSON string; what is an escape of JSON stays one."""
    return key if "\\" in key else json.dumps(key)[1:-1]


#: Refusals, by where the key stands in them.
REFUSALS: dict[str, Callable[[str], Answer]] = {
    "message": lambda key: answer(403, JSON, f'{{"message": "The token {quoted(key)} is bad"}}'),
    "whole message": lambda key: answer(400, JSON, f'{{"error": {{"message": "{quoted(key)}"}}}}'),
    "error is a text": lambda key: answer(400, JSON, f'{{"error": "{quoted(key)}"}}'),
    "type, code, param": lambda key: answer(
        400,
        JSON,
        '{{"error": {{"message": "no", "type": "{0}", "code": "{0}", "param": "{0}"}}}}'.format(quoted(key)),
    ),
    "__type": lambda key: answer(400, JSON, f'{{"__type": "com.amazon#{quoted(key)}"}}'),
    "request ID of the body": lambda key: Answer(
        400, {"x-amzn-RequestId": ""}, f'{{"message": "no", "requestId": "{quoted(key)}"}}'.encode("latin-1")
    ),
    "request ID of the headers": lambda key: answer(400, JSON, "{}", **{"x-amzn-RequestId": key}),
    "headers": lambda key: answer(
        500, JSON, "{}", **{"x-amzn-ErrorType": key, "x-echo": f"Bearer {key}", "content-type": f"text/{key}"}
    ),
    "a member that nobody reads": lambda key: answer(
        400, JSON, f'{{"message": "no", "request": {{"headers": ["authorization: Bearer {quoted(key)}"]}}}}'
    ),
    "page": lambda key: answer(502, HTML, f"<html><body><p>authorization: Bearer {key}</p></body></html>"),
    "plain text": lambda key: answer(502, "text/plain", f"x-amz-security-token:{key}\nhost:x"),
    "XML": lambda key: answer(
        403, XML, f"<Error><Code>{key}</Code><Message>{key}</Message><RequestId>{key}</RequestId></Error>"
    ),
    "JSON in the message": lambda key: answer(
        400, JSON, json.dumps({"error": {"message": f'{{"error": {{"message": "{quoted(key)}", "code": "x"}}}}'}})
    ),
    "JSON in the message, broken off": lambda key: answer(
        400, JSON, json.dumps({"error": {"message": f'{{"error": {{"message": "{quoted(key)}", "co'}})
    ),
    "JSON that is none": lambda key: answer(400, JSON, f'{{"message": "{quoted(key)}" "'),
    "a header's name": lambda key: answer(500, JSON, "{}", **{key: "x"}),
    "redirect": lambda key: answer(307, HTML, "", location=f"https://{key}.example/{key}?token={key}"),
    "not modified": lambda key: answer(304, HTML, "", location=f"https://{key}.example/{key}"),
}
#: 2xx answers to a request without a stream, and to one with.
WHOLE: dict[str, Callable[[str], Answer]] = {
    "200, a page": lambda key: answer(200, HTML, f"<html><p>authorization: Bearer {key}</p></html>"),
    "200, plain text": lambda key: answer(200, "text/plain", f"authorization: Bearer {key}"),
    "200, XML": lambda key: answer(200, XML, f"<a><h>{key}</h></a>"),
    "200, an odd type": lambda key: answer(200, f"text/{key}", "hello"),
    "200, error object": lambda key: answer(200, JSON, f'{{"error": {{"message": "{quoted(key)}", "code": 429}}}}'),
    "200, AWS's error object": lambda key: answer(200, JSON, f'{{"Output": {{"__type": "{quoted(key)}"}}}}'),
    "200, no completion": lambda key: answer(200, JSON, f'{{"choices": "{quoted(key)}"}}'),
    "200, no completion, request ID": lambda key: answer(200, JSON, "null", **{"x-request-id": key}),
}
STREAMED: dict[str, Callable[[str], Answer]] = {
    "stream, event error": lambda key: answer(
        200, EVENTS, f'event: error\ndata: {{"message": "{quoted(key)}", "type": "{quoted(key)}"}}\n\n'
    ),
    "stream, event error in plain words": lambda key: answer(200, EVENTS, f"event: error\ndata: no: {key}\n\n"),
    "stream, error chunk after another": lambda key: answer(
        200, EVENTS, CHUNK.decode() + f'data: {{"error": {{"message": "{quoted(key)}"}}}}\n\n'
    ),
    "stream, no chunk": lambda key: answer(
        200, EVENTS, f'data: {{"choices": "{quoted(key)}"}}\n\n', **{"x-echo": key}
    ),
    "stream, no end": lambda key: answer(200, EVENTS, CHUNK.decode(), **{"x-amzn-RequestId": key, "x-echo": key}),
    "stream, a page": lambda key: answer(200, EVENTS, f"<html><p>authorization: Bearer {key}</p></html>"),
}
ANSWERS = REFUSALS | WHOLE | STREAMED


def complete(client: Client) -> None:
    client.complete(REQUEST)


def stream(client: Client) -> None:
    with client.stream(REQUEST) as chunks:
        chunks.completion()


def failure(echo: Echo, options: dict[str, Any], ask: Callable[[Client], None] = complete) -> BedrockOpenAIError:
    with Client("us-west-2", transport=echo, max_attempts=1, **options) as client:
        with pytest.raises(BedrockOpenAIError) as caught:
            ask(client)
    return caught.value


@pytest.mark.parametrize("place", ANSWERS)
def test_an_echoed_key_is_nowhere(place: str, client_kind: str) -> None:
    """No text, attribute, answer or cause of the failure has the key or the half of it, however it is read.

    Each place is tried with each form, with the kinds of secrets and the ways of asking in turn.
    """
    for number, (form, write) in enumerate(FORMS.items(), start=len(place)):
        if client_kind == "AsyncClient" and form not in SOME_FORMS:
            continue
        secret = list(SECRETS)[number % len(SECRETS)]
        ask = stream if place in STREAMED else (complete, stream)[number % 2]
        options, key = SECRETS[secret]
        error = failure(Echo(ANSWERS[place], write(key)), options, ask)
        assert leaks(error, key.removeprefix("bedrock-api-key-")) == [], (form, secret, ask.__name__)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("form", rows(FORMS))
def test_each_form_of_each_secret(form: str, secret: str) -> None:
    """Each secret in each form goes, from a message and from the answer, and is in no pickle of the failure."""
    options, key = SECRETS[secret]
    for place in ("message", "XML", "a member that nobody reads"):
        error = failure(Echo(REFUSALS[place], FORMS[form](key)), options)
        assert leaks(pickle.loads(pickle.dumps(error)), key.removeprefix("bedrock-api-key-")) == []
        assert b"***" in error.response.body  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.no_client
def test_every_form_is_what_it_is_called(form: str) -> None:
    """The test above looks for what is there: each form can be read as the key, and only one is the key itself."""
    for _, key in SECRETS.values():
        assert key in readings(FORMS[form](key))
    assert (FORMS[form](SECRET_KEY) == SECRET_KEY) is (form == "raw")


@pytest.mark.parametrize("form", rows(form for form in FORMS if "UTF" not in form))
def test_the_rest_of_the_answer_stays(form: str) -> None:
    """What stands around the key stays as it is, and JSON stays JSON."""
    body = f'{{"message": "caf\\u00e9 \\"{quoted(FORMS[form](API_KEY))}\\" 100%25 &lt;b&gt; \\\\", "a": [1]}}'
    if form == "raw":
        body = body.replace(API_KEY, API_KEY.replace("/", "\\/"))
    error = failure(Echo(lambda key: answer(403, JSON, body), ""), {"api_key": API_KEY})
    assert isinstance(error, PermissionDeniedError)
    assert error.response is not None
    assert json.loads(error.response.body)["a"] == [1]
    assert error.message == json.loads(error.response.body)["message"]
    assert error.message.startswith('café "')
    assert error.message.endswith('***" 100%25 &lt;b&gt; \\')
    assert error.args == (error.message,)


def test_keys_side_by_side() -> None:
    """Several keys in one text all go, also where one follows the other at once or stands within it."""
    text = f"{SECRET_KEY}{TOKEN}{SECRET_KEY} {TOKEN[:40]} {FORMS['URL'](SECRET_KEY)}{FORMS['XML'](TOKEN)}."
    error = failure(Echo(lambda key: answer(403, "text/plain", text), ""), {"credentials": SET})
    assert error.response is not None  # type: ignore[attr-defined]
    assert error.response.body == b"********* *** ******."  # type: ignore[attr-defined]


def test_a_key_within_another() -> None:
    """Where one secret stands in another, all of the longer one goes."""
    inner = "c2VjcmV0c2VjcmV0"
    outer = f"IQoJb3JpZ2luX2Vj{inner}TG9uZ2VyVGhhblRoYXQ="
    for form in FORMS.values():
        echo = Echo(lambda key, form=form: answer(403, "text/plain", f"a {form(outer)}"), "")
        error = failure(echo, {"credentials": Credentials("AKIAIOSFODNN7EXAMPLE", inner, outer)})
        assert leaks(error, inner, outer, "TG9uZ2VyVGhhblRoYXQ=") == []


def test_a_key_as_a_host() -> None:
    """A host is quoted in its own letters: in small ones a key in it would not be known any more."""
    key = "ABSKQmVkcm9ja0FQSUtleS1hYmNkLWF0LTExMTEyMjIyMzMzMw"
    echo = Echo(lambda key: answer(307, HTML, "", location=f"https://u:p@{key}.Example:8443/x"), key)
    error = failure(echo, {"api_key": key})
    assert error.message == "the service answered with a redirect to ABSK***.Example, which is never followed"


def test_names_that_are_too_long() -> None:
    """A host, a type or a code that is too long to be one is not quoted, rather than cut, perhaps within a key."""
    for space in range(180, 201):
        long = "x." * (space // 2) + API_KEY
        echo = Echo(lambda key, long=long: answer(307, HTML, "", location=f"https://{long}.example/x"), "")
        assert "to another path" in failure(echo, {"api_key": API_KEY}).message
        body = json.dumps({"error": {"message": "no", "type": long.replace(".", "+"), "code": long}})
        error = failure(Echo(lambda key, body=body: answer(400, JSON, body), ""), {"api_key": API_KEY})
        assert isinstance(error, APIStatusError)
        assert error.type is error.code is None


def test_what_nobody_knows_stays() -> None:
    """What only looks like an escape stays as it is, also beside a key."""
    said = f"&nosuchname; {API_KEY} &#1114112; &#xFFFFFF; %zz %u003d \\q &;"
    error = failure(Echo(lambda key: answer(403, JSON, json.dumps({"message": said})), ""), {"api_key": API_KEY})
    assert error.message == said.replace(API_KEY[16:], "***")


@pytest.mark.no_client
def test_an_answer_that_cannot_be_searched() -> None:
    """Of a text with half a million escapes, or of a long one with a key in it, nothing is kept; else all is."""
    for size, unit, end, key, is_kept in (
        (1 << 19, b"%3D", b"", API_KEY, True),
        ((1 << 19) + 1, b"%3D", b"", API_KEY, False),
        ((1 << 19) + 1, b"%3D", b"", "too short", True),
        (1 << 20, b"a", b"", API_KEY, True),
        (1 << 20, b"a", API_KEY.encode(), API_KEY, False),
    ):
        body = unit * size + end
        error = APIStatusError("no", response=HTTPResponse(400, Headers(), body))
        redact(error, ApiKey(key))
        assert error.response is not None
        assert error.response.body == (body if is_kept else b"***")


@pytest.mark.parametrize("before", ["%", "&#", "&", "\\", "\\u00", "\\\\u", "%2", "&am"])
def test_a_key_after_half_an_escape(before: str) -> None:
    """What stands before a key does not hide it, though the two together look like an escape."""
    key = "41414141;2F2F2F2F2F2F2F;/"
    error = failure(Echo(lambda key: answer(403, "text/plain", before + key), key), {"credentials": SET})
    assert key.encode() in error.response.body  # type: ignore[attr-defined]  # of another call, it stays
    options = {"credentials": Credentials("AKIAIOSFODNN7EXAMPLE", key)}
    error = failure(Echo(lambda key: answer(403, "text/plain", before + key), key), options)
    assert leaks(error, key) == []


@pytest.mark.parametrize("form", rows(FORMS))
@pytest.mark.parametrize("place", ["body", "content-type", "request ID"])
def test_a_key_that_an_excerpt_cuts(place: str, form: str) -> None:
    """Wherever the end of an excerpt falls in a key, not even its first four characters are quoted."""
    key = "9zQx" + API_KEY[16:]
    for space in range(0, 240, 11):
        text = "a " * (space // 2) + " " * (place == "body") * 4 * space + FORMS[form](key)
        page = answer(502, "text/plain", text if place == "body" else "x")
        if place != "body":
            name = {"content-type": "content-type", "request ID": "x-amzn-RequestId"}[place]
            page = answer(502, "text/plain", "x", **{name: text})
        error = failure(Echo(lambda key, page=page: page, ""), {"api_key": key})
        assert not any("9zQx" in reading for reading in readings(str(error))), space


def test_a_key_that_the_service_cuts() -> None:
    """The beginning of a key is taken out too, from 16 characters on; what all keys begin with is none of a key."""
    minted = mint_api_key("us-west-2", credentials=SET)
    for key in (
        API_KEY,
        minted,
        "ABSK" + base64.b64encode(b"BedrockAPIKey-x-at-111122223333:c2VjcmV0IHNlY3JldA").decode(),
    ):
        own = key.removeprefix("bedrock-api-key-").removeprefix("ABSK")
        said = f"Invalid key {key[:45]}... A key begins with bedrock-api-key- or ABSK, not with {own[:8]}"
        error = failure(
            Echo(lambda key, said=said: answer(403, JSON, json.dumps({"message": said})), ""), {"api_key": key}
        )
        prefix = key.removesuffix(own)
        assert error.message == (
            f"Invalid key {prefix}***... A key begins with bedrock-api-key- or ABSK, not with {own[:8]}"
        )


@pytest.mark.parametrize("form", rows(FORMS))
def test_what_is_in_a_key(form: str) -> None:
    """A key is base64: the signature and the token in a short-term one, and the secret in a long-term one, go."""
    now = datetime(2026, 1, 2, tzinfo=timezone.utc)
    key = mint_api_key("us-west-2", credentials=SET, now=now)
    text = base64.b64decode(key.removeprefix("bedrock-api-key-")).decode()
    signature = text.partition("X-Amz-Signature=")[2][:64]
    error = failure(Echo(lambda key: answer(400, "text/plain", FORMS[form](text)), ""), {"api_key": key})
    assert leaks(error, signature, TOKEN) == []
    own = "c2VjcmV0/2VjcmV0+3JldA=="
    text = f"BedrockAPIKey-abcd-at-111122223333:{own}"
    key = "ABSK" + base64.b64encode(text.encode()).decode()
    echo = Echo(lambda key: answer(400, "text/plain", f"Who is BedrockAPIKey-abcd in {FORMS[form](text)}?"), "")
    error = failure(echo, {"api_key": key})
    assert leaks(error, own) == []
    assert "Who is BedrockAPIKey-abcd in" in error.message


@pytest.mark.parametrize(
    "own", ["AAAA", "bm90IEFTQ0lJOiDDqcOpw6nDqQ==", "not base64 " * 2, "!" * 20, "QUJDREVGR0hJSktMTU5PUA=="]
)
@pytest.mark.parametrize("prefix", ["bedrock-api-key-", "ABSK", ""])
@pytest.mark.no_client
def test_keys_in_which_nothing_can_be_read(prefix: str, own: str) -> None:
    """A key that is no base64, or of nothing known, is taken out as it is, and breaks nothing."""
    for word in (prefix + own, own):
        error = APIStatusError(f"<{word}>")
        redact(error, ApiKey(prefix + own))
        assert (word in error.message) is (len(word) < 16)


def test_what_is_too_short_for_a_key_stays() -> None:
    """A word of less than 16 characters is nobody's key, and may be a word of the answer."""
    said = {
        "message": "Please check the credentials of the user (test); an.ordinary.one begins with bedrock-api-key-."
    }
    for options in (
        {"api_key": "credentials"},
        {"api_key": "an.ordinary.one"},
        {"api_key": "bedrock-api-key-short"},
        {"credentials": Credentials("test", "test", "user")},
    ):
        error = failure(Echo(lambda key: answer(403, JSON, json.dumps(said)), ""), options)
        assert error.message == said["message"]


def test_a_stream_that_was_closed() -> None:
    """The failure of a stream that its reader has closed has the request ID without the key that stands for it."""
    echo = Echo(lambda key: answer(200, EVENTS, CHUNK.decode() * 2, **{"x-amzn-RequestId": key}), API_KEY)
    with Client("us-west-2", transport=echo, api_key=API_KEY) as client, client.stream(REQUEST) as chunks:
        next(chunks)
        chunks.close()
        with pytest.raises(IncompleteStreamError) as caught:
            chunks.completion()
    assert caught.value.partial is not None
    assert leaks(caught.value, API_KEY[16:]) == []
    assert caught.value.attempts == 1


def test_an_answer_that_breaks_off() -> None:
    """A broken connection's failure has the request ID of the answer that had begun, without the key in it."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {EVENTS}\r\nx-amzn-RequestId: {API_KEY}\r\nContent-Length: 9999\r\n\r\n"
    with RawServer(lambda number: [head.encode(), CHUNK, None]) as server:
        for ask in (complete, stream):
            with client_of(server, api_key=API_KEY) as client, pytest.raises(BedrockOpenAIError) as caught:
                ask(client)
            assert leaks(caught.value, API_KEY[16:]) == []
            assert caught.value.request_id == "bedrock-api-key-***"


def test_over_sockets_and_in_logs(fails: Callable[..., Any]) -> None:
    """The same over a real connection: nothing is left in the failure, its traceback or any log."""
    bodies = [
        http(f"<html>{API_KEY}</html>".encode(), "200 OK", "text/html"),
        http(json.dumps({"message": API_KEY}).encode(), "403 No"),
        http(b'event: error\ndata: {"message": "' + API_KEY.encode() + b'"}\n\n' + DONE, "200 OK", EVENTS),
    ]
    asked = [(complete, ResponseFormatError), (complete, PermissionDeniedError), (stream, APIStatusError)]
    with RawServer(lambda number: [bodies[number - 1]]) as server:
        with client_of(server, api_key=API_KEY, max_attempts=1) as client:
            for ask, kind in asked:
                error = fails(partial(ask, client), kind, API_KEY)
                assert "***" in str(error)


def test_what_is_done_is_decided_by_the_real_words() -> None:
    """Whether an attempt is made again, and the advice, follow from what the service said before a key was taken out.

    Here the very words that tell are a key, as they never are.
    """
    key = "bearer.token.has.expired"
    keys = iter((key, "another.key.for.the.next"))

    def reply(repeated: str) -> Answer:
        if len(echo.requests) > 1:
            return Answer(200, {}, COMPLETION)
        return Answer(403, {}, f'{{"message": "{repeated} Bearer Token has expired"}}'.encode())

    echo = Echo(reply, key)
    with Client("us-west-2", transport=echo, api_key=lambda: next(keys)) as client:
        assert client.complete(REQUEST).text == "hi"
    type_as_key = "ThrottlingException"
    echo = Echo(lambda key: Answer(400, {"x-amzn-errortype": key}, b"{}"), type_as_key)
    with Client("us-west-2", transport=echo, api_key=type_as_key, max_attempts=2, world=NO_WAITS) as client:
        with pytest.raises(APIStatusError) as caught:
            client.complete(REQUEST)
    assert caught.value.attempts == 2
    assert caught.value.type == "***"
    assert caught.value.advice is not None
    assert "quota" in caught.value.advice


PIECES = [rb"\ ", rb"\\", rb"\/", rb"\u003d", rb"\u0026#61;", b"%3D", b"%25", b"&amp;", b"&#61;", b"&", b"%", b"\0"]
PIECES = [piece.replace(b" ", b"") for piece in PIECES] + [b"a", API_KEY.encode()[:40], API_KEY.encode()]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.no_client
def test_long_answers_are_searched_in_linear_time(piece: bytes) -> None:
    """1 MB of what is hard to search take seconds at the most, and so does a part taken out of 64 KB.

    What took quadratic time would take minutes.
    """
    for size, end in ((1024 * 1024, b""), (64 * 1024, FORMS["JSON, punctuation"](API_KEY).encode())):
        body = (piece * (size // len(piece) + 1))[:size] + b" " + end
        error = APIStatusError("no", response=HTTPResponse(400, Headers(), body))
        started = time.monotonic()
        redact(error, ApiKey(API_KEY))
        assert time.monotonic() - started < 20
        assert error.response is not None
        assert API_KEY[16:32].encode() not in error.response.body
        assert error.response.body == body or b"***" in error.response.body
