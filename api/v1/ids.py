"""Ids with a word in front, which clients take as they are: `task_123` is the row 123."""

from __future__ import annotations

from core.errors import NotFound
from core.ids import LARGEST_ID
from core.ids import shown as shown


def human(kind: str, id: int) -> str | None:
    """Of a person, or of a key that acts for people without being one person's; nobody else has one."""
    return shown(kind, id) if kind in ("user", "key") else None


def row_id(kind: str, text: str) -> int:
    """The row's id. Raises NotFound for what is no such id: nothing can have it."""
    prefix, _, digits = text.partition("_")
    if prefix == kind and digits.isascii() and digits.isdigit() and len(digits) < 20 and digits[0] != "0":
        id = int(digits)
        if id <= LARGEST_ID:
            return id
    raise NotFound(f"There is no {kind} {text[:80]}")
