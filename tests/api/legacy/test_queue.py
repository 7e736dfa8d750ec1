from __future__ import annotations

from datetime import timedelta

from accounts.services import issue_key
from core.actors import Role, system
from tasks.models import Task, Transition
from tests.api.legacy.test_task_list import BARE_KEYS
from tests.api.legacy.wire import mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/tasks/queue"


class QueueTests(LegacyApiTestCase):
    def claim(self, query="agent=nova", **options):
        answer = self.get(f"{PATH}?{query}", **options)
        assert answer.status == 200
        return answer.body

    def claimed(self, **options):
        body = self.claim(**options)
        return body["task"] and body["task"]["title"]

    def test_a_free_task_is_claimed(self):
        make_task("a")
        body = self.claim()
        assert list(body) == ["task", "reason", "agent", "timestamp"]
        assert list(body["task"]) == BARE_KEYS
        assert (body["task"]["status"], body["task"]["assigned_to"]) == ("in_progress", "nova")
        assert (body["reason"], body["agent"]) == ("assigned", "nova")
        assert 1_700_000_000 < body["timestamp"] < 10_000_000_000
        assert Transition.objects.filter(was="INBOX", now="IN_PROGRESS").exists()

    def test_without_work_there_is_none(self):
        make_task("taken", assigned_to="other")
        make_task("elsewhere", actor=actor_of(self.charlie))
        for status in (Task.Status.REVIEW, Task.Status.BACKLOG, Task.Status.DONE, Task.Status.FAILED):
            make_task(status, status=status)
        body = self.claim()
        assert (body["task"], body["reason"]) == (None, "no_tasks_available")

    def test_the_order_is_priority_then_due_date_then_age(self):
        soon, late = self.now + timedelta(days=1), self.now + timedelta(days=2)
        make_task("low", priority=4, due_at=soon)
        make_task("older"), make_task("younger")
        make_task("late", due_at=late), make_task("soon", due_at=soon)
        make_task("critical", priority=1), make_task("high", priority=2, assigned_to="nova")
        order = ["critical", "high", "soon", "late", "older", "younger", "low"]
        assert [self.claimed(query="agent=nova&max_capacity=20") for _ in order] == order

    def test_what_was_begun_is_continued(self):
        make_task("a"), make_task("b")
        first = self.claim()["task"]
        body = self.claim()
        assert (body["task"]["id"], body["reason"]) == (first["id"], "continue_current")

    def test_a_full_agent_gets_nothing_more(self):
        for name in "abc":
            make_task(name)
        reasons = [self.claim("agent=nova&max_capacity=2")["reason"] for _ in range(3)]
        assert reasons == ["assigned", "assigned", "at_capacity"]

    def test_a_header_names_the_agent_where_the_query_does_not(self):
        make_task("a")
        assert self.claim("", x_agent_name="nova")["agent"] == "nova"

    def test_an_agent_need_not_exist(self):
        make_task("a")
        assert self.claim("agent=nobody+at%20all")["task"]["assigned_to"] == "nobody at all"

    def test_an_unassigned_task_is_free_again(self):
        task = make_task("a", assigned_to="other")
        self.put(f"/api/tasks/{task.pk}", {"assigned_to": ""})
        assert self.claimed() == "a"

    def test_no_story_is_told_and_the_board_hears_of_it(self):
        make_task("a")
        before = mark()
        self.claim()
        assert names(before) == ["task.updated"]

    def test_who_speaks_as_an_agent_claims_for_itself_only(self):
        agent = make_agent("nova")
        key = issue_key(actor=system(1), name="k", role=Role.OPERATOR, workspace=self.home, agent=(agent.pk, "nova"))[1]
        assert self.claim(as_=key)["reason"] == "no_tasks_available"
        for options in ({"as_": key}, {"x_agent_name": "nova"}):
            answer = self.get(f"{PATH}?agent=other", **options)
            assert answer.status == 403
            assert answer.body == {"error": "Access denied: agent key may only queue tasks for itself."}

    def test_a_key_alone_names_no_agent(self):
        agent = make_agent("nova")
        key = issue_key(actor=system(1), name="k", role=Role.OPERATOR, workspace=self.home, agent=(agent.pk, "nova"))[1]
        for options in ({}, {"as_": key}):
            answer = self.get(PATH, **options)
            assert answer.status == 400
            assert answer.body == {"error": "Missing agent. Provide ?agent=... or x-agent-name header."}

    def test_capacity_is_a_number_from_1_to_20(self):
        for text in ("0", "21", "-1", "1.5", "abc", "1e1", "²", "9" * 50):
            with self.subTest(text=text):
                answer = self.get(f"{PATH}?agent=nova&max_capacity={text}")
                assert answer.status == 400
                assert answer.body == {"error": "Invalid max_capacity. Expected integer 1..20."}
        assert self.claim("agent=nova&max_capacity=")["reason"] == "no_tasks_available"
