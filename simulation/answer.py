"""What a request came back with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Answer:
    """Status 0: no answer came (refused, reset, timed out)."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def unsure(self) -> bool:
        """The server may have done it, or not."""
        return self.status == 0 or self.status >= 500

    def get(self, *path: str) -> Any:
        found = self.body
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found


def decoded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return data[:200].decode("utf-8", "replace")
