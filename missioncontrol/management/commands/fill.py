"""Fill the database to the size of a large fleet after two months, with sums, tallies and ticket numbers in step."""

from __future__ import annotations

import random
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from accounts.services import open_default_workspace
from activity.models import Event
from activity.services import record, story
from agents.models import Agent
from core.ids import ref
from projects.models import Project
from projects.services import general_project
from tasks.models import Tally, Task, Transition
from tokens.services import Report, book

BATCH = 1000
DAYS = 60
# A working day of an agent is some fifty calls, so of 10,000 agents a few hundred work on the same day.
CALLS_A_DAY = 50
MODELS = ("claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5", "gpt-4.1", "gpt-4.1-mini", "gemini-2.5-pro")
STATUSES = (Task.Status.DONE, Task.Status.BACKLOG, Task.Status.REVIEW, Task.Status.IN_PROGRESS, Task.Status.INBOX)
SHARES = (80, 12, 3, 3, 2)
VERBS = ("fix", "test", "document", "measure")
TOLD_OF_TASKS = ("task_created", "task_updated", "task_updated", "quality_review")
TOLD_OF_AGENTS = ("agent_status_change", "agent_config_updated", "agent_message")
TEXT = "A normal sized description of work to do, with enough words to be worth reading. " * 3

T = TypeVar("T")


class Command(BaseCommand):
    help = "Fill the database with agents, tasks, usage and activities, for measuring. Not for one that matters."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--agents", type=int, default=0)
        parser.add_argument("--tasks", type=int, default=0)
        parser.add_argument("--usage", type=int, default=0, help="rows of token usage")
        parser.add_argument("--activities", type=int, default=0)
        parser.add_argument("--seed", type=int, default=1)

    def handle(
        self, *args: Any, agents: int, tasks: int, usage: int, activities: int, seed: int, **options: Any
    ) -> None:
        columns = [*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn()]
        with Progress(*columns) as progress:
            filling = Filling(random.Random(seed), open_default_workspace().pk, timezone.now(), progress)
            filling.add_agents(agents)
            filling.add_tasks(tasks)
            filling.add_usage(usage)
            filling.add_activities(activities)


class Filling:
    def __init__(self, rng: random.Random, workspace_id: int, now: datetime, progress: Progress) -> None:
        self.rng = rng
        self.workspace_id = workspace_id
        self.now = now
        self.progress = progress
        general_project(workspace_id)
        self.projects = list(Project.objects.active().in_workspace(workspace_id))

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def add_agents(self, number: int) -> None:
        here = Agent.objects.in_workspace(self.workspace_id)
        first = here.filter(name__startswith="filled-").count() + 1
        for batch in self.batches("agents", (self.agent(first + i) for i in range(number)), number):
            Agent.objects.bulk_create(batch)

    def agent(self, number: int) -> Agent:
        name, born = f"filled-{number}", self.ago(self.rng.uniform(1, DAYS))
        return Agent(
            workspace_id=self.workspace_id,
            name=name,
            slug=name,
            handle=name,
            role=self.rng.choice(("coder", "tester", "researcher", "devops")),
            last_seen=born,
            heard_at=born,
            created_at=born,
            updated_at=born,
        )

    def add_tasks(self, number: int) -> None:
        names = list(Agent.objects.in_workspace(self.workspace_id).values_list("name", flat=True)[:BATCH])
        tasks = (self.task(DAYS * (1 - i / number), names) for i in range(number))
        for batch in self.batches("tasks", tasks, number):
            with transaction.atomic():
                self.store_tasks(batch)

    def task(self, age: float, names: list[str]) -> Task:
        born, status = self.ago(age), self.rng.choices(STATUSES, SHARES)[0]
        waits = status in (Task.Status.INBOX, Task.Status.BACKLOG)
        return Task(
            workspace_id=self.workspace_id,
            project=self.rng.choice(self.projects),
            title=f"Filled in: {self.rng.choice(VERBS)} part {self.rng.randint(1, 9999)}",
            description=TEXT,
            status=status,
            priority=self.rng.randint(1, 4),
            assigned_to=None if waits or not names else self.rng.choice(names),
            created_at=born,
            updated_at=born,
            completed_at=born if status == Task.Status.DONE else None,
            tags=["filled"],
            position=-born.timestamp(),
        )

    def store_tasks(self, tasks: list[Task]) -> None:
        for project in self.projects:
            mine = [task for task in tasks if task.project_id == project.pk]
            Project.objects.filter(pk=project.pk).update(ticket_counter=F("ticket_counter") + len(mine))
            project.refresh_from_db(fields=["ticket_counter"])
            for number, task in enumerate(mine, project.ticket_counter - len(mine) + 1):
                task.number = number
        Task.objects.bulk_create(tasks)
        Transition.objects.bulk_create(
            Transition(task=task, now=task.status, actor="system", by="system", at=task.created_at) for task in tasks
        )
        for (project_id, status, priority), n in Counter((t.project_id, t.status, t.priority) for t in tasks).items():
            like: dict[str, Any] = {"project_id": project_id, "status": status, "priority": priority}
            tally, _ = Tally.objects.get_or_create(workspace_id=self.workspace_id, **like)
            Tally.objects.filter(pk=tally.pk).update(n=F("n") + n)

    def add_usage(self, number: int) -> None:
        names = list(Agent.objects.in_workspace(self.workspace_id).values_list("name", flat=True)) or ["nobody"]
        tasks = list(Task.objects.in_workspace(self.workspace_id).values_list("pk", flat=True))
        at_work = max(number // DAYS // CALLS_A_DAY, 1)
        today, team = -1, names
        for done, batch in enumerate(self.batches("usage", iter(range(number)), number)):
            age = DAYS * (1 - done * BATCH / number)
            if int(age) != today:
                today, team = int(age), self.rng.sample(names, min(at_work, len(names)))
            book([self.report(team, tasks) for _ in batch], now=self.ago(age))

    def report(self, team: list[str], tasks: list[int]) -> Report:
        return Report(
            self.workspace_id,
            model=self.rng.choice(MODELS),
            session_id=f"{self.rng.choice(team)}:cli",
            input_tokens=self.rng.randint(1_000, 60_000),
            output_tokens=self.rng.randint(100, 4_000),
            task_id=self.rng.choice(tasks) if tasks and self.rng.random() < 0.6 else None,
        )

    def add_activities(self, number: int) -> None:
        names = list(Agent.objects.in_workspace(self.workspace_id).values_list("name", "pk")[:BATCH])
        tasks = list(Task.objects.in_workspace(self.workspace_id).values_list("pk", flat=True))
        for done, batch in enumerate(self.batches("activities", iter(range(number)), number)):
            record(*(self.activity(names, tasks) for _ in batch), at=self.ago(DAYS * (1 - done * BATCH / number)))

    def activity(self, names: list[tuple[str, int]], tasks: list[int]) -> Event:
        by, agent_id = self.rng.choice(names) if names else ("system", None)
        type = self.rng.choice((*TOLD_OF_TASKS, *TOLD_OF_AGENTS) if tasks else TOLD_OF_AGENTS)
        task_id = self.rng.choice(tasks) if type in TOLD_OF_TASKS else None
        return story(
            type,
            by=by,
            subject=ref("agent", agent_id or 0) if task_id is None else ref("task", task_id),
            workspace_id=self.workspace_id,
            description=f"{by}: {self.rng.choice(VERBS)} part {self.rng.randint(1, 9999)}",
            data={"status": "in_progress"},
            agent_id=agent_id,
            task_id=task_id,
        )

    def batches(self, name: str, rows: Iterator[T] | Iterable[T], total: int) -> Iterator[list[T]]:
        rows, bar = iter(rows), self.progress.add_task(name, total=total)
        while batch := list(islice(rows, BATCH)):
            yield batch
            self.progress.advance(bar, len(batch))
