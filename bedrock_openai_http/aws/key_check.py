"""Whether an API key can be good where a call goes, as far as its text tells: whose it is, its region, its end.

AWS answers 403 to every wrong key, in words that often do not say what is wrong with it. Here that is known, and
nothing is sent.

This module is for `call.walk`. Its law: what nobody knows passes, since a gateway has keys of its own form; a key
is refused for its form only where the call goes to a host of AWS's, for its region and its end where the region of
the call is known; and no error repeats a key.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..values.errors import ConfigurationError
from ..values.forks import loading
from .clock import ALLOWED_SKEW, ServiceClock
from .credential_source import CredentialSource
from .credentials import SHORT_TERM_PREFIX, ApiKey, Credentials, refused

#: How keys of others begin, as their makers document it; of two beginnings the longer stands first.
_FOREIGN = {
    "sk-ant-": "Anthropic",
    "sk-or-": "OpenRouter",
    "sk-": "OpenAI, or of a server that makes keys like OpenAI's",
    "gsk_": "Groq",
    "xai-": "xAI",
    "AIza": "Google",
    "hf_": "Hugging Face",
    "nvapi-": "NVIDIA",
    "pplx-": "Perplexity",
    "r8_": "Replicate",
    "csk-": "Cerebras",
    "fw_": "Fireworks",
    "tgp_v1_": "Together",
    "ghp_": "GitHub",
    "github_pat_": "GitHub",
}
#: How access key IDs begin, which are one half of a pair and no API key, and their length.
_ACCESS_KEY_IDS, _ID_LENGTH = ("AKIA", "ASIA"), 20


class KeyCheck:
    """Checks the keys of a client's calls. `clock` tells the time by which a key has expired."""

    def __init__(self, source: CredentialSource, clock: ServiceClock) -> None:
        self._source = source
        self._clock = clock
        #: Of the last short-term key: its hash, its region, its end.
        self._last: tuple[int, str | None, datetime | None] = (0, None, None)

    def usable(
        self, key: ApiKey, region: str | None, *, own_host: bool, deadline: float | None
    ) -> ApiKey | Credentials:
        """Return `key`, or what its source gives in place of one that has expired.

        `region` is the one that the key must be for, None for any; `own_host` tells whether the call goes to a host
        of AWS's. Raises ConfigurationError for a key of another region, and CredentialsError for one of another
        house, or that has expired and is all there is.
        """
        self._refuse_foreign(key, own_host)
        ended = self._end(key, region)
        if ended is None:
            return key
        fresh = self._source.anew(key, deadline)
        if fresh is None or (isinstance(fresh, ApiKey) and self._end(fresh, region) is not None):
            raise refused(
                f"{self._where(key)}: the Bedrock API key expired at {_shown(ended)} UTC, and it is "
                f"{_shown(self._clock.now())} UTC by this machine's clock",
                "EXPIRED_KEY",
            )
        if isinstance(fresh, ApiKey):
            self._refuse_foreign(fresh, own_host)
        return fresh

    def _refuse_foreign(self, key: ApiKey, own_host: bool) -> None:
        house = _house_of(key.value) if own_host and not key.value.startswith(SHORT_TERM_PREFIX) else None
        if house is not None:
            raise refused(f"{self._where(key)}: this is {house}, and Bedrock takes its own API keys only", "KEY")

    def _end(self, key: ApiKey, region: str | None) -> datetime | None:
        """Return when a key ended, if it surely has: a clock may be wrong. ConfigurationError for another region."""
        if region is None or not key.value.startswith(SHORT_TERM_PREFIX):
            return None
        made_for, end = self._read(key)
        if made_for not in (None, region):
            raise ConfigurationError(
                f"the API key was made for {made_for}, and the call goes to {region}: make a key for {region}, or "
                f"call {made_for}"
            )
        has_ended = end is not None and self._clock.now() - end > timedelta(seconds=ALLOWED_SKEW)
        return end if has_ended else None

    def _read(self, key: ApiKey) -> tuple[str | None, datetime | None]:
        """Return region and end of a short-term key; None where it does not say."""
        # Read once: a key is asked for on each attempt and seldom changes. Of the key itself nothing is kept.
        seen, made_for, end = self._last
        if seen != hash(key.value):
            with loading():
                from .api_keys import inspect_api_key

            info = inspect_api_key(key.value)
            made_for, end = info.region, info.expires_at
            self._last = (hash(key.value), made_for, end)
        return made_for, end

    def _where(self, key: ApiKey) -> str:
        return self._source.origin(key).removeprefix("the argument ") or "the API key"


def _house_of(key: str) -> str | None:
    """Return what a key is, in words, if it is known to be none of Bedrock's."""
    if key.startswith(_ACCESS_KEY_IDS) and len(key) == _ID_LENGTH and key.isalnum():
        return "an AWS access key ID"
    house = next((house for start, house in _FOREIGN.items() if key.startswith(start)), None)
    return house and f"a key of {house}"


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
