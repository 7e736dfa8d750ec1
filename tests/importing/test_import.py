from __future__ import annotations

import hashlib
import shutil
import tempfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User, Workspace
from activity.models import Event, Reader
from activity.readers import catch_up
from agents.models import Agent
from alerts.models import AlertRule
from chat.models import Pair
from projects.models import Project
from tasks.models import Tally, Task
from tests.base import LegacyApiTestCase
from tests.factories import make_task
from tokens.models import Rollup, TokenUsage
from webhooks.models import Delivery, Webhook
from workflows.models import Pipeline

from .legacy_file import START, LegacyFile

HOUR = 3600
HEARD: list[int] = []


def listen(page):
    HEARD.extend(event.id for event in page)


class ImportTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        folder = Path(tempfile.mkdtemp(prefix="mc-import-"))
        self.addCleanup(shutil.rmtree, folder)
        self.file = self.make(folder / "mission-control.db")
        HEARD.clear()

    def make(self, path, **options):
        file = LegacyFile(path, **options)
        at = {"created_at": START, "updated_at": START}
        file.add("workspaces", id=1, slug="default", name="Default", tenant_id=1, **at)
        file.add("workspaces", id=2, slug="lab", name="Lab", tenant_id=1, isolation="strict", **at)
        file.add("users", id=1, username="alice", display_name="Alice A", role="admin", workspace_id=1, **at)
        file.add("users", id=7, username="dora", display_name="Dora", role="operator", workspace_id=2, is_approved=1,
                 password_hash="x", provider="local", email="d@e.com", **at)  # fmt: skip
        file.add("agents", id=5, name="nova", role="coder", status="busy", workspace_id=1, config='{"a": 1}', **at)
        file.add("agents", id=6, name="No Va", role="coder", workspace_id=1, hidden=1, config="broken{", **at)
        file.add("agents", id=8, name="no-va", role="coder", workspace_id=1, **at)
        self.key = "mca_" + "ab" * 24
        file.add("agent_api_keys", agent_id=5, workspace_id=1, name="k", key_prefix=self.key[:12],
                 key_hash=hashlib.sha256(self.key.encode()).hexdigest(), scopes='["operator"]', **at)  # fmt: skip
        file.add("projects", id=1, workspace_id=1, name="General", slug="general", ticket_prefix="TASK",
                 ticket_counter=40, status="active", **at)  # fmt: skip
        file.add("projects", id=2, workspace_id=2, name="Moon", slug="moon", ticket_prefix="MOON", ticket_counter=1,
                 status="archived", **at)  # fmt: skip
        file.add("project_agent_assignments", project_id=1, agent_name="nova", role="lead", assigned_at=START)
        rest = {"workspace_id": 1, "priority": "urgent", "created_by": "Alice A"}
        file.add("tasks", id=11, title="One", status="assigned", assigned_to="nova", project_id=1,
                 project_ticket_no=40, tags='["x"]', metadata='{"k": 1}', due_date=START + 9, **rest, **at)  # fmt: skip
        file.add("tasks", id=12, title="Two", status="done", project_id=1, project_ticket_no=40, **rest, **at)
        file.add("tasks", id=13, title="Three\0", status="odd", project_id=None, **rest, **at)
        file.add("tasks", id=14, title="Four", status="inbox", project_id=2, project_ticket_no=1, workspace_id=2, **at)
        file.add("comments", id=21, task_id=11, author="dora", content="hi", mentions='["nova"]', workspace_id=1, **{
            "created_at": START})  # fmt: skip
        file.add("comments", id=22, task_id=11, author="nova", content="yes", parent_id=21, created_at=START + 5)
        file.add("comments", id=23, task_id=999, author="x", content="lost", created_at=START)
        file.add("task_subscriptions", task_id=11, agent_name="nova", created_at=START)
        file.add("quality_reviews", task_id=11, reviewer="aegis", status="approved", notes="ok", created_at=START)
        file.add("notifications", recipient="nova", type="mention", title="t", message="m", source_type="task",
                 source_id=11, created_at=START, workspace_id=1)  # fmt: skip
        file.add("webhooks", name="ci", url="https://e.com", secret="s" * 64, events='["*"]', enabled=1,
                 created_by="api", workspace_id=1, **at)  # fmt: skip
        file.add("alert_rules", name="r", entity_type="agent", condition_field="status", condition_operator="equals",
                 condition_value="error", enabled=0, created_by="api", workspace_id=1, **at)  # fmt: skip
        file.add("workflow_templates", id=3, name="w", task_prompt="do", created_by="api", workspace_id=1, **at)
        file.add("workflow_pipelines", id=4, name="p", steps='[{"template_id":3,"on_failure":"stop"}]',
                 created_by="api", workspace_id=1, **at)  # fmt: skip
        for n, to in enumerate(("nova", "nova", None)):
            file.add("messages", conversation_id="c1", from_agent="dora", to_agent=to, content=f"m{n}",
                     created_at=START + n, workspace_id=1, read_at=START if n == 0 else None)  # fmt: skip
        for n in range(4):
            file.add("token_usage", model="gpt-4.1", session_id="nova:cli", input_tokens=10, output_tokens=1,
                     created_at=START + n * 30 * 60, workspace_id=1, task_id=11 if n else 999)  # fmt: skip
        # Written late, but of an earlier moment.
        for id, second in ((1, 50), (2, 10), (3, 70)):
            file.add("activities", id=id, type="task_updated", entity_type="task", entity_id=11, actor="dora",
                     description=f"at {second}", data='{"n": 1}', created_at=START + second,
                     workspace_id=1)  # fmt: skip
        file.add("activities", id=4, type="comment_added", entity_type="comment", entity_id=21, actor="dora",
                 description="said", data='{"task_id": 11}', created_at=START + 80, workspace_id=1)  # fmt: skip
        return file

    def run_import(self, *options, file=None):
        out = StringIO()
        call_command("import_legacy", str((file or self.file).path), *options, stdout=out)
        return out.getvalue()

    def test_everything_is_there_afterwards(self):
        self.run_import()
        tasks = {task["title"]: task for task in self.get("/api/tasks", as_=self.bob).body["tasks"]}
        assert set(tasks) == {"One", "Two", "Three\ufffd"}
        one = tasks["One"]
        assert (one["id"], one["status"], one["priority"], one["ticket_ref"]) == (
            11,
            "assigned",
            "critical",
            "TASK-040",
        )
        assert (one["tags"], one["metadata"], one["created_at"], one["due_date"]) == (["x"], {"k": 1}, START, START + 9)
        assert one["comment_count"] == 2
        # The number that was there twice, and the one that was missing.
        assert {tasks["Two"]["ticket_ref"], tasks["Three\ufffd"]["ticket_ref"]} == {"TASK-041", "TASK-042"}
        assert Project.objects.get(slug="general", workspace_id=1).ticket_counter == 42
        talk = self.get("/api/tasks/11/comments").body["comments"]
        assert [(c["id"], c["author"], [r["content"] for r in c["replies"]]) for c in talk] == [(21, "dora", ["yes"])]
        assert Webhook.objects.get().secret == "s" * 64
        assert AlertRule.objects.get().enabled is False
        assert Pipeline.objects.get().steps == [{"template_id": 3, "on_failure": "stop"}]
        assert sorted(Pair.objects.values_list("to_agent", "message_count", "unread_count")) == [
            ("", 1, 1), ("nova", 2, 1),
        ]  # fmt: skip

    def test_agents_are_offline_and_clashes_of_handles_get_a_number(self):
        self.run_import()
        shown = {agent.name: (agent.pk, agent.slug, agent.status) for agent in Agent.objects.all()}
        assert shown == {
            "nova": (5, "nova", "offline"), "No Va": (6, "no-va", "offline"), "no-va": (8, "no-va-2", "offline"),
        }  # fmt: skip
        assert Agent.objects.get(name="No Va").hidden

    def test_an_agents_key_goes_on_working(self):
        self.run_import()
        assert self.post("/api/agents/nova/heartbeat", {}, as_=self.key).status == 200

    def test_people_come_without_their_passwords_and_known_ones_stay(self):
        self.run_import()
        dora = User.objects.get(username="dora")
        assert (dora.role, dora.workspace.slug, dora.has_usable_password()) == ("operator", "lab", False)
        alice = User.objects.get(username="alice")
        assert alice.pk == self.alice.pk and alice.check_password("alice-password-long")
        assert Workspace.objects.get(slug="lab").isolation == "strict"

    def test_sums_and_tallies_are_right(self):
        self.run_import()
        assert Tally.objects.total(workspace_id=1) == Task.objects.filter(workspace_id=1).count() == 3
        used = TokenUsage.objects.order_by("at")
        assert [int(row.at.timestamp()) - START for row in used] == [0, 1800, 3600, 5400]
        assert [row.task_id for row in used] == [None, 11, 11, 11]
        totals = Rollup.objects.filter(dimension="total").order_by("starts")
        assert sum(row.input_tokens for row in totals) == 40
        assert all(row.starts % HOUR == 0 for row in totals)
        assert Rollup.objects.get(dimension="task", key="11").requests == 3

    def test_the_history_comes_first_in_the_order_of_time_and_is_nobodys_news(self):
        Webhook.objects.create(workspace=self.home, name="w", url="https://e.com", created_by="x",
                               created_at=self.now, updated_at=self.now)  # fmt: skip
        catch_up(f"{__name__}.listen", now=self.now)
        before = Event.objects.order_by("-id").first().pk
        Reader.objects.update_or_create(name=f"{__name__}.listen", defaults={"position": before})
        self.run_import()
        rows = Event.objects.filter(kind="activity.created").order_by("id")
        assert [row.description for row in rows] == ["at 10", "at 50", "at 70", "said"]
        assert [row.task_id for row in rows] == [11] * 4
        others = Event.objects.exclude(kind="activity.created").order_by("id")
        assert others.first().pk > rows.last().pk
        while catch_up(f"{__name__}.listen", now=self.now):
            pass
        # Only what happened after the reader's place: the import itself.
        assert HEARD and not set(HEARD) & {row.pk for row in rows}
        assert not set(HEARD) & {row.pk for row in others if row.pk <= before + 4}
        assert not Delivery.objects.exists()
        shown = self.get("/api/activities").body["activities"]
        assert shown[0]["description"] == "said"
        assert make_task("New")

    def test_a_log_in_use_keeps_its_order(self):
        make_task("Already")
        out = self.run_import()
        assert "work has begun" in out
        assert not Event.objects.filter(description="at 10").exists()
        assert Task.objects.filter(workspace_id=1).count() == 4

    def test_a_second_run_brings_only_what_is_new(self):
        self.run_import()
        counts = self.counts()
        self.run_import()
        assert self.counts() == counts
        self.file.add("tasks", id=30, title="Late", status="inbox", priority="low", project_id=1, workspace_id=1,
                      created_at=START, updated_at=START)  # fmt: skip
        self.file.add("token_usage", model="gpt-4.1", session_id="nova:cli", input_tokens=10, output_tokens=1,
                      created_at=START, workspace_id=1)  # fmt: skip
        self.run_import()
        assert Task.objects.filter(title="Late").exists()
        assert sum(Rollup.objects.filter(dimension="total").values_list("input_tokens", flat=True)) == 50

    def counts(self):
        models = (Task, Agent, User, Project, TokenUsage, Webhook, Pipeline, Tally)
        stories = Event.objects.filter(kind="activity.created").count()
        return [*(model.objects.count() for model in models), stories]

    def test_a_dry_run_keeps_nothing(self):
        counts, events = self.counts(), Event.objects.count()
        out = self.run_import("--dry-run")
        assert "Would come over" in out and "its task is not there" in out
        assert (self.counts(), Event.objects.count()) == (counts, events)

    def test_older_files_lack_tables_and_columns(self):
        path = self.file.path.with_name("old.db")
        file = LegacyFile(path, without={"messages", "workspaces", "agent_api_keys", "tasks.outcome", "tasks.metadata"})
        file.add("agents", id=1, name="nova", created_at=START)
        file.add("tasks", id=1, title="One", status="todo", created_at=START)
        out = " ".join(self.run_import(file=file).split())
        assert "messages: the file has no such table" in out
        assert "tasks: the file lacks" in out and "metadata" in out
        assert "unknown status 'todo' became inbox" in out
        assert Task.objects.get().workspace_id == 1

    def test_what_is_no_such_file_is_refused(self):
        wrong = self.file.path.with_name("wrong.db")
        wrong.write_bytes(b"not a database" * 100)
        for path in (wrong, wrong.with_name("absent.db")):
            with pytest.raises(CommandError):
                call_command("import_legacy", str(path))

    def test_it_waits_for_a_stopped_server(self):
        Reader.objects.update_or_create(name="worker", defaults={"seen_at": self.now})
        with pytest.raises(CommandError, match="Stop the server first"):
            self.run_import()

    def test_the_file_is_only_read(self):
        before = hashlib.sha256(self.file.path.read_bytes()).hexdigest()
        self.run_import()
        assert hashlib.sha256(self.file.path.read_bytes()).hexdigest() == before

    def test_what_came_over_is_found(self):
        self.run_import()
        assert self.get("/api/search?q=at+50&type=activity").body["count"] == 1

    def test_it_is_in_the_audit_log(self):
        self.run_import()
        row = Event.objects.audit(1).filter(type="data_import").get()
        assert row.data["detail"]["brought"]["tasks"] == 4
