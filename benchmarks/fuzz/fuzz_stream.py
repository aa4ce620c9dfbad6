"""Fuzzes the parser of event streams, cut in up to three pieces."""

from __future__ import annotations

from harness import laws, run, split


def check(data: bytes) -> None:
    stream, how = split(data)
    places = [16 * how[0], how[1]]
    laws.check_events(stream, places)
    laws.check_stream(stream, places)


if __name__ == "__main__":
    run(check)
