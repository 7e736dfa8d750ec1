"""Agents that wish for others beside them, and what people answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Agent
from core.actors import Actor, Role, system
from core.errors import Conflict, Denied, NotFound
from core.ids import ref
from core.secrets import redact
from governance.services.operators import note_to_operator
from notifications.services import post_once
from transcripts.models import SpawnRequest

Status = SpawnRequest.Status
WAITS = timedelta(hours=24)


def file_request(
    *, agent: Agent, agents: list[dict[str, str]], reason: str, actor: Actor, now: datetime
) -> Event:  # fmt: skip
    """Store the wish, in the caller's transaction; the event is the caller's to record."""
    row = SpawnRequest.objects.create(
        workspace_id=agent.workspace_id,
        agent=agent,
        agents=agents,
        reason=reason,
        created_at=now,
        expires_at=now + WAITS,
    )
    title = f"{agent.name} asks for {len(agents)} more agent{'s' if len(agents) != 1 else ''}"
    note = note_to_operator(agent.workspace_id, type="alert", title=title, text=row.reason or title)
    record(*post_once(note, actor=actor, now=now), at=now)
    return _told(Kind.SPAWN_REQUESTED, row, actor)


def respond_to_request(
    *, request_id: int, approved: bool, actor: Actor, now: datetime, reason: str = ""
) -> SpawnRequest:  # fmt: skip
    """The first answer counts. Raises NotFound; Denied for those who may not decide; Conflict (ALREADY_DECIDED) when it
    is over, with the outcome as `extra["request"]`."""
    if actor.kind == "agent" or not actor.can(Role.OPERATOR):
        raise Denied("Answering spawn requests needs an operator")
    row = SpawnRequest.objects.in_workspace(actor.workspace_id).select_related("agent").filter(pk=request_id).first()
    if row is None:
        raise NotFound(f"There is no spawn request {request_id}")
    if row.expires_at <= now:
        _end(row, Status.EXPIRED, system(row.workspace_id), now)
    to = Status.APPROVED if approved else Status.DENIED
    if row.status != Status.PENDING or not _end(row, to, actor, now, redact(reason)[0]):
        raise Conflict(f"The spawn request is {row.status} already", code="ALREADY_DECIDED", request=row.snapshot())
    return row


def expire_requests(*, now: datetime, at_most: int = 500) -> int:
    """Those that nobody answered in time, each in a transaction of its own."""
    due = list(SpawnRequest.objects.due(now).select_related("agent").order_by("expires_at")[:at_most])
    return sum(_end(row, Status.EXPIRED, system(row.workspace_id), now) for row in due)


def close_requests(*, workspace_id: int, actor: Actor, now: datetime) -> int:
    """All that wait in the workspace: nobody will answer them any more."""
    rows = SpawnRequest.objects.in_workspace(workspace_id).pending().select_related("agent").order_by("id")
    return sum(_end(row, Status.EXPIRED, actor, now) for row in rows)


@transaction.atomic
def _end(row: SpawnRequest, to: str, actor: Actor, now: datetime, reason: str = "") -> bool:
    columns: dict[str, Any] = {"status": to, "decided_by": str(actor), "decided_at": now, "decision_reason": reason}
    done = SpawnRequest.objects.pending().filter(pk=row.pk).update(**columns)
    row.refresh_from_db(fields=list(columns))
    if done:
        record(_told(Kind.SPAWN_RESOLVED, row, actor), at=now)
    return bool(done)


def _told(kind: Kind, row: SpawnRequest, actor: Actor) -> Event:
    return fact(
        kind, actor=actor, subject=ref("agent", row.agent_id), agent_id=row.agent_id, workspace_id=row.workspace_id,
        data={"request": row.snapshot()},
    )  # fmt: skip
