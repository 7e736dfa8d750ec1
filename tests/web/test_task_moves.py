"""Moves of tasks by people: only what the state machine allows is offered, and what it needs is asked for in place."""

from __future__ import annotations

from typing import Any

from governance.states import BLOCKED, EDGES, IN_PROGRESS, NEEDS_APPROVAL, REVIEW, STATUSES, Mover, targets
from tasks.models import Brief, Task
from tests.factories import make_task

from .test_task_record import CHECKLIST, DELIVERABLE, RecordTestCase

BULLETS = {"bullet": ["Look", "Write", "Check", "", "", ""], "cost": "1.25", "duration": "2 h"}


class MoveTestCase(RecordTestCase):
    def offered(self, task: Task, **who: Any) -> list[str]:
        told = self.look(f"/tasks/{task.pk}/", **who).context["told"]
        return [offer.to for offer in told.offers]

    def move(self, task: Task, to: str, **fields: Any) -> Any:
        return self.send(f"/tasks/{task.pk}/move/{to}/", fields)

    def fresh(self, task: Task) -> Task:
        return Task.objects.select_related("brief").get(pk=task.pk)


class OfferTests(MoveTestCase):
    def test_just_what_the_table_allows_people_is_offered(self) -> None:
        task = self.task(to="REVIEW")
        for status in STATUSES:
            Task.objects.filter(pk=task.pk).update(status=status)
            wanted = set(targets(status, Mover()))
            if status in ("INBOX", "ASSIGNED"):
                wanted.discard(NEEDS_APPROVAL)
            assert set(self.offered(task)) == wanted, status
            for to in wanted:
                assert self.look(f"/tasks/{task.pk}/move/{to}/").status_code == 200

    def test_nobody_is_offered_what_would_be_refused(self) -> None:
        task = self.task()
        assert not self.offered(task, as_=self.vera)
        assert "data-move=" not in self.text(f"/tasks/{task.pk}/", as_=self.vera)
        assert self.look(f"/tasks/{task.pk}/move/CANCELED/", as_=self.vera).status_code == 403
        assert self.send(f"/tasks/{task.pk}/move/CANCELED/", {}, as_=self.vera).status_code == 403
        assert self.send(f"/tasks/{task.pk}/move/CANCELED/", {}, as_=self.charlie).status_code == 404
        assert self.look(f"/tasks/{task.pk}/move/DONE/").status_code == 409

    def test_a_task_of_the_other_dialect_keeps_its_free_status(self) -> None:
        task = make_task()
        page = self.text(f"/tasks/{task.pk}/")
        assert 'id="fact-status"' in page
        assert "data-move=" not in page
        assert not Brief.objects.filter(task=task).exists()
        assert 'id="fact-status"' not in self.text(f"/tasks/{self.task(title='v1').pk}/")

    def test_each_form_asks_for_what_is_missing_alone(self) -> None:
        fields = {"assignees": 'name="assignee"', "plan": 'name="bullet"', "deliverable": 'name="content"',
                  "checklist": 'name="label"'}  # fmt: skip
        task, review = self.task(to="IN_PROGRESS"), self.task(to="REVIEW", title="Another")
        inbox = Task.objects.get(pk=int(self.new_task("Third")["id"].removeprefix("task_")))
        for which, to, asked in (
            (inbox, "ASSIGNED", {"assignees"}),
            (self.task(title="Fourth"), "IN_PROGRESS", {"plan"}),
            (task, "REVIEW", {"deliverable", "checklist"}),
            (review, "DONE", set()),
        ):  # fmt: skip
            form = self.text(f"/tasks/{which.pk}/move/{to}/")
            assert {name for name, field in fields.items() if field in form} == asked, to


class MovingTests(MoveTestCase):
    def test_a_person_takes_a_task_all_the_way(self) -> None:
        task = Task.objects.get(pk=int(self.new_task()["id"].removeprefix("task_")))
        assert self.move(task, "ASSIGNED", assignee=["jordan"]).status_code == 200
        assert self.move(task, "IN_PROGRESS", **BULLETS).status_code == 200
        plan = self.fresh(task).brief.work_plan
        assert plan["bullets"] == ["Look", "Write", "Check"]
        assert (plan["estimatedCost"], plan["estimatedDuration"]) == (1.25, "2 h")
        answer = self.move(
            task, "REVIEW", content="# Done", summary="All of it", links="https://files.example.org/a/guide.pdf",
            label=["Links work", "", "Spelling"], note=["", "", "By hand"], checked=["2"],
        )  # fmt: skip
        assert answer.status_code == 200, answer.content
        brief = self.fresh(task).brief
        assert [(item["label"], item["checked"]) for item in brief.review_checklist["items"]] == [
            ("Links work", False), ("Spelling", True),
        ]  # fmt: skip
        assert brief.deliverable["artifacts"][0]["name"] == "guide.pdf"
        assert "is unchecked, without a note" in answer.content.decode()
        assert self.move(task, "IN_PROGRESS", reason="The old form").status_code == 200
        again = {"label": ["Links work"], "note": [""], "checked": ["0"]}
        assert self.move(task, "REVIEW", **again).status_code == 200
        assert self.move(task, "DONE", reason="Well done").status_code == 200
        done = self.fresh(task)
        assert done.status == Task.Status.DONE
        page = self.text(f"/tasks/{task.pk}/")
        assert 'Accepted by</dt><dd>Bob<span class="fact-note">Well done' in page

    def test_what_is_wrong_is_told_beside_the_field_and_what_was_typed_is_kept(self) -> None:
        task = self.task(to="IN_PROGRESS")
        answer = self.move(task, "REVIEW", content="", summary="Half", links="ftp://x", label=[""], note=[""])
        assert answer.status_code == 422
        problems = answer.context["problems"]
        assert problems["deliverable"] == ["Say what was made", "Ftp://x is no http or https address"]
        assert problems["reviewChecklist"] == ["Required for review, with at least one item"]
        form = " ".join(answer.content.decode().split())
        assert 'value="Half"' in form
        assert "ftp://x" in form
        assert self.fresh(task).status == IN_PROGRESS

    def test_a_plan_of_two_steps_or_a_strange_cost_is_refused(self) -> None:
        task = self.task()
        answer = self.move(task, "IN_PROGRESS", bullet=["One", "Two"], cost="nan")
        assert answer.context["problems"]["workPlan"] == [
            "3 to 6 steps are needed", "The cost must be an amount of 0 to 1000000 dollars",
        ]  # fmt: skip
        assert self.move(task, "IN_PROGRESS", bullet=["x" * 501] * 3).status_code == 422
        assert self.move(task, "IN_PROGRESS", bullet=["a\0", "b", "c"]).status_code == 200

    def test_every_move_that_needs_a_reason_says_so(self) -> None:
        task = self.task(to="REVIEW")
        for to in (IN_PROGRESS, BLOCKED, NEEDS_APPROVAL):
            answer = self.move(task, to, reason=" ")
            assert answer.status_code == 422, to
            assert answer.context["problems"]["reason"], to
        assert self.move(task, BLOCKED, reason="x" * 2_001).status_code == 422
        assert self.move(task, BLOCKED, reason="No login").status_code == 200
        assert self.fresh(task).brief.blocked_reason == "No login"

    def test_agents_that_are_not_there_are_not_assigned(self) -> None:
        task = Task.objects.get(pk=int(self.new_task()["id"].removeprefix("task_")))
        assert self.move(task, "ASSIGNED").context["problems"]["assigneeIds"]
        assert self.move(task, "ASSIGNED", assignee=["nobody"]).context["problems"]["assigneeIds"]
        assert self.fresh(task).status == "INBOX"

    def test_whoever_is_slower_reads_that_the_task_has_moved(self) -> None:
        task = self.task(to="REVIEW")
        self.move(task, "DONE")
        answer = self.move(task, BLOCKED, reason="Wait")
        assert answer.status_code == 409
        assert b"The task has moved meanwhile" in answer.content

    def test_a_move_by_hand_withdraws_what_was_asked(self) -> None:
        task = self.task(to="IN_PROGRESS")
        body = {"taskId": f"task_{task.pk}", "actionType": "TOOL_EXEC", "actionSummary": "Push", "riskLevel": "RED",
                "justification": "Ready"}  # fmt: skip
        assert self.ask("POST", "/approvals", body, as_=self.jordan).status == 201
        assert "Goes back to in progress as soon as the approval below is granted." in self.text(f"/tasks/{task.pk}/")
        assert self.move(task, IN_PROGRESS).status_code == 200
        assert "withdrawn" in self.text(f"/tasks/{task.pk}/parts/decided/")

    def test_moves_go_through_the_service_that_the_api_uses(self) -> None:
        """The same transition, message and event, by a person."""
        task = self.task(to="REVIEW")
        self.move(task, IN_PROGRESS, reason="Again, with the new form")
        last = task.transitions.latest("id")
        assert (last.was, last.now, last.by, last.reason) == (REVIEW, IN_PROGRESS, "Bob", "Again, with the new form")
        assert task.comments.filter(type="REVIEW", content="Again, with the new form").exists()
        assert self.heard().count("task.transitioned") >= 4
        assert self.fresh(task).brief.review_cycles == 1
        assert (REVIEW, IN_PROGRESS) in EDGES
        assert DELIVERABLE["content"] in self.text(f"/tasks/{task.pk}/")
        assert CHECKLIST["items"][0]["label"] not in self.text(f"/tasks/{task.pk}/")

    def test_the_assignee_of_a_v1_task_is_chosen_by_its_rules(self) -> None:
        self.agent("scout")
        task = self.task(to="IN_PROGRESS")
        address = f"/tasks/{task.pk}/change/"
        refused = self.send(address, {"assigned_to": ""})
        assert (refused.status_code, refused.content[:24]) == (400, b"Work that has begun need")
        assert self.send(address, {"assigned_to": "nobody"}).status_code == 400
        assert self.send(address, {"assigned_to": "scout"}).status_code == 200
        assert [one.agent.slug for one in task.assignments.order_by("place")] == ["scout"]
        self.move(task, "CANCELED")
        assert self.send(address, {"assigned_to": "jordan"}).status_code == 409
        assert '<fieldset class="fact" disabled>' in self.text(f"/tasks/{task.pk}/")
