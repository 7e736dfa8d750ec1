from __future__ import annotations

import json
import uuid

from activity.models import Event
from agents.models import Agent
from connections.models import Connection
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase
from tests.factories import make_agent

PATH = "/api/connect"
BODY = {"tool_name": "claude-code", "agent_name": "nova"}


class ConnectTests(LegacyApiTestCase):
    def test_a_new_agent_is_made_and_told_where_to_go(self):
        answer = self.post(PATH, {**BODY, "tool_version": "1.2", "agent_role": "coder", "metadata": {"cwd": "/x"}})
        agent = Agent.objects.get(name="nova")
        id = answer.body.pop("connection_id")
        assert uuid.UUID(id).version == 4
        assert answer.status == 200
        assert {**answer.body, "connection_id": id} == {
            "connection_id": id,
            "agent_id": agent.pk,
            "agent_name": "nova",
            "status": "connected",
            "sse_url": "/api/events",
            "heartbeat_url": f"/api/agents/{agent.pk}/heartbeat",
            "token_report_url": "/api/tokens",
        }
        assert (agent.status, agent.role, agent.last_seen) == ("online", "coder", None)

    def test_without_a_role_the_new_agent_is_a_cli(self):
        self.post(PATH, BODY)
        assert Agent.objects.get(name="nova").role == "cli"

    def test_a_known_agent_comes_online_and_keeps_its_role(self):
        agent = make_agent("nova", role="tester")
        self.post(PATH, {**BODY, "agent_role": "coder"})
        agent.refresh_from_db()
        assert (agent.status, agent.role, agent.last_seen) == ("online", "tester", None)

    def test_the_frames_of_a_new_agent(self):
        before = mark()
        answer = self.post(PATH, {**BODY, "tool_version": "1.2"}).body
        assert names(before) == ["A:agent_created", "agent.created", "A:connection_created", "connection.created"]
        stories = [frame["data"] for frame in frames(before) if frame["type"] == "activity.created"]
        assert [(s["actor"], s["description"], s["data"]) for s in stories] == [
            ("system", 'Auto-created agent "nova" via direct CLI connection', None),
            ("nova", "CLI connection established via claude-code v1.2", None),
        ]
        assert frames(before)[-1]["data"] == {
            "connection_id": answer["connection_id"],
            "agent_id": answer["agent_id"],
            "agent_name": "nova",
            "tool_name": "claude-code",
            "workspace_id": 1,
        }

    def test_the_frames_of_a_known_agent(self):
        agent = make_agent("nova")
        before = mark()
        self.post(PATH, BODY)
        assert names(before) == ["agent.status_changed", "A:connection_created", "connection.created"]
        assert frames(before)[0]["data"] == {"id": agent.pk, "name": "nova", "status": "online", "workspace_id": 1}

    def test_an_agent_has_one_live_connection(self):
        first, second = (self.post(PATH, BODY).body["connection_id"] for _ in range(2))
        assert Connection.objects.get(connection_id=first).status == "disconnected"
        assert Connection.objects.get(connection_id=second).status == "connected"
        assert not Event.objects.filter(kind="connection.disconnected").exists()

    def test_an_outsiders_agent_of_the_same_name_is_another_one(self):
        mine, theirs = (self.post(PATH, BODY, as_=who).body["agent_id"] for who in (self.bob, self.charlie))
        assert mine != theirs

    def test_broken_rules_are_listed_in_the_order_of_the_fields(self):
        long = "x" * 101
        for body, details in (
            ({}, ["tool_name: Invalid input", "agent_name: Invalid input"]),
            (
                {"tool_name": "", "agent_name": ""},
                ["tool_name: Tool name is required", "agent_name: Agent name is required"],
            ),
            (
                {**BODY, "tool_name": long, "agent_name": long},
                ["tool_name: Invalid input", "agent_name: Invalid input"],
            ),
            ({**BODY, "tool_version": "x" * 51}, ["tool_version: Invalid input"]),
            ({**BODY, "agent_role": long, "metadata": []}, ["agent_role: Invalid input", "metadata: Invalid input"]),
            ({**BODY, "tool_version": None}, ["tool_version: Invalid input"]),
            ([], [": Invalid input"]),
            (b"null", [": Invalid input"]),
        ):
            with self.subTest(body=body):
                answer = self.post(PATH, body)
                assert answer.status == 400
                assert answer.body == {"error": "Validation failed", "details": details}

    def test_lengths_count_utf16_units(self):
        assert self.post(PATH, {**BODY, "agent_name": "🛰" * 50}).status == 200
        assert self.post(PATH, {**BODY, "agent_name": "🛰" * 50 + "x"}).status == 400

    def test_a_body_that_is_no_json_is_refused(self):
        for body in (b"", b"{", b"tool_name=x", b"\xff\xfe"):
            with self.subTest(body=body):
                answer = self.post(PATH, body)
                assert (answer.status, answer.body) == (400, {"error": "Invalid request body"})


class ConnectionListTests(LegacyApiTestCase):
    def test_all_connections_are_listed_newest_first_with_their_agents(self):
        old = self.post(PATH, {**BODY, "metadata": {"cwd": "/x"}}).body
        new = self.post(PATH, BODY).body
        answer = self.get(PATH, as_=self.vera).body
        assert answer.keys() == {"connections"}
        rows = answer["connections"]
        assert [row["connection_id"] for row in rows] == [new["connection_id"], old["connection_id"]]
        assert [row["status"] for row in rows] == ["connected", "disconnected"]
        row = rows[1]
        assert list(row) == [
            "id", "agent_id", "tool_name", "tool_version", "connection_id", "status", "last_heartbeat", "metadata",
            "created_at", "updated_at", "workspace_id", "agent_name", "agent_status", "agent_role",
        ]  # fmt: skip
        assert json.loads(row["metadata"]) == {"cwd": "/x"}
        assert row["last_heartbeat"] == row["created_at"]
        assert (row["agent_name"], row["agent_status"], row["agent_role"]) == ("nova", "online", "cli")

    def test_an_outsider_sees_none(self):
        self.post(PATH, BODY)
        assert self.get(PATH, as_=self.charlie).body == {"connections": []}

    def test_a_longer_list_takes_no_more_queries(self):
        for n in (1, 5):
            self.post(PATH, {**BODY, "agent_name": f"nova-{n}"})
            self.get(PATH)
            with self.assertNumQueries(1):
                self.get(PATH)


class DisconnectTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.id = self.post(PATH, BODY).body["connection_id"]

    def disconnect(self, body, **options):
        return self.call("DELETE", PATH, body, as_=self.bob, **options)

    def test_the_last_connection_takes_its_agent_offline(self):
        before = mark()
        answer = self.disconnect({"connection_id": self.id})
        assert (answer.status, answer.body) == (200, {"status": "disconnected", "connection_id": self.id})
        assert Agent.objects.get(name="nova").status == "offline"
        assert names(before) == ["A:connection_disconnected", "connection.disconnected", "agent.status_changed"]
        assert frames(before)[0]["data"]["description"] == "CLI connection disconnected (claude-code)"

    def test_closing_it_again_is_no_error(self):
        self.disconnect({"connection_id": self.id})
        assert self.disconnect({"connection_id": self.id}).status == 200

    def test_closing_an_old_connection_leaves_the_agent_online(self):
        self.post(PATH, BODY)
        self.disconnect({"connection_id": self.id})
        assert Agent.objects.get(name="nova").status == "online"

    def test_unknown_and_foreign_connections_are_not_found(self):
        theirs = self.post(PATH, BODY, as_=self.charlie).body["connection_id"]
        for id in (str(uuid.uuid4()), "no uuid", theirs):
            with self.subTest(id=id):
                answer = self.disconnect({"connection_id": id})
                assert (answer.status, answer.body) == (404, {"error": "Connection not found"})

    def test_bad_input_is_told_apart(self):
        for body, error in (
            (b"", "Invalid request body"),
            ([], "Invalid request body"),
            ({}, "connection_id is required"),
            ({"connection_id": 5}, "connection_id is required"),
        ):
            with self.subTest(body=body):
                answer = self.disconnect(body)
                assert (answer.status, answer.body) == (400, {"error": error})
