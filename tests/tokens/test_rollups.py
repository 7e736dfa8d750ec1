"""The sums are what adding up the rows would say, whatever was reported."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from importlib import import_module

from django.db import connection

from tests.base import BaseTestCase, actor_of
from tests.factories import make_task
from tokens import reports
from tokens.models import Rollup, TokenUsage
from tokens.services import DAY, HOUR, Report, book

MODELS = ["claude-sonnet-4", "gpt-4.1", "nobody knows", "ollama/qwen2.5-coder:14b"]
PARTS = {"nova:cli": ":cli", "nova:chat": ":chat", "other": "", ":x": "?:x", "unknown:x": ":x"}
START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class RollupTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(11)
        self.tasks = [make_task(), make_task(), make_task(actor=actor_of(self.charlie))]

    def some_report(self):
        return Report(
            self.dice.choice([self.home.pk, self.elsewhere.pk]),
            self.dice.choice(MODELS),
            self.dice.choice(list(PARTS)),
            self.dice.randint(0, 100_000),
            self.dice.randint(0, 100_000),
            task_id=self.dice.choice([None, 987_654, *(task.pk for task in self.tasks)]),
        )

    def expected(self):
        sums = defaultdict(lambda: [0, 0, 0, 0])
        for row in TokenUsage.objects.all():
            stamp = int(row.at.timestamp())
            slots = [
                ("total", stamp - stamp % HOUR, "", ""),
                ("model", stamp - stamp % DAY, row.model, ""),
                ("agent", stamp - stamp % DAY, row.agent_name, row.model),
                ("project", stamp - stamp % DAY, str(row.project_id or ""), ""),
                ("session", 0, row.agent_name, PARTS[row.session_id]),
                *([("task", 0, str(row.task_id), "")] if row.task_id else []),
            ]
            for slot in slots:
                figures = (row.input_tokens, row.output_tokens, row.cost_microusd, 1)
                sums[row.workspace_id, *slot] = [
                    a + b for a, b in zip(sums[row.workspace_id, *slot], figures, strict=True)
                ]
        return dict(sums)

    def kept(self):
        rows = Rollup.objects.values_list(
            "workspace_id", "dimension", "starts", "key", "part",
            "input_tokens", "output_tokens", "cost_microusd", "requests",
        )  # fmt: skip
        return {row[:5]: list(row[5:]) for row in rows}

    def test_the_sums_equal_the_rows_after_many_reports(self):
        for _ in range(60):
            moment = START + timedelta(minutes=self.dice.randint(0, 3 * 24 * 60))
            book([self.some_report() for _ in range(self.dice.randint(1, 8))], now=moment)
        assert self.kept() == self.expected()

    def test_a_session_is_as_new_as_its_newest_report(self):
        for days in (3, 1, 2):
            book([self.some_report() for _ in range(30)], now=START + timedelta(days=days))
        newest = {}
        for row in TokenUsage.objects.all():
            slot = (row.workspace_id, row.agent_name, PARTS[row.session_id])
            newest[slot] = max(newest.get(slot, 0), int(row.at.timestamp() * 1000))
        kept = Rollup.objects.filter(dimension="session").values_list("workspace_id", "key", "part", "last")
        assert {row[:3]: row[3] for row in kept} == newest
        assert not Rollup.objects.exclude(dimension="session").exclude(last=0).exists()

    def test_the_longest_names_fit_every_database(self):
        sign = "\N{PILE OF POO}"
        book([Report(1, sign * 200, sign * 512, 1, 1), Report(1, "m", f"{'x' * 511}:", 1, 1)], now=START)
        assert Rollup.objects.filter(dimension="agent", part=sign * 100, key=sign * 512).exists()

    def test_one_batch_is_as_good_as_many(self):
        batch = [self.some_report() for _ in range(50)]
        book(batch, now=START)
        together = self.kept()
        Rollup.objects.all().delete()
        for report in batch:
            book([report], now=START)
        assert self.kept() == together

    def test_what_an_older_version_booked_is_added_up_anew(self):
        book([self.some_report() for _ in range(60)], now=START)
        kept = self.kept()
        Rollup.objects.filter(dimension="session").delete()
        migration = import_module("tokens.migrations.0003_sums_by_model_and_session")
        migration.add_up(None, connection.schema_editor(atomic=False))
        assert self.kept() == kept
        last = Rollup.objects.filter(dimension="session").values_list("last", flat=True)
        assert {stamp // 1000 for stamp in last} == {int(START.timestamp())}

    def test_a_foreign_task_is_not_charged(self):
        foreign = self.tasks[2]
        (row,) = book([Report(1, "m", "nova:cli", 1, 1, task_id=foreign.pk)], now=START)
        assert (row.task_id, row.project_id) == (None, None)

    def test_reports_read_the_sums(self):
        book([Report(1, "claude-sonnet-4", "nova:cli", 1500, 800, task_id=self.tasks[0].pk)] * 2, now=START)
        since = reports.start_of_day(START)
        assert reports.total(1, since=since).dollars == 0.033
        assert [(line.key, line.requests) for line in reports.by("agent", 1, since=since)] == [("nova", 2)]
        assert reports.today_of_agents(1, ["nova"], now=START) == {"nova": 33_000}
        assert reports.of_tasks(1, [self.tasks[0].pk]) == {self.tasks[0].pk: 33_000}
        hours = reports.trend(1, since=since, until=since + DAY, step=HOUR)
        assert [line.tokens for _, line in hours if line.requests] == [4600]
        assert len(hours) == 24
