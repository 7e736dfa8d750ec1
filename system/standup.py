"""What the agents of a workspace did on a day, and what lies before them. Each list is one query for all agents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, TextField, Window
from django.db.models.functions import Cast, RowNumber

from activity.models import Event
from agents.models import Agent
from tasks.models import Comment, Task

S = Task.Status
OVER = (S.DONE, S.CANCELED)
OPEN = tuple(status for status in Task.Status if status not in OVER)
# The longest list of one agent that is shown; the figures count everything.
SHOWN = 100
SHOWN_OVERDUE = 100
COLUMNS = ("id", "title", "status", "priority", "assigned_to", "created_at", "updated_at", "due_at", "metadata")
LISTS = ("completed", "in_progress", "assigned", "review", "blocked")

Row = dict[str, Any]


@dataclass(slots=True)
class Standup:
    """Lists by name of list and of agent, cut to what is shown; `counts` are of everything."""

    date: date
    agents: list[Row]
    lists: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)
    comments: dict[str, int] = field(default_factory=dict)
    overdue: list[Row] = field(default_factory=list)
    overdue_count: int = 0

    @property
    def summary(self) -> dict[str, int]:
        return {
            "totalAgents": len(self.agents),
            "totalCompleted": self.counts["completed"],
            "totalInProgress": self.counts["in_progress"],
            "totalAssigned": self.counts["assigned"],
            "totalReview": self.counts["review"],
            "totalBlocked": self.counts["blocked"],
            "totalActivity": sum(self.actions.values()),
            "overdue": self.overdue_count,
        }


def compile_standup(workspace_id: int, day: date, *, names: list[str], now: datetime) -> Standup:
    """Of all agents, or of the named ones. What was done depends on the day; what is open is of now."""
    agents = Agent.objects.in_workspace(workspace_id).order_by("name")
    if names:
        agents = agents.filter(name__in=names)
    columns = ("name", "role", "status", "last_seen", "last_activity")
    found = Standup(day, list(agents.values(*columns)))
    mine = [agent["name"] for agent in found.agents]
    starts = datetime.combine(day, time.min, UTC)
    span = (starts, starts + timedelta(days=1))
    tasks = Task.objects.in_workspace(workspace_id).filter(assigned_to__in=mine if names else agents.values("name"))
    for name, rows in _lists(tasks, span).items():
        found.counts[name] = rows.count()
        found.lists[name] = _by_agent(rows)
    here = {"workspace_id": workspace_id}
    stories = Event.objects.stories(workspace_id).filter(at__gte=span[0], at__lt=span[1])
    comments = Comment.objects.filter(**here, created_at__gte=span[0], created_at__lt=span[1])
    found.actions = _counted(stories, "actor", mine)
    found.comments = _counted(comments, "author", mine)
    late = Task.objects.filter(**here, status__in=OPEN, due_at__lt=now)
    found.overdue_count = late.count()
    found.overdue = list(late.order_by("due_at", "id").values(*COLUMNS)[:SHOWN_OVERDUE])
    return found


def _lists(tasks: QuerySet[Task], span: tuple[datetime, datetime]) -> dict[str, QuerySet[Task]]:
    """In the order in which they are shown: what was done last, and what is most urgent or oldest, first."""
    text = Cast("metadata", TextField())
    stuck = Q(status=S.BLOCKED) | Q(text__contains="blocked")
    return {
        "completed": tasks.filter(status=S.DONE, updated_at__gte=span[0], updated_at__lt=span[1]).order_by(
            "-updated_at", "id"
        ),
        "in_progress": tasks.filter(status=S.IN_PROGRESS).order_by("created_at", "id"),
        "assigned": tasks.filter(status=S.ASSIGNED).order_by("priority", "created_at", "id"),
        "review": tasks.filter(status__in=[S.REVIEW, S.QUALITY_REVIEW]).order_by("updated_at", "id"),
        "blocked": tasks.filter(status__in=OPEN)
        .annotate(text=text)
        .filter(stuck)
        .order_by("priority", "created_at", "id"),
    }


def _by_agent(rows: QuerySet[Task]) -> dict[str, list[Row]]:
    """The first of each agent: nobody reads more, and an agent may have thousands."""
    order = [str(column) for column in rows.query.order_by]
    place = Window(RowNumber(), partition_by=[F("assigned_to")], order_by=order)
    shown: dict[str, list[Row]] = defaultdict(list)
    for row in rows.annotate(place=place).filter(place__lte=SHOWN).values(*COLUMNS):
        shown[row["assigned_to"]].append(row)
    return shown


def _counted(rows: QuerySet[Any], column: str, names: list[str]) -> dict[str, int]:
    wanted = set(names)
    counts = rows.order_by().values_list(column).annotate(n=Count("*"))
    return {name: n for name, n in counts if name in wanted}
