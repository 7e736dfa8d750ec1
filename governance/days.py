"""Days, weeks and months as the calendar of the place counts them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

USUAL = "America/Los_Angeles"


def zone() -> ZoneInfo:
    """A name that is no time zone counts as unset."""
    try:
        return ZoneInfo(settings.LOCAL_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(USUAL)


def start_of_day(now: datetime, *, later: int = 0) -> datetime:
    """Of the day so many days later, as UTC; days are not always 24 hours long."""
    day = now.astimezone(zone()).date() + timedelta(days=later)
    return datetime.combine(day, time.min, zone()).astimezone(UTC)


def start_of_week(now: datetime) -> datetime:
    """Weeks start on Monday."""
    return start_of_day(now, later=-now.astimezone(zone()).weekday())


def start_of_month(now: datetime) -> datetime:
    return start_of_day(now, later=1 - now.astimezone(zone()).day)


def next_midnight(now: datetime) -> datetime:
    return start_of_day(now, later=1)
