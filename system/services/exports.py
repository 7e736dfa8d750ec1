"""Exports, as the audit log tells of them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.audit import Origin, record_audit
from core.actors import Actor


@transaction.atomic
def note_export(*, actor: Actor, now: datetime, type: str, format: str, rows: int, origin: Origin) -> None:
    """Who took which rows away, and how many."""
    detail = {"type": type, "format": format, "row_count": rows}
    record_audit("data_export", actor=actor, at=now, detail=detail, origin=origin)
