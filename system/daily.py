"""What a workspace's agents did of late and what waits for people: each list one query, however many agents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet, Sum

from agents.models import Agent, Mandate
from governance.models import Alert, Approval
from governance.states import BLOCKED, IN_PROGRESS, shown
from tasks.models import Assignment, Task
from tokens.models import Run

S = Task.Status
AGENTS_AT_MOST = 500
STOPPED = [status for status in S.values if shown(status) == BLOCKED]
AT_WORK = [status for status in S.values if shown(status) == IN_PROGRESS]
OVER = (S.DONE, S.CANCELED)


@dataclass(frozen=True, slots=True)
class Worker:
    """One agent's part of it."""

    slug: str
    name: str
    standing: str
    completed: int
    at_work: int
    task: Task | None
    spent_microusd: int


@dataclass(frozen=True, slots=True)
class Daily:
    """Lists are cut to what is shown; `counts` are of everything."""

    now: datetime
    counts: dict[str, int]
    cost_microusd: int
    workers: list[Worker]
    done: list[Task]
    blocked: list[Task]
    overdue: list[Task]
    approvals: list[Approval]
    stopped: list[Mandate]
    alerts: list[Alert]


def compile_daily(workspace_id: int, *, now: datetime, lookback: timedelta, tasks: int, alerts: int) -> Daily:
    """`tasks` and `alerts` say how many are named at most."""
    since = now - lookback
    here = Task.objects.in_workspace(workspace_id).select_related("brief")
    done = here.filter(status=S.DONE, completed_at__gte=since, completed_at__lte=now)
    blocked, late = here.filter(status__in=STOPPED), here.exclude(status__in=OVER).filter(due_at__lt=now)
    approvals = Approval.objects.in_workspace(workspace_id).decidable(now).select_related("requestor")
    open_alerts = Alert.objects.in_workspace(workspace_id).filter(status=Alert.Status.OPEN)
    counts = Counter({"completed": done.count(), "approvals": approvals.count(), "alerts": open_alerts.count()})
    for status, n in here.order_by().values_list("status").annotate(n=Count("id")):
        counts[shown(status)] += n
    spent = _spent(workspace_id, since, now)
    stopped = Mandate.objects.filter(
        agent__workspace_id=workspace_id, control__in=[Mandate.Control.QUARANTINED, Mandate.Control.OFFLINE]
    )
    return Daily(
        now=now,
        counts=dict(counts),
        cost_microusd=sum(spent.values()),
        workers=_workers(workspace_id, done, here.filter(status__in=AT_WORK), spent),
        done=list(done.order_by("-completed_at", "-id")[:tasks]),
        blocked=list(blocked.order_by("priority", "id")[:tasks]),
        overdue=list(late.order_by("due_at", "id")[:tasks]),
        approvals=list(approvals.order_by("expires_at", "id")[:tasks]),
        stopped=list(stopped.select_related("agent").order_by("agent__slug")[:tasks]),
        alerts=list(open_alerts.order_by("-id")[:alerts]),
    )


def _spent(workspace_id: int, since: datetime, now: datetime) -> dict[int, int]:
    rows = Run.objects.in_workspace(workspace_id).filter(created_at__gte=since, created_at__lte=now).order_by()
    return dict(rows.values_list("agent_id").annotate(cost=Sum("cost_microusd")))


def _workers(
    workspace_id: int, done: QuerySet[Task], begun: QuerySet[Task], spent: dict[int, int]
) -> list[Worker]:  # fmt: skip
    """Those that may work, and those that are paused."""
    active = Q(mandate=None) | Q(mandate__control__in=[Mandate.Control.ACTIVE, Mandate.Control.PAUSED])
    agents = list(
        Agent.objects.in_workspace(workspace_id)
        .filter(active)
        .select_related("mandate")
        .order_by("slug")[:AGENTS_AT_MOST]
    )
    completed, at_work = _by_agent(done), _by_agent(begun)
    mandates = {agent.pk: getattr(agent, "mandate", None) or Mandate(agent=agent) for agent in agents}
    current = Task.objects.in_workspace(workspace_id).in_bulk(
        [held.current_task_id for held in mandates.values() if held.current_task_id]
    )
    return [
        Worker(
            slug=agent.slug,
            name=agent.name,
            standing=held.control,
            completed=completed[agent.name],
            at_work=at_work[agent.name],
            task=current.get(held.current_task_id or 0),
            spent_microusd=spent.get(agent.pk, 0),
        )
        for agent in agents
        for held in [mandates[agent.pk]]
    ]


def _by_agent(tasks: QuerySet[Task]) -> Counter[str]:
    """How many are each agent's, by its name: as the first of their assignees, or one of the others."""
    plain = tasks.order_by()
    counted: Counter[str] = Counter()
    for name, n in plain.exclude(assigned_to=None).values_list("assigned_to").annotate(n=Count("id")):
        counted[name or ""] += n
    others = Assignment.objects.filter(task__in=plain.values("pk")).exclude(agent__name=F("task__assigned_to"))
    for name, n in others.order_by().values_list("agent__name").annotate(n=Count("id")):
        counted[name] += n
    return counted
