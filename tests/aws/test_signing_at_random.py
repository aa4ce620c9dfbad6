"""Signatures of many requests, compared with what botocore's own entry point makes of the same headers."""

from __future__ import annotations

import hmac
import random
from datetime import datetime, timezone

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from bedrock_openai_http import Credentials, Headers, HTTPRequest, sign
from bedrock_openai_http.aws.signing import Signer

SIGNED = ("host", "content-type", "x-amz-", "x-amzn-")
URLS = (
    "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions",
    "http://127.0.0.1:8080/openai/v1/chat/completions",
    "https://h/a b/../c?x=1&a=2&a=1",
    "https://[::1]:8443/v1/chat/completions?z&y=%20",
    "https://USER@Host.Example:443/",
    "https://h/model/a:b%3Ac//d",
)
#: Headers that botocore sets or looks at, those that it would sign and those that stay unsigned, in many spellings.
NAMES = (
    *("X-Amzn-Bedrock-Trace", "x-amz-foo", "X-AMZ-Bar", "x-amzn-trace-id", "Host", "hOST", "content-TYPE"),
    *("X-Amz-Date", "x-amz-date", "X-Amz-Security-Token", "x-amz-security-token", "Authorization", "Date"),
    *("X-Amz-Content-SHA256", "x-amz-content-sha256", "X-Custom", "Connection"),
)
VALUES = ("a", "a  b", " c ", "é", "d,e", "", "\tq", "0" * 64)
COUNT = 400


def requests() -> list[tuple[HTTPRequest, Credentials, str, str]]:
    """Return requests with the credentials, region and service to sign with: the same ones at each run."""
    chance = random.Random(7)
    made = []
    for _ in range(COUNT):
        headers = {"Content-Type": "application/json", "Accept": "x", "User-Agent": "u"}
        for _ in range(chance.randrange(5)):
            headers[chance.choice(NAMES)] = chance.choice(VALUES)
        keys = Credentials(f"AK{chance.randrange(3)}", f"SK{chance.randrange(3)}", chance.choice((None, "T", "T/+=")))
        body = chance.choice((b"", b'{"a":1}', b"x" * 5000))
        request = HTTPRequest(chance.choice(("POST", "GET", "post")), chance.choice(URLS), Headers(headers), body)
        made.append((request, keys, chance.choice(("us-west-2", "eu-west-1")), chance.choice(("bedrock", "mantle"))))
    return made


def signed_by_botocore(request: HTTPRequest, keys: Credentials, region: str, service: str) -> Headers:
    """Return the headers of `request` once botocore has signed, for this moment, those that this client signs."""
    signable = {name: value for name, value in request.headers.items() if name.lower().startswith(SIGNED)}
    aws_request = AWSRequest(request.method, request.url, headers=signable, data=request.body)
    SigV4Auth(keys, service, region).add_auth(aws_request)
    made = Headers(aws_request.headers.items())
    unsigned = [(name, value) for name, value in request.headers.items() if name not in made]
    return Headers([*unsigned, *made.items()])


def at(headers: Headers) -> datetime:
    return datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)


def test_the_same_as_botocore_for_any_headers() -> None:
    """Whatever headers the caller gives, a body's hash of his own among them, the signature is botocore's.

    So it is for one signer that is given other keys and scopes in turn, and for one that forgets.
    """
    one, forgets = Signer(), Signer()
    for request, keys, region, service in requests():
        expected = signed_by_botocore(request, keys, region, service)
        signed = sign(request, keys, region, service, now=at(expected))
        assert signed.headers == expected, request.headers
        assert one.sign(request, keys, region, service, now=at(expected)) == signed
        assert forgets.sign(request, keys, region, service, now=at(expected)) == signed
        forgets.clear()
        assert (signed.method, signed.url, signed.body) == (request.method, request.url, request.body)


def test_the_requests_hold_what_matters() -> None:
    """Of the requests above many bring a hash, a date or a token of their own, in more than one spelling."""
    for name in ("x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "authorization", "host"):
        spelled = [next(n for n in it[0].headers if n.lower() == name) for it in requests() if name in it[0].headers]
        assert len(spelled) >= 20, name


def test_a_key_for_each_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signer makes a key for each day, as long as nothing else changes, and forgets it when it is told to."""
    request, keys, region, service = requests()[0]
    moments = [datetime(2026, 1, day, hour, tzinfo=timezone.utc) for day in (1, 2, 3) for hour in (0, 12, 23)]
    expected = [sign(request, keys, region, service, now=moment) for moment in moments]
    made: list[str] = []
    digest = hmac.digest
    monkeypatch.setattr("hmac.digest", lambda *args: made.append(args[1]) or digest(*args))
    signer = Signer()
    assert [signer.sign(request, keys, region, service, now=moment) for moment in moments] == expected
    assert [made.count(f"202601{day:02}".encode()) for day in (1, 2, 3)] == [1, 1, 1]
    signer.clear()
    assert keys.secret_key not in repr(vars(signer))
    assert signer.sign(request, keys, region, service, now=moments[-1]) == expected[-1]
    assert made.count(b"20260103") == 2
