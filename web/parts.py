"""Parts of a task that are read when somebody unfolds them: lists by the page, long texts as a whole."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from core.errors import NotFound
from core.rows import find
from tasks.models import Brief, Document, Task
from tasks.services import find_task
from tokens.models import Run

from . import approvals, briefs, history, papers, runs
from .gate import PageRequest, page
from .inbox import rights_of
from .thread import has_earlier, moment_of, thread_of

GONE = "This is gone."


def before_of(request: HttpRequest) -> int:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_GET
@page()
def part(request: PageRequest, id: int, name: str) -> HttpResponse:
    """One of the lists, from the newest on or below `before`."""
    task = find_task(actor=request.actor, id=id)
    before, now, is_v1 = before_of(request), timezone.now(), Brief.objects.filter(task=task).exists()
    lists = {
        "runs": lambda: runs.runs_of(task, before=before, now=now),
        "transitions": lambda: history.transitions_of(task, before=before, is_v1=is_v1),
        "timeline": lambda: history.timeline_of(task, before=before, is_v1=is_v1),
        "documents": lambda: papers.papers_of(task, before=before),
        "decided": lambda: briefs.decided_of(task, before=before, now=now),
    }
    if name not in lists:
        raise NotFound(GONE)
    context = {"task": task, "name": name, "list": lists[name](), **rights_of(request.actor)}
    return render(request, f"task/_{name}.html", context)


@require_GET
@page()
def earlier(request: PageRequest, id: int) -> HttpResponse:
    """What came before the part of the thread that is shown."""
    task = find_task(actor=request.actor, id=id)
    is_v1 = Brief.objects.filter(task=task).exists()
    thread = thread_of(task, before=moment_of(request.GET.get("before", "")), is_v1=is_v1)
    context = {"task": task, "thread": thread, "has_earlier": has_earlier(task, thread), "excerpt": briefs.EXCERPT}
    return render(request, "task/_thread.html", context | rights_of(request.actor) | _may(request))


def _may(request: PageRequest) -> dict[str, Any]:
    return {"may_change": rights_of(request.actor)["may_decide"]}


@require_GET
@page()
def run(request: PageRequest, id: int, run: int) -> HttpResponse:
    """One run with its use of tools."""
    task = find_task(actor=request.actor, id=id)
    row = find(Run.objects.filter(task=task).select_related("agent"), run, GONE)
    calls = runs.calls_of(row, before=before_of(request))
    return render(request, "task/_run.html", {"task": task, "run": row, "list": calls})


@require_GET
@page()
def document(request: PageRequest, id: int, document: int) -> HttpResponse:
    """One version of a document with its text, and the other versions."""
    row = _document(find_task(actor=request.actor, id=id), document)
    context = {"document": row, "paper": papers.paper_of(row), "versions": papers.versions_of(row)}
    return render(request, "task/_document.html", context)


@require_GET
@page()
def file(request: PageRequest, id: int, document: int) -> HttpResponse:
    """The text as a file. Whatever it says it is, no browser runs it here."""
    row = _document(find_task(actor=request.actor, id=id), document)
    if row.content is None:
        raise NotFound("This document lies elsewhere.")
    return _download(row.content, row.name)


def _document(task: Task, id: int) -> Document:
    return find(Document.objects.filter(task=task).select_related("agent"), id, GONE)


def _download(text: str, name: str) -> HttpResponse:
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_GET
@page()
def whole(request: PageRequest, id: int, what: str, of: int = 0) -> HttpResponse:
    """A text that is longer than the page shows at once, or what is stored behind a line."""
    task = find_task(actor=request.actor, id=id)
    text = _text(task, what, of)
    if text is None:
        raise NotFound(GONE)
    if what == "deliverable" and "file" in request.GET:
        return _download(text, f"{task.ticket_ref}-deliverable.md")
    return render(request, "task/_whole.html", {"text": text, "is_plain": what in ("comment", "description")})


def _text(task: Task, what: str, of: int) -> str | None:
    brief = Brief.objects.filter(task=task).first()
    if what == "description":
        return task.description
    if what == "deliverable":
        return ((brief and brief.deliverable) or {}).get("content")
    if what == "comment":
        return task.comments.filter(pk=of).values_list("content", flat=True).first()
    if what == "payload":
        asked = task.approvals.filter(pk=of).first()
        return approvals.payload_of(asked) if asked else None
    if what in ("transition", "event"):
        return history.raw_of(task, what, of)
    return None


@require_GET
@page()
def checklist(request: PageRequest, id: int) -> HttpResponse:
    """The whole checklist, where it is long."""
    task = find_task(actor=request.actor, id=id)
    brief = Brief.objects.filter(task=task).first()
    return render(request, "task/_checklist.html", {"checklist": (brief and brief.review_checklist) or {}})
