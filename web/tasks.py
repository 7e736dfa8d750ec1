"""One task: a page of its own, and the drawer beside the board."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents.models import Agent
from core.actors import Role
from core.errors import Invalid
from core.rows import find
from governance.models import Approval
from governance.services.planning import plan_task
from governance.states import ASSIGNED, INBOX, seen
from tasks.models import PRIORITIES, Brief, Task
from tasks.services import add_comment, approve_task, delete_task, find_task, update_task
from tasks.services.assigning import assignees_of
from tokens import reports
from web import words

from . import approvals
from .board import choices
from .briefs import EXCERPT, told_of
from .gate import PageRequest, page
from .inbox import rights_of
from .thread import has_earlier, thread_of

AGENTS_NAMED = 100
STATUS_CHOICES = [(status, sign.word) for status, sign in words.SIGNS.items()]


@require_GET
@page()
def task(request: PageRequest, id: int) -> HttpResponse:
    return show(request, find_task(actor=request.actor, id=id))


def show(request: PageRequest, task: Task, said: Sequence[str] = ()) -> HttpResponse:
    """`said` is told beside the task, once."""
    told = told_of(task, now=timezone.now(), actor=request.actor)
    thread = thread_of(task, is_v1=told.is_v1)
    context: dict[str, Any] = {
        "task": task,
        "thread": thread,
        "has_earlier": has_earlier(task, thread),
        "told": told,
        "said": said,
        "excerpt": EXCERPT,
        "cost": reports.of_tasks(task.workspace_id, [task.pk]).get(task.pk, 0),
        "statuses": STATUS_CHOICES,
        "may_change": request.actor.can(Role.OPERATOR),
        "may_delete": request.actor.can(Role.ADMIN),
        **rights_of(request.actor),
        **choices(task.workspace_id, at_most=AGENTS_NAMED),
    }
    return render(request, "task/_task.html" if request.htmx else "task/page.html", context)


@require_POST
@page(Role.OPERATOR)
def change(request: PageRequest, id: int) -> HttpResponse:
    """Set one fact, or title and description together."""
    task = find_task(actor=request.actor, id=id)
    changes = _wanted(request, task)
    now = timezone.now()
    if "assigned_to" in changes and Brief.objects.filter(task=task).exists():
        fields = {"assignees": _assignees(task, changes.pop("assigned_to"))}
        plan_task(task=task, actor=request.actor, agent=None, now=now, fields=fields)
    if changes.get("status") == Task.Status.DONE and task.status != Task.Status.DONE:
        approve_task(task=task, actor=request.actor, now=now, notes="Set to done by hand")
    elif changes:
        update_task(task=task, actor=request.actor, now=now, changes=changes, sent=_told(changes))
    return show(request, find_task(actor=request.actor, id=id))


def _wanted(request: PageRequest, task: Task) -> dict[str, Any]:
    """The posted fields that differ from what the task holds."""
    post = request.POST
    wanted: dict[str, Any] = {}
    if "title" in post:
        wanted["title"] = _title(post["title"])
        wanted["description"] = post.get("description", "").strip()[:5000] or None
    if post.get("status") in words.SIGNS:
        wanted["status"] = post["status"]
    if "assigned_to" in post:
        wanted["assigned_to"] = post["assigned_to"][:100] or None
    if post.get("priority", "") in map(str, PRIORITIES):
        wanted["priority"] = int(post["priority"])
    if post.get("project", "").isdecimal():
        wanted["project_id"] = int(post["project"][:18])
    if "due" in post:
        wanted["due_at"] = _end_of_day(post["due"])
    return {name: value for name, value in wanted.items() if getattr(task, name) != value}


def _assignees(task: Task, name: str | None) -> list[Agent]:
    """By the rules of the v1 dialect, which knows several: whoever is named comes in the place of the first."""
    others = assignees_of([task])[task.pk][1:]
    if name is None:
        if seen(task.status, is_given=True) not in (INBOX, ASSIGNED):
            raise Invalid("Work that has begun needs somebody. Choose another agent, or move the task first.")
        return []
    agent = Agent.objects.in_workspace(task.workspace_id).visible().filter(name=name).first()
    if agent is None:
        raise Invalid(f"There is no agent called {name}.")
    return [agent, *(other for other in others if other.pk != agent.pk)]


def _told(changes: dict[str, Any]) -> dict[str, Any]:
    """What the feed keeps of a change: plain values, statuses in lower case."""
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in changes.items()}
    if "status" in told:
        told["status"] = told["status"].lower()
    return told


def _title(text: str) -> str:
    if not 0 < len(text.strip()) <= 500:
        raise Invalid("A title has 1 to 500 characters.")
    return text.strip()


def _end_of_day(text: str) -> datetime | None:
    try:
        day = parse_date(text) if text else None
    except ValueError as error:
        raise Invalid("That day does not exist.") from error
    return datetime.combine(day, time(23, 59), UTC) if day else None


@require_GET
@page(Role.OPERATOR)
def text(request: PageRequest, id: int) -> HttpResponse:
    """The form for title and description, in place of the text."""
    return render(request, "task/_text_form.html", {"task": find_task(actor=request.actor, id=id)})


@require_POST
@page(Role.OPERATOR)
def comment(request: PageRequest, id: int) -> HttpResponse:
    task = find_task(actor=request.actor, id=id)
    content = request.POST.get("content", "").strip()
    if not content:
        raise Invalid("Write something first.")
    parent = request.POST.get("parent", "")
    add_comment(
        task=task,
        actor=request.actor,
        now=timezone.now(),
        content=content,
        parent_id=int(parent) if parent.isdecimal() and len(parent) < 19 else None,
    )
    return show(request, find_task(actor=request.actor, id=id))


@require_http_methods(["POST", "DELETE"])
@page(Role.ADMIN)
def delete(request: PageRequest, id: int) -> HttpResponse:
    delete_task(task=find_task(actor=request.actor, id=id), actor=request.actor, now=timezone.now())
    answer = HttpResponse(status=204)
    answer["X-Gone"] = reverse("board")
    return answer


@require_POST
@page(Role.OPERATOR)
def decide(request: PageRequest, id: int, approval: int) -> HttpResponse:
    """As on the page of approvals; answered with the task."""
    task = find_task(actor=request.actor, id=id)
    find(Approval.objects.filter(task=task), approval, approvals.GONE)
    approvals.settle(request, approval)
    return show(request, find_task(actor=request.actor, id=task.pk))
