"""The fleet: one strip per agent; and each agent on a page, or in a drawer, of its own."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from agents.models import Agent
from core.actors import Role
from core.errors import NotFound

from .dossier import Dossier, find_agent
from .fleet import ORDERS, FleetFilter, grouped_agents, strips_of, tally
from .gate import PageRequest, page
from .transcript import Transcript


@require_GET
@page()
def fleet(request: PageRequest) -> HttpResponse:
    filter = FleetFilter.read(request.GET, request.actor.workspace_id)
    context = {
        "filter": filter,
        "orders": ORDERS,
        "strips": filter.strips(timezone.now()),
        "tally": tally(request.actor.workspace_id),
        "found": filter.agents().count(),
        "may_steer": request.actor.can(Role.OPERATOR),
    }
    return render(request, "agents/page.html#fleet" if request.htmx else "agents/page.html", context)


@require_GET
@page()
def strips(request: PageRequest, ids: list[int]) -> HttpResponse:
    """Those of the strips, and how many agents each group holds now."""
    agents = grouped_agents(request.actor.workspace_id).filter(id__in=ids)
    context = {
        "strips": strips_of(agents, timezone.now()),
        "tally": tally(request.actor.workspace_id),
        "may_steer": request.actor.can(Role.OPERATOR),
    }
    return render(request, "agents/_strips.html", context)


@require_GET
@page()
def agent(request: PageRequest, id: int) -> HttpResponse:
    here = Dossier(find_agent(request.actor.workspace_id, id), timezone.now())
    context = {"here": here, "agent": here.agent, "may_steer": request.actor.can(Role.OPERATOR)}
    if not request.htmx:
        # Beside another page, and when the rest changes, it is fetched by itself.
        context["heard"] = Transcript(here.agent)
    return render(request, "agents/_agent.html" if request.htmx else "agents/agent.html", context)


@require_GET
@page()
def called(request: PageRequest, slug: str) -> HttpResponse:
    """By the id that programs know it by."""
    found = Agent.objects.in_workspace(request.actor.workspace_id).filter(slug=slug).values_list("pk", flat=True)
    if not found:
        raise NotFound("There is no agent of that name.")
    return redirect("agent", id=found[0])
