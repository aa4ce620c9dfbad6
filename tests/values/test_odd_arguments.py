"""Whatever is given for whichever argument: the outcome is fine, or one error of ours that holds nothing of it."""

from __future__ import annotations

import contextlib
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bedrock_openai_http import (
    ApiKeyProvider,
    BedrockOpenAIError,
    ChatCompletionRequest,
    Client,
    Credentials,
    Guardrail,
    Headers,
    HTTPRequest,
    UserMessage,
    build_http_request,
    inspect_api_key,
    lambda_deadline,
    mint_api_key,
    resolve_endpoint,
    sign,
    validate_request,
)
from bedrock_openai_http.testing import LocalEndpoint
from odd_values import CANARY, ODD, ForeignError
from support import COMPLETION, KEY, MODEL, REQUEST

BODY = {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}
URL = "https://h.example/openai/v1/chat/completions"
KEYS = Credentials("AKIDEXAMPLE", "secret", "token")
UNSIGNED = HTTPRequest("POST", URL, Headers({"Content-Type": "application/json"}), b"{}")


class Answering:
    """A transport that answers every request as a service would, and checks that it could be sent."""

    status_code = 200

    def open(self, request: HTTPRequest, limits: Any) -> Answering:
        assert {type(part) for part in (request.method, request.url, *request.headers.values())} == {str}
        assert type(request.body) is bytes
        assert {type(seconds) for seconds in (limits.connect, limits.read, limits.deadline or 1.0)} == {float}
        streamed = request.headers["accept"] == "text/event-stream"
        self.headers = Headers({"content-type": "text/event-stream" if streamed else "application/json"})
        return self

    def pieces(self) -> Iterator[bytes]:
        yield COMPLETION

    def close(self, *, drain: bool = False) -> None:
        pass


def client(**options: Any) -> Client:
    given = {"region": "us-west-2", "max_attempts": 1, "transport": Answering(), **options}
    if not {"api_key", "credentials", "profile"} & set(options):
        given["api_key"] = KEY
    if "session" in options:
        del given["transport"]
        given["base_url"] = "http://127.0.0.1:9"
    return Client(**given)


def flaw(call: Callable[[], Any]) -> str | None:
    """Make a call, and return what is wrong with how it ends, if anything is."""
    try:
        call()
    except BedrockOpenAIError as error:
        failure = error
    except Exception as error:
        return "".join(traceback.format_exception(error))
    else:
        return None
    shown = f"{failure} {failure!r} {vars(failure)}"
    links = (failure.__cause__, failure.__context__)
    foreign = any(link is not None and not isinstance(link, BedrockOpenAIError) for link in links)
    return shown if foreign or CANARY in shown or len(str(failure)) > 600 else None


def check(*calls: Callable[[Any], Any]) -> None:
    """Make each of the calls with each odd value: none may end in another way than those that are promised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [(name, flaw(lambda: call(make()))) for name, make in ODD.items() for call in calls]  # noqa: B023
    assert [(name, words) for name, words in found if words] == []


def arguments(names: str) -> Any:
    return pytest.mark.parametrize("name", names.split())


@arguments(
    """
    region endpoint base_url api_key credentials profile timeout connect_timeout deadline max_attempts
    retry_read_timeouts allow_insecure use_fips_endpoint use_dualstack_endpoint guardrail project session transport
    """
)
def test_client(name: str) -> None:
    """Each argument of a client, in a whole call and a stream."""
    check(
        lambda value: client(**{name: value}).complete(REQUEST),
        lambda value: client(**{name: value}).stream(REQUEST).close(),
    )


@arguments("request deadline extra_headers")
@pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
def test_complete_and_stream(name: str, endpoint: str) -> None:
    """Each argument of the two calls, on both endpoints."""
    mine = client(endpoint=endpoint)
    given = {"request": {**BODY, "model": "openai.gpt-oss-20b"} if endpoint == "mantle" else BODY}
    check(
        lambda value: mine.complete(**{**given, name: value}),
        lambda value: mine.stream(**{**given, name: value}).close(),
    )


@arguments("model messages temperature tools stop metadata n stream extra_headers extra_body timeout response_format")
def test_create(name: str) -> None:
    """Arguments of the OpenAI-shaped door, which makes the request itself."""
    mine = client()
    check(
        lambda value: mine.chat.completions.create(**{**BODY, name: value}),
        lambda value: mine.chat.completions.create(**{**BODY, "stream": True, name: value}),
    )


@arguments("model messages temperature tools stop stream extra_body response_format logit_bias")
def test_request(name: str) -> None:
    """Members of a request, as a mapping and as a request of ours."""
    mine = client()

    def made(value: Any) -> ChatCompletionRequest:
        try:
            return ChatCompletionRequest(**{**BODY, name: value})
        except ForeignError:  # a list of the caller's own class is copied when the request is made
            return REQUEST

    check(
        lambda value: mine.complete({**BODY, name: value}),
        lambda value: validate_request({**BODY, name: value}),
        lambda value: mine.complete(made(value)),
        lambda value: mine.stream(made(value)),
        lambda value: build_http_request(made(value), URL),
        lambda value: build_http_request({**BODY, name: value}, URL),
    )


PLACES: dict[str, Callable[[Any], Any]] = {
    "a message": lambda value: value,
    "its content": lambda value: UserMessage(value),
    "its content, in a mapping": lambda value: {"role": "user", "content": value},
    "its name": lambda value: UserMessage("x", name=value),
    "its role": lambda value: {"role": value, "content": "x"},
    "a part": lambda value: {"role": "user", "content": [value]},
    "a part of a message of ours": lambda value: UserMessage([value]),
    "a text": lambda value: {"role": "user", "content": [{"type": "text", "text": value}]},
    "a key": lambda value: {"role": "user", "content": "x", value: "y"},
    "another member": lambda value: {"role": "assistant", "content": "x", "audio": {"id": value}},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_within_messages(place: Callable[[Any], Any]) -> None:
    """What stands deep in a request."""
    mine = client()

    def messages(value: Any) -> list[Any]:
        with contextlib.suppress(TypeError, ForeignError):  # by making it
            return [{"role": "user", "content": "Hi"}, place(value)]
        return []

    check(
        lambda value: mine.complete({**BODY, "messages": messages(value)}),
        lambda value: mine.complete(ChatCompletionRequest(MODEL, messages(value))),
        lambda value: mine.chat.completions.create(model=MODEL, messages=messages(value)),
    )


@arguments("identifier version trace tag_suffix stream_processing_mode")
def test_guardrail(name: str) -> None:
    """The settings of a guardrail, of the client's and of a request's."""

    def guardrail(value: Any) -> Guardrail:
        return Guardrail(**{"identifier": "gr-1", "version": "1", name: value})

    def request(value: Any) -> ChatCompletionRequest:
        return ChatCompletionRequest(MODEL, [UserMessage("x")], guardrail=guardrail(value))

    check(
        lambda value: client(guardrail=guardrail(value)).complete(REQUEST),
        lambda value: client(guardrail=guardrail(value)).complete(BODY),
        lambda value: client().stream(request(value)),
        lambda value: build_http_request(request(value), URL),
    )


def test_headers() -> None:
    """Names and values of extra headers."""
    mine = client()

    def named(value: Any) -> dict[Any, str]:
        with contextlib.suppress(TypeError, ForeignError):
            return {value: "x"}
        return {}

    check(
        lambda value: mine.complete(REQUEST, extra_headers={"X-Corp": value}),
        lambda value: mine.stream(REQUEST, extra_headers=named(value)),
        lambda value: build_http_request(REQUEST, URL, extra_headers=named(value)),
    )


@arguments("request url extra_headers")
def test_build_http_request(name: str) -> None:
    """Each argument of the step that builds."""
    check(lambda value: build_http_request(**{"request": REQUEST, "url": URL, name: value}))


@arguments("request credentials region service now")
def test_sign(name: str) -> None:
    """Each argument of the step that signs."""
    given = {"request": UNSIGNED, "credentials": KEYS, "region": "us-west-2", "service": "bedrock"}
    check(lambda value: sign(**{**given, name: value}))


@arguments("method url body")
def test_what_is_signed(name: str) -> None:
    """Members of a request that was not built here, and its headers."""
    given = {"method": "POST", "url": URL, "headers": Headers(), "body": b""}
    check(
        lambda value: sign(HTTPRequest(**{**given, name: value}), KEYS, "us-west-2"),
        lambda value: sign(HTTPRequest(**{**given, "headers": {"X-Amzn-Thing": value}}), KEYS, "us-west-2"),
    )


@arguments("access_key secret_key token")
def test_credentials(name: str) -> None:
    """Parts of credentials, given and from a callable."""

    def keys(value: Any) -> Credentials:
        return Credentials(**{"access_key": "AKIDEXAMPLE", "secret_key": "secret", "token": "t", name: value})

    check(
        lambda value: sign(UNSIGNED, keys(value), "us-west-2"),
        lambda value: client(credentials=lambda: keys(value)).complete(REQUEST),
        lambda value: mint_api_key("us-west-2", credentials=keys(value)),
    )


@arguments("api_key credentials")
def test_what_a_callable_returns(name: str) -> None:
    """What somebody's callable gives in place of a key."""
    check(lambda value: client(**{name: lambda: value}).complete(REQUEST))


@arguments("region endpoint base_url allow_insecure use_fips_endpoint use_dualstack_endpoint")
def test_resolve_endpoint(name: str) -> None:
    """Each argument of the choice of a host, with and without a URL."""
    check(
        lambda value: resolve_endpoint(**{"region": "us-west-2", name: value}),
        lambda value: resolve_endpoint(**{"region": "us-west-2", "base_url": "https://h", name: value}),
    )


def with_keys(name: str, value: Any) -> dict[str, Any]:
    return {"region": "us-west-2", **({} if name == "profile" else {"credentials": KEYS}), name: value}


@arguments("region credentials profile lifetime now")
def test_mint_api_key(name: str) -> None:
    """Each argument of the making of a key."""
    check(lambda value: mint_api_key(**with_keys(name, value)))


@arguments("region credentials profile lifetime margin clock")
def test_api_key_provider(name: str) -> None:
    """Each argument of what makes keys for a client."""
    check(lambda value: client(api_key=ApiKeyProvider(**with_keys(name, value))).complete(REQUEST))


@arguments("region service port upstream upstream_key upstream_model answer scenario clock remember")
def test_local_endpoint(name: str) -> None:
    """Each argument of the stand-in, before it is started."""
    check(lambda value: LocalEndpoint(**{name: value}))


def test_inspect_api_key() -> None:
    """What is asked what it says about itself."""
    check(inspect_api_key)


@arguments("context margin")
def test_lambda_deadline(name: str) -> None:
    """What stands for a Lambda context, and the margin."""

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 3000

    class Odd:
        def __init__(self, value: Any) -> None:
            self.get_remaining_time_in_millis = lambda: value

    check(
        lambda value: lambda_deadline(**{"context": Context(), name: value}),
        lambda value: lambda_deadline(Odd(value)),
    )


def test_a_flaw_is_seen() -> None:
    """The check above fails for a foreign exception, and for one of ours that leads to it."""

    def chained() -> None:
        try:
            raise ForeignError(CANARY)
        except ForeignError:
            raise BedrockOpenAIError("ours") from None

    def untyped() -> None:
        raise KeyError

    assert flaw(chained)
    assert flaw(untyped)
    assert flaw(lambda: None) is None
