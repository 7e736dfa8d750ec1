"""One request of each operation and its answer, as they went over the wire once. A test plays them again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

FILE = Path(__file__).with_name("examples.json")


@dataclass(frozen=True, slots=True)
class Example:
    path: str
    request: dict[str, Any] | None
    status: int
    answer: Any


@lru_cache(maxsize=1)
def examples() -> dict[str, Example]:
    """By the operations' names."""
    return {name: Example(**one) for name, one in orjson.loads(FILE.read_bytes()).items()}
