"""The invoice as pydantic models, which all libraries but this one take."""

from __future__ import annotations

from pydantic import BaseModel


class Item(BaseModel):
    name: str
    quantity: int
    price: float


class Invoice(BaseModel):
    number: str
    items: list[Item]
    total: float
