"""The head of a request by RFC 9112: what a server must refuse, since two readers could take it for two things.

http.server is lenient: it takes `Content-Length : 5` for another header, a line break of its own for a new one, and
everything after a line without a colon for the body. A client that sends such a thing should learn it from its tests.

This module judges bytes; it reads and answers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
#: RFC 9112, 3: single spaces, and in the target none.
_REQUEST_LINE = re.compile(_TOKEN + rb" [^\x00\t\n\x0b\x0c\r ]+ HTTP/[0-9]\.[0-9]")
#: RFC 9112, 5 and RFC 9110, 5.5: no white space before the colon, no control character but the tab.
_FIELD = re.compile(rb"(" + _TOKEN + rb"):([^\x00-\x08\x0a-\x1f\x7f]*)")
#: RFC 9110, 7.2: a host and perhaps a port, or nothing.
_HOST = re.compile(rb"[^/?#@\\, \t]*")


def request_line_flaw(line: bytes) -> str | None:
    """Return what is wrong with the first line of a request, with its line break, or None."""
    if _REQUEST_LINE.fullmatch(_without_end(line)):
        return None
    return "The request line is not a method, a target and HTTP/1.1, with single spaces between."


def fields_flaw(lines: Sequence[bytes], request_line: bytes) -> str | None:
    """Return what is wrong with the header lines that follow a good `request_line`, or None."""
    hosts: list[bytes] = []
    for line in map(_without_end, lines):
        if line[:1] in (b" ", b"\t"):
            return "A header line is folded."
        found = _FIELD.fullmatch(line)
        if found is None:
            return "A header line is not a name, a colon and a value."
        if found[1].lower() == b"host":
            hosts.append(found[2].strip(b" \t"))
    is_old = _without_end(request_line).endswith(b"/1.0")
    if len(hosts) > 1 or not (hosts or is_old):
        return "There is not exactly one Host header."
    if hosts and not _HOST.fullmatch(hosts[0]):
        return "The Host header is no host."
    return None


def _without_end(line: bytes) -> bytes:
    """Return `line` without its line break, which may be LF alone (RFC 9112, 2.2)."""
    return line.removesuffix(b"\n").removesuffix(b"\r")
