"""Changes of a task: who takes it, who gives it, and who may change what. Scenario 5 of the contract."""

from __future__ import annotations

from typing import Any

from agents.models import Mandate
from notifications.models import Notification
from tasks.models import Task
from tests.api.v1.base import V1ApiTestCase


class PlanningTestCase(V1ApiTestCase):
    def patch(self, task: dict[str, Any], as_: Any = None, **fields: Any) -> Any:
        return self.ask("PATCH", f"/tasks/{task['id']}", fields, as_=as_)

    def patched(self, task: dict[str, Any], as_: Any = None, **fields: Any) -> dict[str, Any]:
        answer = self.patch(task, as_, **fields)
        assert answer.status == 200, answer.raw
        return answer.body["task"]

    def moves(self, task: dict[str, Any]) -> list[str]:
        rows = self.ask("GET", f"/tasks/{task['id']}/transitions").body["transitions"]
        return [row["toStatus"] for row in rows]


class ClaimTests(PlanningTestCase):
    def test_the_first_one_gets_it(self):
        jordan, riley = self.agent("jordan"), self.agent("riley")
        task = self.new_task()
        claimed = self.patched(task, jordan, assigneeIds=["jordan"])
        assert (claimed["status"], claimed["assigneeIds"]) == ("ASSIGNED", ["jordan"])
        assert self.patched(task, jordan, assigneeIds=["jordan"]) == claimed
        error = self.refused(self.patch(task, riley, assigneeIds=["riley"]), 409, "ALREADY_CLAIMED")
        assert error["details"]["assigneeIds"] == ["jordan"]
        assert self.moves(task) == ["INBOX", "ASSIGNED"]

    def test_the_move_is_the_agents_own(self):
        jordan = self.agent("jordan")
        task = self.new_task()
        self.patched(task, jordan, assigneeIds=["jordan"])
        row = self.ask("GET", f"/tasks/{task['id']}/transitions").body["transitions"][-1]
        assert (row["fromStatus"], row["actorType"], row["actorAgentId"]) == ("INBOX", "AGENT", "jordan")

    def test_a_lead_does_not_take_by_claiming_what_another_has(self):
        self.agent("jordan")
        task = self.new_task(assigneeIds=["jordan"])
        lead = self.agent("lead", autonomy="LEAD")
        self.refused(self.patch(task, lead, assigneeIds=["lead"]), 409, "ALREADY_CLAIMED")
        assert self.patched(task, lead, assigneeIds=["lead", "jordan"])["assigneeIds"] == ["lead", "jordan"]

    def test_interns_claim_nothing(self):
        self.refused(
            self.patch(self.new_task(), self.agent("kit", autonomy="INTERN"), assigneeIds=["kit"]), 403, "FORBIDDEN"
        )

    def test_types_that_an_agent_is_not_for(self):
        writer = self.agent("writer", allowed_task_types=["CONTENT"])
        error = self.refused(self.patch(self.new_task(), writer, assigneeIds=["writer"]), 403, "POLICY_VIOLATION")
        assert error["details"]["violations"] == ["task_type_not_allowed:DOCS"]

    def test_who_is_stopped_takes_nothing(self):
        for control in (Mandate.Control.PAUSED, Mandate.Control.DRAINED):
            agent = self.agent(f"a-{control.lower()}", control=control)
            answer = self.patch(self.new_task(), agent, assigneeIds=[agent.slug])
            self.refused(answer, 403, "AGENT_PAUSED")

    def test_no_one_but_leads_gives_work_to_others(self):
        jordan, task = self.agent("jordan"), self.new_task()
        self.agent("riley")
        self.refused(self.patch(task, jordan, assigneeIds=["riley"]), 403, "FORBIDDEN")
        self.refused(self.patch(task, jordan, assigneeIds=["jordan", "riley"]), 403, "FORBIDDEN")
        assert self.patched(task, self.agent("lead", autonomy="LEAD"), assigneeIds=["riley"])["status"] == "ASSIGNED"

    def test_leaving(self):
        jordan, riley = self.agent("jordan"), self.agent("riley")
        task = self.new_task(assigneeIds=["jordan", "riley"])
        assert self.patched(task, riley, assigneeIds=["jordan"])["assigneeIds"] == ["jordan"]
        back = self.patched(task, jordan, assigneeIds=[])
        assert (back["status"], back["assigneeIds"]) == ("INBOX", [])
        assert self.moves(task) == ["INBOX", "ASSIGNED", "INBOX"]

    def test_work_that_has_begun_is_somebodys(self):
        self.agent("jordan")
        task = self.new_task(assigneeIds=["jordan"])
        Task.objects.update(status="IN_PROGRESS")
        error = self.refused(self.patch(task, assigneeIds=[]), 400, "VALIDATION_ERROR")
        assert error["details"]["errors"][0]["field"] == "assigneeIds"

    def test_whoever_gets_it_hears_of_it(self):
        self.agent("jordan"), self.agent("riley")
        task = self.new_task()
        self.patched(task, assigneeIds=["jordan", "riley"])
        told = set(Notification.objects.filter(type="assignment").values_list("recipient", flat=True))
        assert told == {"jordan", "riley"}

    def test_a_task_that_the_other_dialect_gave_to_nobody_waits_in_the_inbox(self):
        jordan, task = self.agent("jordan"), self.new_task()
        self.put(f"/api/tasks/{task['id'].removeprefix('task_')}", {"status": "assigned"})
        assert self.ask("GET", f"/tasks/{task['id']}").body["task"]["status"] == "INBOX"
        assert self.ask("GET", "/tasks?status=INBOX").body["total"] == 1
        assert self.ask("GET", "/tasks?status=ASSIGNED").body["total"] == 0
        assert self.ask("GET", "/tasks?status=INBOX,ASSIGNED").body["total"] == 1
        assert self.patched(task, jordan, assigneeIds=["jordan"])["status"] == "ASSIGNED"
        assert self.moves(task)[-1] == "ASSIGNED"
        assert self.ask("GET", "/tasks?status=ASSIGNED").body["total"] == 1


class PatchTests(PlanningTestCase):
    def test_people_change_everything(self):
        self.agent("riley")
        task = self.new_task()
        shown = self.patched(
            task, title=" New ", description="d", priority=1, labels=["a"], dueAt="2026-03-01T00:00:00Z",
            reviewerId="riley", estimatedCost=3.5, metadata={"a": 1, "b": {"c": 2}},
            workPlan={"bullets": ["a", "b", "c"]}, deliverable={"content": "text"},
        )  # fmt: skip
        assert (shown["title"], shown["description"], shown["priority"], shown["labels"]) == ("New", "d", 1, ["a"])
        assert (shown["dueAt"], shown["reviewerId"], shown["estimatedCost"]) == ("2026-03-01T00:00:00Z", "riley", 3.5)
        assert shown["workPlan"]["bullets"] == ["a", "b", "c"]
        assert shown["deliverable"] == {"content": "text", "artifacts": [], "summary": None}
        again = self.patched(task, dueAt=None, reviewerId=None, metadata={"a": None, "d": 1})
        assert (again["dueAt"], again["reviewerId"]) == (None, None)
        assert again["metadata"] == {"b": {"c": 2}, "d": 1}

    def test_nothing_sent_changes_nothing(self):
        task = self.new_task(title="Same")
        heard = len(self.heard())
        assert self.patched(task)["updatedAt"] == task["updatedAt"]
        self.patched(task, title="Same")
        assert len(self.heard()) == heard

    def test_the_status_is_not_changed_here(self):
        error = self.refused(self.patch(self.new_task(), status="DONE"), 400, "VALIDATION_ERROR")
        assert "transition" in error["details"]["errors"][0]["message"]

    def test_each_by_what_is_theirs(self):
        jordan, riley = self.agent("jordan"), self.agent("riley")
        task = self.new_task(as_=riley)
        assert self.patched(task, riley, title="Mine", metadata={"a": 1})["title"] == "Mine"
        self.refused(self.patch(task, jordan, labels=["a"]), 403, "FORBIDDEN")
        self.patched(task, jordan, assigneeIds=["jordan"])
        self.patched(task, jordan, labels=["a"], metadata={"b": 1}, workPlan={"bullets": ["a", "b", "c"]})
        for field in ({"title": "x"}, {"priority": 1}, {"reviewerId": "riley"}, {"estimatedCost": 1}):
            self.refused(self.patch(task, jordan, **field), 403, "FORBIDDEN")
        # No longer in the inbox.
        self.refused(self.patch(task, riley, title="x"), 403, "FORBIDDEN")
        assert self.patched(task, self.agent("lead", autonomy="LEAD"), title="Lead's")["title"] == "Lead's"

    def test_claiming_and_planning_at_once(self):
        task = self.new_task()
        plan = {"bullets": ["a", "b", "c"]}
        shown = self.patched(task, self.agent("jordan"), assigneeIds=["jordan"], workPlan=plan)
        assert (shown["status"], shown["workPlan"]["bullets"]) == ("ASSIGNED", ["a", "b", "c"])

    def test_a_task_that_is_over_keeps_what_it_says(self):
        task = self.new_task()
        self.ask("POST", f"/tasks/{task['id']}/transition", {"toStatus": "CANCELED"})
        for fields in ({"title": "x"}, {"workPlan": None}):
            self.refused(self.patch(task, **fields), 409, "STATE_CONFLICT")
        self.refused(self.patch(task, self.agent("jordan"), assigneeIds=["jordan"]), 409, "STATE_CONFLICT")
        assert self.patched(task, labels=["over"], metadata={"a": 1})["labels"] == ["over"]

    def test_bad_fields_are_told(self):
        bad = {
            "title": "", "priority": 9, "workPlan": {"bullets": ["a"]}, "metadata": [], "dueAt": "2026-03-01T00:00:00",
            "assigneeIds": "jordan", "deliverable": {"content": "x", "artifacts": [{"name": "a/b", "type": "REPORT"}]},
        }  # fmt: skip
        error = self.refused(self.patch(self.new_task(), **bad), 400, "VALIDATION_ERROR")
        fields = {line["field"] for line in error["details"]["errors"]}
        assert fields == {
            "title", "priority", "workPlan.bullets", "metadata", "dueAt", "assigneeIds", "deliverable.artifacts.0.name",
        }  # fmt: skip
        self.refused(self.patch(self.new_task(), reviewerId="nobody"), 400, "VALIDATION_ERROR")
        self.refused(self.patch(self.new_task(), metadata={"a": "x" * 17_000}), 400, "VALIDATION_ERROR")
        self.refused(self.patch(self.new_task(), metadata={"a": [1e300]}), 400, "VALIDATION_ERROR")
        self.refused(self.patch({"id": "task_99999"}, title="x"), 404, "NOT_FOUND")

    def test_metadata_stays_small_however_often_it_is_added_to(self):
        task = self.new_task(metadata={"a": "x" * 10_000})
        self.refused(self.patch(task, metadata={"b": "x" * 10_000}), 400, "VALIDATION_ERROR")

    def test_secrets_are_not_stored(self):
        secret = "ghp_" + "a1" * 18
        task = self.new_task(description=f"Use {secret}")
        assert secret not in task["description"]
        assert task["redactedFields"] == ["description"]
        assert self.new_task(labels=[secret])["labels"] == ["[REDACTED]"]
        shown = self.patched(task, deliverable={"content": f"It is {secret}", "summary": secret})
        assert secret not in str(shown)
        assert shown["redactedFields"] == ["description", "deliverable"]

    def test_the_other_dialect_sees_it(self):
        self.agent("jordan")
        task = self.new_task()
        self.patched(task, title="Both", assigneeIds=["jordan"], labels=["x"])
        card = self.get(f"/api/tasks/{task['id'].removeprefix('task_')}").body["task"]
        assert (card["title"], card["assigned_to"], card["status"], card["tags"]) == (
            "Both",
            "jordan",
            "assigned",
            ["x"],
        )
