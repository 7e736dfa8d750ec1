"""Money: what was spent, on what, and where the month is going."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.actors import Role
from core.errors import Invalid
from core.money import MICRO
from projects.models import Project
from tokens import reports
from tokens.services import set_month_budget

from .budgets import table_of
from .gate import PageRequest, is_fragment, page

TOP = 12
DIMENSIONS = {"model": "By model", "agent": "By agent", "project": "By project"}
NO_PROJECT = "no project"
CSV_HEAD = ("dimension", "key", "day", "cost_usd", "input_tokens", "output_tokens", "requests")


@dataclass(frozen=True)
class Span:
    """A stretch of whole days that ends with today."""

    key: str
    title: str
    days: int

    def since(self, now: datetime) -> int:
        return reports.start_of_day(now, days_ago=self.days - 1)

    @property
    def before(self) -> str:
        return "yesterday" if self.days == 1 else f"the {self.days} days before"

    @property
    def step(self) -> int:
        return reports.HOUR if self.days == 1 else reports.DAY


SPANS = {"today": Span("today", "Today", 1), "7": Span("7", "7 days", 7), "30": Span("30", "30 days", 30)}


@dataclass(frozen=True)
class Spent:
    """One span's sum, and how it compares with the span before: up to the same hour."""

    span: Span
    line: reports.Line
    earlier: int

    @property
    def compared(self) -> str:
        if not self.earlier:
            return f"nothing {self.span.before}"
        times = self.line.cost_microusd / self.earlier
        if times > 10:
            return f"over 10 times {self.span.before}"
        return f"{100 * (times - 1):+.0f} % on {self.span.before}"


@dataclass(frozen=True)
class Block:
    title: str
    lines: list[reports.Line]

    @property
    def dearest(self) -> int:
        return max((line.cost_microusd for line in self.lines), default=0)


@require_GET
@page()
def costs(request: PageRequest) -> HttpResponse:
    now, workspace_id = timezone.now(), request.actor.workspace_id
    span = _span(request)
    context = {
        "spans": SPANS.values(),
        "span": span,
        "sums": [_spent(workspace_id, each, now) for each in SPANS.values()],
        "blocks": [Block(title, _lines(key, workspace_id, span, now)) for key, title in DIMENSIONS.items()],
        "month": reports.month(workspace_id, now=now),
        "may_change": request.actor.can(Role.ADMIN),
        "trend": _trend(workspace_id, span, now),
    }
    if request.htmx:
        return render(request, "costs/page.html#figures", context)
    return render(request, "costs/page.html", {**context, **table_of(request)})


def _span(request: PageRequest) -> Span:
    return SPANS.get(request.GET.get("span", ""), SPANS["7"])


def _spent(workspace_id: int, span: Span, now: datetime) -> Spent:
    since, length = span.since(now), span.days * reports.DAY
    same_hour = int(now.timestamp()) // reports.HOUR * reports.HOUR + reports.HOUR - length
    earlier = reports.total(workspace_id, since=since - length, until=same_hour)
    return Spent(span, reports.total(workspace_id, since=since), earlier.cost_microusd)


def _lines(dimension: str, workspace_id: int, span: Span, now: datetime) -> list[reports.Line]:
    lines = reports.by(dimension, workspace_id, since=span.since(now), top=TOP)
    return _with_project_names(lines, workspace_id) if dimension == "project" else lines


def _with_project_names(lines: list[reports.Line], workspace_id: int) -> list[reports.Line]:
    names = dict(Project.objects.in_workspace(workspace_id).values_list("id", "name"))
    return [
        reports.Line(
            names.get(int(line.key or 0), NO_PROJECT),
            line.cost_microusd,
            line.input_tokens,
            line.output_tokens,
            line.requests,
        )
        for line in lines
    ]


def _trend(workspace_id: int, span: Span, now: datetime) -> list[tuple[datetime, reports.Line]]:
    since = span.since(now)
    until = since + span.days * reports.DAY
    rows = reports.trend(workspace_id, since=since, until=until, step=span.step)
    return [(datetime.fromtimestamp(start, now.tzinfo), line) for start, line in rows]


@require_GET
@page()
def trend(request: PageRequest) -> HttpResponse:
    """What the chart draws: times, dollars, and the budget's share of one step."""
    now, span = timezone.now(), _span(request)
    rows = _trend(request.actor.workspace_id, span, now)
    month = reports.month(request.actor.workspace_id, now=now)
    share = (month.budget_microusd or 0) / MICRO / month.days * span.step / reports.DAY
    return JsonResponse(
        {
            "times": [int(start.timestamp()) for start, _ in rows],
            "dollars": [line.dollars for _, line in rows],
            "tokens": [line.tokens for _, line in rows],
            "budget": share or None,
            "hourly": span.step == reports.HOUR,
        }
    )


@require_GET
@page()
def export(request: PageRequest) -> HttpResponse:
    now, span, workspace_id = timezone.now(), _span(request), request.actor.workspace_id
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="costs-{span.key}-{now:%Y-%m-%d}.csv"'
    sheet = csv.writer(answer)
    sheet.writerow(CSV_HEAD)
    for start, line in reports.trend(workspace_id, since=span.since(now), until=span.since(now) + span.days * 86400):
        sheet.writerow(_row("total", line, str(reports.day_of(start))))
    for dimension in DIMENSIONS:
        lines = reports.by(dimension, workspace_id, since=span.since(now), top=10_000)
        if dimension == "project":
            lines = _with_project_names(lines, workspace_id)
        sheet.writerows(_row(dimension, line, "") for line in lines)
    return answer


def _row(dimension: str, line: reports.Line, day: str) -> tuple[object, ...]:
    # A spreadsheet would run a name that begins like a formula.
    key = f"'{line.key}" if line.key.startswith(("=", "+", "-", "@", "\t", "\r")) else line.key
    return dimension, key, day, f"{line.dollars:.6f}", line.input_tokens, line.output_tokens, line.requests


@require_POST
@page(Role.ADMIN)
def budget(request: PageRequest) -> HttpResponse:
    try:
        dollars = Decimal(request.POST.get("dollars", "").strip().lstrip("$").replace(",", ""))
        microusd = int(dollars * MICRO)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise Invalid("Write the budget as an amount in dollars, such as 250.") from error
    set_month_budget(actor=request.actor, microusd=microusd)
    return HttpResponse(status=204) if is_fragment(request) else redirect("costs")
