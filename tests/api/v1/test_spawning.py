from __future__ import annotations

from datetime import timedelta

from accounts import credentials
from agents.models import Agent, Mandate
from governance.services.spawning import retire_overdue
from tasks.models import Task
from tests.api.v1.base import V1ApiTestCase

HELPER = {
    "id": "helper",
    "name": "Helper",
    "role": "SPECIALIST",
    "workspacePath": "/helper",
    "parentAgentId": "jordan",
    "purpose": "Look up sources",
}


class SpawningTests(V1ApiTestCase):
    def setUp(self):
        super().setUp()
        self.jordan = self.agent("jordan")
        self.task = self.new_task(assigneeIds=["jordan"])["id"]

    def spawn(self, *, as_=None, **changes):
        return self.ask("POST", "/agents", {**HELPER, "parentTaskId": self.task, **changes}, as_=as_ or self.jordan)

    def violated(self, answer):
        return self.refused(answer, 403, "POLICY_VIOLATION")["details"]["violations"]

    def test_an_agent_starts_another_one_for_its_task(self):
        answer = self.spawn(budgetDaily=50, budgetPerRun=0.1)
        assert answer.status == 201, answer.raw
        child = answer.body["agent"]
        assert (child["id"], child["parentAgentId"], child["status"]) == ("helper", "jordan", "ACTIVE")
        assert (child["budgetDaily"], child["budgetPerRun"]) == (5.0, 0.1)

    def test_only_as_its_own_and_for_its_own_task(self):
        self.agent("riley")
        self.refused(self.spawn(parentAgentId="riley"), 403, "AGENT_MISMATCH")
        self.refused(self.spawn(parentAgentId=None), 403, "AGENT_MISMATCH")
        self.refused(self.spawn(parentTaskId=self.new_task()["id"]), 403, "FORBIDDEN")
        for missing in ({"purpose": None}, {"parentTaskId": None}, {"parentTaskId": "task_99"}):
            self.refused(self.spawn(**missing), 400, "VALIDATION_ERROR")

    def test_roles_that_start_nobody(self):
        Mandate.objects.filter(agent=self.jordan).update(autonomy="INTERN", can_spawn=False)
        assert "spawn_not_allowed:INTERN" in self.violated(self.spawn(role="INTERN"))
        Mandate.objects.filter(agent=self.jordan).update(autonomy="SPECIALIST", can_spawn=False)
        assert self.violated(self.spawn()) == ["spawn_not_allowed:SPECIALIST"]

    def test_no_child_is_above_its_parent(self):
        assert self.violated(self.spawn(role="LEAD")) == ["spawn_not_allowed:LEAD"]
        Mandate.objects.filter(agent=self.jordan).update(allowed_task_types=["DOCS"])
        assert self.violated(self.spawn(allowedTaskTypes=["DOCS", "OPS"])) == ["task_type_not_allowed:OPS"]
        assert self.spawn().body["agent"]["allowedTaskTypes"] == ["DOCS"]

    def test_a_task_has_three_helpers_and_an_agent_as_many_as_it_may(self):
        Mandate.objects.filter(agent=self.jordan).update(max_sub_agents=4)
        for n in range(3):
            assert self.spawn(id=f"h{n}", name=f"H{n}").status == 201
        assert self.violated(self.spawn()) == ["spawn_limit:max_per_parent"]
        Mandate.objects.filter(agent=self.jordan).update(max_sub_agents=3)
        other = self.new_task(assigneeIds=["jordan"])["id"]
        assert self.violated(self.spawn(parentTaskId=other)) == ["spawn_limit:max_sub_agents"]
        Mandate.objects.filter(agent__slug="h0").update(control="OFFLINE")
        assert self.spawn().status == 201

    def test_two_levels_below_a_root(self):
        self.spawn()
        child = Agent.objects.get(slug="helper")
        deeper = self.new_task(assigneeIds=["helper"])["id"]
        sent = {"id": "deep", "name": "Deep", "parentAgentId": "helper", "parentTaskId": deeper}
        assert self.spawn(as_=child, **sent).status == 201
        deepest = self.new_task(assigneeIds=["deep"])["id"]
        sent = {"id": "deepest", "name": "Deepest", "parentAgentId": "deep", "parentTaskId": deepest}
        assert self.violated(self.spawn(as_=Agent.objects.get(slug="deep"), **sent)) == ["spawn_limit:max_depth"]

    def test_thirty_live_agents_at_most(self):
        for n in range(29):
            self.agent(f"a{n}")
        assert self.violated(self.spawn()) == ["spawn_limit:max_active"]

    def test_a_paused_agent_starts_nobody(self):
        Mandate.objects.filter(agent=self.jordan).update(control="PAUSED")
        assert self.violated(self.spawn()) == ["agent_status:PAUSED"]

    def test_helpers_end_after_six_hours_or_with_their_task(self):
        self.spawn(), self.spawn(id="young", name="Young")
        other = self.new_task(assigneeIds=["jordan"])["id"]
        self.spawn(id="freed", name="Freed", parentTaskId=other)
        token = self.token(Agent.objects.get(slug="helper"))
        Agent.objects.filter(slug="helper").update(created_at=self.now - timedelta(hours=6))
        Task.objects.filter(pk=other.removeprefix("task_")).update(status="CANCELED")
        retired = {agent.slug for agent in retire_overdue(now=self.now)}
        assert retired == {"helper", "freed"}
        credentials.forget()
        assert self.ask("GET", "/agents", as_=token).status == 401
        assert self.ask("GET", "/agents/helper").body["agent"]["status"] == "OFFLINE"
        assert retire_overdue(now=self.now) == []
