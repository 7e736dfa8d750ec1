"""Who may give a task to whom; agents take what is free, and of two that want the same one gets it."""

from __future__ import annotations

from collections.abc import Sequence

from agents.models import Agent
from core.errors import Conflict, Denied, Invalid
from governance.states import ASSIGNED, INBOX

from .situation import AUTONOMY, Situation


def settled(here: Situation, wanted: Sequence[Agent]) -> bool:
    """Whether it is that way already. Who asks for itself has what it wants when it is one of several."""
    has = [agent.pk for agent in here.assignees]
    wants = [agent.pk for agent in wanted]
    return wants == has or (here.agent is not None and wants == [here.agent.pk] and here.is_own)


def check_giving(here: Situation, wanted: Sequence[Agent]) -> None:
    """Raises Denied for what this caller may not do, Conflict when another was faster, Invalid when a task that has
    begun would be nobody's."""
    if settled(here, wanted):
        return
    if here.agent is not None:
        _check_agent(here, here.agent, wanted)
    if not wanted and here.status not in (INBOX, ASSIGNED):
        raise Invalid.fields(f"assigneeIds: a task in {here.status} needs at least one")


def _check_agent(here: Situation, me: Agent, wanted: Sequence[Agent]) -> None:
    has, wants = {agent.pk for agent in here.assignees}, {agent.pk for agent in wanted}
    takes = me.pk in wants - has
    if takes:
        here.check_standing(ASSIGNED)
    if here.mandate is not None and here.mandate.autonomy == AUTONOMY.INTERN:
        raise Denied("An intern cannot take work by itself, nor give it away")
    if has and takes and wants - has == {me.pk} and (wants == {me.pk} or not here.is_lead):
        raise claimed(here)
    if not here.is_lead and not (wants == {me.pk} or wants == has - {me.pk}):
        raise Denied("Only a lead gives work to other agents")
    if takes:
        check_type(here)
        if wants == {me.pk} and here.status != INBOX:
            raise Conflict(
                f"The task is {here.status}: it cannot be claimed", code="STATE_CONFLICT", status=here.status
            )


def check_type(here: Situation) -> None:
    """An agent does only the kinds of tasks it is meant for."""
    allowed = here.mandate.allowed_task_types if here.mandate else []
    if allowed and here.task.type not in allowed:
        violations = [f"task_type_not_allowed:{here.task.type}"]
        raise Denied(f"This agent takes no {here.task.type} tasks", code="POLICY_VIOLATION", violations=violations)


def claimed(here: Situation) -> Conflict:
    slugs = [agent.slug for agent in here.assignees]
    return Conflict("Another agent has this task already", code="ALREADY_CLAIMED", assigneeIds=slugs)
