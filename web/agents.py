"""The fleet: one strip per agent, with what it does now and what it cost today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from agents.models import Agent, AgentQuerySet
from tasks.models import Task
from tokens import reports

from .gate import PageRequest, page

AT_MOST = 200
Presence = Agent.Status
# What an operator must look at comes first; who is long gone comes last.
ATTENTION = {Presence.ERROR: 0, Presence.BUSY: 1, Presence.ACTIVE: 1, Presence.ONLINE: 2, Presence.IDLE: 3}
GROUPS = {
    "error": [Presence.ERROR],
    "working": [Presence.BUSY, Presence.ACTIVE],
    "ready": [Presence.ONLINE, Presence.IDLE],
    "silent": [Presence.OFFLINE],
}
ORDERS = {"attention": "What matters now", "name": "Name", "seen": "Last beat", "cost": "Cost today"}


@dataclass
class Strip:
    """An agent with what is known of it elsewhere."""

    agent: Agent
    ticks: list[str]
    task: Task | None
    today: int


@dataclass(frozen=True)
class FleetFilter:
    q: str = ""
    group: str = ""
    order: str = "attention"

    @classmethod
    def read(cls, query: QueryDict) -> FleetFilter:
        group, order = query.get("state", ""), query.get("sort", "")
        return cls(
            query.get("q", "").replace("\0", "").strip()[:100],
            group if group in GROUPS else "",
            order if order in ORDERS else "attention",
        )

    def agents(self, workspace_id: int) -> AgentQuerySet:
        rows = Agent.objects.in_workspace(workspace_id).visible()
        if self.q:
            rows = rows.filter(Q(name__icontains=self.q) | Q(role__icontains=self.q))
        if self.group:
            rows = rows.filter(status__in=GROUPS[self.group])
        return rows

    def ordered(self, workspace_id: int) -> AgentQuerySet:
        rows = self.agents(workspace_id)
        if self.order == "name":
            return rows.order_by("name")
        if self.order == "seen":
            return rows.order_by("-last_seen", "name")
        ranks = [When(status=status, then=Value(rank)) for status, rank in ATTENTION.items()]
        attention = Case(*ranks, default=Value(9), output_field=IntegerField())
        return rows.annotate(attention=attention).order_by("attention", "-last_seen", "name")


@require_GET
@page()
def fleet(request: PageRequest) -> HttpResponse:
    filter = FleetFilter.read(request.GET)
    shown = _chosen(filter, request.actor.workspace_id)
    context = {
        "filter": filter,
        "orders": ORDERS,
        "strips": shown,
        "tally": tally(request.actor.workspace_id),
        "found": filter.agents(request.actor.workspace_id).count(),
    }
    return render(request, "agents/page.html#fleet" if request.htmx else "agents/page.html", context)


@require_GET
@page()
def strips(request: PageRequest, ids: list[int]) -> HttpResponse:
    agents = Agent.objects.in_workspace(request.actor.workspace_id).visible().filter(id__in=ids)
    context = {"strips": strips_of(agents, timezone.now()), "tally": tally(request.actor.workspace_id)}
    return render(request, "agents/_strips.html", context)


def _chosen(filter: FleetFilter, workspace_id: int) -> list[Strip]:
    now = timezone.now()
    if filter.order != "cost":
        return strips_of(filter.ordered(workspace_id)[:AT_MOST], now)
    dearest = [line.key for line in reports.by("agent", workspace_id, since=reports.start_of_day(now), top=AT_MOST)]
    found = strips_of(filter.agents(workspace_id).filter(name__in=dearest), now)
    return sorted(found, key=lambda strip: -strip.today)


def strips_of(agents: Sequence[Agent] | AgentQuerySet, now: datetime) -> list[Strip]:
    agents = list(agents)
    if not agents:
        return []
    workspace_id, names = agents[0].workspace_id, [agent.name for agent in agents]
    doing = tasks_in_hand(workspace_id, names)
    costs = reports.today_of_agents(workspace_id, names, now=now)
    return [Strip(a, a.pulse(now), doing.get(a.name), costs.get(a.name, 0)) for a in agents]


def tasks_in_hand(workspace_id: int, names: list[str]) -> dict[str, Task]:
    """The newest task each of them is working on."""
    rows = Task.objects.in_workspace(workspace_id).filter(assigned_to__in=names, status=Task.Status.IN_PROGRESS)
    rows = rows.select_related("project").only("title", "number", "assigned_to", "project__ticket_prefix")
    return {task.assigned_to or "": task for task in rows.order_by("updated_at")}


def tally(workspace_id: int) -> dict[str, int]:
    """How many agents are in each group of the filter."""
    rows = Agent.objects.in_workspace(workspace_id).visible().values_list("status").annotate(n=Count("id"))
    counted = dict(rows.order_by())
    return {group: sum(counted.get(status, 0) for status in statuses) for group, statuses in GROUPS.items()}
