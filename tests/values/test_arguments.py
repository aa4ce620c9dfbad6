"""What callers give for options: which numbers, words and objects are taken, and how the others are refused."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from bedrock_openai_http import (
    ApiKeyProvider,
    ChatCompletionRequest,
    Client,
    ConfigurationError,
    Credentials,
    CredentialsError,
    HTTPRequest,
    RequestValidationError,
    UserMessage,
    lambda_deadline,
    sign,
    validate_request,
)
from bedrock_openai_http.testing import LocalEndpoint
from bedrock_openai_http.values.arguments import LONGEST_SECONDS
from bedrock_openai_http.values.http import TimeLimits
from odd_values import CANARY, Growing, Number, NumpyLike, OddMapping, ToDict, Word, fail, hostile
from support import COMPLETION, KEY, MODEL, REQUEST, RawServer, client_of, http

BODY = {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}

TOO_LONG = [1e7, 1e10, 1e308, 2**31, 10**10, LONGEST_SECONDS + 1, Decimal("1e9"), Fraction(10**9)]
NO_SECONDS = [
    *(0, -1, -0.0, True, None, float("nan"), float("inf"), -float("inf"), 10**400, -(10**400)),
    *("5", b"5", memoryview(b"5"), [5], 5j, Decimal("NaN"), Decimal("sNaN"), Decimal("0"), Decimal("Infinity")),
    *(hostile(), NumpyLike(float("nan")), object()),
]


def seconds_of(name: str, value: Any) -> Callable[[], Any]:
    """Return the call that gives `value` for the argument `name`."""
    client = Client("us-west-2", api_key=KEY)
    return {
        "timeout": lambda: Client("us-west-2", api_key=KEY, timeout=value),
        "connect_timeout": lambda: Client("us-west-2", api_key=KEY, connect_timeout=value),
        "deadline": lambda: Client("us-west-2", api_key=KEY, deadline=value),
        "complete deadline": lambda: client.complete(REQUEST, deadline=value),
        "stream deadline": lambda: client.stream(REQUEST, deadline=value),
        "create timeout": lambda: client.chat.completions.create(**BODY, timeout=value),
        "streamed create timeout": lambda: client.chat.completions.create(**BODY, timeout=value, stream=True),
    }[name]


PLACES = [
    *("timeout", "connect_timeout", "deadline", "complete deadline", "stream deadline"),
    *("create timeout", "streamed create timeout"),
]


@pytest.mark.parametrize("place", PLACES)
def test_seconds_that_are_none(place: str) -> None:
    """What is no number above 0 is refused with the name of the argument, and what is too long for a socket too."""
    name = place.split()[-1]
    may_be_none = name == "deadline" or "create" in place
    for value in NO_SECONDS:
        if value is None and may_be_none:
            continue
        with pytest.raises(ConfigurationError, match=rf"^{name}: must be a number of seconds above 0$"):
            seconds_of(place, value)()
    for value in TOO_LONG:
        with pytest.raises(ConfigurationError, match=rf"^{name}: must be 2147483 seconds \(24 days\) at most$"):
            seconds_of(place, value)()


def test_numbers_of_every_kind() -> None:
    """Every number that Python can make a float of is a time limit, up to the longest, over a real socket."""
    odd = hostile(float, 2.5, only="__lt__")
    kinds = [1, 2.5, Decimal("2.5"), Fraction(5, 2), NumpyLike(2.5), Number.THREE, odd]
    with RawServer(lambda number: [http(COMPLETION)]) as server:
        for value in (*kinds, LONGEST_SECONDS, Decimal(LONGEST_SECONDS)):
            options = {"timeout": value, "connect_timeout": value, "deadline": value}
            with client_of(server, **options) as client:
                assert client.complete(REQUEST, deadline=value).text == "hi"
                assert client.chat.completions.create(**BODY, timeout=value).text == "hi"


def test_the_limits_that_a_transport_gets_are_floats() -> None:
    """Whatever was given, later steps count with plain floats."""
    seen: list[TimeLimits] = []

    class Noting:
        def open(self, request: HTTPRequest, limits: TimeLimits) -> Any:
            seen.append(limits)
            raise ConfigurationError("no")

        def close(self) -> None: ...

    half = Decimal("0.5")
    with Client(
        "us-west-2", api_key=KEY, timeout=half, connect_timeout=half, deadline=half, transport=Noting()
    ) as mine:
        with pytest.raises(ConfigurationError):
            mine.complete(REQUEST, deadline=Fraction(1, 2))
    assert (seen[0].connect, seen[0].read) == (0.5, 0.5)
    assert {type(seen[0].connect), type(seen[0].read), type(seen[0].deadline)} == {float}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"endpoint": ["x"]}, "endpoint: must be one of 'runtime', 'mantle'"),
        ({"endpoint": "runtime\n"}, "endpoint: must be one of"),
        ({"region": ["us-west-2"]}, "region: must look like 'us-west-2'"),
        ({"base_url": b"https://h"}, "base_url: must be a str of visible ASCII"),
        ({"profile": ["x"]}, "profile: must be a str"),
        ({"profile": 7}, "profile: must be a str"),
        ({"max_attempts": 0}, "max_attempts: must be an integer of 1 to 999999999"),
        ({"max_attempts": 10**5000}, "max_attempts: must be an integer"),
        ({"max_attempts": 2.0}, "max_attempts: must be an integer"),
        ({"retry_read_timeouts": "no"}, "retry_read_timeouts: must be True or False"),
        ({"retry_read_timeouts": None}, "retry_read_timeouts: must be True or False"),
        ({"allow_insecure": "false"}, "allow_insecure: must be True or False"),
        ({"allow_insecure": 1, "base_url": "http://h"}, "allow_insecure: must be True or False"),
        ({"use_fips_endpoint": 1}, "use_fips_endpoint: must be True, False or None"),
        ({"use_dualstack_endpoint": []}, "use_dualstack_endpoint: must be True, False or None"),
        ({"session": 7}, "session: must be a requests.Session, not int"),
        ({"transport": object()}, "transport: must have the methods open and close"),
    ],
)
def test_other_options_that_are_refused(options: dict[str, Any], words: str) -> None:
    """The constructor says which option, and what it must be."""
    with pytest.raises(ConfigurationError, match=f"^{words}"):
        Client(**{"region": "us-west-2", "api_key": KEY, **options})


def test_words_and_numbers_of_other_classes() -> None:
    """Members of an enum, subclasses of str with methods of their own, and numpy's integers are taken."""
    with LocalEndpoint() as endpoint:
        with Client(
            hostile(str, "us-west-2"),
            endpoint=Word.RUNTIME,
            base_url=hostile(str, endpoint.url),
            api_key=hostile(str, endpoint.api_key),
            max_attempts=NumpyLike(2),
        ) as client:
            text = [{"type": hostile(str, "text"), "text": hostile(str, "Hi")}]
            message = {hostile(str, "role", only="lower"): "user", "content": text}
            assert client.complete({"model": hostile(str, MODEL), "messages": [message], "n": hostile(int, 1)}).text
            assert client.complete(REQUEST, extra_headers={"X-Corp": hostile(str, "y")}).text
    assert endpoint.requests[0].json()["messages"][0]["content"] == [{"type": "text", "text": "Hi"}]
    assert endpoint.requests[1].headers["x-corp"] == "y"
    assert b"max=2" in endpoint.requests[0].headers["amz-sdk-request"].encode()


@pytest.mark.parametrize(
    "value",
    [
        OddMapping("raises"),
        OddMapping("getitem"),
        OddMapping("iter"),
        OddMapping("threes"),
        Growing(a=1, b=2),
        ToDict(fail),
        hostile(list, ["x"]),
        hostile(dict, {"a": 1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_request_that_cannot_be_read(value: Any) -> None:
    """What raises while it is read is refused with the class of what was raised, and nothing leads to that itself."""
    for request in (
        value,
        {**BODY, "messages": [value]},
        {**BODY, "messages": [{"role": "user", "content": [value]}]},
        {**BODY, "metadata": value},
        ChatCompletionRequest(MODEL, [value]),
        ChatCompletionRequest(MODEL, [UserMessage("x")], extra_body={"new": value}),
    ):
        with pytest.raises(RequestValidationError) as caught:
            validate_request(request)
        assert caught.value.rule in ("json-type", "type")
        assert caught.value.__context__ is None
        assert CANARY not in "".join(traceback.format_exception(caught.value)[1:])


def test_a_generator_of_messages() -> None:
    """Messages are a list: a generator could be sent once only, and not checked before."""
    messages = ({"role": "user", "content": "x"} for _ in range(2))
    with Client("us-west-2", api_key=KEY) as client:
        for call in (
            lambda: client.complete(ChatCompletionRequest(MODEL, messages)),
            lambda: client.chat.completions.create(model=MODEL, messages=messages),
        ):
            with pytest.raises(RequestValidationError) as caught:
                call()
            assert (caught.value.json_path, caught.value.rule) == ("$.messages", "json-type")


def test_a_request_that_another_thread_changes() -> None:
    """A dict that grows and shrinks while calls read it is sent as it was at some moment, or refused."""
    metadata = {str(number): "x" for number in range(8)}
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for number in range(2000):
                metadata[f"k{number}"] = "x"
            for number in range(2000):
                del metadata[f"k{number}"]

    thread = threading.Thread(target=change)
    thread.start()
    outcomes = set()
    try:
        for _ in range(150):
            try:
                validate_request({**BODY, "metadata": metadata})
            except RequestValidationError as error:
                outcomes.add(error.rule)
    finally:
        stop.set()
        thread.join()
    assert outcomes <= {"json-type", "maxProperties"}


class Broken:
    """Credentials one of whose properties raises."""

    access_key = "AKIDEXAMPLE"
    token = None

    @property
    def secret_key(self) -> str:
        return fail()


class BrokenRefresh:
    @property
    def get_frozen_credentials(self) -> Any:
        return fail()


@pytest.mark.parametrize("broken", [Broken(), BrokenRefresh(), hostile(only="access_key"), lambda: Broken()])
def test_credentials_that_cannot_be_read(broken: Any) -> None:
    """A property of credentials that raises is a CredentialsError, which does not lead to what it raised."""
    with Client("us-west-2", credentials=broken) as client:
        for call in (lambda: client.complete(REQUEST), lambda: client.stream(REQUEST)):
            with pytest.raises(CredentialsError) as caught:
                call()
            assert CANARY not in f"{caught.value}"
            assert caught.value.__context__ is None


class Unrefreshable:
    """A callable whose `refresh` cannot even be looked at."""

    def __call__(self) -> Credentials:
        return Credentials("AKIDEXAMPLE", "secret")

    @property
    def refresh(self) -> Any:
        return fail()


def test_a_refresh_that_cannot_be_looked_at() -> None:
    """A property `refresh` that raises when a token has expired is a CredentialsError, with the request ID."""
    expired = http(b'{"__type": "ExpiredTokenException", "message": "expired"}', "403 Forbidden")
    with RawServer(lambda number: [expired]) as server:
        with Client("us-west-2", base_url=server.url, credentials=Unrefreshable()) as client:
            with pytest.raises(CredentialsError, match="the callable's refresh failed: ForeignError") as caught:
                client.complete(REQUEST)
    assert (caught.value.request_id, caught.value.attempts) == ("r-1", 1)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_key_that_is_no_text() -> None:
    """What is neither a str nor a callable is said to be no key."""
    with Client("us-west-2", api_key=7) as client, pytest.raises(CredentialsError, match="is a str, not int"):
        client.complete(REQUEST)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"request": 7}, "request: must be an HTTPRequest, not int"),
        ({"request": HTTPRequest("POST", "http://[", {}, b"")}, "request: cannot be signed: ValueError"),
        ({"region": "us west"}, "region: must look like"),
        ({"region": "us-west-2/x\r\ny: z"}, "region: must look like"),
        ({"service": None}, "service: must be a service's name"),
        ({"now": 7}, "now: must be a datetime"),
    ],
)
def test_what_cannot_be_signed(change: dict[str, Any], words: str) -> None:
    """The step that signs says what is wrong in an exception of ours."""
    request = HTTPRequest("POST", "https://h", {}, b"")
    given = {"request": request, "credentials": Credentials("AKIDEXAMPLE", "x"), "region": "us-west-2", **change}
    with pytest.raises(ConfigurationError, match=f"^{words}") as caught:
        sign(**given)
    assert caught.value.__context__ is None


def test_a_lambda_context_that_is_none() -> None:
    """What cannot tell its time is refused; a time beyond all limits is cut to the longest."""

    class Context:
        def __init__(self, left: Any) -> None:
            self.get_remaining_time_in_millis = lambda: left

    for context in (None, Context("x"), object()):
        with pytest.raises(ConfigurationError, match=r"^context: must tell its remaining time"):
            lambda_deadline(context)
    assert lambda_deadline(Context(10**300)) == LONGEST_SECONDS
    assert lambda_deadline(Context(float("nan"))) == 0.01
    assert lambda_deadline(Context(Decimal(5000))) == 4


def test_a_clock_that_is_none() -> None:
    """A provider of keys says at once that its clock cannot be asked."""
    with pytest.raises(ConfigurationError, match=r"^clock: must be callable, not float$"):
        ApiKeyProvider("us-west-2", clock=1.5)
