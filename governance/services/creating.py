"""New tasks with all that the v1 dialect says of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from agents.models import Agent
from core.actors import Actor
from tasks import services
from tasks.models import Brief, Task

from .assigning import assign
from .claiming import check_giving
from .redacting import redacted
from .situation import look


@transaction.atomic
def create_task(
    *,
    actor: Actor,
    now: datetime,
    labels: list[str],
    parent: Task | None,
    assignees: Sequence[Agent],
    creator: Agent | None,
    estimated_cost_microusd: int | None,
    **fields: Any,
) -> Task:
    """Add a task to the inbox; with assignees it goes on to them at once. `fields` are columns of Task.

    Raises Denied for an agent that may not give it to them, or take it itself."""
    clean, found = redacted({**fields, "labels": labels})
    tags = clean.pop("labels")
    task = services.create_task(actor=actor, now=now, strict_mentions=False, tags=tags, parent=parent, **clean)
    Brief.objects.create(
        task=task,
        creator_agent=creator,
        creator_user_id=actor.id if actor.kind == "user" else None,
        estimated_cost_microusd=estimated_cost_microusd,
        redacted_fields=found,
    )
    if not assignees:
        return task
    check_giving(look(task, actor=actor, agent=creator), assignees)
    return assign(task=task, agents=assignees, actor=actor, now=now)
