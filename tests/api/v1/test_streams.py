from __future__ import annotations

from typing import Any

from activity.models import Event
from agents.models import Agent
from tests.api.v1.base import V1ApiTestCase
from transcripts.models import Entry


class StreamTests(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")

    def stream(self, *events: Any, as_: Any = None, key: str = "main", agent: str = "jordan") -> Any:
        body = {"sessionKey": key, "events": list(events)}
        return self.ask("POST", f"/agents/{agent}/stream", body, as_=as_ or self.jordan)

    def log(self, path: str = "") -> list[dict[str, Any]]:
        return self.ask("GET", f"/agents/jordan/log{path}", as_=self.jordan).body["entries"]

    def test_what_is_said_is_told_in_order_and_stands_in_the_log(self) -> None:
        texts = [f"piece {n} " for n in range(100)]
        answer = self.stream(*({"type": "agent_text", "text": text, "seq": n} for n, text in enumerate(texts)))
        assert answer.status == 202
        assert answer.body["accepted"] == 100
        assert answer.body["rejected"] == []
        told = Event.objects.filter(kind="agent.text").order_by("id")
        assert [event.data["text"] for event in told] == texts
        assert told.last().pk == answer.body["lastEventId"]
        assert {event.agent_id for event in told} == {self.jordan.pk}
        assert [entry["text"] for entry in self.log("?limit=200")] == texts

    def test_a_batch_that_is_sent_again_is_answered_alike_and_taken_once(self) -> None:
        batch = [{"type": "agent_text", "text": "hello", "seq": 1}, {"type": "agent_text", "seq": 2}]
        first, second = self.stream(*batch), self.stream(*batch)
        assert first.body == second.body
        assert first.body["accepted"] == 1
        assert first.body["rejected"] == [{"index": 1, "message": "text: is required"}]
        assert Entry.objects.count() == 1
        assert Event.objects.filter(kind="agent.text").count() == 1

    def test_every_kind_of_item(self) -> None:
        answer = self.stream(
            {"type": "agent_session", "sessionId": "s-1"},
            {"type": "agent_working"},
            {"type": "agent_tool", "tool": "read", "input": {"path": "a.py"}, "toolUseId": "u1"},
            {"type": "agent_tool_result", "tool": "read", "result": {"lines": 3}, "toolUseId": "u1"},
            {"type": "agent_todos", "todos": [{"content": "Read", "status": "completed"}]},
            {"type": "delegation_update", "delegationId": "d1", "status": "running", "toRole": "tester"},
            {"type": "agent_spawn_request", "request": {"agents": [{"name": "t", "role": "tester", "task": "x"}]}},
            {"type": "agent_error", "error": "no disk"},
            {"type": "agent_done", "role": "coder", "cost": 0.25},
        )
        assert answer.body["accepted"] == 9, answer.raw
        assert Agent.objects.get(pk=self.jordan.pk).status == Agent.Status.IDLE
        for path in ("log", "sessions", "todos", "delegations", "inbox"):
            assert self.ask("GET", f"/agents/jordan/{path}").status == 200
        assert self.ask("GET", "/spawn-requests").body["requests"][0]["status"] == "pending"
