from __future__ import annotations

from datetime import timedelta

from accounts.models import Workspace
from activity.models import Event
from agents.models import Agent
from connections.models import Connection
from tests.base import LegacyApiTestCase

PATH = "/api/sessions"
KEYS = [
    "id", "key", "agent", "kind", "age", "model", "tokens", "channel", "flags", "active", "startTime",
    "lastActivity", "source",
]  # fmt: skip
UNAVAILABLE = "This resource is unavailable in strict workspaces because it has no workspace ownership metadata"


class SessionListTests(LegacyApiTestCase):
    def connect(self, name="nova", **fields):
        fields = {"tool_name": "claude-code", "agent_name": name} | fields
        return self.post("/api/connect", fields).body["connection_id"]

    def ask(self, **options):
        return self.get(PATH, **options).body["sessions"]

    def test_each_open_connection_is_a_session(self):
        connection = self.connect("Nova One")
        (row,) = self.ask(as_=self.vera)
        assert list(row) == KEYS
        assert (row["id"], row["key"], row["agent"], row["kind"]) == (
            connection, "agent:nova-one:cli", "Nova One", "claude-code",
        )  # fmt: skip
        assert (row["age"], row["model"], row["tokens"]) == ("now", "unknown", "0/35k (0%)")
        assert (row["channel"], row["flags"], row["active"], row["source"]) == ("cli", [], True, "gateway")
        assert 1_700_000_000_000 < row["startTime"] <= row["lastActivity"] < 10_000_000_000_000

    def test_a_closed_connection_is_none(self):
        self.delete("/api/connect", {"connection_id": self.connect()})
        assert self.ask() == []

    def test_model_and_tokens_are_those_of_the_agents_reports(self):
        self.connect()
        for model, tokens in (("claude-opus-4-6", 10_000), ("claude-sonnet-4", 2400)):
            body = {"model": model, "sessionId": "nova:cli", "inputTokens": tokens, "outputTokens": 0}
            assert self.post("/api/tokens", body).status == 200
        (row,) = self.ask()
        assert (row["model"], row["tokens"]) == ("claude-sonnet-4", "12k/35k (35%)")

    def test_millions_are_written_short(self):
        self.connect()
        body = {"model": "m", "sessionId": "nova:cli", "inputTokens": 1_250_000, "outputTokens": 0}
        self.post("/api/tokens", body)
        assert self.ask()[0]["tokens"].startswith("1.2m/35k (3571%)")

    def test_the_model_that_the_tool_or_the_agent_names_comes_first(self):
        self.connect(metadata={"model": "told-by-the-tool"})
        assert self.ask()[0]["model"] == "told-by-the-tool"
        Connection.objects.update(metadata='["no object"]')
        Agent.objects.update(config={"model": "configured"}, session_key="agent:nova:main")
        (row,) = self.ask()
        assert (row["model"], row["key"]) == ("configured", "agent:nova:main")

    def test_ages(self):
        self.connect()
        for ago, age, active in (
            (timedelta(minutes=5), "5m", True),
            (timedelta(minutes=61), "1h", False),
            (timedelta(days=2, hours=3), "2d", False),
        ):
            Connection.objects.update(last_heartbeat=self.now - ago)
            (row,) = self.ask()
            assert (row["age"], row["active"]) == (age, active)

    def test_who_was_heard_of_last_comes_first_and_a_hundred_are_shown(self):
        for n in range(102):
            self.connect(f"agent-{n}")
        Connection.objects.filter(agent__name="agent-0").update(last_heartbeat=self.now + timedelta(minutes=1))
        rows = self.ask()
        assert (len(rows), rows[0]["agent"], rows[1]["agent"]) == (100, "agent-0", "agent-101")

    def test_an_outsider_sees_none(self):
        self.connect()
        assert self.ask(as_=self.charlie) == []

    def test_the_number_of_queries_does_not_grow_with_the_sessions(self):
        for n in (1, 5):
            for i in range(n):
                self.connect(f"{n}-{i}")
            self.ask()
            with self.assertNumQueries(5):
                self.get(PATH)


class SettingTests(LegacyApiTestCase):
    def test_what_is_wrong_is_told_in_order(self):
        key = {"sessionKey": "agent:nova:main"}
        thinking = "Invalid thinking level. Must be: off, minimal, low, medium, high, xhigh"
        action = "Invalid action. Must be: set-thinking, set-verbose, set-reasoning, set-label"
        label = "Label must be a string up to 100 characters"
        for query, body, text in (
            ("", {}, "Invalid session key"),
            ("?action=nothing", {"sessionKey": "a b"}, "Invalid session key"),
            ("?action=nothing", {"sessionKey": 5}, "Invalid session key"),
            ("?action=nothing", {"sessionKey": "a\n"}, "Invalid session key"),
            ("", key, action),
            ("?action=nothing", key, action),
            ("?action=set-thinking", key, thinking),
            ("?action=set-thinking", {**key, "level": "on"}, thinking),
            ("?action=set-thinking", {**key, "level": ["off"]}, thinking),
            ("?action=set-verbose", {**key, "level": "low"}, "Invalid verbose level. Must be: off, on, full"),
            ("?action=set-reasoning", {**key, "level": 1}, "Invalid reasoning level. Must be: off, on, stream"),
            ("?action=set-label", key, label),
            ("?action=set-label", {**key, "label": "x" * 101}, label),
            ("?action=set-label", [], "Invalid request body"),
        ):
            with self.subTest(query=query, body=body):
                answer = self.post(f"{PATH}{query}", body)
                assert (answer.status, answer.body) == (400, {"error": text})

    def test_without_a_gateway_nothing_is_set(self):
        for action, body in (
            ("set-thinking", {"level": "xhigh"}),
            ("set-verbose", {"level": "full"}),
            ("set-reasoning", {"level": "stream"}),
            ("set-label", {"label": "x" * 100}),
        ):
            answer = self.post(f"{PATH}?action={action}", {"sessionKey": "agent:nova:main", **body})
            text = f"No gateway is connected to this server: {action} did not reach session agent:nova:main"
            assert (answer.status, answer.body) == (500, {"error": text})
        assert not Event.objects.filter(type="session_control").exists()

    def test_ending_a_session(self):
        for body in ({}, {"sessionKey": ""}, {"sessionKey": "a/b"}, {"sessionKey": None}):
            answer = self.delete(PATH, body)
            assert (answer.status, answer.body) == (400, {"error": "Invalid session key"})
        answer = self.delete(PATH, {"sessionKey": "agent:nova:main"}, as_=self.bob)
        assert answer.status == 500
        assert "No gateway" in answer.body["error"]


class ControlTests(LegacyApiTestCase):
    def test_what_is_wrong_is_told(self):
        action = "Invalid action. Must be: monitor, pause, terminate"
        for key, body, text in (
            ("a%20b", {"action": "monitor"}, "Invalid session id"),
            ("agent:nova:main", {}, action),
            ("agent:nova:main", {"action": "start"}, action),
            ("agent:nova:main", {"action": ["pause"]}, action),
            ("agent:nova:main", b"{", "Invalid request body"),
        ):
            answer = self.post(f"{PATH}/{key}/control", body)
            assert (answer.status, answer.body) == (400, {"error": text})

    def test_without_a_gateway_no_session_is_controlled(self):
        for action in ("monitor", "pause", "terminate"):
            answer = self.post(f"{PATH}/agent:nova:main/control", {"action": action})
            assert answer.status == 500
            assert answer.body["error"].startswith("No gateway is connected to this server")


class ContinueTests(LegacyApiTestCase):
    def test_what_is_wrong_is_told_in_order(self):
        good = {"kind": "claude-code", "id": "abc-1", "prompt": "go on"}
        prompt = "prompt is required (max 6000 chars)"
        for changes, text in (
            ({"kind": "gateway", "id": ""}, "Invalid kind"),
            ({"kind": None}, "Invalid kind"),
            ({"kind": ["codex-cli"]}, "Invalid kind"),
            ({"id": "", "prompt": ""}, "Invalid session id"),
            ({"id": "../x"}, "Invalid session id"),
            ({"id": 5}, "Invalid session id"),
            ({"prompt": " "}, prompt),
            ({"prompt": "x" * 6001}, prompt),
            ({"prompt": 5}, prompt),
        ):
            with self.subTest(changes=changes):
                answer = self.post(f"{PATH}/continue", good | changes)
                assert (answer.status, answer.body) == (400, {"error": text})

    def test_a_tool_that_is_not_here_is_told(self):
        for kind in ("claude-code", "codex-cli", "opencode"):
            answer = self.post(f"{PATH}/continue", {"kind": kind, "id": "abc", "prompt": "x" * 6000})
            text = f"This server has no {kind} to continue the session with"
            assert (answer.status, answer.body) == (500, {"error": text})


class TranscriptTests(LegacyApiTestCase):
    def test_kind_and_id_are_required(self):
        for query in ("", "?kind=claude-code", "?id=abc", "?kind=&id="):
            answer = self.get(f"{PATH}/transcript{query}")
            assert (answer.status, answer.body) == (400, {"error": "kind and id are required"})

    def test_of_an_unknown_session_nothing_is_known(self):
        for kind in ("claude-code", "gateway", "nothing"):
            answer = self.get(f"{PATH}/transcript?kind={kind}&id=abc&limit=junk", as_=self.vera)
            assert (answer.status, answer.body) == (200, {"messages": []})


class StrictWorkspaceTests(LegacyApiTestCase):
    def test_sessions_are_kept_from_strict_workspaces(self):
        Workspace.objects.filter(pk=self.home.pk).update(isolation="strict")
        for method, path in (
            ("GET", PATH),
            ("POST", PATH),
            ("DELETE", PATH),
            ("POST", f"{PATH}/x/control"),
            ("POST", f"{PATH}/continue"),
            ("GET", f"{PATH}/transcript"),
            ("GET", "/api/spawn"),
            ("POST", "/api/spawn"),
        ):
            answer = self.call(method, path, {}, as_=self.bob)
            assert (answer.status, answer.body) == (403, {"error": UNAVAILABLE}), path
        assert Event.objects.filter(type="workspace_isolation_denied").count() == 8
