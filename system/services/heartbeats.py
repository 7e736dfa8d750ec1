"""The server's own heartbeats are switched on and off."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.actors import Actor
from system import heartbeats, lookup

from .settings import set_settings


@transaction.atomic
def set_heartbeats(*, on: bool, actor: Actor, now: datetime) -> None:
    """Counts in every process within seconds. What is so already is no change."""
    lookup.forget()
    if heartbeats.are_on() != on:
        set_settings(actor=actor, now=now, values={heartbeats.SETTING: "true" if on else "false"})
