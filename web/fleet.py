"""What the fleet page shows: agents by what matters now, each with its task, its standing and what it cost today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Lower
from django.http import QueryDict

from agents.models import Agent, Mandate
from governance.services.usage import Use, uses_of
from tasks.models import Task
from tokens import reports
from web import words

from .standing import Standing, standing_of

AT_MOST = 200
Presence = Agent.Status
# By place in this list; what an operator must look at comes first, who is long gone comes last.
GROUPS = ("error", "stopped", "working", "ready", "silent")
STOPPED = (Mandate.Control.PAUSED, Mandate.Control.DRAINED)
ORDERS = {"attention": "What matters now", "name": "Name", "seen": "Last beat", "cost": "Cost today"}


@dataclass
class Strip:
    """An agent with what is known of it elsewhere."""

    agent: Agent
    ticks: list[str]
    task: Task | None
    today: int
    use: Use | None = None

    @property
    def standing(self) -> Standing:
        return standing_of(self.agent)

    @property
    def sign(self) -> words.Sign:
        """Whoever was stopped is that first; who holds a task and beats is working, whatever word it sent last."""
        if self.standing.is_stopped:
            return self.standing.sign
        if self.task and self.agent.status in (Presence.ONLINE, Presence.IDLE):
            return words.PRESENCE[Presence.BUSY]
        return words.PRESENCE.get(self.agent.status, words.UNKNOWN)


def grouped_agents(workspace_id: int) -> QuerySet[Any, Any]:
    """Visible agents; `standing` is the place of each one's group in GROUPS."""
    holders = Task.objects.in_workspace(workspace_id).filter(status=Task.Status.IN_PROGRESS)
    standing = Case(
        When(status=Presence.ERROR, then=Value(0)),
        When(mandate__control=Mandate.Control.QUARANTINED, then=Value(0)),
        When(mandate__control__in=STOPPED, then=Value(1)),
        When(status=Presence.OFFLINE, then=Value(4)),
        When(status__in=[Presence.BUSY, Presence.ACTIVE], then=Value(2)),
        When(name__in=holders.exclude(assigned_to=None).values("assigned_to"), then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return Agent.objects.in_workspace(workspace_id).visible().annotate(standing=standing)


def tally(workspace_id: int) -> dict[str, int]:
    """How many agents are in each group."""
    counted = dict(grouped_agents(workspace_id).order_by().values_list("standing").annotate(number=Count("id")))
    return {group: counted.get(place, 0) for place, group in enumerate(GROUPS)}


@dataclass(frozen=True)
class FleetFilter:
    """What the address asks for; unknown words ask for nothing."""

    workspace_id: int
    q: str = ""
    group: str = ""
    order: str = "attention"

    @classmethod
    def read(cls, query: QueryDict, workspace_id: int) -> FleetFilter:
        group, order = query.get("state", ""), query.get("sort", "")
        return cls(
            workspace_id,
            query.get("q", "").replace("\0", "").strip()[:100],
            group if group in GROUPS else "",
            order if order in ORDERS else "attention",
        )

    def agents(self) -> QuerySet[Any, Any]:
        rows = grouped_agents(self.workspace_id)
        if self.q:
            rows = rows.filter(Q(name__icontains=self.q) | Q(role__icontains=self.q))
        if self.group:
            rows = rows.filter(standing=GROUPS.index(self.group))
        return rows

    def strips(self, now: datetime) -> list[Strip]:
        """The first of them, in the order that was asked for."""
        if self.order == "cost":
            return self._dearest(now)
        orders = {
            "name": (Lower("name"),),
            "seen": ("-last_seen", "name"),
            "attention": ("standing", "-last_seen", "name"),
        }
        return strips_of(self.agents().order_by(*orders[self.order])[:AT_MOST], now)

    def _dearest(self, now: datetime) -> list[Strip]:
        since = reports.start_of_day(now)
        names = [line.key for line in reports.by("agent", self.workspace_id, since=since, top=AT_MOST)]
        found = strips_of(self.agents().filter(name__in=names), now)
        return sorted(found, key=lambda strip: -strip.today)


def strips_of(rows: QuerySet[Any, Any], now: datetime) -> list[Strip]:
    agents = list(rows.select_related("mandate"))
    if not agents:
        return []
    workspace_id, names = agents[0].workspace_id, [agent.name for agent in agents]
    doing = tasks_in_hand(workspace_id, names)
    costs = reports.today_of_agents(workspace_id, names, now=now)
    uses = used_by(agents, now)
    return [
        Strip(each, each.pulse(now), doing.get(each.name), costs.get(each.name, 0), uses.get(each.pk))
        for each in agents
    ]


def used_by(agents: list[Agent], now: datetime) -> dict[int, Use]:
    """Of those that have a mandate."""
    mandates = [agent.mandate for agent in agents if hasattr(agent, "mandate")]
    return {use.mandate.pk: use for use in uses_of(mandates, now=now)}


def tasks_in_hand(workspace_id: int, names: list[str]) -> dict[str, Task]:
    """The newest task each of them is working on."""
    rows = Task.objects.in_workspace(workspace_id).filter(assigned_to__in=names, status=Task.Status.IN_PROGRESS)
    rows = rows.select_related("project").only("title", "number", "assigned_to", "project__ticket_prefix")
    return {task.assigned_to or "": task for task in rows.order_by("updated_at")}
