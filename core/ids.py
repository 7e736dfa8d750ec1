"""Names for rows that outlive the rows: `task:12`, and slugs for agents."""

from __future__ import annotations

import re
from collections.abc import Collection

NOT_SLUG = re.compile(r"[^a-z0-9]+")
# SQLite and PostgreSQL keep signed 64-bit keys; a larger number can name no row.
LARGEST_ID = 2**63 - 1


def ref(kind: str, id: int) -> str:
    return f"{kind}:{id}"


def shown(kind: str, id: int | None) -> str | None:
    """As programs see it that take ids as they are: `task_12`."""
    return None if id is None else f"{kind}_{id}"


def parse_ref(text: str) -> tuple[str, int]:
    kind, _, id = text.partition(":")
    return kind, int(id or 0)


def slugify(name: str, *, fallback: str = "agent") -> str:
    return NOT_SLUG.sub("-", name.lower()).strip("-")[:64] or fallback


def free_name(stem: str, taken: Collection[str], *, longest: int = 200, joint: str = "-") -> str:
    """The stem, or else the first of `stem-2`, `stem-3`, … that nobody has, cut so that it fits."""
    if stem not in taken:
        return stem
    endings = (f"{joint}{n}" for n in range(2, len(taken) + 3))
    return next(name for end in endings if (name := stem[: longest - len(end)] + end) not in taken)
