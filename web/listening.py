"""An agent at work: its transcript, words for whoever runs it, and answers to its wishes for others."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from agents.models import Agent
from core.actors import Role
from core.errors import Conflict, Invalid, NotFound
from transcripts.models import SpawnRequest
from transcripts.services.spawning import respond_to_request
from transcripts.services.telling import send_message

from .dossier import find_agent
from .gate import PageRequest, page
from .transcript import Transcript

LONGEST = 10_000
DECISIONS = {"APPROVED": True, "DENIED": False}


@require_GET
@page()
def transcript(request: PageRequest, id: int) -> HttpResponse:
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Invalid("There is nothing before that.")
    agent = find_agent(request.actor.workspace_id, id)
    if before:
        return render(request, "agents/_said.html", {"agent": agent, "heard": Transcript(agent, int(before))})
    return show(request, agent)


def show(request: PageRequest, agent: Agent) -> HttpResponse:
    if not request.htmx:
        return redirect("agent", id=agent.pk)
    context = {"agent": agent, "heard": Transcript(agent), "may_steer": request.actor.can(Role.OPERATOR)}
    return render(request, "agents/_transcript.html", context)


@require_POST
@page(Role.OPERATOR)
def say(request: PageRequest, id: int) -> HttpResponse:
    text = request.POST.get("text", "").replace("\0", "").strip()
    if not text or len(text) > LONGEST:
        raise Invalid(f"A message has 1 to {LONGEST} characters. Nothing was sent.")
    agent = find_agent(request.actor.workspace_id, id)
    send_message(agent=agent, text=text, actor=request.actor, now=timezone.now())
    return show(request, agent)


@require_POST
@page(Role.OPERATOR)
def answer(request: PageRequest, id: int) -> HttpResponse:
    approved = DECISIONS.get(request.POST.get("decision", ""))
    if approved is None:
        raise Invalid("Approve or deny it.")
    try:
        row = respond_to_request(request_id=id, approved=approved, actor=request.actor, now=timezone.now())
    except NotFound:
        raise NotFound("This wish is gone.") from None
    except Conflict:
        row = SpawnRequest.objects.get(pk=id)
        raise Conflict(f"It is {row.status} already. Nothing was changed.") from None
    return show(request, row.agent)
