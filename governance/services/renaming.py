"""A new name for an agent: the other dialect knows agents, and whose things are, by name."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.db import IntegrityError, transaction

from accounts.models import ApiKey
from accounts.services import access_changed
from agents.models import Agent, handle_of
from agents.services import update_agent
from core.actors import Actor
from core.errors import Conflict
from notifications.models import Notification
from projects.models import Membership
from tasks.models import Mention, Subscription, Task
from tokens.renaming import rename_spender

MOST_NAMES = 20


class Follower(Protocol):
    def __call__(self, *, workspace_id: int, old: str, new: str) -> None: ...


# What apps above this one know by the names of agents: each adds its own when it is ready.
followers: list[Follower] = []


@transaction.atomic
def rename_agent(*, agent: Agent, name: str, actor: Actor, now: datetime) -> Agent:
    """Its tasks, projects, inbox, keys, costs and conversations stay its own, and so does what the log tells of it
    under its old name. Raises Conflict when another agent has the name."""
    old, home = agent.name, agent.workspace_id
    try:
        with transaction.atomic():
            former = [*(one for one in agent.former_names if one not in (old, name)), old][-MOST_NAMES:]
            changes = {"name": name, "handle": handle_of(name), "former_names": former}
            agent = update_agent(agent=agent, actor=actor, now=now, changes=changes)
    except IntegrityError:
        raise Conflict(f"There is an agent named {name[:100]} already") from None
    Task.objects.filter(workspace_id=home, assigned_to=old).update(assigned_to=name)
    Notification.objects.filter(workspace_id=home, recipient=old).update(recipient=name)
    Mention.objects.filter(workspace_id=home, name=old).update(name=name)
    listened = Subscription.objects.filter(task__workspace_id=home, name=old)
    listened.filter(task__subscriptions__name=name).delete()
    listened.update(name=name)
    Membership.objects.filter(project__workspace_id=home, agent_name=old).update(agent_name=name)
    if ApiKey.objects.filter(agent_id=agent.pk).update(agent_name=name, updated_at=now):
        access_changed(actor=actor, what="agent", id=agent.pk)
    rename_spender(workspace_id=home, old=old, new=name)
    for follow in followers:
        follow(workspace_id=home, old=old, new=name)
    return agent
