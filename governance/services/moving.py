"""Moves of tasks by the rules of the state machine, all of one in a single transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from agents.models import Agent, Mandate
from core.actors import Actor
from core.errors import Denied, Invalid
from core.secrets import redact
from governance.states import CANCELED, DONE, EDGES, IN_PROGRESS, INBOX, REVIEW, Edge, Right, shown
from tasks.models import Brief, Comment, Task, Transition
from tasks.services import Move, update_task
from tasks.services import bookkeeping as books

from .assigning import assign
from .claiming import check_giving, check_type, settled
from .completing import by_approval, completion
from .documents import keep_artifacts, with_originals, without_content
from .entering import enter, limit_of, tell
from .handing import Handed, Request, lacking, unticked
from .loops import REVIEW_CYCLES, block_for_loop
from .pending import granted_completion
from .redacting import joined, redacted
from .situation import Situation, look

REPEATED_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for."""

    to: str
    reason: str = ""
    session_key: str = ""
    handed: Handed = field(default_factory=Handed)
    # None leaves them as they are.
    assignees: Sequence[Agent] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    task: Task
    transition: Transition
    warnings: list[str] = field(default_factory=list)
    # The message that sums up why the task was stopped at once.
    loop: Comment | None = None


@transaction.atomic
def move(*, task: Task, actor: Actor, agent: Agent | None, now: datetime, wish: Wish) -> Moved:
    """Move a task. Raises Invalid for a move that there is not or that lacks something, Denied for a caller who may
    not; both say where the caller may take the task instead."""
    here = look(_hold(task, agent), actor=actor, agent=agent)
    if earlier := _same_before(here, wish.to, now):
        return Moved(here.task, earlier)
    try:
        return _move(here, wish, now)
    except (Denied, Invalid) as refusal:
        raise refused(refusal, here) from refusal


def _hold(task: Task, agent: Agent | None) -> Task:
    """The task, after those who work on it: whoever books their costs takes them in this order."""
    at_it = Q(current_task_id=task.pk) | Q(parent_task_id=task.pk) | Q(agent__name=task.assigned_to)
    mine = Q(pk=agent.pk) if agent else Q(pk__in=[])
    workers = Mandate.objects.select_for_update(of=("self",)).filter(agent__workspace_id=task.workspace_id)
    list(workers.filter(at_it | mine).order_by("pk").values_list("pk"))
    return books.lock(task)


def _same_before(here: Situation, to: str, now: datetime) -> Transition | None:
    """What this caller did already, a moment ago, and nothing has changed since."""
    if here.status != to:
        return None
    lately = here.task.transitions.filter(actor=str(here.actor), at__gte=now - REPEATED_WITHIN)
    mine = lately.exclude(was="").order_by("-id")
    return next((row for row in mine if shown(row.now) == to), None)


def refused(refusal: Denied | Invalid, here: Situation) -> Denied | Invalid:
    """The refusal with what a caller needs to do better."""
    lines = refusal.details if isinstance(refusal, Invalid) and refusal.details else None
    if lines is None:
        lines = [f"{'actor' if isinstance(refusal, Denied) else 'body'}: {refusal.message}"]
    errors = [{"field": name, "message": message} for name, _, message in (line.partition(": ") for line in lines)]
    allowed = here.allowed()
    refusal.beside = {"success": False, "errors": errors, "allowedTransitions": allowed}
    refusal.extra |= {"errors": errors, "allowedTransitions": allowed, "currentStatus": here.status}
    return refusal


def _move(here: Situation, wish: Wish, now: datetime) -> Moved:
    here.check_standing(wish.to)
    edge = EDGES.get((here.status, wish.to))
    if edge is None:
        details = [f"toStatus: a task cannot go from {here.status} to {wish.to}"]
        raise Invalid(f"A task cannot go from {here.status} to {wish.to}", code="INVALID_TRANSITION", details=details)
    given = here.assignees
    if wish.assignees is not None and not settled(here, wish.assignees):
        given = list(wish.assignees)
        check_giving(here, given)
    _check_mover(here, edge, wish.to, given)
    request = Request(here, wish.to, wish.reason, wish.handed, given, now)
    if problems := lacking(edge, request):
        raise Invalid(f"The task is not ready for {wish.to}", details=problems)
    return _go(here, edge, wish, given, now)


def _check_mover(here: Situation, edge: Edge, to: str, given: Sequence[Agent]) -> None:
    if not here.mover().may(edge):
        if here.agent is not None and (here.status, to) == (REVIEW, DONE):
            violations = [f"transition_role:{here.mandate.autonomy}"] if here.mandate else []
            message = "Agents may not complete tasks: ask for an approval of the type STATE_TRANSITION"
            raise Denied(message, code="POLICY_VIOLATION", violations=violations)
        raise Denied(f"You may not take this task from {here.status} to {to}")
    if here.agent is None or here.mandate is None or edge.right_of(here.mandate.autonomy) != Right.CLAIM or not given:
        return
    if [agent.pk for agent in given] != [here.agent.pk]:
        raise Denied("You may take work for yourself alone")
    check_type(here)


def _go(here: Situation, edge: Edge, wish: Wish, given: Sequence[Agent], now: datetime) -> Moved:
    was, to, task, actor, agent = here.status, wish.to, here.task, here.actor, here.agent
    brief, snapshot = here.brief, _keep(here, wish.handed.supplied(edge), now)
    reason, _ = redact(wish.reason)
    changes: dict[str, Any] = {"status": to}
    if to in (DONE, CANCELED):
        changes["completed_at"] = now
    if to == DONE:
        brief.completion = _completion(here, reason, now)
    told = Move(reason, wish.session_key, snapshot or None)
    wanted = [] if to == INBOX else list(given)
    if [one.pk for one in wanted] != [one.pk for one in here.assignees]:
        task = assign(task=task, agents=wanted, actor=actor, now=now, changes=changes, move=told)
    else:
        task = update_task(task=task, actor=actor, now=now, changes=changes, sent={"status": to.lower()}, move=told)
    enter(task=task, brief=brief, was=was, to=to, actor=actor, agent=agent, reason=reason, now=now)
    tell(
        task=task, was=was, to=to, assignees=wanted, reviewer=brief.reviewer, actor=actor, now=now, reason=reason
    )  # fmt: skip
    moved = task.transitions.order_by("-id").first()
    assert moved is not None
    warnings = unticked(snapshot.get("reviewChecklist")) + _unknown(task, snapshot.get("workPlan"))
    task, loop = _stop_circling(task, brief, was, to, now)
    return Moved(task, moved, warnings, loop)


def _keep(here: Situation, parts: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Put what was handed in into the brief, its files among the documents; returns copies for the transition."""
    clean, names = redacted(parts)
    shape = {"work_plan": "workPlan", "deliverable": "deliverable", "review_checklist": "reviewChecklist"}
    snapshot = {}
    for column, part in clean.items():
        if column == "deliverable":
            files = with_originals(part["artifacts"], parts[column]["artifacts"])
            artifacts = keep_artifacts(task=here.task, actor=here.actor, agent=here.agent, now=now, artifacts=files)
            snapshot[shape[column]] = {**part, "artifacts": without_content(artifacts)}
            part = {**part, "artifacts": artifacts}
        else:
            if column == "review_checklist":
                part = {**part, "completedAt": f"{now:%Y-%m-%dT%H:%M:%SZ}", "completedBy": name_of(here)}
            snapshot[shape[column]] = part
        setattr(here.brief, column, part)
    here.brief.redacted_fields = joined(here.brief.redacted_fields, [shape[name] for name in names])
    return snapshot


def name_of(here: Situation) -> str:
    """Who acts, as this dialect names them."""
    if here.agent is not None:
        return here.agent.slug
    return f"{here.actor.kind}_{here.actor.id}"


def _completion(here: Situation, reason: str, now: datetime) -> dict[str, Any]:
    """A person's request is their approval; an agent's is the one it was given."""
    approval = granted_completion(here.task, here.agent, now) if here.agent else None
    if approval is None:
        return completion(name_of(here), at=now, note=reason)
    return by_approval(approval, now=now)


def _unknown(task: Task, plan: dict[str, Any] | None) -> list[str]:
    """Dependencies are told of, never held against a plan."""
    ids = (plan or {}).get("dependencies") or []
    numbers = {id: int(id[5:]) for id in ids if id.startswith("task_") and id[5:].isdecimal() and len(id) < 24}
    there = set(
        Task.objects.in_workspace(task.workspace_id).filter(pk__in=numbers.values()).values_list("pk", flat=True)
    )
    there.discard(task.pk)
    return [f"workPlan.dependencies: {id[:80]} is no other task" for id in ids if numbers.get(id) not in there]


def _stop_circling(task: Task, brief: Brief, was: str, to: str, now: datetime) -> tuple[Task, Comment | None]:
    if (was, to) != (REVIEW, IN_PROGRESS) or brief.review_cycles <= (limit := limit_of(task, brief)):
        return task, None
    details = {"reviewCycles": brief.review_cycles, "limit": limit}
    return block_for_loop(task=task, type=REVIEW_CYCLES, now=now, details=details)
