"""What a listener of `/api/events` was sent, as tests like to read it."""

from __future__ import annotations

from typing import Any

import orjson

from activity.models import Event
from realtime.wire.sse import encode


def mark() -> int:
    """Where the log stands now."""
    return Event.objects.order_by("-id").values_list("id", flat=True).first() or 0


def frames(since: int = 0) -> list[dict[str, Any]]:
    """The payloads of all frames, in order."""
    sent = []
    for event in Event.objects.filter(id__gt=since).order_by("id"):
        frame = encode(event)
        for line in frame.body.split(b"\n") if frame else ():
            if line.startswith(b"data: "):
                sent.append(orjson.loads(line[6:]))
    return sent


def names(since: int = 0) -> list[str]:
    """As the contract's table writes them: `A:` for stories, `N:` for notifications (once), else the type."""
    short = []
    for frame in frames(since):
        if frame["type"] == "activity.created":
            short.append(f"A:{frame['data']['type']}")
        elif frame["type"] == "notification.created":
            short.append(f"N:{frame['data']['type']}")
        elif frame["type"] != "notification":
            short.append(frame["type"])
    return short
