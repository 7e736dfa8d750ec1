from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.conf import settings

from agents.models import Agent, Mandate
from core.actors import system
from governance.models import Alert
from governance.services.detecting import find_loops
from governance.services.limits import limits_for
from governance.services.policies import publish_policy
from governance.services.spawning import retire_overdue
from tasks.models import Comment, Task
from tests.api.v1.moving import CHECKLIST, DELIVERABLE, MovingTestCase


class LimitTests(MovingTestCase):
    """A task's word before its agent's, the agent's before the policies', theirs before the deployment's."""

    def publish(self, scope_type: str = "GLOBAL", scope_id: str = "", **thresholds: Any) -> None:
        publish_policy(
            actor=system(self.home.pk), now=self.now, name=f"{scope_type} {scope_id}", scope_type=scope_type,
            scope_id=scope_id, loop_thresholds=thresholds,
        )  # fmt: skip

    def of(self, name: str, **where: Any) -> int:
        return limits_for(self.home.pk, **where).of(name)

    def row(self, task: dict[str, Any]) -> Task:
        return Task.objects.get(pk=task["id"].removeprefix("task_"))

    def test_the_nearest_word_holds(self):
        for name, usual in settings.LIMITS.items():
            with self.subTest(name=name):
                task = self.row(self.given(title=name))
                expected = usual
                assert self.of(name, task=task) == expected
                with patch.dict(settings.LIMITS, {name: 41}):
                    assert self.of(name, task=task) == 41
                    self.publish(**{name: 42})
                    assert self.of(name, task=task) == 42
                    self.publish("TASK_TYPE", "DOCS", **{name: 43})
                    assert self.of(name, task=task) == 43
                    self.publish("AGENT", "jordan", **{name: 44})
                    assert self.of(name, task=task) == 44
                    Mandate.objects.filter(agent=self.jordan).update(metadata={name: 45})
                    assert self.of(name, task=task) == 45
                    task.metadata = {name: 46}
                    assert self.of(name, task=task) == 46
                Mandate.objects.filter(agent=self.jordan).update(metadata={})
                self.publish(), self.publish("TASK_TYPE", "DOCS"), self.publish("AGENT", "jordan")

    def test_words_that_are_no_limit_are_passed_over(self):
        task = self.row(self.given())
        self.publish(maxComments=7)
        for word in ("many", -1, True, None, 2.5, [1]):
            with self.subTest(word=word):
                task.metadata = {"maxComments": word}
                assert self.of("maxComments", task=task) == 7

    def test_a_policy_says_how_much_talk_is_a_flood(self):
        self.publish(maxComments=3)
        task = self.begun()
        for n in range(3):
            self.ask("POST", f"/tasks/{task['id']}/messages", {"type": "COMMENT", "content": f"{n}"})
        assert find_loops(now=self.later()) == 1
        assert Alert.objects.get().metadata["details"] == {"messagesLately": 4, "limit": 3}

    def test_a_task_may_talk_more(self):
        self.publish(maxComments=3)
        task = self.begun()
        self.ask("PATCH", f"/tasks/{task['id']}", {"metadata": {"maxComments": 50}})
        for n in range(9):
            self.ask("POST", f"/tasks/{task['id']}/messages", {"type": "COMMENT", "content": f"{n}"})
        assert find_loops(now=self.later()) == 0

    def test_a_policy_says_how_often_a_review_sends_back(self):
        self.publish("AGENT", "jordan", maxReviewCycles=0)
        task = self.handed_in()
        answer = self.moved(task, "IN_PROGRESS", reason="once more")
        assert (answer["task"]["status"], answer["loop"]["type"]) == ("BLOCKED", "REVIEW_CYCLES")

    def test_an_agent_of_many_rounds_goes_on(self):
        Mandate.objects.filter(agent=self.jordan).update(metadata={"maxReviewCycles": 5})
        task = self.handed_in()
        for _ in range(5):
            assert self.moved(task, "IN_PROGRESS", reason="more")["task"]["status"] == "IN_PROGRESS"
            body = {"deliverable": DELIVERABLE, "reviewChecklist": CHECKLIST}
            self.moved(task, "REVIEW", as_=self.jordan, **body)
        assert self.moved(task, "IN_PROGRESS", reason="more")["task"]["status"] == "BLOCKED"

    def test_a_policy_says_after_how_many_failures_an_agent_stops(self):
        self.publish(errorStreakWarn=1, errorStreakQuarantine=2)
        seen = []
        for _ in range(2):
            body = {"agentId": "jordan", "sessionKey": "s", "model": "m", "status": "FAILED",
                    "startedAt": self.now.isoformat()}  # fmt: skip
            assert self.ask("POST", "/events/run", body, as_=self.jordan).status == 201
            alert = Alert.objects.filter(type="AGENT_ERROR_STREAK").get()
            seen.append((alert.severity, Mandate.objects.get(agent=self.jordan).control))
        assert seen == [("WARNING", "ACTIVE"), ("ERROR", "QUARANTINED")]

    def test_a_policy_says_how_often_a_tool_may_fail(self):
        self.publish(toolRetries=2)
        run = {"agentId": "jordan", "sessionKey": "s", "model": "m", "status": "RUNNING",
               "startedAt": self.now.isoformat()}  # fmt: skip
        id = self.ask("POST", "/events/run", run, as_=self.jordan).body["run"]["id"]
        for expected in ("ACTIVE", "QUARANTINED"):
            call = {"runId": id, "agentId": "jordan", "toolName": "exec", "riskLevel": "YELLOW", "status": "FAILED",
                    "error": "no such file", "startedAt": self.now.isoformat()}  # fmt: skip
            assert self.ask("POST", "/events/tool-call", call, as_=self.jordan).status == 201
            assert Mandate.objects.get(agent=self.jordan).control == expected

    def later(self) -> Any:
        return Comment.objects.latest("id").created_at


class BudgetLimitTests(MovingTestCase):
    """An agent's own figures before the policies', theirs before the deployment's."""

    def figures(self, slug: str = "jordan") -> tuple[float, float]:
        """As everything that shows them shows them."""
        shown = self.ask("GET", f"/agents/{slug}").body["agent"]
        [listed] = [one for one in self.ask("GET", "/agents").body["agents"] if one["id"] == slug]
        beat = self.ask("POST", f"/agents/{slug}/heartbeat", {"sessionKey": "s", "status": "IDLE"}).body["budget"]
        ways = {
            (shown["budgetDaily"], shown["budgetPerRun"]),
            (listed["budgetDaily"], listed["budgetPerRun"]),
            (beat["daily"], beat["perRunCap"]),
        }
        assert len(ways) == 1, ways
        return ways.pop()

    def test_the_nearest_word_holds(self):
        assert self.figures() == (5, 0.75)
        deployment = {**settings.BUDGETS, "SPECIALIST": (6_000_000, 800_000)}
        with self.settings(BUDGETS=deployment):
            assert self.figures() == (6, 0.8)
            self.publish(budget_defaults={"SPECIALIST": {"daily": 7}})
            assert self.figures() == (7, 0.8)
            self.publish("AGENT", "jordan", budget_defaults={"SPECIALIST": {"daily": 8, "perRun": 1}})
            assert self.figures() == (8, 1)
            self.ask("PATCH", "/agents/jordan", {"budgetDaily": 9}, as_=self.alice)
            assert self.figures() == (9, 1)

    def test_a_child_is_given_no_more_than_its_parent_has(self):
        self.publish(budget_defaults={"SPECIALIST": {"daily": 3, "perRun": 0.3}})
        task = self.given()
        child = {"id": "helper", "name": "Helper", "role": "SPECIALIST", "workspacePath": "/helper",
                 "parentAgentId": "jordan", "parentTaskId": task["id"], "purpose": "Look"}  # fmt: skip
        assert self.ask("POST", "/agents", child, as_=self.jordan).status == 201
        assert self.figures("helper") == (3, 0.3)

    def test_helpers_last_as_long_as_the_policy_says(self):
        self.publish(spawn_limits={"ttlHours": 1})
        task = self.given()
        child = {"id": "helper", "name": "Helper", "role": "SPECIALIST", "workspacePath": "/helper",
                 "parentAgentId": "jordan", "parentTaskId": task["id"], "purpose": "Look"}  # fmt: skip
        assert self.ask("POST", "/agents", child, as_=self.jordan).status == 201
        made = Agent.objects.get(slug="helper").created_at
        assert retire_overdue(now=made + timedelta(minutes=59)) == []
        assert [agent.slug for agent in retire_overdue(now=made + timedelta(minutes=60))] == ["helper"]

    def test_the_deployment_says_how_many_there_may_be(self):
        task = self.given()
        child = {"id": "helper", "name": "Helper", "role": "SPECIALIST", "workspacePath": "/helper",
                 "parentAgentId": "jordan", "parentTaskId": task["id"], "purpose": "Look"}  # fmt: skip
        with self.settings(SPAWN_LIMITS={**settings.SPAWN_LIMITS, "maxActive": 1}):
            refused = self.ask("POST", "/agents", child, as_=self.jordan)
            assert self.refused(refused, 403, "POLICY_VIOLATION")["details"]["violations"] == ["spawn_limit:max_active"]
            self.publish(spawn_limits={"maxActive": 5})
            assert self.ask("POST", "/agents", child, as_=self.jordan).status == 201

    def publish(self, scope_type: str = "GLOBAL", scope_id: str = "", **contents: Any) -> None:
        publish_policy(
            actor=system(self.home.pk), now=self.now, name=f"{scope_type} {scope_id}", scope_type=scope_type,
            scope_id=scope_id, **contents,
        )  # fmt: skip
