"""Time at the edges: rows hold aware datetimes, the legacy dialect speaks Unix seconds, the log milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime

# What clients may write, and the latest moment that a datetime holds, in Unix seconds.
LAST_SECOND = 4_102_444_800  # 2100-01-01
END_OF_TIME = 253_402_300_799  # the last second of the year 9999


def seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def from_seconds(stamp: int | None) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def from_milliseconds(stamp: int | None) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp / 1000, UTC)


def start_of_hour(text: str) -> datetime:
    """Of an hour in UTC as statements name it: `2026-03-04T05`."""
    return datetime.fromisoformat(f"{text}:00").replace(tzinfo=UTC)


def iso(moment: datetime) -> str:
    """`2026-03-04T05:06:07.089Z`: milliseconds, always UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
