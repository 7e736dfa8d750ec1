"""Alerts: opened by what went wrong, closed by people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from core.actors import Actor
from core.errors import Conflict
from core.ids import ref
from core.rows import find
from governance.models import Alert

RANKS = {word: rank for rank, word in enumerate(Alert.Severity.values)}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an alert tells."""

    type: str
    severity: Alert.Severity
    title: str
    description: str = ""
    agent_id: int | None = None
    task_id: int | None = None
    run_id: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> str:
        return f"{self.type}:{self.agent_id or 0}:{self.task_id or 0}"


@transaction.atomic
def open_alert(*, trouble: Trouble, actor: Actor, now: datetime) -> Alert:
    """Tell of it; while an alert of the same type, agent and task is open, that one counts it."""
    known = _open_one(trouble, actor.workspace_id)
    if known is not None:
        return _count(known, trouble)
    try:
        with transaction.atomic():
            alert = Alert.objects.create(
                workspace_id=actor.workspace_id,
                severity=trouble.severity,
                type=trouble.type,
                title=trouble.title[:200],
                description=trouble.description,
                about=trouble.about,
                agent_id=trouble.agent_id,
                task_id=trouble.task_id,
                run_id=trouble.run_id,
                metadata={**trouble.metadata, "count": 1},
                created_at=now,
            )
    except IntegrityError:
        # Somebody else opened it a moment ago.
        if (known := _open_one(trouble, actor.workspace_id)) is None:
            raise
        return _count(known, trouble)
    record(_fact(Kind.ALERT_OPENED, alert, actor), at=now)
    return alert


def _open_one(trouble: Trouble, workspace_id: int) -> Alert | None:
    rows = Alert.objects.select_for_update().in_workspace(workspace_id)
    return rows.filter(about=trouble.about, status=Alert.Status.OPEN).first()


def _count(alert: Alert, trouble: Trouble) -> Alert:
    """It says the newest, and is as severe as the worst."""
    alert.metadata = {**alert.metadata, **trouble.metadata, "count": int(alert.metadata.get("count", 1)) + 1}
    alert.title, alert.description = trouble.title[:200], trouble.description
    alert.severity = max(alert.severity, trouble.severity, key=lambda word: RANKS[word])
    alert.run_id = trouble.run_id or alert.run_id
    alert.save(update_fields=["metadata", "title", "description", "severity", "run_id"])
    return alert


@transaction.atomic
def acknowledge_alert(*, alert: Alert, actor: Actor, now: datetime, note: str | None = None) -> Alert:
    """Somebody looks after it. Raises Conflict once it is over."""
    alert = _lock(alert)
    if alert.status == Alert.Status.ACKNOWLEDGED:
        return alert
    if alert.status != Alert.Status.OPEN:
        raise _over(alert)
    alert.status, alert.acknowledged_by, alert.acknowledged_at = Alert.Status.ACKNOWLEDGED, str(actor), now
    if note:
        alert.metadata = {**alert.metadata, "note": note}
    alert.save(update_fields=["status", "acknowledged_by", "acknowledged_at", "metadata"])
    record(_fact(Kind.ALERT_ACKNOWLEDGED, alert, actor), at=now)
    return alert


@transaction.atomic
def resolve_alert(*, alert: Alert, actor: Actor, now: datetime, note: str) -> Alert:
    alert = _lock(alert)
    if alert.status == Alert.Status.RESOLVED:
        return alert
    if alert.status == Alert.Status.IGNORED:
        raise _over(alert)
    alert.status, alert.resolved_at, alert.resolution_note = Alert.Status.RESOLVED, now, note
    alert.save(update_fields=["status", "resolved_at", "resolution_note"])
    record(_fact(Kind.ALERT_RESOLVED, alert, actor), at=now)
    return alert


def _lock(alert: Alert) -> Alert:
    return find(Alert.objects.select_for_update(), alert.pk, "Alert not found")


def _over(alert: Alert) -> Conflict:
    return Conflict(f"The alert is {alert.status} already", code="STATE_CONFLICT", status=alert.status)


def _fact(kind: Kind, alert: Alert, actor: Actor) -> Event:
    return fact(
        kind,
        actor=actor,
        subject=ref("alert", alert.pk),
        agent_id=alert.agent_id,
        task_id=alert.task_id,
        data={"alert": alert.facts()},
    )
