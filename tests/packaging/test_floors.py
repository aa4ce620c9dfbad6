"""The oldest dependencies that are allowed are those that the suite is run against."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path


def test_every_floor_is_pinned_for_make_floor(source: Path) -> None:
    """requirements-floor.txt pins each dependency of setup.cfg, the extras' too, to its floor: none is a claim."""
    setup = ConfigParser()
    setup.read(source / "setup.cfg")
    needed = setup["options"]["install_requires"].split()
    extras = [line for lines in setup["options.extras_require"].values() for line in lines.split()]
    floors = [re.match(r"[\w-]+>=[\d.]+", requirement)[0] for requirement in needed + extras]
    pins = (source / "tests" / "requirements-floor.txt").read_text(encoding="utf-8").splitlines()
    assert [floor for floor in floors if floor.replace(">=", "==") not in pins] == []
    assert (len(needed), len(extras)) == (3, 1)


def test_what_the_suite_runs_with_is_allowed(source: Path) -> None:
    """The suite installs no version of aiohttp that the extra forbids."""
    setup = ConfigParser()
    setup.read(source / "setup.cfg")
    (allowed,) = setup["options.extras_require"]["async"].split()
    assert allowed in (source / "tests" / "requirements-test.txt").read_text(encoding="utf-8").splitlines()
