"""Files that only their owner may read: what people asked, and what they were told.

This module's law: such a file has mode 0600 from its first byte on, and what is not ours is never written over.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..values import jsontext
from .signals import unheeded

if TYPE_CHECKING:
    from ..conversation import Conversation

#: How many questions are kept.
HISTORY_LENGTH = 1000


class FileError(Exception):
    """A file cannot be read, written, or taken for what it should be. The text says why, in a few words."""


def read_conversation(name: str) -> Conversation:
    """Return the saved conversation in a file. Raises FileError."""
    from ..conversation import Conversation

    try:
        return Conversation.from_dict(jsontext.decode(_path(name).read_bytes()))
    except OSError as error:
        words = f"cannot be read: {error.strerror or type(error).__name__}"
    except jsontext.JSONError as error:
        words = f"is not JSON: {error}"
    except (TypeError, ValueError) as error:
        words = f"is no saved conversation: {error}"
    raise FileError(f"{name}: {words}")


def save_conversation(conversation: Conversation, name: str) -> None:
    """Write the conversation as JSON. Raises FileError, also for a file that holds something else."""
    try:
        path = Path(os.path.realpath(_path(name)))
        if path.exists():
            read_conversation(str(path))
        text = json.dumps(conversation.to_dict(), indent=2, ensure_ascii=False) + "\n"
        # Half of a surrogate pair, which UTF-8 cannot say, becomes the escape that JSON has for it.
        _write(path, text.encode("utf-8", "backslashreplace"))
    except FileError as error:
        words = str(error).removeprefix(f"{path}: ")
        raise FileError(f"{name} is there already and {words}; nothing was written") from None
    except (OSError, ValueError) as error:  # ValueError: a name that the locale cannot say
        why = getattr(error, "strerror", None) or type(error).__name__
        raise FileError(f"{name}: cannot be written: {why}") from None


def _path(name: str) -> Path:
    """Return the path that a person has written. Raises OSError where it begins with the home of nobody."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise FileNotFoundError(errno.ENOENT, "there is no home of that name") from None


def _write(path: Path, data: bytes) -> None:
    """Put a new file of mode 0600 in the place of `path`, all at once. Raises OSError, also for a read-only file."""
    # What would be asked of the folder alone. Root may write everything, but not what is meant to stay.
    if path.exists() and not (path.stat().st_mode & 0o222 and os.access(path, os.W_OK)):
        raise PermissionError(errno.EACCES, "it is read-only")
    descriptor, made = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(made, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(made)
        raise


def edited(text: str) -> str:
    """Return what the user's editor makes of `text`. Raises FileError if there is none, or if it fails."""
    editor = _editor()
    try:
        # Ctrl-C is the editor's own, and so is the end of the terminal: the file goes when the editor has ended.
        with unheeded("SIGINT", "SIGHUP"), _file_of(text) as name:
            code = subprocess.run([*shlex.split(editor), name], check=False).returncode  # noqa: S603
            if code:
                raise FileError(f"the editor ended with code {code}; nothing is sent")
            return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise FileError(f"the editor {editor.split(' ')[0]} cannot be used: {why}; EDITOR names another") from None


@contextmanager
def _file_of(text: str) -> Iterator[str]:
    """Give the name of a private file with this text, which is gone after the block. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix="question-", suffix=".md")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        yield name
    finally:
        with suppress(OSError):
            os.unlink(name)


def _editor() -> str:
    """Return the command of the user's editor; a variable with nothing but blanks names none."""
    named = (os.environ.get(name, "").strip() for name in ("VISUAL", "EDITOR"))
    return next(filter(None, named), "notepad" if os.name == "nt" else "vi")


def state_folder() -> Path:
    """Return the folder for what a program remembers, as the XDG rules or the platform have it."""
    given = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):
        base = Path(given)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path.home() / ".local" / "state"
    return base / "bedrock-openai-http"


class History:
    """The questions of earlier conversations, in a file with one JSON string a line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> list[str]:
        """Return the last questions, oldest first; drop older ones from the file. Raises OSError."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        if len(lines) > HISTORY_LENGTH:
            lines = lines[-HISTORY_LENGTH:]
            _write(self._path, b"".join(line + b"\n" for line in lines))
        return [text for text in map(_text, lines) if text]

    def add(self, text: str) -> None:
        """Add a question to the end of the file. Raises OSError."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, 0o600)
            file.write(json.dumps(text).encode("ascii") + b"\n")


def _text(line: bytes) -> str:
    """Return what a line holds; "" for a line that is none of ours."""
    try:
        value: Any = jsontext.decode(line)
    except jsontext.JSONError:
        return ""
    return value if isinstance(value, str) else ""
