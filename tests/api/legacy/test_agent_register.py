from __future__ import annotations

from django.test import override_settings

from activity.models import Event
from agents.models import Agent
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of, forget_rates
from tests.factories import make_agent

PATH = "/api/agents/register"
BAD_ROLE = "Invalid role. Use: coder, reviewer, tester, devops, researcher, assistant, agent"


class RegisterTests(LegacyApiTestCase):
    def register(self, body, as_=None):
        return self.post(PATH, body, as_=as_ or self.vera)

    def test_a_newcomer_is_added_idle_and_seen(self):
        answer = self.register({"name": "nova-1.x", "role": "coder", "capabilities": ["a", 5, "b"], "framework": "x"})
        assert answer.status == 201
        assert list(answer.body) == ["agent", "registered", "message"]
        assert (answer.body["registered"], answer.body["message"]) == (True, "Agent registered successfully")
        agent = Agent.objects.get(name="nova-1.x")
        assert answer.body["agent"] == {
            "id": agent.pk, "name": "nova-1.x", "role": "coder", "status": "idle",
            "created_at": int(agent.created_at.timestamp()),
        }  # fmt: skip
        assert agent.last_seen is not None
        assert (agent.source, agent.config) == ("manual", {"capabilities": ["a", "b"], "framework": "x"})

    def test_it_is_told_and_audited(self):
        before = mark()
        answer = self.register({"name": "nova"})
        assert names(before) == ["A:agent_created", "agent.created"]
        story, created = (frame["data"] for frame in frames(before))
        assert (story["actor"], story["entity_type"], story["entity_id"]) == (
            "nova", "agent", answer.body["agent"]["id"],
        )  # fmt: skip
        assert story["data"] == {
            "name": "nova", "role": "agent", "framework": None, "capabilities": [], "self_registered": True,
        }  # fmt: skip
        assert created["status"] == "idle"
        row = Event.objects.get(kind="audit.recorded")
        assert (row.type, row.data["target_type"]) == ("agent_self_register", "agent")

    def test_who_is_registered_already_is_idle_again(self):
        agent = make_agent("nova", role="chief", status="offline")
        before = mark()
        answer = self.register({"name": "nova", "role": "tester"})
        assert (answer.status, answer.body["registered"]) == (200, False)
        assert answer.body["message"] == "Agent already registered, status updated"
        assert answer.body["agent"]["id"] == agent.pk
        assert (answer.body["agent"]["role"], answer.body["agent"]["status"]) == ("chief", "idle")
        assert names(before) == ["agent.status_changed"]
        before = mark()
        assert self.register({"name": "nova"}).status == 200
        assert names(before) == []
        assert not Event.objects.filter(kind="audit.recorded").exists()

    def test_a_name_belongs_to_its_workspace(self):
        make_agent("nova", actor=actor_of(self.charlie))
        assert self.register({"name": "nova"}).status == 201

    def test_bad_names_are_refused(self):
        for name in (None, "", "-nova", ".nova", "no va", "nova\n", "x" * 64, "ünova", 5, ["nova"], "a\u0000"):
            with self.subTest(name=name):
                answer = self.register({"name": name})
                assert answer.status == 400
                assert answer.body["error"].startswith("Invalid agent name. ")
        assert self.register({"name": "x" * 63}).status == 201

    def test_bad_roles_are_refused(self):
        for role in ("boss", 5, ["coder"], {"a": 1}):
            with self.subTest(role=role):
                answer = self.register({"name": "nova", "role": role})
                assert (answer.status, answer.body) == (400, {"error": BAD_ROLE})

    def test_a_body_is_required(self):
        for body in (None, b"{", [], "nova", 5):
            with self.subTest(body=body):
                answer = self.register(body)
                assert (answer.status, answer.body) == (400, {"error": "Request body required"})

    @override_settings(RATE_LIMITS_OFF=False)
    def test_five_a_minute(self):
        forget_rates()
        for n in range(5):
            assert self.register({"name": f"nova-{n}"}).status == 201
        answer = self.register({"name": "nova-9"})
        assert (answer.status, answer.body) == (
            429, {"error": "Too many registration attempts. Please try again later."},
        )  # fmt: skip


class HideTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova")

    def shown(self):
        return [agent["name"] for agent in self.get("/api/agents").body["agents"]]

    def test_it_leaves_the_list_and_comes_back(self):
        for key in ("nova", self.agent.pk):
            answer = self.post(f"/api/agents/{key}/hide")
            assert (answer.status, answer.body) == (
                200, {"success": True, "agent_id": self.agent.pk, "hidden": True},
            )  # fmt: skip
            assert self.shown() == []
            answer = self.delete(f"/api/agents/{key}/hide", as_=self.bob)
            assert answer.body == {"success": True, "agent_id": self.agent.pk, "hidden": False}
            assert self.shown() == ["nova"]

    def test_it_is_told_once(self):
        before = mark()
        for _ in range(2):
            assert self.post("/api/agents/nova/hide").status == 200
        assert names(before) == ["agent.updated"]
        assert frames(before)[0]["data"]["hidden"] == 1

    def test_strangers_and_viewers_cannot(self):
        assert self.post("/api/agents/nova/hide", as_=self.charlie).status == 404
        assert self.post("/api/agents/nova/hide", as_=self.vera).status == 403
        assert self.post(f"/api/agents/{'9' * 40}/hide").body == {"error": "Agent not found"}
