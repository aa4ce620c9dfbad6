"""The oldest dependencies that are allowed are those that the suite is run against."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path


def test_every_floor_is_pinned_for_make_floor(source: Path) -> None:
    """requirements-floor.txt pins each dependency of setup.cfg to its floor, so none is a mere claim."""
    setup = ConfigParser()
    setup.read(source / "setup.cfg")
    floors = setup["options"]["install_requires"].split()
    pins = (source / "tests" / "requirements-floor.txt").read_text(encoding="utf-8").splitlines()
    assert [floor for floor in floors if floor.replace(">=", "==") not in pins] == []
    assert len(floors) == 3
