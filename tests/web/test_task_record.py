"""What a task's page tells of plan, deliverable, documents, runs and history, and how much of it at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from agents.models import Agent
from governance.models import Approval
from tasks.models import Comment, Document, Task, Transition
from tests.api.v1.base import V1ApiTestCase
from tests.factories import make_agent
from tokens.models import Run, ToolCall

FRAGMENT = {"hx-request": "true"}
PLAN = {"bullets": ["Read", "Write <b>", "Check"], "estimatedCost": 1.5, "estimatedDuration": "2 h"}
DELIVERABLE = {
    "content": "# The guide",
    "summary": "A guide",
    "artifacts": [
        {"name": "guide.md", "type": "DELIVERABLE", "content": "# First <script>alert(1)</script>"},
        {"name": "film", "type": "EVIDENCE", "url": "https://files.example.org/film.mp4"},
        {"name": "brandbook.pdf", "type": "REPORT"},
    ],
}
CHECKLIST = {"type": "DOCS", "items": [{"label": "Links work", "checked": True, "note": "All 12"}]}


class RecordTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")
        self.browsers: dict[User, Client] = {}

    def look(self, path: str, *, as_: User | None = None) -> Any:
        return self.browser(as_ or self.bob).get(path, headers=FRAGMENT)

    def send(self, path: str, fields: dict[str, Any], *, as_: User | None = None) -> Any:
        with self.captureOnCommitCallbacks(execute=True):
            return self.browser(as_ or self.bob).post(path, fields, headers=FRAGMENT)

    def browser(self, user: User) -> Client:
        if user not in self.browsers:
            self.browsers[user] = Client()
            self.browsers[user].force_login(user)
        return self.browsers[user]

    def text(self, path: str, **who: Any) -> str:
        answer = self.look(path, **who)
        assert answer.status_code == 200, answer.content
        return " ".join(answer.content.decode().split())

    def task(self, *, to: str = "ASSIGNED", agent: Agent | None = None, **fields: Any) -> Task:
        """One that an agent has brought as far as this, through the API."""
        agent = agent or self.jordan
        made = self.new_task(assigneeIds=[agent.slug], **fields)
        steps = {
            "IN_PROGRESS": {"workPlan": PLAN},
            "REVIEW": {"deliverable": DELIVERABLE, "reviewChecklist": CHECKLIST},
        }
        for step, sent in steps.items():
            if made["status"] == to:
                break
            answer = self.ask("POST", f"/tasks/{made['id']}/transition", {"toStatus": step, **sent}, as_=agent)
            assert answer.status == 200, answer.raw
            made = answer.body["task"]
        return Task.objects.select_related("project").get(pk=int(made["id"].removeprefix("task_")))

    def run_of(self, task: Task, **fields: Any) -> dict[str, Any]:
        body = {"agentId": "jordan", "sessionKey": "s", "model": "claude-sonnet-4", "status": "COMPLETED", **fields}
        body |= {"startedAt": "2026-01-01T10:00:00Z", "endedAt": "2026-01-01T10:02:05Z", "taskId": f"task_{task.pk}"}
        answer = self.ask("POST", "/events/run", body, as_=self.jordan)
        assert answer.status == 201, answer.raw
        return answer.body["run"]


class TellingTests(RecordTestCase):
    def test_plan_deliverable_and_checklist_of_a_task_in_review(self) -> None:
        task = self.task(to="REVIEW", estimatedCost=2)
        page = self.text(f"/tasks/{task.pk}/")
        for words in (
            "Write &lt;b&gt;", "$1.50", "2 h", "A guide", "# The guide", "guide.md", "named, not handed in",
            'href="https://files.example.org/film.mp4" target="_blank" rel="noopener noreferrer"',
            "Links work", "All 12", "1 of 1", "Waits for a person to accept it or to return it.",
        ):  # fmt: skip
            assert words in page, words

    def test_a_document_is_read_as_text_and_taken_away_as_a_file(self) -> None:
        task = self.task(to="REVIEW")
        message = {
            "type": "ARTIFACT",
            "content": "Better",
            "artifacts": [DELIVERABLE["artifacts"][0] | {"content": "Two"}],
        }
        assert self.ask("POST", f"/tasks/task_{task.pk}/messages", message, as_=self.jordan).status == 201
        listed = self.text(f"/tasks/{task.pk}/parts/documents/")
        assert listed.count(">guide.md<") == 1
        assert "v2" in listed
        first, second = Document.objects.filter(name="guide.md").order_by("version")
        assert "Two" in self.text(f"/tasks/{task.pk}/documents/{second.pk}/")
        page = self.text(f"/tasks/{task.pk}/documents/{first.pk}/")
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>" not in page
        assert f"/documents/{second.pk}/" in page
        file = self.look(f"/tasks/{task.pk}/documents/{first.pk}/file/")
        assert file["Content-Type"] == "text/plain; charset=utf-8"
        assert file["Content-Disposition"] == 'attachment; filename="guide.md"'
        assert file.content == b"# First <script>alert(1)</script>"

    def test_no_address_but_of_the_web_becomes_a_link(self) -> None:
        task = self.task(to="REVIEW")
        Document.objects.filter(name="film").update(storage_url="javascript:alert(1)")
        document = Document.objects.get(name="film")
        assert "javascript:" not in self.text(f"/tasks/{task.pk}/parts/documents/")
        assert "javascript:" not in self.text(f"/tasks/{task.pk}/documents/{document.pk}/")

    def test_what_blocks_a_task_and_what_would_unblock_it(self) -> None:
        task = self.task(to="IN_PROGRESS")
        sent = {"toStatus": "BLOCKED", "reason": "The login has run out"}
        assert self.ask("POST", f"/tasks/task_{task.pk}/transition", sent).status == 200
        page = self.text(f"/tasks/{task.pk}/")
        assert "The login has run out" in page
        assert "A person unblocks it: to go on, or to be assigned again." in page

    def test_runs_with_their_cost_and_tools(self) -> None:
        task = self.task(to="IN_PROGRESS", estimatedCost=0.2)
        run = self.run_of(task, costUsd=0.3, inputTokens=1000, outputTokens=500)
        self.run_of(task, inputTokens=1_000_000)
        call = {
            "runId": run["id"], "agentId": "jordan", "toolName": "git.push", "riskLevel": "RED", "status": "PENDING",
            "startedAt": "2026-01-01T10:00:00Z", "inputPreview": "git push <origin>",
            "policyResult": {"decision": "DENY", "reason": "No leave was given"},
        }  # fmt: skip
        assert self.ask("POST", "/events/tool-call", call, as_=self.jordan).status == 201
        page = self.text(f"/tasks/{task.pk}/")
        assert "of $0.20" in page
        assert ", over the estimate" in page
        runs = self.text(f"/tasks/{task.pk}/parts/runs/")
        for words in ("completed", "claude-sonnet-4", "1.5 k tok", "2 min 5 s", "$0.30", "1 tool<", "Estimated from"):
            assert words in runs, words
        tools = self.text(f"/tasks/{task.pk}/runs/{run['id'].removeprefix('run_')}/")
        for words in ("git.push", "red", "denied", "No leave was given", "git push &lt;origin&gt;", "1 000 in"):
            assert words in tools.replace("\u202f", " "), words

    def test_transitions_and_timeline_are_sentences_with_the_raw_data_behind_them(self) -> None:
        task = self.task(to="REVIEW")
        self.run_of(task, costUsd=0.3)
        moves = self.text(f"/tasks/{task.pk}/parts/transitions/")
        for words in (
            "inbox → assigned",
            "assigned → in progress",
            "Came with work plan",
            "Came with deliverable, checklist",
        ):
            assert words in moves, words
        told = self.text(f"/tasks/{task.pk}/parts/timeline/")
        for words in (
            "moved it: in progress → review",
            "added guide.md",
            "ended a run with claude-sonnet-4: completed, $0.30",
        ):
            assert words in told, words
        assert "{" not in told
        step = task.transitions.get(now="IN_PROGRESS")
        assert "Write &lt;b&gt;" in self.text(f"/tasks/{task.pk}/whole/transition/{step.pk}/")

    def test_decisions_say_who_when_and_why(self) -> None:
        task = self.task(to="IN_PROGRESS")
        approval = self.wants(task)
        self.send(f"/tasks/{task.pk}/approvals/{approval.pk}/", {"decision": "DENIED", "reason": "Too early"})
        told = self.text(f"/tasks/{task.pk}/parts/decided/")
        for words in ("Send the newsletter", "denied", "by Bob", "Too early"):
            assert words in told, words
        page = self.text(f"/tasks/{task.pk}/")
        assert "Approval denied: Too early" in page
        assert "blocked" in page

    def wants(self, task: Task) -> Approval:
        body = {
            "taskId": f"task_{task.pk}", "actionType": "TOOL_EXEC", "actionSummary": "Send the newsletter",
            "riskLevel": "YELLOW", "justification": "It starts today",
        }  # fmt: skip
        answer = self.ask("POST", "/approvals", body, as_=self.jordan)
        assert answer.status == 201, answer.raw
        return Approval.objects.get(pk=int(answer.body["approval"]["id"].removeprefix("approval_")))

    def test_an_approval_is_decided_in_its_task_by_the_rules_of_the_inbox(self) -> None:
        task, other = self.task(to="IN_PROGRESS"), self.task(to="IN_PROGRESS", title="Another")
        approval = self.wants(task)
        assert "request-form" in self.text(f"/tasks/{task.pk}/")
        assert "request-form" not in self.text(f"/tasks/{task.pk}/", as_=self.vera)
        address = f"/tasks/{task.pk}/approvals/{approval.pk}/"
        assert self.send(address, {"decision": "APPROVED"}, as_=self.vera).status_code == 403
        assert self.send(f"/tasks/{other.pk}/approvals/{approval.pk}/", {"decision": "APPROVED"}).status_code == 404
        refused = self.send(address, {"decision": "DENIED"})
        assert refused.content.startswith(b"Say why it is denied")
        assert self.send(address, {"decision": "APPROVED"}).status_code == 200
        task.refresh_from_db()
        assert task.status == Task.Status.IN_PROGRESS
        assert self.send(address, {"decision": "DENIED", "reason": "No"}).status_code == 409

    def test_a_task_of_another_workspace_shows_none_of_its_parts(self) -> None:
        task = self.task(to="REVIEW")
        document = Document.objects.get(name="guide.md")
        run = self.run_of(task)["id"].removeprefix("run_")
        for part in (
            "", "parts/runs/", "parts/timeline/", "parts/documents/", "earlier/", "checklist/", "whole/deliverable/",
            f"documents/{document.pk}/", f"documents/{document.pk}/file/", f"runs/{run}/",
        ):  # fmt: skip
            assert self.look(f"/tasks/{task.pk}/{part}", as_=self.charlie).status_code == 404, part
        other = self.task(to="IN_PROGRESS", title="Another")
        assert self.look(f"/tasks/{other.pk}/documents/{document.pk}/").status_code == 404
        assert self.look(f"/tasks/{other.pk}/runs/{run}/").status_code == 404

    def test_what_is_not_there_is_not_found_and_never_breaks(self) -> None:
        task = self.task()
        for part in (
            "parts/nothing/", "runs/999999/", f"runs/{10**30}/", f"documents/{10**30}/", "whole/deliverable/",
            f"whole/comment/{10**30}/", "whole/event/999999/", "whole/nothing/",
        ):  # fmt: skip
            assert self.look(f"/tasks/{task.pk}/{part}").status_code == 404, part
        for query in ("before=x", "before=%00", f"before={10**30}", "before=2026-99-99", "before=2026-01-01"):
            assert self.look(f"/tasks/{task.pk}/parts/runs/?{query}").status_code == 200
            assert self.look(f"/tasks/{task.pk}/earlier/?{query}").status_code == 200


class WeightTests(RecordTestCase):
    def test_a_task_with_a_long_life_opens_light_and_with_as_many_queries(self) -> None:
        task = self.task(to="REVIEW")
        self.run_of(task)
        few = self.queries(task)
        self.age(task)
        for number in range(120):
            make_agent(f"an-agent-of-the-fleet-{number}")
        Approval.objects.create(
            workspace=self.home, task=task, requestor=self.jordan, action_type="TOOL_EXEC", action_summary="Push",
            action_payload={"command": "<" * 5_000}, risk_level="RED", justification="Ready. " * 300,
            expires_at=self.now + timedelta(hours=1), requested_by=f"agent:{self.jordan.pk}", created_at=self.now,
        )  # fmt: skip
        answer = self.look(f"/tasks/{task.pk}/")
        assert len(answer.content) <= 40_000
        asked = task.approvals.get()
        assert "&lt;" * 5_000 in self.text(f"/tasks/{task.pk}/whole/payload/{asked.pk}/")
        assert self.queries(task) == few

    def queries(self, task: Task) -> list[int]:
        parts = ("", "parts/runs/", "parts/transitions/", "parts/timeline/", "parts/documents/", "earlier/")
        counts = []
        for part in parts:
            self.look(f"/tasks/{task.pk}/{part}")
            with CaptureQueriesContext(connection) as asked:
                assert len(self.look(f"/tasks/{task.pk}/{part}").content) <= 40_000, part
            counts.append(len(asked))
        return counts

    def age(self, task: Task) -> None:
        now, mine = self.now, {"task": task, "workspace": self.home}
        Task.objects.filter(pk=task.pk).update(description="Long. " * 8_000)
        runs = [
            Run(
                agent=self.jordan, session_key="s", model="claude-sonnet-4", started_at=now, status="COMPLETED",
                cost_microusd=10, reported_by="x", created_at=now, **mine,
            )
            for _ in range(1_000)
        ]  # fmt: skip
        Run.objects.bulk_create(runs)
        run = Run.objects.filter(task=task).latest("id")
        calls = {"run": run, "agent": self.jordan, "risk_level": "GREEN", "status": "SUCCESS"}
        ToolCall.objects.bulk_create(
            ToolCall(tool_name="shell", started_at=now, created_at=now, input_preview="x" * 500, **calls, **mine)
            for _ in range(60)
        )
        Transition.objects.bulk_create(
            Transition(
                task=task, was="REVIEW", now="IN_PROGRESS", actor="user:1", by="Bob", reason="Again. " * 100,
                at=now + timedelta(seconds=n), artifacts={"deliverable": {"content": "x" * 20_000}},
            )
            for n in range(500)
        )  # fmt: skip
        Document.objects.bulk_create(
            Document(
                name=f"file-{n}.md", type="EVIDENCE", mime_type="text/markdown", content="x" * 100 * 1024,
                size_bytes=100 * 1024, created_at=now, **mine,
            )
            for n in range(100)
        )  # fmt: skip
        Comment.objects.bulk_create(
            Comment(author="jordan", content="Said. " * 1_600, created_at=now + timedelta(seconds=n), **mine)
            for n in range(100)
        )

    def test_lists_go_on_page_by_page_to_the_end(self) -> None:
        task = self.task(to="REVIEW")
        self.age(task)
        for name, number in (("runs", 1_000), ("documents", 102), ("transitions", 504)):
            keys, address = [], f"/tasks/{task.pk}/parts/{name}/"
            while address:
                answer = self.look(address)
                page = answer.context["list"]
                keys += [row.run.pk if name == "runs" else row.id for row in page.rows]
                address = f"/tasks/{task.pk}/parts/{name}/?before={page.older}" if page.older else ""
            assert len(keys) == len(set(keys)) == number, name
            assert keys == sorted(keys, reverse=True)

    def test_the_thread_goes_back_to_the_creation_of_the_task(self) -> None:
        task = self.task(to="REVIEW")
        self.age(task)
        seen: list[str] = []
        answer = self.look(f"/tasks/{task.pk}/")
        while True:
            thread = answer.context["thread"]
            seen = [entry.key for entry in thread] + seen
            if not answer.context["has_earlier"]:
                break
            answer = self.browser(self.bob).get(f"/tasks/{task.pk}/earlier/", {"before": thread[0].at.isoformat()})
        assert thread[0].what == "created the task"
        assert len(seen) == len(set(seen))
        assert sum(key.startswith("comment") for key in seen) == task.comments.count()
        assert sum(key.startswith("move") for key in seen) == task.transitions.count()

    def test_a_long_text_is_whole_when_it_is_unfolded(self) -> None:
        task = self.task(to="REVIEW")
        self.age(task)
        long = task.comments.latest("id")
        assert "The whole text" in self.text(f"/tasks/{task.pk}/")
        assert long.content.strip() in self.look(f"/tasks/{task.pk}/whole/comment/{long.pk}/").content.decode()
        assert len(self.look(f"/tasks/{task.pk}/whole/description/").content) > 48_000
