"""The feed: what happened, newest first, one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from activity.catalogue import STORIES
from activity.models import Event
from tasks.models import Task

from .gate import PageRequest, page
from .names import actor_word

PAGE = 60
NEWEST = 30
ABOUT = {"task": "Tasks", "comment": "Comments", "agent": "Agents"}


@dataclass(frozen=True)
class Story:
    id: int
    actor_name: str
    description: str
    at: datetime
    href: str
    ref: str = ""
    title: str = ""


def told(events: QuerySet[Event] | list[Event]) -> list[Story]:
    rows = list(events)
    tasks = Task.objects.select_related("project").only("number", "title", "project__ticket_prefix")
    about = {task.pk: task for task in tasks.filter(id__in={row.task_id for row in rows if row.task_id})}
    return [_story(row, about.get(row.task_id or 0)) for row in rows]


def _story(row: Event, task: Task | None) -> Story:
    """A change of a task does not say of which one; here it does. Who did it stands beside it already."""
    words, title = row.description, ""
    if row.type == "task_updated" and task:
        words, title = words.removeprefix("Task updated: ").replace("_", " "), task.title
    words = words.removeprefix(f"{row.actor} ")
    return Story(row.pk, actor_word(row.actor), words, row.at, _address(row), task.ticket_ref if task else "", title)


def _address(row: Event) -> str:
    """Where the story's subject can be looked at, as far as it still exists."""
    if row.task_id and row.type != "task_deleted":
        return reverse("task", args=[row.task_id])
    return reverse("agents") if row.agent_id else ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


@require_GET
@page()
def activity(request: PageRequest) -> HttpResponse:
    """A page of stories, from the newest or from below `before`; a fragment when asked for the next page."""
    about = request.GET.get("about", "")
    rows = Event.objects.stories(request.actor.workspace_id)
    if about in ABOUT:
        rows = rows.filter(type__in=[type for type, entity in STORIES.items() if entity == about])
    before = _number(request.GET.get("before"))
    if before:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    context = {
        "stories": told(found[:PAGE]),
        "next": found[PAGE - 1].pk if len(found) > PAGE else None,
        "about": about,
        "subjects": ABOUT,
    }
    return render(request, "activity/page.html#stories" if request.htmx else "activity/page.html", context)


@require_GET
@page()
def latest(request: PageRequest) -> HttpResponse:
    """The newest stories after the one that the caller has."""
    rows = Event.objects.stories(request.actor.workspace_id).filter(id__gt=_number(request.GET.get("after")) or 0)
    return render(request, "activity/_stories.html", {"stories": told(rows[:NEWEST])})
