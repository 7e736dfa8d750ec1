from __future__ import annotations

from datetime import timedelta

from accounts.models import IdempotentCall
from accounts.services.calls import Call, begin_call
from agents.models import Agent, Mandate
from governance.models import Alert, Approval
from governance.services.detecting import find_loops
from system import work
from tasks.models import Comment, Task
from tests.api.v1.moving import MovingTestCase

HOUR = timedelta(hours=1)


class DutyTests(MovingTestCase):
    def test_what_nobody_decides_expires_and_blocks_its_task(self):
        task = self.begun()
        body = {"taskId": task["id"], "actionType": "TOOL_EXEC", "actionSummary": "Run it", "riskLevel": "YELLOW",
                "justification": "It must run"}  # fmt: skip
        approval = self.ask("POST", "/approvals", body, as_=self.jordan).body["approval"]
        assert work.expire_approvals(self.now) == "Expired 0 approvals"
        assert work.expire_approvals(self.now + 25 * HOUR) == "Expired 1 approvals"
        assert work.expire_approvals(self.now + 25 * HOUR) == "Expired 0 approvals"
        assert self.ask("GET", f"/approvals/{approval['id']}").body["status"] == Approval.Status.EXPIRED
        assert self.ask("GET", f"/tasks/{task['id']}").body["task"]["status"] == "BLOCKED"
        assert self.heard().count("approval.expired") == 1

    def test_a_new_day_clears_the_slate_and_the_end_of_a_pause_is_kept(self):
        Mandate.objects.filter(agent=self.jordan).update(
            spend_today_microusd=9_000_000, spend_reset_at=self.now - HOUR, control="PAUSED", status_reason="BUDGET"
        )
        rested = self.agent("rested", control="PAUSED", status_until=self.now - HOUR)
        assert work.watch_budgets(self.now) == "Looked after 1 budgets, let 1 agents go on"
        mandates = Mandate.objects.filter(agent__in=[self.jordan, rested])
        assert {(mandate.control, mandate.spend_today_microusd) for mandate in mandates} == {("ACTIVE", 0)}
        assert work.watch_budgets(self.now) == "Looked after 0 budgets, let 0 agents go on"

    def test_who_is_silent_goes_offline_once(self):
        Agent.objects.filter(pk=self.jordan.pk).update(heard_at=self.now - 2 * HOUR)
        assert work.watch_agents(self.now) == "Changed 1 agents"
        assert Mandate.objects.get(agent=self.jordan).control == "OFFLINE"
        assert work.watch_agents(self.now) == "Changed 0 agents"

    def test_old_keys_are_forgotten_and_fresh_ones_kept(self):
        for key, began in (("old", self.now - 25 * HOUR), ("new", self.now)):
            begin_call(Call("user:1", "POST", "tasks", key, "f"), now=began)
        assert work.forget_what_is_over(self.now).startswith("Forgot 1 idempotency keys")
        assert IdempotentCall.objects.get().key == "new"


class LoopTests(MovingTestCase):
    def say(self, task, n, *, by=None, minutes=1):
        rows = [
            Comment(
                workspace=self.home, task_id=int(task["id"][5:]), author="x", content=f"{i}",
                actor=by[i % len(by)] if by else f"user:{i % 3 + 1}", created_at=self.now - timedelta(minutes=minutes),
            )
            for i in range(n)
        ]  # fmt: skip
        Comment.objects.bulk_create(rows)

    def status(self, task):
        return self.ask("GET", f"/tasks/{task['id']}").body["task"]["status"]

    def loops(self, now=None):
        return find_loops(now=now or self.now)

    def test_a_flood_blocks_the_task_and_sums_it_up(self):
        task = self.begun()
        self.say(task, 19)
        assert self.loops() == 0  # with the work plan's, these are twenty
        self.say(task, 1)
        assert self.loops() == 1
        assert self.status(task) == "BLOCKED"
        alert = Alert.objects.get()
        assert (alert.type, alert.metadata["loopType"]) == ("LOOP_DETECTED", "COMMENT_FLOOD")
        messages = self.ask("GET", f"/tasks/{task['id']}/messages").body["messages"]
        assert any("loop-summary-comment_flood.md" in str(message["artifacts"]) for message in messages)
        assert self.loops() == 0

    def test_old_messages_and_those_of_the_system_do_not_count(self):
        task = self.begun()
        self.say(task, 40, minutes=31)
        self.say(task, 40, by=["system"])
        assert self.loops() == 0

    def test_it_fires_again_only_for_what_comes_after_a_person_let_it_go_on(self):
        task = self.begun()
        self.say(task, 30)
        assert self.loops() == 1
        self.moved(task, "IN_PROGRESS", reason="settled")
        assert self.loops() == 0
        self.say(task, 21, minutes=-1)
        assert self.loops(self.now + timedelta(minutes=2)) == 1

    def test_two_agents_that_answer_each_other_are_stopped(self):
        task, pair = self.begun(), [f"agent:{self.jordan.pk}", "agent:990"]
        self.say(task, 9, by=pair, minutes=9)
        before = self.loops()
        self.say(task, 1, by=pair[1:], minutes=8)
        assert (before, self.loops()) == (0, 1)
        assert Alert.objects.get().metadata["details"]["switches"] == 9
        assert self.status(task) == "BLOCKED"

    def test_a_third_voice_ends_the_game(self):
        task = self.begun()
        for third in (["user:1"], ["agent:991"]):
            self.say(task, 5, by=["agent:1", "agent:990"])
            self.say(task, 1, by=third)
        self.say(task, 5, by=["agent:1", "agent:990"])
        assert self.loops() == 0

    def test_a_task_that_is_over_keeps_its_status(self):
        task = self.begun()
        Task.objects.filter(pk=int(task["id"][5:])).update(status="DONE", completed_at=self.now)
        self.say(task, 25)
        assert self.loops() == 1
        assert self.status(task) == "DONE"
