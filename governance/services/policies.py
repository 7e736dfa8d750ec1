"""Policies in force: which one holds for an agent and a task, and new versions of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.models import Workspace
from activity.catalogue import Kind
from activity.services import fact, record
from agents.models import Agent
from core.actors import Actor
from core.errors import Invalid
from core.ids import ref
from core.money import MICRO
from core.rows import ask
from governance import policy as engine
from governance.models import Policy
from governance.policy import defaults
from tasks.models import Task

Scope = tuple[str, str]
LISTS = (
    "shell_allowlist",
    "shell_blocklist",
    "file_read_paths",
    "file_write_paths",
    "file_write_blocklist",
    "network_allowlist",
)


def active_policy(workspace_id: int, *, agent: Agent | None = None, task: Task | None = None) -> Policy | None:
    """The nearest one: the agent's own, that of the task's type, the one for all. None: the built-in defaults hold."""
    scopes = _scopes(agent.slug if agent else None, task.type if task else None)
    return nearest(active_policies(workspace_id).filter(scope_id__in=[id for _, id in scopes]), scopes)


def active_policies(workspace_id: int) -> QuerySet[Policy]:
    """All of a workspace; most have none, which is asked more cheaply by `has_policies`."""
    return Policy.objects.in_workspace(workspace_id).filter(active=True).order_by("id")


def has_policies(workspace_id: int) -> bool:
    table = Policy._meta.db_table
    return bool(ask(f"SELECT 1 FROM {table} WHERE workspace_id = %s AND active LIMIT 1", [workspace_id]))


def nearest_of(rows: Iterable[Policy], *, agent: str | None, task_type: str | None) -> Policy | None:
    """Of all active ones of a workspace: that of this agent, by its slug, of this type of tasks, or for all."""
    return nearest(rows, _scopes(agent, task_type))


def nearest(rows: Iterable[Policy], scopes: Sequence[Scope]) -> Policy | None:
    found = {(row.scope_type, row.scope_id): row for row in rows}
    return next((found[scope] for scope in scopes if scope in found), None)


def _scopes(agent: str | None, task_type: str | None) -> list[Scope]:
    named = [(Policy.Scope.AGENT, agent), (Policy.Scope.TASK_TYPE, task_type), (Policy.Scope.GLOBAL, "")]
    return [(kind.value, id) for kind, id in named if id is not None]


def policy_at(workspace_id: int, scope: str, scope_id: str) -> Policy | None:
    """The one of this scope, or else the one for all."""
    rows = Policy.objects.in_workspace(workspace_id)
    return rows.active_at(scope, scope_id).first() or rows.active_at(Policy.Scope.GLOBAL).first()


def flag(workspace_id: int, name: str, *, agent: Agent | None = None, task: Task | None = None) -> bool:
    """A rule that is on or off; off unless the policy says otherwise."""
    row = active_policy(workspace_id, agent=agent, task=task)
    return row is not None and row.rules.get(name) is True


def rules_of(row: Policy | None) -> engine.Policy:
    """As the engine reads it: what the row leaves out is the built-in default."""
    if row is None:
        return engine.Policy(
            network_allowlist=_hosts(None), budget_defaults=settings.BUDGETS, spawn_limits=_spawn_limits({})
        )
    given: dict[str, Any] = {name: tuple(value) for name in LISTS if (value := getattr(row, name)) is not None}
    given["network_allowlist"] = _hosts(row.network_allowlist)
    given["tool_risk_map"] = {tool: engine.Risk[risk] for tool, risk in row.tool_risk_map.items()}
    given["git_push_branches"] = tuple(row.rules.get("gitPushBranches", ()))
    given["yellow_approval_roles"] = tuple(row.rules.get("yellowApprovalRoles", ("INTERN",)))
    given["lead_may_complete"] = row.rules.get("leadMayComplete") is True
    given["budget_defaults"] = {**settings.BUDGETS, **budgets_of(row)}
    given["spawn_limits"] = _spawn_limits(row.spawn_limits)
    return engine.Policy(**given)


def _hosts(own: list[str] | None) -> tuple[str, ...]:
    """The deployment's own additions count whatever a policy lists."""
    return (*(defaults.NETWORK_ALLOWLIST if own is None else own), *settings.NETWORK_ALLOWLIST)


def budgets_of(row: Policy | None) -> dict[str, tuple[int, int]]:
    """Role → micro-dollars a day and a run, for the roles that the policy names."""
    named = row.budget_defaults if row is not None else {}
    return {
        role: (
            round(one.get("daily", settings.BUDGETS[role][0] / MICRO) * MICRO),
            round(one.get("perRun", settings.BUDGETS[role][1] / MICRO) * MICRO),
        )
        for role, one in named.items()
        if role in settings.BUDGETS and isinstance(one, dict)
    }


def _spawn_limits(given: dict[str, Any]) -> engine.SpawnLimits:
    limits = {**settings.SPAWN_LIMITS, **given}
    return engine.SpawnLimits(
        max_active=int(limits["maxActive"]),
        max_per_parent=int(limits["maxPerParent"]),
        max_depth=int(limits["maxDepth"]),
        ttl_hours=int(limits["ttlHours"]),
    )


def _problems(contents: dict[str, Any]) -> Iterator[str]:
    for name in LISTS:
        if contents.get(name) is not None and not _is_texts(contents[name]):
            yield f"{name}: must be a list of texts"
    for name in ("rules", "tool_risk_map", "budget_defaults", "spawn_limits", "loop_thresholds"):
        if not isinstance(contents.get(name, {}), dict):
            yield f"{name}: must be an object"
            return
    for name in ("gitPushBranches", "yellowApprovalRoles"):
        if not _is_texts(contents.get("rules", {}).get(name, [])):
            yield f"rules.{name}: must be a list of texts"
    for tool, risk in contents.get("tool_risk_map", {}).items():
        if risk not in engine.Risk.__members__:
            yield f"tool_risk_map.{tool}: must be one of {', '.join(engine.Risk.__members__)}"
    for role, figures in contents.get("budget_defaults", {}).items():
        if not isinstance(figures, dict) or not all(_is_amount(figure) for figure in figures.values()):
            yield f"budget_defaults.{role}: must be amounts of dollars"
    for part in ("spawn_limits", "loop_thresholds"):
        for name, limit in contents.get(part, {}).items():
            if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
                yield f"{part}.{name}: must be a whole number"


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1_000_000_000


@transaction.atomic
def publish_policy(
    *,
    actor: Actor,
    now: datetime,
    name: str,
    scope_type: str = Policy.Scope.GLOBAL,
    scope_id: str = "",
    **contents: Any,
) -> Policy:
    """The next version of this name and scope; the one before holds no longer. `contents` are columns of Policy.

    Raises Invalid for contents that no question could be answered by.
    """
    if problems := list(_problems(contents)):
        raise Invalid("The policy is not valid", details=problems)
    # One at a time: each counts the versions before it.
    Workspace.objects.select_for_update().get(pk=actor.workspace_id)
    versions = Policy.objects.in_workspace(actor.workspace_id).filter(
        name=name, scope_type=scope_type, scope_id=scope_id
    )
    versions.filter(active=True).update(active=False)
    row = Policy.objects.create(
        workspace_id=actor.workspace_id,
        name=name,
        scope_type=scope_type,
        scope_id=scope_id,
        version=(versions.aggregate(last=Max("version"))["last"] or 0) + 1,
        created_by=str(actor),
        created_at=now,
        **contents,
    )
    data = {"id": row.pk, "name": name, "version": row.version, "scope_type": scope_type, "scope_id": scope_id}
    record(fact(Kind.POLICY_PUBLISHED, actor=actor, subject=ref("policy", row.pk), data=data), at=now)
    return row
