"""`manage.py fill` leaves the database as the services would have: every sum equals what is summed up anew."""

from __future__ import annotations

from collections import Counter

from django.core.management import call_command
from django.db.models import Max, Sum

from agents.models import Agent
from core.actors import system
from projects.models import Project
from projects.services import create_project
from tasks.models import Tally, Task, Transition
from tests.base import LegacyApiTestCase
from tests.factories import make_agent, make_task
from tokens.models import Rollup, TokenUsage

TALLY = ("workspace_id", "project_id", "status", "priority", "n")
SUMS = ("input_tokens", "output_tokens", "cost_microusd", "requests")


class FillTests(LegacyApiTestCase):
    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        actor = system(cls.home.pk)
        make_agent("jordan", actor=actor)
        make_task("Was here before", actor=actor)
        create_project(actor=actor, name="Website", prefix="WEB")
        for seed in (1, 2):
            call_command("fill", agents=12, tasks=1100, usage=1500, activities=1200, seed=seed)

    def test_what_was_asked_for_is_there_beside_what_was(self):
        assert Agent.objects.in_workspace(self.home.pk).count() == 25
        assert Task.objects.in_workspace(self.home.pk).count() == 2201
        assert TokenUsage.objects.count() == 3000
        assert Agent.objects.filter(name="jordan").exists()

    def test_the_tallies_count_the_tasks(self):
        counted = Counter(Task.objects.values_list("workspace_id", "project_id", "status", "priority"))
        kept = {row[:4]: row[4] for row in Tally.objects.values_list(*TALLY) if row[4]}
        assert kept == counted

    def test_the_ticket_counters_stand_at_the_last_number_and_no_number_is_missing(self):
        for project in Project.objects.annotate(last=Max("tasks__number")):
            assert project.ticket_counter == project.last == project.tasks.count()

    def test_every_task_has_its_first_transition(self):
        assert Transition.objects.values("task").distinct().count() == Task.objects.count()

    def test_a_task_is_finished_when_it_is_done(self):
        for task in Task.objects.filter(title__startswith="Filled in"):
            assert (task.completed_at is not None) == (task.status == Task.Status.DONE)

    def test_the_sums_add_up_the_reports(self):
        D = Rollup.Dimension
        for dimension, column in ((D.MODEL, "model"), (D.AGENT, "agent_name"), (D.PROJECT, "project_id")):
            assert self.kept(dimension) == self.added_up(column)
        tasks = self.added_up("task_id")
        tasks.pop("", None)
        assert self.kept(D.TASK) == tasks
        assert self.kept(D.TOTAL) == {"": tuple(map(sum, zip(*self.added_up("model").values(), strict=True)))}

    def test_each_hour_holds_the_reports_of_that_hour(self):
        hours = Counter(int(at.timestamp()) // 3600 * 3600 for at in TokenUsage.objects.values_list("at", flat=True))
        kept = Rollup.objects.filter(dimension=Rollup.Dimension.TOTAL).values_list("starts", "requests")
        assert dict(kept) == hours

    def test_lists_and_costs_work_and_new_tasks_go_on_counting(self):
        assert self.get("/api/tasks?limit=200").body["total"] == 2201
        assert self.get("/api/agents?limit=200").body["total"] == 25
        report = self.get("/api/tokens?action=stats&timeframe=all").body
        assert report["summary"]["requestCount"] == 3000
        assert self.get("/api/activities?limit=1").body["total"] >= 2400
        self.client.force_login(self.alice)
        for path in ("/", "/agents/", "/costs/", "/activity/"):
            with self.subTest(path=path):
                assert self.client.get(path).status_code == 200
        numbers = set(Task.objects.values_list("project_id", "number"))
        made = self.post("/api/tasks", {"title": "The next one"}).body["task"]
        assert (made["project_id"], made["project_ticket_no"]) not in numbers

    def kept(self, dimension):
        rows = Rollup.objects.filter(dimension=dimension).values("key").annotate(*map(Sum, SUMS)).order_by()
        return {row["key"]: tuple(row[f"{name}__sum"] for name in SUMS) for row in rows}

    def added_up(self, column):
        sums = {}
        for key, read, written, cost in TokenUsage.objects.values_list(column, *SUMS[:3]):
            one, before = (read, written, cost, 1), sums.get(str(key or ""), (0, 0, 0, 0))
            sums[str(key or "")] = tuple(map(sum, zip(before, one, strict=True)))
        return sums
