"""What each kind of item brings with it, beside being told. Their fields are clean already."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from activity.catalogue import Kind
from agents.models import Agent
from agents.services.heartbeats import TOKEN, heartbeat
from core.errors import Invalid
from core.money import micro
from governance.services import allowances
from tokens.models import Run
from transcripts.models import Delegation, Entry, Todos

from .batches import Batch
from .cleaning import as_text
from .items import Item
from .spawning import file_request
from .tool_uses import begin_call, end_call

Status = Agent.Status


def _session(batch: Batch, item: Item) -> None:
    batch.session.session_id = item.fields["session_id"]
    batch.tell(Kind.AGENT_SESSION, {"session_id": item.fields["session_id"]})


def _working(batch: Batch, item: Item) -> None:
    batch.shows = Status.BUSY
    batch.tell(Kind.AGENT_WORKING, {"task_id": item.fields.get("task_id")})


def _text(batch: Batch, item: Item) -> None:
    batch.tell(Kind.AGENT_TEXT, {"text": item.fields["text"], "run_id": item.run_id})
    if item.fields["text"].strip() == TOKEN:
        batch.events += heartbeat(batch.agent, "ok-token", actor=batch.actor)
    batch.enter(item, Entry.Kind.TEXT, item.fields["text"])


def _tool(batch: Batch, item: Item) -> None:
    tool, input, use = item.fields["tool"], item.fields["input"], item.fields.get("tool_use_id") or ""
    text, run = as_text(input), batch.run_of(item)
    call = begin_call(batch, item, run, use=use, input=text) if run is not None else None
    data = {"tool": tool, "input": input, "tool_use_id": use or None, "run_id": item.run_id}
    batch.tell(Kind.AGENT_TOOL, data)
    batch.enter(item, Entry.Kind.TOOL, text, tool=tool, tool_use_id=use, tool_call_id=call and call.pk)


def _tool_result(batch: Batch, item: Item) -> None:
    fields = item.fields
    tool, use, is_error = fields["tool"], fields.get("tool_use_id") or "", bool(fields.get("is_error"))
    text = as_text(fields["result"])
    if item.run_id is not None and use:
        end_call(batch, use=use, output=text, is_error=is_error)
    data = {"tool": tool, "result": fields["result"], "truncated": fields["truncated"], "tool_use_id": use or None}
    batch.tell(Kind.AGENT_TOOL_RESULT, {**data, "is_error": is_error, "run_id": item.run_id})
    batch.enter(item, Entry.Kind.TOOL_RESULT, text, tool=tool, tool_use_id=use, is_error=is_error)


def _todos(batch: Batch, item: Item) -> None:
    values = {"items": item.fields["todos"], "updated_at": batch.now}
    Todos.objects.update_or_create(agent_id=batch.agent.pk, defaults=values)
    batch.tell(Kind.AGENT_TODOS, {"todos": item.fields["todos"]})


def _done(batch: Batch, item: Item) -> None:
    """A run that has been told to be done is not told again, whoever told it."""
    batch.shows = Status.IDLE
    if item.run_id is not None:
        # Who changes a run holds the mandate of its agent.
        allowances.lock(batch.agent.pk)
        untold = Run.objects.filter(pk=item.run_id, done_told=False).exclude(status__in=Run.FINAL)
        if not untold.update(done_told=True):
            return
    data = {"role": item.fields["role"], "cost": micro(item.fields["cost"]), "run_id": item.run_id}
    batch.tell(Kind.AGENT_DONE, data)


def _error(batch: Batch, item: Item) -> None:
    batch.shows = Status.ERROR
    batch.tell(Kind.AGENT_ERROR, {"error": item.fields["error"]})
    batch.enter(item, Entry.Kind.ERROR, item.fields["error"], is_error=True)


def _delegation(batch: Batch, item: Item) -> None:
    fields = item.fields
    changes: dict[str, Any] = {"to_role": fields["to_role"], "status": fields["status"], "updated_at": batch.now}
    if fields.get("parent"):
        changes["parent"] = fields["parent"]
    if slug := fields.get("to_agent"):
        to = Agent.objects.in_workspace(batch.agent.workspace_id).filter(slug=slug).first()
        if to is None:
            raise Invalid.fields(f"toAgentId: there is no agent {slug[:80]}")
        changes["to_agent"] = to
    Delegation.objects.update_or_create(
        agent_id=batch.agent.pk,
        delegation_id=fields["delegation_id"],
        defaults=changes,
        create_defaults={**changes, "created_at": batch.now},
    )
    data = {name: fields[name] for name in ("delegation_id", "status", "to_role")}
    batch.tell(Kind.DELEGATION_UPDATED, data)


def _spawn_request(batch: Batch, item: Item) -> None:
    request = item.fields["request"]
    told = file_request(agent=batch.agent, **request, actor=batch.actor, now=batch.now)
    batch.events.append(told)


TAKE: dict[Kind, Callable[[Batch, Item], None]] = {
    Kind.AGENT_SESSION: _session,
    Kind.AGENT_WORKING: _working,
    Kind.AGENT_TEXT: _text,
    Kind.AGENT_TOOL: _tool,
    Kind.AGENT_TOOL_RESULT: _tool_result,
    Kind.AGENT_TODOS: _todos,
    Kind.AGENT_DONE: _done,
    Kind.AGENT_ERROR: _error,
    Kind.DELEGATION_UPDATED: _delegation,
    Kind.SPAWN_REQUESTED: _spawn_request,
}
