"""A task as somebody who wants to change it finds it: whose it is, where it is, and what that one may do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.models import Agent, Mandate
from core.actors import Actor
from core.errors import Denied
from governance.states import ASSIGNED, IN_PROGRESS, REVIEW, TERMINAL, Mover, seen, targets
from tasks.models import Brief, Task
from tasks.services.assigning import assignees_of

from .policies import flag

AUTONOMY, CONTROL = Mandate.Autonomy, Mandate.Control


@dataclass(frozen=True, slots=True)
class Situation:
    """`agent` and `mandate` are of the agent that acts; None for people."""

    task: Task
    brief: Brief
    assignees: list[Agent]
    actor: Actor
    agent: Agent | None
    mandate: Mandate | None

    @property
    def status(self) -> str:
        return seen(self.task.status, is_given=bool(self.assignees))

    @property
    def is_over(self) -> bool:
        return self.status in TERMINAL

    @property
    def is_own(self) -> bool:
        return self.agent is not None and self.agent.pk in {agent.pk for agent in self.assignees}

    @property
    def is_lead(self) -> bool:
        return self.mandate is not None and self.mandate.autonomy == AUTONOMY.LEAD

    @property
    def is_reviewer(self) -> bool:
        return self.agent is not None and self.brief.reviewer_id == self.agent.pk

    def mover(self, assignees: Sequence[Agent] | None = None) -> Mover:
        """As the table of moves sees who acts, when these are the task's assignees."""
        if self.agent is None or self.mandate is None:
            return Mover()
        ids = [agent.pk for agent in (self.assignees if assignees is None else assignees)]
        return Mover(
            autonomy=self.mandate.autonomy,
            is_assignee=self.agent.pk in ids,
            is_sole_assignee=ids == [self.agent.pk],
            is_reviewer=self.is_reviewer,
            may_complete=self.is_lead and flag(self.task.workspace_id, "leadMayComplete", agent=self.agent),
            # Whether there is one is asked among what a move needs.
            has_pending_approval=True,
        )

    def allowed(self) -> list[str]:
        """Where whoever acts may take the task, some of it only with more than it has now."""
        return [to for to in targets(self.status, self.mover()) if not self.is_stopped(to)]

    def is_stopped(self, to: str) -> bool:
        """Whether the agent's standing keeps it from this: who is paused takes, begins and hands in nothing, who is
        drained hands in what it has begun."""
        if self.mandate is None:
            return False
        begins = to == ASSIGNED or (to == IN_PROGRESS and self.status != REVIEW)
        if self.mandate.control == CONTROL.PAUSED:
            return begins or to == REVIEW
        return self.mandate.control == CONTROL.DRAINED and begins

    def check_standing(self, to: str) -> None:
        if self.mandate is not None and self.is_stopped(to):
            word = self.mandate.control.lower()
            raise Denied(f"The agent is {word}", code="AGENT_PAUSED", status=self.mandate.control)


def look(task: Task, *, actor: Actor, agent: Agent | None) -> Situation:
    """`task` must be locked by whoever goes on to change it."""
    return Situation(
        task=task,
        brief=Brief.objects.of(task),
        assignees=assignees_of([task])[task.pk],
        actor=actor,
        agent=agent,
        mandate=Mandate.objects.of(agent) if agent is not None else None,
    )
