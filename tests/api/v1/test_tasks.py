from __future__ import annotations

from urllib.parse import urlencode

from agents.models import Mandate
from tests.api.v1.base import V1ApiTestCase

KEYS = {
    "id", "title", "description", "type", "status", "priority", "creatorAgentId", "creatorUserId", "assigneeIds",
    "reviewerId", "parentTaskId", "workPlan", "deliverable", "reviewChecklist", "reviewCycles", "estimatedCost",
    "actualCost", "costSummary", "completion", "blockedReason", "resumeStatus", "dueAt", "startedAt", "submittedAt",
    "completedAt", "labels", "metadata", "redactedFields", "createdAt", "updatedAt",
}  # fmt: skip


class TaskTests(V1ApiTestCase):
    def test_a_new_task_is_in_the_inbox_with_every_field(self):
        task = self.new_task(labels=["guide"], dueAt="2026-02-01T10:00:00+01:00", estimatedCost=2.5)
        assert set(task) == KEYS
        assert (task["status"], task["priority"], task["type"]) == ("INBOX", 3, "DOCS")
        assert (task["dueAt"], task["estimatedCost"], task["labels"]) == ("2026-02-01T09:00:00Z", 2.5, ["guide"])
        assert task["creatorAgentId"] is None

    def test_with_assignees_it_goes_on_to_them_at_once(self):
        self.agent("riley"), self.agent("jordan")
        task = self.new_task(assigneeIds=["jordan", "riley"])
        assert (task["status"], task["assigneeIds"]) == ("ASSIGNED", ["jordan", "riley"])
        moves = self.ask("GET", f"/tasks/{task['id']}").body["transitions"]
        assert [(move["fromStatus"], move["toStatus"]) for move in moves] == [(None, "INBOX"), ("INBOX", "ASSIGNED")]

    def test_the_other_dialect_shows_the_same_card(self):
        self.agent("jordan")
        task = self.new_task(assigneeIds=["jordan"])
        card = self.get(f"/api/tasks/{task['id'].removeprefix('task_')}").body["task"]
        assert (card["status"], card["assigned_to"], card["title"]) == ("assigned", "jordan", task["title"])

    def test_what_is_canceled_is_done_and_abandoned_there_until_it_is_reopened(self):
        task = self.new_task()
        self.ask("POST", f"/tasks/{task['id']}/transition", {"toStatus": "CANCELED"})
        there = f"/api/tasks/{task['id'].removeprefix('task_')}"
        card = self.get(there).body["task"]
        assert (card["status"], card["outcome"], card["v1_status"]) == ("done", "abandoned", "CANCELED")
        self.put(there, {"status": "in_progress"})
        card = self.get(there).body["task"]
        assert (card["status"], card["outcome"]) == ("in_progress", None)
        assert self.ask("GET", f"/tasks/{task['id']}").body["task"]["status"] == "IN_PROGRESS"

    def test_whoever_gives_it_to_somebody_else_there_replaces_the_list(self):
        self.agent("jordan"), self.agent("riley"), self.agent("casey")
        task = self.new_task(assigneeIds=["jordan", "riley"])
        self.put(f"/api/tasks/{task['id'].removeprefix('task_')}", {"assigned_to": "casey"})
        assert self.ask("GET", f"/tasks/{task['id']}").body["task"]["assigneeIds"] == ["casey"]
        assert self.ask("GET", "/tasks?assigneeId=riley").body["total"] == 0

    def test_what_is_wrong_is_told_field_by_field(self):
        body = {"title": " ", "type": "docs", "priority": 5, "estimatedCost": -1, "labels": [1], "dueAt": "tomorrow"}
        error = self.refused(self.ask("POST", "/tasks", body), 400, "VALIDATION_ERROR")
        fields = {line["field"] for line in error["details"]["errors"]}
        assert fields == {"title", "type", "priority", "estimatedCost", "labels.0", "dueAt"}
        self.refused(
            self.ask("POST", "/tasks", {"title": "x", "type": "OPS", "status": "DONE"}), 400, "VALIDATION_ERROR"
        )
        answer = self.ask("POST", "/tasks", {"title": "x", "type": "OPS", "assigneeIds": ["nobody"]})
        self.refused(answer, 400, "VALIDATION_ERROR")

    def test_agents_give_work_by_their_role(self):
        self.agent("riley")
        body = {"title": "x", "type": "OPS", "assigneeIds": ["riley"]}
        self.refused(self.ask("POST", "/tasks", body, as_=self.agent("jordan")), 403, "FORBIDDEN")
        self.refused(self.ask("POST", "/tasks", body, as_=self.agent("kit", autonomy="INTERN")), 403, "FORBIDDEN")
        assert self.ask("POST", "/tasks", body, as_=self.agent("lead", autonomy="LEAD")).status == 201

    def test_whoever_makes_a_task_for_itself_needs_what_a_claim_needs(self):
        body = {"title": "x", "type": "OPS", "assigneeIds": ["jordan"]}
        jordan = self.agent("jordan", allowed_task_types=["DOCS"])
        error = self.refused(self.ask("POST", "/tasks", body, as_=jordan), 403, "POLICY_VIOLATION")
        assert error["details"]["violations"] == ["task_type_not_allowed:OPS"]
        assert self.ask("POST", "/tasks", {**body, "type": "DOCS"}, as_=jordan).body["task"]["status"] == "ASSIGNED"
        Mandate.objects.filter(agent=jordan).update(control=Mandate.Control.PAUSED)
        self.refused(self.ask("POST", "/tasks", {**body, "type": "DOCS"}, as_=jordan), 403, "AGENT_PAUSED")
        assert self.ask("GET", "/tasks").body["total"] == 1

    def test_a_title_is_as_long_as_it_is_without_the_blanks_around_it(self):
        task = self.new_task(f"  {'a' * 500}\n")
        assert task["title"] == "a" * 500
        answer = self.ask("PATCH", f"/tasks/{task['id']}", {"title": f" {'b' * 500} "})
        assert answer.body["task"]["title"] == "b" * 500
        self.refused(self.ask("PATCH", f"/tasks/{task['id']}", {"title": "c" * 501}), 400, "VALIDATION_ERROR")

    def test_searches_look_into_texts_and_labels_and_not_between_them(self):
        self.new_task("ÜBER Straßen", labels=["Größe", 'say "hi"', "back\\slash"], description="50%_off")
        self.new_task("Other", labels=["big", "small"])
        for text in ("über", "stra", "straßen", "50%_", "GRÖ", "größe", 'y "h', "k\\s", "BIG"):
            assert self.found(search=text) == 1, text
        for text in ("[", ",", '", "', "50%x", "gsmall", "ß_", "\\u00"):
            assert self.found(search=text) == 0, text
        for label in ("Größe", 'say "hi"', "back\\slash", "big,small"):
            assert self.found(labels=label) == 1, label
        for label in ("Gr", "größe", "big,Größe", "%", "x" * 60):
            assert self.found(labels=label) == 0, label
        self.refused(self.ask("GET", "/tasks?search=" + "x" * 201), 400, "VALIDATION_ERROR")

    def found(self, **query: str) -> int:
        total: int = self.ask("GET", f"/tasks?{urlencode(query)}").body["total"]
        return total

    def test_pages_are_counted_in_digits(self):
        for number in ("--5", "²", "٣", "1.5", "9" * 31):
            for name in ("limit", "offset"):
                with self.subTest(name=name, number=number):
                    error = self.refused(self.ask("GET", f"/tasks?{name}={number}"), 400, "VALIDATION_ERROR")
                    assert error["details"]["errors"][0]["field"] == name
        assert self.ask("GET", "/tasks?limit=201&offset=0").status == 200

    def test_lists_are_filtered_ordered_and_paged(self):
        for n in range(3):
            self.new_task(f"Task {n}", priority=n + 1, labels=["a", f"l{n}"])
        listed = self.ask("GET", "/tasks?status=INBOX,ASSIGNED&type=DOCS&orderBy=priority&orderDir=asc&limit=2").body
        assert [task["title"] for task in listed["tasks"]] == ["Task 0", "Task 1"]
        assert (listed["total"], listed["hasMore"]) == (3, True)
        assert self.ask("GET", "/tasks?labels=a,l2").body["total"] == 1
        assert self.ask("GET", "/tasks?search=task%201").body["total"] == 1
        self.refused(self.ask("GET", "/tasks?status=inbox"), 400, "VALIDATION_ERROR")
        self.refused(self.ask("GET", "/tasks?limit=0"), 400, "VALIDATION_ERROR")

    def test_ids_that_name_nothing_here_are_not_found(self):
        there = self.new_task(as_=self.charlie)
        for id in (there["id"], "task_999999", "task_0", "task_x", "12", "approval_1", "task_" + "9" * 30):
            self.refused(self.ask("GET", f"/tasks/{id}"), 404, "NOT_FOUND")

    def test_tasks_nest_five_deep(self):
        parent = self.new_task()
        for _ in range(4):
            parent = self.new_task(parentTaskId=parent["id"])
        body = {"title": "x", "type": "OPS", "parentTaskId": parent["id"]}
        self.refused(self.ask("POST", "/tasks", body), 400, "VALIDATION_ERROR")
