"""What people read: tables and lines, with nothing in them that a terminal would obey."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def clean(value: Any) -> str:
    """One line of plain text. Titles come from agents: escape sequences in them must not reach the terminal."""
    if value is None or value == "" or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)


def block(text: str) -> str:
    """Several lines of plain text."""
    return "\n".join(clean(line) if line else "" for line in text.splitlines())


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, empty: str) -> str:
    """Aligned columns, each headed by its name."""
    cells = [[clean(row.get(column)) for column in columns] for row in rows]
    if not cells:
        return empty
    lines = [[_heading(column) for column in columns], *cells]
    widths = [max(width(line[index]) for line in lines) for index in range(len(columns))]
    return "\n".join(
        "  ".join(text + " " * (wide - width(text)) for text, wide in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def facts(pairs: Iterable[tuple[str, Any]]) -> str:
    """Names and values, one a line; what is unset is left out."""
    shown = [(name, clean(value)) for name, value in pairs if value not in (None, "", [], {})]
    wide = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"{name:<{wide}}  {value}" for name, value in shown)


def usd(value: Any) -> str:
    return f"{float(value or 0):.2f} USD"


def _heading(column: str) -> str:
    return "".join(f" {letter}" if letter.isupper() else letter for letter in column).upper()
