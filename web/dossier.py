"""All that the page of one agent tells, in a fixed number of questions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from activity.models import Event
from agents.models import Agent, Mandate
from core.errors import NotFound
from governance.days import start_of_day, zone
from governance.models import Approval
from governance.services.controlling import my_tasks
from governance.services.usage import Use, uses_of
from tasks.models import Task
from tokens.models import Run
from tokens.reports import today_of_agents
from web import words

from .activity import Story, told
from .approvals import Line, lines_of
from .fleet import Strip, tasks_in_hand
from .standing import Standing, standing_of

RUNS, STORIES, APPROVALS, CHILDREN = 25, 25, 20, 30


def find_agent(workspace_id: int, id: int) -> Agent:
    rows = Agent.objects.in_workspace(workspace_id).select_related("mandate__parent")
    agent = rows.filter(pk=id).first()
    if agent is None:
        raise NotFound("This agent does not exist any more.")
    return agent


@dataclass
class Dossier:
    agent: Agent
    now: datetime
    runs_at_most: ClassVar[int] = RUNS

    @cached_property
    def mandate(self) -> Mandate:
        """The usual one for agents that were never given one; it is not stored."""
        mandate = self.standing.mandate or Mandate(agent=self.agent)
        mandate.agent = self.agent
        return mandate

    @cached_property
    def standing(self) -> Standing:
        return standing_of(self.agent)

    @cached_property
    def use(self) -> Use:
        return uses_of([self.mandate], now=self.now)[0]

    @property
    def level(self) -> words.Sign:
        return words.LEVELS[self.use.level]

    @cached_property
    def task(self) -> Task | None:
        """What it says it works on, or else the newest that it has begun."""
        id = self.mandate.current_task_id
        if id is not None:
            here = Task.objects.in_workspace(self.agent.workspace_id).select_related("project")
            if (task := here.filter(pk=id).first()) is not None:
                return task
        return tasks_in_hand(self.agent.workspace_id, [self.agent.name]).get(self.agent.name)

    @cached_property
    def given(self) -> int:
        """Tasks that it has not begun."""
        return my_tasks(self.agent).filter(status=Task.Status.ASSIGNED).count()

    @cached_property
    def strip(self) -> Strip:
        spent = today_of_agents(self.agent.workspace_id, [self.agent.name], now=self.now)
        return Strip(self.agent, self.agent.pulse(self.now), self.task, spent.get(self.agent.name, 0))

    @cached_property
    def newest_runs(self) -> list[Run]:
        rows = Run.objects.filter(agent=self.agent).select_related("task__project").order_by("-id")
        return list(rows[:RUNS])

    @property
    def runs(self) -> list[Run]:
        """Of today, as the calendar of the budgets has it."""
        since = start_of_day(self.now)
        return [run for run in self.newest_runs if run.created_at >= since]

    @property
    def last_run(self) -> Run | None:
        return self.newest_runs[0] if self.newest_runs else None

    @cached_property
    def approvals(self) -> list[Line]:
        rows = Approval.objects.decidable(self.now).filter(requestor=self.agent)
        found = rows.select_related("requestor", "decided_by_agent", "task__project").order_by("expires_at", "id")
        return lines_of(found[:APPROVALS], now=self.now)

    @cached_property
    def children(self) -> list[Standing]:
        rows = Agent.objects.filter(mandate__parent=self.agent).select_related("mandate")
        return [standing_of(child) for child in rows.order_by("-id")[:CHILDREN]]

    @cached_property
    def origin(self) -> Task | None:
        """The task that it was started for."""
        id = self.mandate.parent_task_id
        here = Task.objects.in_workspace(self.agent.workspace_id).select_related("project")
        return here.filter(pk=id).first() if id is not None else None

    @cached_property
    def stories(self) -> list[Story]:
        rows = Event.objects.stories(self.agent.workspace_id).filter(agent_id=self.agent.pk)
        return told(rows.order_by("-at", "-id")[:STORIES])

    @property
    def heartbeat_at(self) -> datetime | None:
        return max(filter(None, (self.mandate.heartbeat_at, self.agent.last_seen)), default=None)

    @property
    def zone(self) -> str:
        return zone().key

    @property
    def resets_at(self) -> str:
        """As the clocks of that place show it."""
        return f"{self.use.resets_at.astimezone(zone()):%Y-%m-%d %H:%M}"
