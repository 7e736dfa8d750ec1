from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Workspace
from activity.models import Lease
from agents.models import Agent, Mandate
from core.actors import system
from governance.models import Alert
from governance.services.alerts import Trouble, open_alert
from governance.services.by_system import move
from system.models import JobRecord
from system.schedule import JOBS
from system.services import daily
from system.services.daily import write_dailies
from system.services.scheduler import run_due
from tasks.models import Document, Task
from tests.api.v1.base import V1ApiTestCase
from tokens.models import Run

# 09:00 in Los Angeles, in winter.
NINE = datetime(2026, 2, 2, 17, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class DailyTests(V1ApiTestCase):
    def write(self, now: datetime = NINE) -> int:
        with self.settings(LOCAL_TIME_ZONE="America/Los_Angeles", OPERATOR_USER="alice"):
            return write_dailies(now=now)

    @property
    def document(self) -> Document:
        return Document.objects.get(workspace=self.home)

    def part(self, title: str) -> list[str]:
        """The lines below a heading of the report."""
        _, _, rest = (self.document.content or "").partition(f"{title}\n\n")
        return [line.removeprefix("- ") for line in rest.partition("\n\n")[0].splitlines()]

    def task(self, title: str, **columns: Any) -> Task:
        task = self.new_task(title, assigneeIds=["jordan"])
        Task.objects.filter(title=title).update(**columns)
        return Task.objects.get(pk=task["id"].removeprefix("task_"))

    def test_it_is_written_once_a_day_and_not_before_nine(self):
        assert self.write(NINE - timedelta(minutes=10)) == 0
        workspaces = Workspace.objects.count()
        assert self.write() == workspaces
        assert [self.write(NINE + hours * HOUR) for hours in (0, 1, 14)] == [0, 0, 0]
        assert self.document.name == "standup-2026-02-02.md"
        assert self.write(NINE + 24 * HOUR) == workspaces
        assert Document.objects.filter(workspace=self.home).count() == 2

    def test_a_worker_that_comes_late_writes_it_all_the_same(self):
        assert self.write(NINE + 9 * HOUR) > 0
        assert self.document.name == "standup-2026-02-02.md"

    def test_everybody_hears_of_it(self):
        self.write()
        id = f"doc_{self.document.pk}"
        shown = self.ask("GET", f"/documents/{id}").body["document"]
        assert (shown["type"], shown["taskId"], shown["mimeType"]) == ("REPORT", None, "text/markdown")
        assert shown["content"].startswith("# Standup 2026-02-02")
        [note] = self.ask("GET", "/notifications?type=DIGEST").body["notifications"]
        assert (note["targetUserId"], note["title"]) == (f"user_{self.alice.pk}", "Standup 2026-02-02")
        assert "0 completed" in note["body"]
        [row] = self.ask("GET", "/events/timeline?action=STANDUP_REPORT").body["activities"]
        assert (row["actorType"], row["metadata"]["documentId"]) == ("SYSTEM", id)

    def test_what_stands_in_it(self):
        jordan, paused = self.agent("jordan"), self.agent("riley", control="PAUSED")
        self.agent("gone", control="OFFLINE", status_reason="no heartbeat")
        done = self.task("Write\nthe guide", status="DONE", completed_at=NINE - HOUR)
        self.task("Long ago", status="DONE", completed_at=NINE - 25 * HOUR)
        begun = self.task("Build it", status="IN_PROGRESS", due_at=NINE - HOUR)
        Mandate.objects.filter(agent=jordan).update(current_task_id=begun.pk)
        move(task=self.task("Ship it", status="IN_PROGRESS"), to="BLOCKED", now=NINE, reason="no key")
        Run.objects.create(
            workspace=self.home, agent=jordan, session_key="s", model="m", started_at=NINE - HOUR,
            cost_microusd=1_250_000, status="COMPLETED", reported_by="user:1", created_at=NINE - HOUR,
        )  # fmt: skip
        asked = self.ask("POST", "/approvals", {
            "actionType": "TOOL_EXEC", "actionSummary": "Deploy", "riskLevel": "RED", "justification": "x",
        }, as_=jordan).body["approval"]["id"]  # fmt: skip
        by = system(self.home.pk)
        for n in range(7):
            trouble = Trouble("SYSTEM_ERROR", Alert.Severity.CRITICAL, f"Trouble {n}", task_id=n)
            open_alert(trouble=trouble, actor=by, now=NINE)
        self.write()
        assert self.part("## Summary") == [
            "Completed: 1", "In progress: 1", "Blocked: 1", "Pending approvals: 1", "Open alerts: 7", "Cost: 1.25 USD",
        ]  # fmt: skip
        assert self.part("## Agents") == [
            f"jordan (ACTIVE): 1 completed; working on task_{begun.pk} Build it; spent 1.25 USD",
            f"{paused.slug} (PAUSED): 0 completed; working on nothing; spent 0.00 USD",
        ]
        assert self.part("## Completed") == [f"task_{done.pk} Write the guide (jordan)"]
        assert self.part("### Blocked")[0].endswith("Ship it (no key)")
        assert self.part("### Pending approvals")[0].startswith(f"{asked} (RED): Deploy, until ")
        assert self.part("### Overdue") == [f"task_{begun.pk} Build it (due 2026-02-02)"]
        assert self.part("### Stopped agents") == ["gone: OFFLINE, no heartbeat"]
        assert self.part("## Alerts") == [f"CRITICAL SYSTEM_ERROR: Trouble {n}" for n in (6, 5, 4, 3, 2)]

    def test_lists_are_cut(self):
        self.agent("jordan")
        for n in range(12):
            self.task(f"Task {n}", status="DONE", completed_at=NINE - n * timedelta(minutes=1))
        self.write()
        assert len(self.part("## Completed")) == 10
        assert self.part("## Summary")[0] == "Completed: 12"

    def test_its_settings(self):
        with self.settings(STANDUP_AT=time(11, 30), STANDUP_LOOKBACK_HOURS=2):
            assert self.write(NINE + 2 * HOUR) == 0
            assert self.write(NINE + 3 * HOUR) > 0
        assert "The last 2 hours" in (self.document.content or "")

    def test_a_workspace_that_fails_leaves_the_others_theirs(self):
        whole = daily.write_daily

        def failing(*, workspace_id: int, **rest: Any) -> bool:
            if workspace_id == self.home.pk:
                raise RuntimeError("boom")
            return whole(workspace_id=workspace_id, **rest)

        with patch.object(daily, "write_daily", failing), self.assertRaisesMessage(RuntimeError, "boom"):
            self.write()
        assert Document.objects.count() == Workspace.objects.count() - 1
        assert self.write() == 1

    def test_what_was_begun_and_killed_is_written_with_the_next_run(self):
        with patch("system.services.daily.note_to_operator", side_effect=RuntimeError), self.assertRaises(RuntimeError):
            self.write()
        assert not Document.objects.exists()
        assert self.write() == Workspace.objects.count()

    def test_the_worker_asks_for_it_alone(self):
        assert JOBS["standup"].rhythm == "every 10 min"
        JobRecord.objects.create(id="standup", next_run=NINE)
        Lease.objects.create(name="job:standup", holder="another", until=NINE + HOUR)
        assert "standup" not in run_due(now=NINE)
        Lease.objects.update(until=NINE - HOUR)
        assert "standup" in run_due(now=NINE)
        assert Document.objects.count() == Workspace.objects.count()

    def test_it_asks_as_often_for_many_agents(self):
        def asked() -> int:
            Document.objects.all().delete()
            with CaptureQueriesContext(connection) as queries:
                daily.write_daily(workspace_id=self.home.pk, day=NINE.date(), now=NINE)
            return len(queries)

        self.agent("jordan")
        few = asked()
        for n in range(5):
            self.agent(f"agent{n}")
            self.task(f"Task {n}", status="DONE", completed_at=NINE)
        assert Agent.objects.count() == 6
        assert asked() <= few
