"""A person moves a task by the rules of the v1 dialect: the form asks for what the move needs, where it is needed."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agents.models import Agent
from core.actors import Role
from core.errors import Conflict, Denied, Invalid
from governance.services.moving import Wish
from governance.services.moving import move as make_move
from tasks.models import Brief, Task
from tasks.services import find_task
from tasks.services.assigning import assignees_of

from .gate import PageRequest, page
from .handing import LONGEST_REASON, Form
from .moves import Offer, Problems, offers_of
from .tasks import show

AGENTS_OFFERED, ASSIGNEES = 300, 10


@require_http_methods(["GET", "POST"])
@page(Role.OPERATOR)
def move(request: PageRequest, id: int, to: str) -> HttpResponse:
    """The form of a move. Sent, it answers with the task, or with itself and what was wrong."""
    task = find_task(actor=request.actor, id=id)
    brief = Brief.objects.filter(task=task).first() or Brief(task=task)
    assignees = assignees_of([task])[task.pk]
    offers = {offer.to: offer for offer in offers_of(task, brief, assignees, request.actor)}
    if to not in offers:
        raise Conflict("The task has moved meanwhile: it cannot go there from where it is now. Your text is kept.")
    offer, form = offers[to], Form(request.POST)
    if request.method == "GET":
        return _form(request, task, offer, form, [agent.slug for agent in assignees])
    try:
        wish = _wish(task, offer, form)
        moved = make_move(task=task, actor=request.actor, agent=None, now=timezone.now(), wish=wish)
    except (Denied, Invalid) as refusal:
        problems = Problems.of(refusal.beside.get("errors") or _errors(refusal), offer)
        return _form(request, task, offer, form, form.chosen, problems)
    said = [*moved.warnings, *(["It went round too often and is blocked."] if moved.loop else [])]
    return show(request, find_task(actor=request.actor, id=id), said)


def _form(
    request: PageRequest, task: Task, offer: Offer, form: Form, chosen: list[str], problems: Problems | None = None
) -> HttpResponse:
    context = {"task": task, "offer": offer, "form": form, "longest_reason": LONGEST_REASON, "chosen": chosen}
    if offer.asks_assignees:
        agents = Agent.objects.in_workspace(task.workspace_id).visible().order_by("name")
        context["agents"] = agents.select_related("mandate")[:AGENTS_OFFERED]
    context["problems"] = problems or Problems()
    return render(request, "task/_move.html", context, status=422 if problems else 200)


def _wish(task: Task, offer: Offer, form: Form) -> Wish:
    if len(form.reason) > LONGEST_REASON:
        raise Invalid("The move is not ready", details=[f"reason: at most {LONGEST_REASON} characters"])
    assignees = _chosen(task, form.chosen) if offer.asks_assignees else None
    return Wish(to=offer.to, reason=form.reason, handed=form.handed(offer, task.type), assignees=assignees)


def _chosen(task: Task, slugs: list[str]) -> list[Agent]:
    """In the order of their names, the task's first one first."""
    if len(slugs) > ASSIGNEES:
        raise Invalid("The move is not ready", details=[f"assigneeIds: at most {ASSIGNEES} agents"])
    found = Agent.objects.in_workspace(task.workspace_id).visible().filter(slug__in=slugs)
    agents = sorted(found, key=lambda agent: (agent.name != task.assigned_to, agent.name))
    if missing := set(slugs) - {agent.slug for agent in agents}:
        raise Invalid("The move is not ready", details=[f"assigneeIds: there is no agent {sorted(missing)[0][:80]}"])
    return agents


def _errors(refusal: Denied | Invalid) -> list[dict[str, str]]:
    lines = (refusal.details if isinstance(refusal, Invalid) else None) or [f"move: {refusal.message}"]
    return [{"field": name, "message": message} for name, _, message in (line.partition(": ") for line in lines)]
