"""Lists of names, written as people write them."""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())
