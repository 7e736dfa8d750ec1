"""The daily report as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from core.money import MICRO
from governance.states import BLOCKED, IN_PROGRESS
from tasks.models import Task

from .daily import Daily, Worker

LONGEST = 200


def headline(daily: Daily) -> str:
    counts = daily.counts
    return (
        f"{counts.get('completed', 0)} completed, {counts.get(IN_PROGRESS, 0)} in progress,"
        f" {counts.get(BLOCKED, 0)} blocked, {counts.get('approvals', 0)} waiting for approval,"
        f" {counts.get('alerts', 0)} open alerts, {_usd(daily.cost_microusd)}"
    )


def text_of(daily: Daily, day: date, *, hours: int) -> str:
    counts = daily.counts
    return "\n".join(
        [
            f"# Standup {day.isoformat()}",
            "",
            f"The last {hours} hours, as of {daily.now:%Y-%m-%d %H:%M} UTC.",
            "",
            "## Summary",
            "",
            f"- Completed: {counts.get('completed', 0)}",
            f"- In progress: {counts.get(IN_PROGRESS, 0)}",
            f"- Blocked: {counts.get(BLOCKED, 0)}",
            f"- Pending approvals: {counts.get('approvals', 0)}",
            f"- Open alerts: {counts.get('alerts', 0)}",
            f"- Cost: {_usd(daily.cost_microusd)}",
            *_part("## Agents", map(_worker, daily.workers)),
            *_part("## Completed", (_task(task, task.assigned_to or "") for task in daily.done)),
            "",
            "## Needs attention",
            *_part("### Blocked", (_task(task, _why(task)) for task in daily.blocked)),
            *_part(
                "### Pending approvals",
                (
                    f"approval_{each.pk} ({each.risk_level}): {_line(each.action_summary)},"
                    f" until {each.expires_at:%Y-%m-%d %H:%M} UTC"
                    for each in daily.approvals
                ),
            ),
            *_part("### Overdue", (_task(task, f"due {task.due_at:%Y-%m-%d}") for task in daily.overdue)),
            *_part(
                "### Stopped agents",
                (
                    f"{held.agent.slug}: {held.control}{f', {_line(held.status_reason)}' if held.status_reason else ''}"
                    for held in daily.stopped
                ),
            ),
            *_part("## Alerts", (f"{alert.severity} {alert.type}: {_line(alert.title)}" for alert in daily.alerts)),
            "",
        ]
    )


def _part(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", title, "")
    found = False
    for line in lines:
        found = True
        yield f"- {line}"
    if not found:
        yield "None."


def _worker(one: Worker) -> str:
    at = "nothing"
    if one.task is not None:
        at = f"task_{one.task.pk} {_line(one.task.title)}"
    elif one.at_work:
        at = f"{one.at_work} task{'s' if one.at_work > 1 else ''}"
    return f"{one.slug} ({one.standing}): {one.completed} completed; working on {at}; spent {_usd(one.spent_microusd)}"


def _task(task: Task, more: str) -> str:
    return f"task_{task.pk} {_line(task.title)}{f' ({_line(more)})' if more else ''}"


def _why(task: Task) -> str:
    brief = getattr(task, "brief", None)
    return (brief.blocked_reason if brief else None) or task.error_message or ""


def _line(text: str) -> str:
    """In one line, whatever somebody wrote."""
    return " ".join(text.split())[:LONGEST]


def _usd(micro: int) -> str:
    return f"{micro / MICRO:.2f} USD"
