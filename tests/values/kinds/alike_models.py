"""Models of pydantic that take JSON of each other, where nothing tells them apart.

This module knows nothing of the package.
"""

from __future__ import annotations

from pydantic import BaseModel


class Few(BaseModel):
    x: int = 0


class Wide(BaseModel):
    x: int = 0
    y: int = 0


class Many(BaseModel):
    y: int
    z: int


class Digit(BaseModel):
    n: int


class Text(BaseModel):
    n: str
    extra: str
