"""The fleet: one strip per agent."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from .fleet import ORDERS, FleetFilter, grouped_agents, strips_of, tally
from .gate import PageRequest, page


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
    }
    return render(request, "agents/page.html#fleet" if request.htmx else "agents/page.html", context)


@require_GET
@page()
def strips(request: PageRequest, ids: list[int]) -> HttpResponse:
    """Those of the strips, and how many agents each group holds now."""
    agents = grouped_agents(request.actor.workspace_id).filter(id__in=ids)
    context = {"strips": strips_of(agents, timezone.now()), "tally": tally(request.actor.workspace_id)}
    return render(request, "agents/_strips.html", context)
