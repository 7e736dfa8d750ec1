"""What the lines of one log add up to, and the usage that each line brings."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

# How far ahead clocks may be.
AHEAD = timedelta(seconds=60)
LARGEST = 2**53
LONGEST_PROMPT = 500
# Messages whose lines may still be followed by others of the same.
RECENT = 32


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one message, or what another line adds to them. `digest` names it for good."""

    digest: int
    at: datetime
    model: str
    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0


@dataclass
class Tally:
    """Times are ISO 8601, as the database's JSON keeps them."""

    session_id: str = ""
    cwd: str | None = None
    branch: str | None = None
    model: str | None = None
    first: str | None = None
    last: str | None = None
    users: int = 0
    assistants: int = 0
    tools: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    prompt: str | None = None
    # The tokens that were counted already of the newest messages, by their names.
    recent: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Tally:
        return cls(**kept)

    def kept(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_session(self) -> bool:
        return bool(self.session_id) and self.users + self.assistants > 0

    def hear(self, at: datetime | None) -> None:
        if at is not None:
            stamp = at.isoformat()
            self.first = self.first or stamp
            self.last = max(self.last or stamp, stamp)

    def count(self, name: str, figures: tuple[int, int, int, int], at: datetime) -> Usage | None:
        """Add a message's tokens (input, output, read from and written to the cache). Several lines may tell of the
        same message, the later ones of more: it is counted once, and so is what they add."""
        before = self.recent.pop(name, [0, 0, 0, 0])
        most = [max(now, was) for now, was in zip(figures, before, strict=True)]
        self.recent[name] = most
        while len(self.recent) > RECENT:
            del self.recent[next(iter(self.recent))]
        added = [now - was for now, was in zip(most, before, strict=True)]
        if not any(added):
            return None
        self.input += added[0]
        self.output += added[1]
        self.cache_read += added[2]
        self.cache_write += added[3]
        return Usage(digest_of(name, *most), at, self.model or "", *added)


def digest_of(*parts: object) -> int:
    text = "\0".join(str(part) for part in parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big", signed=True)


def moment(value: Any, now: datetime) -> datetime | None:
    """A time as logs write it; what lies ahead is now."""
    if not isinstance(value, str) or not 10 < len(value) < 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at <= now + AHEAD else now


def text(value: Any, longest: int) -> str | None:
    """Without what no database takes."""
    if not isinstance(value, str) or not value:
        return None
    return value[:longest].replace("\0", "").encode("utf-8", "replace").decode()


def whole(value: Any) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= LARGEST else 0
