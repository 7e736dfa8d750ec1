"""How a task has moved, and all that the log knows of it, newest first, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from activity.catalogue import Kind
from activity.models import Event
from tasks.models import Task, Transition
from tokens.models import Run, ToolCall
from web import words

from .names import name_of, names_of
from .numbers import money

PAGE = 25
HANDED = {"workPlan": "work plan", "deliverable": "deliverable", "reviewChecklist": "checklist"}


@dataclass(frozen=True, slots=True)
class Page:
    """`older` is the id below which the next page begins; 0 at the end."""

    rows: Sequence[Any]
    older: int = 0

    @classmethod
    def of(cls, rows: QuerySet[Any, Any], before: int, size: int = PAGE) -> Page:
        """Of rows with ids, the newest first."""
        if before:
            rows = rows.filter(id__lt=before)
        found = list(rows.order_by("-id")[: size + 1])
        return cls(found[:size], found[size - 1].pk if len(found) > size else 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One transition."""

    id: int
    at: datetime
    who: str
    was: words.Sign | None
    now: words.Sign
    reason: str
    session: str
    handed: list[str]


def transitions_of(task: Task, *, before: int = 0, is_v1: bool) -> Page:
    came_with = {name: Q(artifacts__has_key=name) for name in HANDED}
    page = Page.of(task.transitions.defer("artifacts").annotate(**came_with), before)
    return Page([_step(row, is_v1) for row in page.rows], page.older)


def _step(row: Transition, is_v1: bool) -> Step:
    sign: Callable[[str], words.Sign] = words.v1_sign if is_v1 else words.SIGNS.__getitem__
    handed = [word for name, word in HANDED.items() if getattr(row, name)]
    was = sign(row.was) if row.was else None
    return Step(row.pk, row.at, row.by, was, sign(row.now), row.reason, row.session_key, handed)


@dataclass(frozen=True, slots=True)
class Happening:
    """One event. `also` is what its sentence leaves out."""

    id: int
    at: datetime
    who: str
    what: str
    also: str
    sign: words.Sign | None


def timeline_of(task: Task, *, before: int = 0, is_v1: bool) -> Page:
    """Facts alone: each story tells of one of them in other words."""
    rows = Event.objects.filter(task_id=task.pk, workspace_id=task.workspace_id, kind__in=TOLD)
    page = Page.of(rows, before)
    names = names_of(event.actor for event in page.rows)
    return Page([_happening(event, names, is_v1) for event in page.rows], page.older)


def _happening(event: Event, names: dict[str, str], is_v1: bool) -> Happening:
    what, also, sign = TOLD[event.kind](event.data or {}, is_v1)
    return Happening(event.pk, event.at, name_of(event.actor, names), what, also, sign)


Told = tuple[str, str, words.Sign | None]


def _moved(data: dict[str, Any], is_v1: bool) -> Told:
    now = data.get("status") or (data.get("task") or {}).get("status")
    was = data.get("previous_status")
    sign = words.v1_sign if is_v1 else words.SIGNS.__getitem__
    if now not in words.SIGNS or was not in words.SIGNS:
        return "moved it", "", None
    return f"moved it: {sign(was).word} → {sign(now).word}", "", sign(now)


def _changed(data: dict[str, Any], is_v1: bool) -> Told:
    fields = [FIELDS.get(name, name.replace("_", " ")) for name in data.get("fields") or []]
    if "assignee" in fields:
        whom = (data.get("task") or {}).get("assigned_to")
        return (f"gave it to {whom}" if whom else "took it from whoever had it"), "", None
    return f"changed {', '.join(fields) or 'what is planned or noted'}", "", None


def _approval(word: str) -> Callable[[dict[str, Any], bool], Told]:
    def tell(data: dict[str, Any], is_v1: bool) -> Told:
        approval = data.get("approval") or {}
        sign = words.VERDICTS.get(approval.get("status", ""))
        said = word or (sign.word if sign else "decided")
        return f"{said} APPR-{approval.get('id', '')}", str(approval.get("action_summary") or ""), sign

    return tell


def _run(data: dict[str, Any], is_v1: bool) -> Told:
    run = data.get("run") or {}
    sign = words.ENDINGS.get(run.get("status", ""))
    if run.get("status") == Run.Status.RUNNING:
        return f"began a run with {run.get('model')}", "", sign
    ended = f"ended a run with {run.get('model')}: {sign.word if sign else ''}, {money(run.get('cost_microusd'))}"
    return ended, str(run.get("error") or ""), sign


def _call(data: dict[str, Any], is_v1: bool) -> Told:
    call = data.get("tool_call") or {}
    sign = words.CALLS.get(call.get("status", ""))
    name = call.get("tool_name") or "a tool"
    word = "was denied" if call.get("status") == ToolCall.Status.DENIED else "used"
    return f"{word} {name}{': failed' if call.get('status') == ToolCall.Status.FAILED else ''}", "", sign


def _document(data: dict[str, Any], is_v1: bool) -> Told:
    document = data.get("document") or {}
    version = document.get("version", 1)
    return f"added {document.get('name')}{f', version {version}' if version > 1 else ''}", "", None


def _alert(word: str) -> Callable[[dict[str, Any], bool], Told]:
    def tell(data: dict[str, Any], is_v1: bool) -> Told:
        sign = words.Sign("alert", "error", "error") if word == "opened" else None
        return f"{word} an alert", str((data.get("alert") or {}).get("title") or ""), sign

    return tell


def _said(data: dict[str, Any], is_v1: bool) -> Told:
    text = str((data.get("comment") or {}).get("content") or "")
    return "wrote", text[:160] + ("…" if len(text) > 160 else ""), None


def _denied(data: dict[str, Any], is_v1: bool) -> Told:
    return f"was denied {data.get('tool') or data.get('type') or 'an action'}", str(data.get("reason") or ""), None


def _plain(text: str) -> Callable[[dict[str, Any], bool], Told]:
    return lambda data, is_v1: (text, "", None)


FIELDS = {"assigned_to": "assignee", "project_id": "project"}
TOLD: dict[str, Callable[[dict[str, Any], bool], Told]] = {
    Kind.TASK_CREATED: _plain("created the task"),
    Kind.TASK_UPDATED: _changed,
    Kind.TASK_TRANSITIONED: _moved,
    Kind.TASK_CLAIMED: _plain("took it from the queue"),
    Kind.COMMENT_CREATED: _said,
    Kind.DOCUMENT_CREATED: _document,
    Kind.APPROVAL_REQUESTED: _approval("asked for"),
    Kind.APPROVAL_DECIDED: _approval(""),
    Kind.APPROVAL_EXPIRED: _approval("let expire"),
    Kind.APPROVAL_CANCELED: _approval("withdrew"),
    Kind.RUN_STARTED: _run,
    Kind.RUN_COMPLETED: _run,
    Kind.TOOL_CALL_RECORDED: _call,
    Kind.POLICY_DENIED: _denied,
    Kind.BUDGET_EXCEEDED: _plain("used up its budget"),
    Kind.LOOP_DETECTED: _plain("went round in circles and was stopped"),
    Kind.ALERT_OPENED: _alert("opened"),
    Kind.ALERT_ACKNOWLEDGED: _alert("acknowledged"),
    Kind.ALERT_RESOLVED: _alert("resolved"),
}


def raw_of(task: Task, what: str, id: int) -> str | None:
    """What a transition was made with, or an event's own data, as it is stored."""
    if what == "transition":
        stored = task.transitions.filter(pk=id).values_list("artifacts", flat=True).first()
    else:
        rows = Event.objects.filter(task_id=task.pk, workspace_id=task.workspace_id, kind__in=TOLD, pk=id)
        stored = rows.values_list("data", flat=True).first()
    return json.dumps(stored, indent=2, ensure_ascii=False) if stored else None
