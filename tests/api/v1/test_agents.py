from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Agent, Mandate
from tests.api.v1.base import V1ApiTestCase

JORDAN = {
    "id": "jordan",
    "name": "Jordan",
    "role": "SPECIALIST",
    "workspacePath": "/srv/agents/jordan",
    "emoji": "🧭",
    "allowedTaskTypes": ["CONTENT", "SOCIAL", "DOCS"],
    "budgetDaily": 5.00,
    "budgetPerRun": 0.75,
}
KEYS = {
    "id", "name", "emoji", "role", "status", "health", "workspacePath", "soulVersionHash", "allowedTaskTypes",
    "allowedTools", "budgetDaily", "budgetPerRun", "spendToday", "spendResetAt", "canSpawn", "maxSubAgents",
    "parentAgentId", "currentTaskId", "lastHeartbeatAt", "lastError", "errorStreak", "statusReason", "statusUntil",
    "metadata", "createdAt", "updatedAt",
}  # fmt: skip


class RegistrationTests(V1ApiTestCase):
    def register(self, *, as_=None, **changes):
        return self.ask("POST", "/agents", {**JORDAN, **changes}, as_=as_ or self.alice)

    def test_an_administrator_registers_an_agent_and_gets_the_same_values_back(self):
        answer = self.register()
        assert answer.status == 201
        agent = answer.body["agent"]
        assert set(agent) == KEYS
        assert {name: agent[name] for name in JORDAN} == JORDAN
        assert (agent["status"], agent["canSpawn"], agent["maxSubAgents"]) == ("ACTIVE", True, 3)
        assert agent["spendResetAt"] and agent["spendToday"] == 0
        assert self.ask("GET", "/agents/jordan").body["agent"] == agent

    def test_the_other_dialect_shows_the_same_agent(self):
        self.register()
        shown = self.get("/api/agents").body["agents"]
        assert [(row["name"], row["role"], row["status"]) for row in shown] == [("Jordan", "specialist", "offline")]

    def test_nobody_without_a_token_gets_anything(self):
        error = self.refused(self.ask("GET", "/agents", as_=""), 401, "UNAUTHORIZED")
        assert error["requestId"]

    def test_only_administrators_register(self):
        self.refused(self.register(as_=self.bob), 403, "FORBIDDEN")

    def test_an_id_is_taken_once_and_exactly(self):
        assert self.register(id="j_o-1").body["agent"]["id"] == "j_o-1"
        self.refused(self.register(id="j_o-1", name="Another"), 409, "CONFLICT")
        self.refused(self.register(id="free"), 409, "CONFLICT")
        assert self.ask("POST", "/agents", JORDAN, as_=self.charlie).status == 201

    def test_what_is_wrong_is_told_field_by_field(self):
        answer = self.register(
            id="Jordan", name=" ", role="CEO", emoji="x" * 17, budgetDaily=-1, budgetPerRun="1", maxSubAgents=4
        )
        error = self.refused(answer, 400, "VALIDATION_ERROR")
        fields = {line["field"] for line in error["details"]["errors"]}
        assert fields == {"id", "name", "role", "emoji", "budgetDaily", "budgetPerRun", "maxSubAgents"}
        self.refused(self.register(role="INTERN", canSpawn=True), 400, "VALIDATION_ERROR")
        self.refused(self.register(parentAgentId="nobody"), 400, "VALIDATION_ERROR")

    def test_what_is_not_said_follows_from_the_role(self):
        sent = {"id": "kit", "name": "Kit", "role": "INTERN", "workspacePath": "/kit"}
        agent = self.ask("POST", "/agents", sent, as_=self.alice).body["agent"]
        assert (agent["budgetDaily"], agent["budgetPerRun"]) == (2.0, 0.25)
        assert (agent["canSpawn"], agent["maxSubAgents"], agent["allowedTaskTypes"]) == (False, 0, [])

    def test_a_repeated_registration_with_its_key_is_answered_again(self):
        first = self.ask("POST", "/agents", JORDAN, as_=self.alice, x_idempotency_key="k1")
        again = self.ask("POST", "/agents", JORDAN, as_=self.alice, x_idempotency_key="k1")
        assert (again.status, again.body) == (201, first.body)
        assert again.headers["X-Idempotent-Replay"] == "true"
        assert Agent.objects.count() == 1


class ListTests(V1ApiTestCase):
    def test_agents_are_listed_by_id_and_filtered(self):
        self.agent("riley", autonomy="LEAD"), self.agent("casey", control="PAUSED"), self.agent("alex")
        listed = self.ask("GET", "/agents").body["agents"]
        assert [agent["id"] for agent in listed] == ["alex", "casey", "riley"]
        assert [one["id"] for one in self.ask("GET", "/agents?status=PAUSED,DRAINED").body["agents"]] == ["casey"]
        assert [one["id"] for one in self.ask("GET", "/agents?role=LEAD").body["agents"]] == ["riley"]
        self.refused(self.ask("GET", "/agents?status=paused"), 400, "VALIDATION_ERROR")

    def test_agents_of_the_other_dialect_have_the_usual_mandate(self):
        self.post("/api/agents", {"name": "Nova Prime", "role": "coder"})
        agent = self.ask("GET", "/agents?status=ACTIVE&role=SPECIALIST").body["agents"][0]
        assert (agent["id"], agent["name"], agent["status"], agent["budgetDaily"]) == (
            "nova-prime", "Nova Prime", "ACTIVE", 5.0,
        )  # fmt: skip

    def test_a_list_takes_the_same_number_of_queries_however_long_it_is(self):
        self.agent("first")
        self.ask("GET", "/agents")
        with CaptureQueriesContext(connection) as one:
            self.ask("GET", "/agents")
        for n in range(4):
            self.agent(f"more{n}")
        with CaptureQueriesContext(connection) as many:
            self.ask("GET", "/agents")
        assert len(one) == len(many)

    def test_those_of_other_workspaces_are_not_there(self):
        self.ask("POST", "/agents", JORDAN, as_=self.charlie)
        self.refused(self.ask("GET", "/agents/jordan"), 404, "NOT_FOUND")
        self.refused(self.ask("POST", "/agents/jordan/control", {"action": "PAUSE"}), 404, "NOT_FOUND")
        assert self.ask("GET", "/agents").body["agents"] == []
        assert Mandate.objects.get(agent__slug="jordan").control == "ACTIVE"


class AmendmentTests(V1ApiTestCase):
    def setUp(self):
        super().setUp()
        self.jordan = self.agent("jordan")

    def amend(self, *, as_=None, **changes):
        return self.ask("PATCH", "/agents/jordan", changes, as_=as_ or self.alice)

    def test_what_is_sent_is_changed_and_nothing_else(self):
        before = self.ask("GET", "/agents/jordan").body["agent"]
        answer = self.amend(
            emoji="🦊", allowedTaskTypes=["OPS"], allowedTools=["exec"], budgetDaily=7.5, budgetPerRun=1,
            workspacePath="/w", metadata={"team": "blue", "floor": 2},
        )  # fmt: skip
        assert answer.status == 200, answer.raw
        after = answer.body["agent"]
        assert {name for name in KEYS if after[name] != before[name]} - {"updatedAt"} == {
            "emoji", "allowedTaskTypes", "allowedTools", "budgetDaily", "budgetPerRun", "workspacePath", "metadata",
        }  # fmt: skip
        merged = self.amend(metadata={"floor": None, "desk": 4}).body["agent"]["metadata"]
        assert merged == {"team": "blue", "desk": 4}
        assert self.amend(budgetDaily=None).body["agent"]["budgetDaily"] == 5.0
        heard = self.heard()
        assert self.amend().status == 200
        assert self.heard() == heard

    def test_a_role_brings_what_is_usual_for_it(self):
        agent = self.amend(role="INTERN").body["agent"]
        assert (agent["role"], agent["canSpawn"], agent["maxSubAgents"], agent["budgetDaily"]) == (
            "INTERN", False, 0, 2.0,
        )  # fmt: skip
        self.refused(self.amend(canSpawn=True), 400, "VALIDATION_ERROR")
        assert self.amend(role="LEAD").body["agent"]["canSpawn"] is True
        assert self.get("/api/agents/jordan").body["agent"]["role"] == "lead"

    def test_status_is_not_changed_here(self):
        error = self.refused(self.amend(status="PAUSED"), 400, "VALIDATION_ERROR")
        assert "control" in error["details"]["errors"][0]["message"]

    def test_a_higher_budget_ends_the_pause_that_the_old_one_brought(self):
        spent = {"control": "PAUSED", "spend_today_microusd": 5_000_000}
        Mandate.objects.filter(agent=self.jordan).update(status_reason="BUDGET", **spent)
        assert self.amend(budgetDaily=5).body["agent"]["status"] == "PAUSED"
        assert self.amend(budgetDaily=6).body["agent"]["status"] == "ACTIVE"
        Mandate.objects.filter(agent=self.jordan).update(status_reason="lunch", **spent)
        assert self.amend(budgetDaily=9).body["agent"]["status"] == "PAUSED"

    def test_a_renamed_agent_keeps_its_id_its_work_and_its_token(self):
        task = self.new_task(assigneeIds=["jordan"])["id"]
        token = self.token(self.jordan)
        agent = self.amend(name="Jordan the Second").body["agent"]
        assert (agent["id"], agent["name"]) == ("jordan", "Jordan the Second")
        assert self.ask("GET", f"/tasks/{task}").body["task"]["assigneeIds"] == ["jordan"]
        assert self.ask("GET", "/tasks?assigneeId=me", as_=token).body["total"] == 1
        beat = {"sessionKey": "s", "status": "IDLE"}
        answer = self.ask("POST", "/agents/jordan/heartbeat", beat, as_=token).body
        assert [note["type"] for note in answer["pendingNotifications"]] == ["ASSIGNMENT"]
        assert [one["id"] for one in answer["assignedTasks"]] == [task]
        self.agent("riley")
        self.refused(self.amend(name="riley"), 409, "CONFLICT")

    def test_who_may_and_what_is_wrong(self):
        self.refused(self.amend(as_=self.bob, name="x"), 403, "FORBIDDEN")
        self.refused(self.amend(as_=self.jordan, name="x"), 403, "FORBIDDEN")
        self.refused(self.ask("PATCH", "/agents/nobody", {}, as_=self.alice), 404, "NOT_FOUND")
        self.refused(self.ask("PATCH", "/agents/jordan", {}, as_=self.charlie), 404, "NOT_FOUND")
        answer = self.amend(name=None, budgetDaily=-1, allowedTaskTypes=["x"], metadata=[], canSpawn=None)
        fields = {line["field"] for line in self.refused(answer, 400, "VALIDATION_ERROR")["details"]["errors"]}
        assert fields == {"name", "budgetDaily", "allowedTaskTypes.0", "metadata", "canSpawn"}
        self.refused(self.ask("PATCH", "/agents/jordan", b"[1]", as_=self.alice), 400, "VALIDATION_ERROR")
        self.refused(self.ask("PATCH", "/agents/jordan", b"{", as_=self.alice), 400, "INVALID_JSON")
