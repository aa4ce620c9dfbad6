"""Wrong usage in one line: what is wrong, and what was probably meant.

argparse prints the usage of a command before each error, which for `chat` is nine lines that hide the tenth. This
module is its parser with short words, with the names of Python's arguments put into those of flags, and with those of
files as a shell takes them.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

#: What flags are called elsewhere.
_ELSEWHERE = {
    **dict.fromkeys(("--base-url", "--url", "--host"), "--endpoint-url"),
    **dict.fromkeys(("--max-completion-tokens", "--max-output-tokens"), "--max-tokens"),
    **dict.fromkeys(("--body", "--input", "--data", "--messages"), "--request"),
    **dict.fromkeys(("--attach", "--document"), "--file"),
    **dict.fromkeys(("--effort", "--reasoning"), "--reasoning-effort"),
    **dict.fromkeys(("--aws-region", "--region-name"), "--region"),
    "--instructions": "--system",
    "--ignore": "--allow",
    "--upstream-url": "--upstream",
}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and which knows what a flag that it does not have was to be."""

    def error(self, message: str) -> NoReturn:
        """End the program with code 2 after one line: what is wrong, what was meant, where the usage is."""
        choice = re.match(r"argument command: invalid choice: '([^']*)'", message)
        if choice:
            names = [str(name) for action in self._actions for name in action.choices or ()]
            message += _did_you_mean(_nearest(choice[1], names)) or "; options go after the command"
        line = " ".join(f"{message}; usage: {self.prog} --help".replace("?;", "?").split())
        self.exit(2, f"{self.prog}: error: {line if line.isprintable() else ascii(line)}\n")

    # Of a command's parser too: what it does not know it would hand up to the one above, which knows even less.
    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Return what `args` say, and an empty list: what nobody knows ends the program."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse_unknown(unknown)
        return found, []

    def _refuse_unknown(self, unknown: Sequence[str]) -> NoReturn:
        flags = [word.partition("=")[0][:40] for word in unknown if word.startswith("-") and word != "-"]
        if flags:
            self.error(f"no option {flags[0]}{_did_you_mean(self._near(flags[0]))}")
        is_prompt = any(action.dest == "prompt" for action in self._actions)
        quotes = "; put the whole prompt in quotes" if is_prompt else ""
        self.error(f"unexpected argument {unknown[0][:40]!r}{quotes}")

    def _near(self, flag: str) -> list[str]:
        known = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
        elsewhere = _ELSEWHERE.get(flag)
        if elsewhere in known:
            return [str(elsewhere)]
        longer = [name for name in known if len(flag) > 3 and name.startswith(flag)]
        return longer[:1] or _nearest(flag, known)


def _nearest(word: str, known: Sequence[str]) -> list[str]:
    from difflib import get_close_matches  # loaded for the first slip

    return get_close_matches(word, known, n=1)


def _did_you_mean(names: Sequence[str]) -> str:
    return f"; did you mean {names[0]}?" if names else ""


#: Options of the client by the flags that set them.
_FLAGS = {
    "base_url": "--endpoint-url",
    **{name: f"--{name}" for name in ("region", "profile", "endpoint", "timeout", "deadline", "model")},
    **{name: f"--{name}" for name in ("port", "upstream", "scenario")},
    "upstream_key": "--upstream-key-env",
    "upstream_model": "--model",
}
#: Each pattern with what takes its place; the first are whole phrases.
_REWORDED = (
    (r", or allow_insecure=True", ""),
    (r" With retry_read_timeouts=True it is repeated, and may be paid for twice\.", ""),
    (r"\bgive endpoint=[\"'](\w+)[\"']", r"give --endpoint \1"),
    (r"\bendpoint= and base URL\b", "--endpoint and --endpoint-url"),
    (r"\bas base_url\b", "as --endpoint-url"),
    (r"\bgive (\w+)=(?=[,.;:]|$)", lambda match: f"give {_flag(match[1])}"),
    (r"\b(?:Async)?Client\((\w+)=(?:\.\.\.)?\)", lambda match: _flag(match[1])),
    (r"\b(\w+)=(?=[ ,.;:)]|$)", lambda match: _flag(match[1])),
)


def in_flags(text: str) -> str:
    """Return words about a client's options as words about flags."""
    name, colon, rest = text.partition(": ")
    flag = _FLAGS.get(name)
    if flag is not None and colon:
        # Where the flag is called as the option is, its name need not stand there twice.
        text = f"{text} ({flag})" if flag == f"--{name}" else f"{flag}: {rest}"
    for pattern, words in _REWORDED:
        text = re.sub(pattern, words, text)
    return text.replace("and the region is", "and --region is") if text.startswith("--endpoint-url:") else text


def as_argument(name: str) -> str:
    """Return the name of a file as it can be pasted into a shell: quoted, and not to be taken for a flag."""
    return shlex.quote(f"./{name}" if name.startswith("-") and name != "-" else name)


def _flag(name: str) -> str:
    return _FLAGS.get(name, f"{name}=")
