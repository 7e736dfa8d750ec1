"""Everything of one workspace becomes another's: every table that names a workspace, known here or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.db.models.functions import Concat, Substr

from accounts.models import ApiKey
from agents.models import LONGEST_NAME, Agent, handle_of
from chat.models import LONGEST_KEY, Conversation, Line, Message, Pair
from chat.services import count_lines
from core.ids import free_name
from notifications.models import Notification
from projects.models import Membership, Project
from tasks.models import Mention, Subscription, Task
from tokens.models import LARGEST_SUM, Budget, Rollup, TokenUsage
from tokens.services import SLOT, SUMMED


def move_everything(*, workspace_id: int, to: int, now: datetime) -> dict[str, str]:
    """Returns the agents that had to take another name: old name → new name."""
    renamed = _rename_agents(workspace_id, to)
    for old, new in renamed.items():
        _follow_name(workspace_id, old, new)
    _rename_projects(workspace_id, to)
    _rename_conversations(workspace_id, to)
    _add_sums(workspace_id, to)
    Line.objects.filter(workspace_id=workspace_id).delete()
    Budget.objects.filter(workspace_id=workspace_id).delete()
    # Keys of agents go with them. A key for the whole workspace was made for that one alone.
    ApiKey.objects.filter(workspace_id=workspace_id, agent_id=None, revoked_at=None).update(revoked_at=now)
    for model in models_of_workspaces():
        _drop_doubles(model, workspace_id, to)
        model._base_manager.filter(workspace_id=workspace_id).update(workspace_id=to)
    count_lines(workspace_id=to)
    return renamed


def models_of_workspaces() -> Iterator[type[models.Model]]:
    """Every table with a column for the workspace, except those whose rows are added up."""
    for model in apps.get_models():
        columns = {field.attname for field in model._meta.local_concrete_fields}
        if "workspace_id" in columns and model not in (Rollup, Budget, Line) and model._meta.managed:
            yield model


def _rename_agents(workspace_id: int, to: int) -> dict[str, str]:
    mine, theirs = (Agent.objects.in_workspace(id) for id in (workspace_id, to))
    names, slugs = (set(theirs.values_list(field, flat=True)) for field in ("name", "slug"))
    own_names, own_slugs = (set(mine.values_list(field, flat=True)) for field in ("name", "slug"))
    renamed = {}
    for agent in mine.filter(models.Q(name__in=names) | models.Q(slug__in=slugs)):
        if agent.name in names:
            renamed[agent.name] = free_name(agent.name, names | own_names, longest=LONGEST_NAME)
            agent.name = renamed[agent.name]
            own_names.add(agent.name)
            agent.handle = handle_of(agent.name)
        if agent.slug in slugs:
            agent.slug = free_name(agent.slug, slugs | own_slugs, longest=110)
            own_slugs.add(agent.slug)
        agent.save(update_fields=["name", "slug", "handle"])
        ApiKey.objects.filter(agent_id=agent.pk).update(agent_name=agent.name)
    return renamed


def _follow_name(workspace_id: int, old: str, new: str) -> None:
    """What is known by an agent's name goes on belonging to it."""
    Task.objects.filter(workspace_id=workspace_id, assigned_to=old).update(assigned_to=new)
    Notification.objects.filter(workspace_id=workspace_id, recipient=old).update(recipient=new)
    Mention.objects.filter(workspace_id=workspace_id, name=old).update(name=new)
    Subscription.objects.filter(task__workspace_id=workspace_id, name=old).update(name=new)
    Membership.objects.filter(project__workspace_id=workspace_id, agent_name=old).update(agent_name=new)
    used = TokenUsage.objects.filter(workspace_id=workspace_id, agent_name=old)
    session = Concat(models.Value(new), Substr("session_id", len(old) + 1))
    used.filter(session_id__startswith=old).update(session_id=session)
    used.update(agent_name=new)
    for said in (Pair, Message):
        said._base_manager.filter(workspace_id=workspace_id, from_agent=old).update(from_agent=new)
        said._base_manager.filter(workspace_id=workspace_id, to_agent=old).update(to_agent=new)
    named = [Rollup.Dimension.AGENT, Rollup.Dimension.SESSION]
    sums = Rollup.objects.filter(workspace_id=workspace_id, dimension__in=named)
    sums.filter(key=old).update(key=new)


def _rename_projects(workspace_id: int, to: int) -> None:
    mine, theirs = (Project.objects.in_workspace(id) for id in (workspace_id, to))
    both = models.Q(workspace_id=workspace_id) | models.Q(workspace_id=to)
    slugs, prefixes = (set(theirs.values_list(field, flat=True)) for field in ("slug", "ticket_prefix"))
    for project in mine.filter(models.Q(slug__in=slugs) | models.Q(ticket_prefix__in=prefixes)).order_by("id"):
        taken = Project.objects.filter(both).exclude(pk=project.pk)
        if project.slug in slugs:
            project.slug = free_name(project.slug, set(taken.values_list("slug", flat=True)), longest=64)
        if project.ticket_prefix in prefixes:
            used = set(taken.values_list("ticket_prefix", flat=True))
            project.ticket_prefix = free_name(project.ticket_prefix, used, longest=12, joint="")
        project.save(update_fields=["slug", "ticket_prefix"])


def _rename_conversations(workspace_id: int, to: int) -> None:
    """Two conversations of the same name stay two: their messages were never meant for each other."""
    mine, theirs = (Conversation.objects.filter(workspace_id=id) for id in (workspace_id, to))
    taken = {*mine.values_list("key", flat=True), *theirs.values_list("key", flat=True)}
    for conversation in mine.filter(key__in=theirs.values("key")).order_by("id"):
        conversation.key = free_name(conversation.key, taken, longest=LONGEST_KEY)
        taken.add(conversation.key)
        conversation.save(update_fields=["key"])


def _add_sums(workspace_id: int, to: int) -> None:
    """Add these sums to the other workspace's: the ORM has no words for it."""
    table = Rollup._meta.db_table
    total = {name: f"{table}.{name} + excluded.{name}" for name in SUMMED}
    added = ", ".join(
        f"{name} = CASE WHEN {sum} > {LARGEST_SUM} THEN {LARGEST_SUM} ELSE {sum} END" for name, sum in total.items()
    )
    added += f", last = CASE WHEN excluded.last > {table}.last THEN excluded.last ELSE {table}.last END"
    rest = ", ".join([*SLOT[1:], *SUMMED, "last"])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (workspace_id, {rest}) SELECT %s, {rest} FROM {table} WHERE workspace_id = %s"
            f" ON CONFLICT ({', '.join(SLOT)}) DO UPDATE SET {added}",
            [to, workspace_id],
        )
    Rollup.objects.filter(workspace_id=workspace_id).delete()


def _drop_doubles(model: type[models.Model], workspace_id: int, to: int) -> None:
    """What may be there once per workspace (a report of one day, say) and is on both sides stays as it is there."""
    for constraint in model._meta.constraints:
        fields = getattr(constraint, "fields", ())
        others = [name for name in fields if name not in ("workspace", "workspace_id")]
        if not isinstance(constraint, models.UniqueConstraint) or len(others) == len(fields):
            continue
        where = constraint.condition or models.Q()
        there = model._base_manager.filter(where, workspace_id=to)
        same: dict[str, Any] = {name: models.OuterRef(name) for name in others}
        model._base_manager.filter(where, models.Exists(there.filter(**same)), workspace_id=workspace_id).delete()
