"""What `doctor` finds out: what would be used, where it comes from, and whether it works.

This module yields findings as they are made and prints nothing. Of a secret they hold no more than the last four
characters of an access key ID.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from difflib import get_close_matches

from ...aws.api_keys import LONG_TERM_PREFIX, inspect_api_key
from ...aws.configuration import Configuration, Setting
from ...aws.credential_source import API_KEY_VARIABLE, CredentialSource
from ...aws.credentials import SHORT_TERM_PREFIX, ApiKey, Credentials
from ...aws.destination import Destination, Options, find_destination
from ...call.advice.network import advise_on_network
from ...clients.client import Client
from ...transport.connection_settings import (
    CA_VARIABLES,
    DEFAULT_CA_BUNDLE,
    bundle_flaw,
    is_proxy_named,
    proxy_source,
    shown_proxy,
)
from ...transport.requests_transport import RequestsTransport
from ...values.errors import APITimeoutError, ConfigurationError, CredentialsError
from .connection_checks import Route, check_connection, trust
from .finding import FAIL, NO_CREDENTIALS, OK, SKIPPED, UNUSABLE, WARNING, Finding, span
from .service_checks import check_call, check_clock

#: Seconds: an API key that ends sooner is worth a word.
KEY_ENDS_SOON = 600.0

_NO_REGION = Finding(
    "region", FAIL, "none", fix="give --region, or set AWS_REGION or the profile's region", exit_code=UNUSABLE
)

#: How the arguments of `Client` are called on the command line.
_OPTION_OF = {"region=": "--region", "base_url=": "--endpoint-url"}


@dataclass(frozen=True)
class Question:
    """What the command line asks about. `timeout` is in seconds, for each check."""

    region: str | None
    profile: str | None
    endpoint: str
    endpoint_url: str | None
    model: str
    timeout: float
    offline: bool
    call: bool


@dataclass(frozen=True)
class Authentication:
    """What a call would authenticate with, and where that comes from; or why there is nothing."""

    found: ApiKey | Credentials | CredentialsError
    source: str = ""


def diagnose(question: Question) -> Iterator[Finding]:
    """Yield what is found, in the order in which a call needs it. Raises nothing of ours."""
    configuration = Configuration(question.profile)
    authentication = _look_up(question)
    try:
        to = find_destination(Options(question.region, question.endpoint, question.endpoint_url), configuration)
    except ConfigurationError as error:
        yield _unusable(error, configuration.advice())
        yield from _authentication(question, authentication, None)
        yield Finding("network", SKIPPED, "not checked: there is no endpoint")
        return
    yield from _destination(question, to, authentication)
    yield from _authentication(question, authentication, to)
    url = to.endpoint.chat_completions_url(question.model)
    bundle = configuration.ca_bundle()
    with closing(RequestsTransport(ca_bundle=bundle.value if bundle else None)) as transport:
        yield from _network(question, url, transport, bundle.source if bundle else "", authentication)


def _unusable(error: ConfigurationError, advice: str | None) -> Finding:
    if error.message.startswith("no region"):
        return replace(_NO_REGION, fix=advice) if advice else _NO_REGION
    fix = advice or "correct the option, the variable or the profile that is named"
    return Finding("endpoint", FAIL, str(error), fix=fix, exit_code=UNUSABLE)


def _destination(question: Question, to: Destination, authentication: Authentication) -> Iterator[Finding]:
    if to.region is not None:
        yield _region(to.region)
    elif isinstance(authentication.found, ApiKey):
        yield Finding("region", SKIPPED, "none, and an API key needs none here")
    else:
        yield _NO_REGION
    flags = {"FIPS": to.use_fips_endpoint, "dual-stack": to.use_dualstack_endpoint}
    used = {name: flag.source for name, flag in flags.items() if flag.value}
    yield Finding("endpoint", OK, ", ".join((question.endpoint, *used)), ", ".join(dict.fromkeys(used.values())))
    yield Finding("host", OK, to.endpoint.root, _source(to.base_url.source) if to.base_url else "")
    path = to.endpoint.chat_completions_url(question.model).removeprefix(to.endpoint.root)
    yield Finding("path", OK, f"POST {path}")
    yield Finding("attempts", OK, str(to.max_attempts.value), _source(to.max_attempts.source))


def _region(region: Setting) -> Finding:
    from ...aws.regions import known_regions

    name, source = str(region.value), _source(region.source)
    known = known_regions()
    if name in known:
        return Finding("region", OK, name, source)
    near = get_close_matches(name, known, n=1)
    fix = (
        f"a slip for {near[0]}, or a Region newer than this botocore"
        if near
        else "look it up in AWS's list of Regions"
    )
    return Finding("region", WARNING, f"{name}, which botocore does not know", source, fix)


def _source(source: str) -> str:
    return _OPTION_OF.get(source, source)


def _look_up(question: Question) -> Authentication:
    source = CredentialSource(profile=question.profile)
    try:
        found = source.get(time.monotonic() + question.timeout)
    except APITimeoutError as error:
        slow = CredentialsError(f"the AWS credential chain gave no answer within {question.timeout:g} s")
        slow.advice = error.advice
        return Authentication(slow)
    except CredentialsError as error:
        return Authentication(error)
    return Authentication(found, source.origin(found))


def _authentication(question: Question, authentication: Authentication, to: Destination | None) -> Iterator[Finding]:
    found, source = authentication.found, authentication.source
    if isinstance(found, CredentialsError):
        yield _no_credentials(found)
        return
    if isinstance(found, ApiKey):
        yield Finding("credentials", OK, "Bedrock API key", source)
        yield _api_key(found, (to.endpoint.region if to else None) or question.region)
        return
    kind = "temporary" if found.token else "long-term"
    yield Finding("credentials", OK, f"{_end_of(found.access_key)}, {kind}", source)
    if to and to.region:
        yield Finding("signing", OK, f"SigV4, {to.endpoint.service}, {to.region.value}")
    if question.profile is not None and os.environ.get(API_KEY_VARIABLE, "").strip():
        yield Finding("API key", SKIPPED, f"--profile counts more than {API_KEY_VARIABLE}")


def _no_credentials(error: CredentialsError) -> Finding:
    # Of what is nowhere, the advice says where it could be.
    text = "none found" if error.message.startswith("no AWS credentials") else error.message
    return Finding("credentials", FAIL, text, fix=error.advice or "", exit_code=NO_CREDENTIALS)


def _end_of(access_key: str) -> str:
    return f"****{access_key[-4:]}" if len(access_key) >= 12 else "****"


def _api_key(key: ApiKey, region: str | None) -> Finding:
    info = inspect_api_key(key.value)
    if info.kind == "unknown":
        fix = f"Bedrock's keys begin with {SHORT_TERM_PREFIX} or {LONG_TERM_PREFIX}"
        return Finding("API key", WARNING, "of no known kind", fix=fix)
    text = ", ".join(filter(None, (info.kind, info.region)))
    fix = "make another: bedrock-openai-http key mint"
    if info.region is not None and region not in (None, info.region):
        return Finding("API key", FAIL, f"made for {info.region}, not {region}", fix=fix, exit_code=UNUSABLE)
    if info.expires_at is None:
        return Finding("API key", OK, text)
    left = (info.expires_at - datetime.now(timezone.utc)).total_seconds()
    if left <= 0:
        return Finding("API key", FAIL, f"{text}, expired {span(-left)} ago", fix=fix, exit_code=NO_CREDENTIALS)
    status = WARNING if left < KEY_ENDS_SOON else OK
    return Finding("API key", status, f"{text}, {span(left)} left", fix=fix if status == WARNING else "")


def _network(
    question: Question, url: str, transport: RequestsTransport, bundle_source: str, authentication: Authentication
) -> Iterator[Finding]:
    """Yield how the way to the service goes, up to the first failure; what comes after it would fail for the same."""
    proxy, verify = transport.settings(url)
    found_proxy = _proxy(proxy)
    yield found_proxy
    if found_proxy.status == FAIL:
        return
    context = None
    if url.startswith("https:"):
        source = next((name for name in CA_VARIABLES if os.environ.get(name)), bundle_source)
        path = verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE
        flaw = bundle_flaw(path)
        if flaw is not None:
            yield Finding("CA bundle", FAIL, f"{path} {flaw}", source, advise_on_network("bundle") or "", UNUSABLE)
            return
        context = trust(path)
        yield Finding("CA bundle", OK, path if source else "that of requests", source or "default")
    if question.offline:
        yield Finding("network", SKIPPED, "not checked (--offline)")
        return
    found = authentication.found
    for finding in check_connection(Route.to(url, proxy, context), question.timeout):
        yield finding
        if finding.status == FAIL:
            return
    clock = check_clock(url, transport, question.timeout, signs=isinstance(found, Credentials))
    yield clock
    if not question.call:
        yield Finding("call", SKIPPED, "not made; --call makes one, for a few tokens")
    elif clock.status != FAIL and not isinstance(found, CredentialsError):
        with Client(
            question.region,
            endpoint=question.endpoint,
            base_url=question.endpoint_url,
            profile=question.profile,
            connect_timeout=question.timeout,
        ) as client:
            yield check_call(client, question.model)


def _proxy(proxy: str | None) -> Finding:
    if proxy is None:
        return Finding("proxy", OK, "none for this host" if is_proxy_named() else "none")
    shown = shown_proxy(proxy)
    source = proxy_source(proxy) or "system settings"
    if shown is None:
        return Finding("proxy", FAIL, "is no URL", source, advise_on_network("proxy") or "", UNUSABLE)
    return Finding("proxy", OK, shown, source)
