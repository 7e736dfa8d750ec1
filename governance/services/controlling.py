"""What people and the system do to agents that must stop or finish, and what becomes of their tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from activity.services import record
from agents.models import Agent, Mandate
from agents.services.control import set_control
from core.actors import Actor, system
from core.secrets import redact
from governance.models import Alert
from notifications.services import post_once
from tasks.models import Task, TaskQuerySet
from tasks.services import Move
from tasks.services.assigning import assignees_of

from . import by_system
from .alerts import Trouble, open_alert
from .allowances import lock
from .assigning import assign
from .deciding import cancel_pending
from .operators import note_to_operator
from .permissions.ending import cancel_permissions
from .standing import BUDGET, resume

Control = Mandate.Control
PAUSE, RESUME, DRAIN, QUARANTINE = "PAUSE", "RESUME", "DRAIN", "QUARANTINE"
TIMED = frozenset({PAUSE, DRAIN, QUARANTINE})
DRAINED = Move("agent drained")
BEGUN = (Task.Status.ASSIGNED, Task.Status.IN_PROGRESS)


def my_tasks(agent: Agent) -> TaskQuerySet:
    """Whose assignee the agent is, alone or with others."""
    mine = Q(assigned_to=agent.name) | Q(pk__in=agent.assignments.values("task_id"))
    return Task.objects.in_workspace(agent.workspace_id).filter(mine)


def tasks_of(agent: Agent, statuses: Iterable[str]) -> list[Task]:
    """Locked, after the agent's mandate: whoever moves tasks takes them in this order as well."""
    rows = my_tasks(agent).filter(status__in=list(statuses)).select_for_update(of=("self",))
    return list(rows.select_related("project").order_by("id"))


@transaction.atomic
def control_agent(
    *,
    agent: Agent,
    action: str,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    duration: timedelta | None = None,
) -> list[Task]:
    """Do this to the agent; returns the tasks that it changed. Doing it again changes nothing."""
    until = now + duration if duration else None
    return DOINGS[action](agent, actor, now, reason and redact(reason)[0], until)


Doing = Callable[[Agent, Actor, datetime, str | None, datetime | None], list[Task]]


def _pause(agent: Agent, actor: Actor, now: datetime, reason: str | None, until: datetime | None) -> list[Task]:
    """A person's pause takes the place of one for money, which would end by itself."""
    reason = None if reason == BUDGET else reason
    set_control(agent=agent, to=Control.PAUSED, actor=actor, now=now, reason=reason, until=until, instead_of=BUDGET)
    return []


def _resume(agent: Agent, actor: Actor, now: datetime, reason: str | None, until: datetime | None) -> list[Task]:
    if lock(agent.pk).control != Control.ACTIVE:
        resume(agent=agent, actor=actor, now=now)
    return []


def _drain(agent: Agent, actor: Actor, now: datetime, reason: str | None, until: datetime | None) -> list[Task]:
    """What it has not begun goes to its other assignees, or back to the inbox."""
    if lock(agent.pk).control == Control.DRAINED:
        return []
    by, freed = system(agent.workspace_id), tasks_of(agent, [Task.Status.ASSIGNED])
    set_control(agent=agent, to=Control.DRAINED, actor=actor, now=now, reason=reason, until=until)
    others = assignees_of(freed)
    _lay_down(agent, freed)
    return [
        assign(
            task=task, agents=[one for one in others[task.pk] if one.pk != agent.pk], actor=by, now=now, move=DRAINED
        )
        for task in freed
    ]


def _quarantine(agent: Agent, actor: Actor, now: datetime, reason: str | None, until: datetime | None) -> list[Task]:
    """Its own tasks wait for somebody to look at them; those it shares go on without it."""
    if lock(agent.pk).control == Control.QUARANTINED:
        return []
    by = system(agent.workspace_id)
    # First, since their tasks are begun again without them.
    cancel_pending(requestor=agent, actor=by, now=now, reason="The agent is in quarantine")
    cancel_permissions(agent=agent, actor=by, now=now, reason="The agent is in quarantine")
    begun = tasks_of(agent, BEGUN)
    set_control(agent=agent, to=Control.QUARANTINED, actor=actor, now=now, reason=reason, until=until)
    whose = assignees_of(begun)
    alone = [task for task in begun if [one.pk for one in whose[task.pk]] == [agent.pk]]
    blocked = [by_system.move(task=task, to=Task.Status.BLOCKED, now=now, reason="agent quarantined") for task in alone]
    trouble = Trouble(
        "AGENT_QUARANTINED",
        Alert.Severity.ERROR,
        f"{agent.name} is in quarantine",
        reason or "",
        agent_id=agent.pk,
        metadata={"by": str(actor)},
    )
    open_alert(trouble=trouble, actor=by, now=now)
    _lay_down(agent, blocked)
    note = note_to_operator(by.workspace_id, type="alert", title=trouble.title, text=trouble.description)
    record(*post_once(note, actor=by, now=now), at=now)
    return blocked


def _lay_down(agent: Agent, tasks: Sequence[Task]) -> None:
    """It is not at these any more."""
    at_one = Mandate.objects.filter(agent=agent, current_task_id__in=[task.pk for task in tasks])
    at_one.update(current_task_id=None)


DOINGS: dict[str, Doing] = {
    PAUSE: _pause,
    RESUME: _resume,
    DRAIN: _drain,
    QUARANTINE: _quarantine,
}
