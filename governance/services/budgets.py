"""The limits of spending: who comes near theirs, who is over it, and the new day that clears the slate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Agent, Mandate
from agents.services.telling import agent_story
from core.actors import system
from core.ids import ref
from core.money import MICRO
from governance.days import next_midnight, start_of_day
from governance.models import Alert, Approval
from governance.states import TERMINAL, shown
from notifications.services import post, unsaid
from tasks.models import Brief, Comment, Task
from tasks.services import bookkeeping as books
from tokens.models import Run

from . import approving, deciding
from .alerts import Trouble, open_alert
from .allowances import Allowance, allowance_of, lock, look_again
from .messages import Saying, write
from .operators import note_to_operator
from .standing import SPENDING, is_short_of_money, let_go_on, stop_for_money

NEAR, CRITICAL = 80, 95
LAST_RUNS = 3
# What a task of this type usually costs, where nobody estimated it.
USUAL_COST = {
    "CONTENT": 6, "SOCIAL": 2, "EMAIL_MARKETING": 4, "CUSTOMER_RESEARCH": 5, "SEO_RESEARCH": 4, "ENGINEERING": 8,
    "DOCS": 3, "OPS": 3,
}  # fmt: skip
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Warned:
    """What whoever reports a run hears of the budget."""

    type: str
    remaining_microusd: int
    message: str


def check(*, mandate: Mandate, run: Run, cost_before: int, now: datetime) -> Warned | None:
    """What a booking leads to. The mandate must be locked; it is read again."""
    look_again(mandate)
    allowance = allowance_of(mandate, task=run.task)
    over_cap = run.cost_microusd > allowance.per_run
    if over_cap and cost_before <= allowance.per_run:
        _alert_costly_run(run, allowance, now)
    _check_day(mandate, allowance, run.task, now)
    return warning_of(mandate.spend_today_microusd, allowance, over_cap)


def warning_of(spent: int, allowance: Allowance, over_cap: bool) -> Warned | None:
    remaining = allowance.today - spent
    if _is_over(spent, allowance.today):
        return Warned("EXCEEDED", remaining, f"The budget of {_usd(allowance.today)} a day is used up")
    if over_cap:
        return Warned("EXCEEDED", remaining, f"The run cost more than its cap of {_usd(allowance.per_run)}")
    if _is_near(spent, allowance.today, NEAR):
        return Warned("APPROACHING_LIMIT", remaining, f"{_usd(remaining)} of {_usd(allowance.today)} are left today")
    return None


def is_known(*, mandate: Mandate, spent: int, allowance: Allowance, told: Callable[[], set[int]]) -> bool:
    """Whether nobody need hear of a day's spending that has come to `spent`: `told` says which levels were told of."""
    if _is_over(spent, allowance.today):
        return is_short_of_money(mandate) or (mandate.control not in SPENDING and 100 in told())
    reached = next((level for level in (CRITICAL, NEAR) if _is_near(spent, allowance.today, level)), None)
    return reached is None or reached in told()


def _is_over(spent: int, limit: int) -> bool:
    return 0 < spent >= limit


def _is_near(spent: int, limit: int, percent: int) -> bool:
    return spent > 0 and 100 * spent >= percent * limit


def _usd(micro: int) -> str:
    return f"{micro / MICRO:.2f} USD"


def _check_day(mandate: Mandate, allowance: Allowance, task: Task | None, now: datetime) -> None:
    spent, limit = mandate.spend_today_microusd, allowance.today
    if _is_over(spent, limit):
        if not is_short_of_money(mandate):
            _exceed(mandate, allowance, task, now)
    elif _is_near(spent, limit, CRITICAL):
        _warn_once(mandate, allowance, CRITICAL, now)
    elif _is_near(spent, limit, NEAR):
        _warn_once(mandate, allowance, NEAR, now)


def _warn_once(mandate: Mandate, allowance: Allowance, level: int, now: datetime) -> None:
    """Once a day for each level; from the upper one on people are to look at it."""
    agent = mandate.agent
    if level in levels_told(agent, now):
        return
    log.warning("budget_nearly_spent", agent=agent.slug, level=level)
    record(*_told(mandate, allowance, level, Kind.BUDGET_WARNING, "budget_warning"), at=now)
    if level == CRITICAL:
        trouble = Trouble(
            "BUDGET_CRITICAL",
            Alert.Severity.WARNING,
            f"{agent.name} has spent {level} % of its budget",
            f"{_usd(mandate.spend_today_microusd)} of {_usd(allowance.today)}",
            agent_id=agent.pk,
        )
        open_alert(trouble=trouble, actor=system(agent.workspace_id), now=now)


def levels_told(agent: Agent, now: datetime) -> set[int]:
    today = Event.objects.stories(agent.workspace_id).filter(agent_id=agent.pk, at__gte=start_of_day(now))
    told = today.filter(type__in=["budget_warning", "budget_exceeded"]).values_list("data", flat=True)
    return {int(data["level"]) for data in told if data and "level" in data}


def _exceed(mandate: Mandate, allowance: Allowance, task: Task | None, now: datetime) -> None:
    """The agent stops, its task waits, and people are asked for more."""
    agent, by = mandate.agent, system(mandate.agent.workspace_id)
    is_news = mandate.control in SPENDING or 100 not in levels_told(agent, now)
    if not is_news:
        return
    stop_for_money(mandate, actor=by, now=now)
    approval = _ask_for_more(mandate, allowance, task, now)
    costs = list(Run.objects.filter(agent=agent).order_by("-id").values_list("cost_microusd", flat=True)[:LAST_RUNS])
    last = [cost / MICRO for cost in costs]
    title = f"{agent.name} has used up its budget"
    text = f"{_usd(mandate.spend_today_microusd)} of {_usd(allowance.today)}; last runs: {', '.join(map(_usd, costs))}"
    trouble = Trouble(
        "BUDGET_EXCEEDED",
        Alert.Severity.ERROR,
        title,
        text,
        agent_id=agent.pk,
        task_id=approval.task_id,
        metadata={"lastRunCosts": last, "approvalId": f"approval_{approval.pk}"},
    )
    open_alert(trouble=trouble, actor=by, now=now)
    notes = note_to_operator(
        agent.workspace_id, type="alert", title=title, text=text, task=approval.task, approval_id=approval.pk
    )
    told = _told(mandate, allowance, 100, Kind.BUDGET_EXCEEDED, "budget_exceeded")
    notes = unsaid(notes, workspace_id=agent.workspace_id, now=now)
    record(*told, *post(notes, actor=by, now=now), at=now)


def _ask_for_more(mandate: Mandate, allowance: Allowance, task: Task | None, now: datetime) -> Approval:
    agent, kind = mandate.agent, Approval.ActionType.BUDGET_OVERRIDE
    known = Approval.objects.pending().filter(requestor=agent, action_type=kind, expires_at__gt=now).first()
    if known is not None:
        return known
    task = _current_task(mandate) or task
    if task is not None:
        task = books.lock(task)
        others = Approval.objects.pending().filter(task=task, action_type=kind).exclude(requestor=agent)
        if shown(task.status) in TERMINAL or others.exists():
            # One request of a kind per task; that of another agent gives this one nothing.
            task = None
    daily = allowance.today - mandate.extra_microusd
    request = approving.Request(
        requestor=agent,
        action_type=kind,
        summary=f"{agent.name} needs more than {_usd(allowance.today)} today",
        risk=Approval.Risk.YELLOW,
        justification=f"It has spent {_usd(mandate.spend_today_microusd)} of {_usd(allowance.today)}.",
        task=task,
        estimated_cost_microusd=daily // 2,
    )
    return approving.request_approval(request=request, actor=system(agent.workspace_id), now=now)[0]


def _current_task(mandate: Mandate) -> Task | None:
    return Task.objects.in_workspace(mandate.agent.workspace_id).filter(pk=mandate.current_task_id or 0).first()


def _alert_costly_run(run: Run, allowance: Allowance, now: datetime) -> None:
    trouble = Trouble(
        "RUN_BUDGET_EXCEEDED",
        Alert.Severity.WARNING,
        f"A run of {run.agent.name} cost more than its cap",
        f"{_usd(run.cost_microusd)} of {_usd(allowance.per_run)}",
        agent_id=run.agent_id,
        task_id=run.task_id,
        run_id=run.pk,
    )
    open_alert(trouble=trouble, actor=system(run.workspace_id), now=now)


def _told(mandate: Mandate, allowance: Allowance, level: int, kind: Kind, type: str) -> list[Event]:
    agent = mandate.agent
    spent, limit = mandate.spend_today_microusd, allowance.today
    text = f"{agent.name} has spent {_usd(spent)} of its {_usd(limit)} for today"
    data = {"id": agent.pk, "slug": agent.slug, "name": agent.name, "level": level}
    data |= {"spent_microusd": spent, "limit_microusd": limit}
    return [
        agent_story(type, agent, by=agent.name, description=text, data={"level": level}),
        fact(kind, actor=system(agent.workspace_id), subject=ref("agent", agent.pk), agent_id=agent.pk, data=data),
    ]


def limit_of(task_type: str, estimate: int | None) -> int:
    """What a task may cost before somebody is told."""
    return USUAL_COST[task_type] * MICRO if estimate is None else estimate


def is_told_of(task_id: int) -> bool:
    """Whether it was told that the task costs more than was meant."""
    return Comment.objects.filter(task_id=task_id, metadata__notice="TASK_BUDGET").exists()


def check_task(*, task: Task, now: datetime) -> None:
    """A task that costs more than was estimated is told of once, and goes on. It must be locked."""
    brief = Brief.objects.get(task=task)
    estimate = brief.estimated_cost_microusd
    limit = limit_of(task.type, estimate)
    if brief.actual_cost_microusd <= limit or is_told_of(task.pk):
        return
    text = f"The task has cost {_usd(brief.actual_cost_microusd)} so far, more than the {_usd(limit)} that were meant."
    by = system(task.workspace_id)
    saying = Saying(Comment.Type.COMMENT, text)
    write(task=task, actor=by, agent=None, now=now, saying=saying, metadata={"notice": "TASK_BUDGET"}, tells=False)


def reset_if_due(*, mandate: Mandate, now: datetime) -> bool:
    """A new day: nothing is spent, nothing granted, and whoever was stopped for money goes on. `mandate` must be
    locked."""
    row = Mandate.objects.filter(pk=mandate.pk)
    tomorrow = next_midnight(now)
    if mandate.spend_reset_at is None:
        row.filter(spend_reset_at=None).update(spend_reset_at=tomorrow)
        return False
    fresh = {"spend_today_microusd": 0, "extra_microusd": 0, "spend_reset_at": tomorrow}
    if not mandate.is_reset_due(now) or not row.filter(spend_reset_at__lte=now).update(**fresh):
        return False
    look_again(mandate)
    agent, by = mandate.agent, system(mandate.agent.workspace_id)
    if let_go_on(mandate, actor=by, now=now):
        look_again(mandate)
    deciding.cancel_pending(
        requestor=agent, actor=by, now=now, reason="The day's budget was reset", action_type="BUDGET_OVERRIDE"
    )
    return True


def watch_budgets(*, now: datetime) -> int:
    """Clear the slate of those whose day is over, and stop those who are over their limit; returns how many agents
    it looked at. Safe to run at any time."""
    due = Mandate.objects.filter(spend_reset_at__lte=now) | Mandate.objects.filter(
        spend_today_microusd__gt=0, control__in=SPENDING
    )
    ids = list(due.order_by("pk").values_list("pk", flat=True))
    for id in ids:
        with transaction.atomic():
            mandate = lock(id)
            if not reset_if_due(mandate=mandate, now=now):
                _check_day(mandate, allowance_of(mandate), None, now)
    return len(ids)
