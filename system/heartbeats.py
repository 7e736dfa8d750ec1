"""Whether the server looks after agents by itself: wakes them, and checks that they live."""

from __future__ import annotations

from django.conf import settings

from . import lookup

SETTING = "general.heartbeats"
# The switch of the job alone, which the other dialect knows.
OF_JOB = "general.agent_heartbeat"


def are_on() -> bool:
    return lookup.flag(SETTING)


def interval() -> int:
    """Seconds between two looks; 0 when nobody looks."""
    return settings.SWEEP_SECONDS if are_on() and lookup.flag(OF_JOB) else 0
