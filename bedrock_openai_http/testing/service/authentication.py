"""Who may use a LocalEndpoint: its own throw-away AWS credentials and API key, made anew for each endpoint.

This module answers one question, may this request in, in the words that Bedrock uses to say no.
"""

from __future__ import annotations

import hmac
import secrets
import string
from dataclasses import dataclass, field

from ...aws.credentials import Credentials
from . import minted_keys
from .received import ReceivedRequest
from .verifier import Refusal, Scope, verify

#: What the two kinds of Bedrock API key begin with: short-term keys, and long-term keys.
API_KEY_PREFIXES = ("bedrock-api-key-", "ABSK")


@dataclass(frozen=True)
class Identity:
    """One set of credentials and one API key. The repr shows the access key ID only."""

    credentials: Credentials
    api_key: str = field(repr=False)

    @classmethod
    def random(cls) -> Identity:
        """Return an identity that nobody else has, in the shapes that AWS gives its keys."""
        upper = string.ascii_uppercase + string.digits
        access_key = "AKIALOCAL" + "".join(secrets.choice(upper) for _ in range(11))
        credentials = Credentials(access_key, secrets.token_urlsafe(30), secrets.token_urlsafe(48))
        return cls(credentials, "bedrock-api-key-" + secrets.token_urlsafe(48))


@dataclass(frozen=True)
class Door:
    """Lets requests in that are signed for `scope` with the current identity, or carry an API key of it.

    That is its own key, or a short-term key that was made from its credentials for the scope's region. What is
    signed, sent or made with one of the `former` identities is refused as expired.
    """

    scope: Scope
    current: Identity
    former: tuple[Identity, ...] = ()

    def rotated(self) -> Door:
        """Return a door with a new identity, for which the present one has expired."""
        return Door(self.scope, Identity.random(), (*self.former, self.current))

    def check(self, request: ReceivedRequest, now: float) -> Refusal | None:
        """Return why `request` may not come in at the time `now` (seconds since 1970), or None if it may."""
        values = request.values("authorization")
        scheme, _, key = values[0].partition(" ") if values else ("", "", "")
        if scheme.lower() == "bearer":
            return self._check_key(key.strip(), now)
        return verify(request, scope=self.scope, keys=self._known, expired=self._expired, now=now)

    @property
    def _known(self) -> dict[str, Credentials]:
        """The credentials of all identities by their access key IDs."""
        return {each.credentials.access_key: each.credentials for each in (self.current, *self.former)}

    @property
    def _expired(self) -> set[str]:
        return {identity.credentials.access_key for identity in self.former}

    def _check_key(self, key: str, now: float) -> Refusal | None:
        if not key.startswith(API_KEY_PREFIXES):
            return _denied("Invalid API Key format: Must start with pre-defined prefix")
        if any(_same(key, identity.api_key) for identity in self.former):
            return _denied("Bearer Token has expired")
        if _same(key, self.current.api_key):
            return None
        region = self.scope.region
        return minted_keys.verify_key(key, region=region, keys=self._known, expired=self._expired, now=now)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _denied(message: str) -> Refusal:
    return Refusal("AccessDeniedException", message)
