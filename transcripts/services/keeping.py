"""What is done to logs: entries hidden, whole logs cleared, and what is old forgotten."""

from __future__ import annotations

from datetime import datetime

import orjson
from django.db import transaction

from activity.audit import Origin, record_audit
from activity.catalogue import Kind
from activity.services import fact, record
from agents.models import Agent
from core.actors import Actor
from core.errors import NotFound
from core.ids import ref
from governance.services.permissions import cancel_permissions
from transcripts.models import Delegation, Entry, Todos

from .batches import told_by
from .spawning import close_requests

# What an event tells of a log: the newest, as many as fit into it.
SHOWN = 200
LONGEST_SHOWN = 2_000
LARGEST_SHOWN = 56 * 1024


@transaction.atomic
def hide_entry(*, agent: Agent, entry_id: int, hidden: bool, actor: Actor, now: datetime) -> Entry:
    """Take an entry out of sight, or bring it back. Being so already changes and tells nothing."""
    entry = Entry.objects.of(agent.pk).filter(pk=entry_id).first()
    if entry is None:
        raise NotFound(f"There is no entry {entry_id} in this log")
    if Entry.objects.filter(pk=entry.pk).exclude(hidden=hidden).update(hidden=hidden):
        entry.hidden = hidden
        _tell_of_log(agent, actor, now)
    return entry


def _tell_of_log(agent: Agent, actor: Actor, now: datetime) -> None:
    shown, size = [], 0
    for entry in Entry.objects.of(agent.pk)[:SHOWN]:
        snapshot = entry.snapshot()
        snapshot["text"] = snapshot["text"][:LONGEST_SHOWN]
        size += len(orjson.dumps(snapshot))
        if size > LARGEST_SHOWN:
            break
        shown.append(snapshot)
    record(told_by(agent, Kind.AGENT_LOG_UPDATED, {"log": shown[::-1]}, actor=actor), at=now)


@transaction.atomic
def reset_workspace(*, actor: Actor, now: datetime, origin: Origin | None = None) -> None:
    """Begin anew in the actor's workspace: nothing waits for an answer, and every log is empty. What sessions have sent
    already is not taken again."""
    home = actor.workspace_id
    permissions = cancel_permissions(actor=actor, now=now, reason="The workspace was reset")
    requests = close_requests(workspace_id=home, actor=actor, now=now)
    entries = Entry.objects.in_workspace(home)._raw_delete("default")
    Todos.objects.filter(agent__workspace_id=home).delete()
    Delegation.objects.filter(agent__workspace_id=home).delete()
    detail = {"reset": "workspace", "permissions": permissions, "spawn_requests": requests, "entries": entries}
    record_audit("data_cleanup", actor=actor, at=now, detail=detail, target=("workspace", home), origin=origin)
    record(fact(Kind.WORKSPACE_RESET, actor=actor, subject=ref("workspace", home), data={"id": home}), at=now)
