"""What people do to agents: the form that says what it will bring about, and the deed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agents.models import Agent
from core.actors import Actor, Role
from core.errors import Conflict, Invalid
from governance.models import Approval
from governance.services.controlling import BEGUN, control_agent, my_tasks
from governance.services.restarting import restart_agent
from tasks.models import Task
from tasks.services.assigning import assignees_of
from tokens.models import Run

from .dossier import find_agent
from .gate import PageRequest, page
from .standing import DOINGS, SPANS, Doing, span_of, standing_of

LONGEST_REASON = 500


@require_http_methods(["GET", "POST"])
@page(Role.OPERATOR)
def control(request: PageRequest, id: int) -> HttpResponse:
    agent = find_agent(request.actor.workspace_id, id)
    sent = request.POST if request.method == "POST" else request.GET
    doing = DOINGS.get(sent.get("action", ""))
    if doing is None:
        raise Invalid("Pause, resume, drain, quarantine or restart it.")
    if refusal := standing_of(agent).refusal(doing):
        raise Conflict(f"Nothing was changed. {refusal}")
    if request.method != "POST":
        return render(request, "agents/_control.html", _form(agent, doing))
    words = _carry_out(agent, doing, sent, request.actor)
    return HttpResponse(words, content_type="text/plain; charset=utf-8") if request.htmx else redirect("agent", id=id)


def _carry_out(agent: Agent, doing: Doing, sent: Any, actor: Actor) -> str:
    reason = sent.get("reason", "").replace("\0", "").strip() or None
    if reason and len(reason) > LONGEST_REASON:
        raise Invalid(f"A reason has at most {LONGEST_REASON} characters.")
    span = span_of(sent.get("minutes", "")) if doing.is_timed else None
    now, changed = timezone.now(), 0
    if doing.action == "RESTART":
        restart_agent(agent=agent, actor=actor, now=now, reason=reason)
    else:
        done = control_agent(agent=agent, action=doing.action, actor=actor, now=now, reason=reason, duration=span)
        changed = len(done)
    words = f"{agent.name} is {doing.done}"
    return f"{words}, {_count(changed, 'task')} changed." if changed else f"{words}."


def _form(agent: Agent, doing: Doing) -> dict[str, Any]:
    return {
        "agent": agent,
        "doing": doing,
        "effects": _effects(agent, doing),
        "spans": SPANS if doing.is_timed else {},
        "longest_reason": LONGEST_REASON,
    }


def _effects(agent: Agent, doing: Doing) -> list[str]:
    """How many tasks, runs and requests this concerns, as things are now."""
    if doing.action == "DRAIN":
        return _drained(agent)
    if doing.action == "QUARANTINE":
        return _quarantined(agent)
    if doing.action == "RESTART":
        running = Run.objects.filter(agent=agent, status=Run.Status.RUNNING).count()
        return [f"{_count(running, 'run')} under way will end as timed out."] if running else ["No run is under way."]
    if doing.action == "RESUME" and standing_of(agent).is_short_of_money:
        return ["Its budget is used up: without more of it, it is paused again within a minute."]
    return []


def _drained(agent: Agent) -> list[str]:
    given = my_tasks(agent).filter(status=Task.Status.ASSIGNED).count()
    begun = my_tasks(agent).filter(status=Task.Status.IN_PROGRESS).count()
    freed = f"{_count(given, 'task')} not begun will go to other assignees, or back to the inbox."
    kept = f"{_count(begun, 'task')} in progress will stay with it."
    return [freed if given else "No task is affected: none waits to be begun.", *([kept] if begun else [])]


def _quarantined(agent: Agent) -> list[str]:
    tasks = list(my_tasks(agent).filter(status__in=BEGUN).only("pk", "assigned_to", "workspace_id"))
    whose = assignees_of(tasks)
    alone = sum([one.pk for one in whose[task.pk]] == [agent.pk] for task in tasks)
    asked = Approval.objects.pending().filter(requestor=agent).count()
    blocked = f"{_count(alone, 'task')} will be blocked until somebody looks at {'it' if alone == 1 else 'them'}."
    withdrawn = f"{_count(asked, 'request')} for approval will be withdrawn."
    return [blocked if alone else "No task is affected: it holds none alone.", *([withdrawn] if asked else [])]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
