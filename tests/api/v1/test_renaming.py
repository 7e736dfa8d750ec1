from __future__ import annotations

from typing import Any

from chat.models import Line, Pair
from tests.api.v1.base import V1ApiTestCase


class RenamedAgentTests(V1ApiTestCase):
    """Every panel agrees on what an agent did, whatever it was called then."""

    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")
        self.agent("riley")

    def rename(self, name: str, *, slug: str = "jordan") -> None:
        answer = self.ask("PATCH", f"/agents/{slug}", {"name": name}, as_=self.alice)
        assert answer.status == 200, answer.raw

    def report(self, session: str) -> None:
        body = {"model": "sonnet", "sessionId": session, "inputTokens": 100, "outputTokens": 10}
        assert self.post("/api/tokens", body).status == 200

    def spent(self) -> dict[str, int]:
        """By agent, as each panel has it; they must agree."""
        by_agent = self.get("/api/tokens/by-agent").body["agents"]
        stats = self.get("/api/tokens?action=stats").body["agents"]
        listed: dict[str, int] = {}
        for record in self.get("/api/tokens?action=list").body["usage"]:
            listed[record["agentName"]] = listed.get(record["agentName"], 0) + record["totalTokens"]
        ways = [
            {row["agent"]: row["total_tokens"] for row in by_agent},
            {name: figures["totalTokens"] for name, figures in stats.items()},
            listed,
        ]
        assert ways[0] == ways[1] == ways[2], ways
        return ways[0]

    def attributed(self, name: str) -> dict[str, Any]:
        return dict(self.get(f"/api/agents/{name}/attribution?privileged=1", as_=self.alice).body)

    def test_its_costs_are_its_own_under_the_new_name(self):
        self.report("jordan:cli"), self.report("jordan:main"), self.report("riley:cli")
        self.rename("casey")
        assert self.spent() == {"casey": 220, "riley": 110}
        self.report("casey:cli")
        assert self.spent() == {"casey": 330, "riley": 110}
        assert self.attributed("casey")["cost"]["total"]["requests"] == 3
        [row] = [row for row in self.get("/api/tokens/by-agent").body["agents"] if row["agent"] == "casey"]
        assert row["session_count"] == 3

    def test_a_name_that_had_costs_before_is_added_to(self):
        self.report("jordan:cli"), self.report("casey:cli")
        self.rename("casey")
        assert self.spent() == {"casey": 220}

    def test_what_the_log_tells_of_it_is_still_told(self):
        task = self.post("/api/tasks", {"title": "One"}).body["task"]["id"]
        self.ask("POST", f"/tasks/task_{task}/messages", {"type": "COMMENT", "content": "Hello"}, as_=self.jordan)
        before = self.attributed("jordan")
        assert before["identity"]["lifetime_stats"]["comments_authored"] == 1
        self.rename("casey"), self.rename("drew")
        after = self.attributed("drew")
        assert after["identity"]["lifetime_stats"] == before["identity"]["lifetime_stats"]
        assert after["mutations"]["summary"]["comments_count"] == 1
        assert after["audit"]["total_activities"] >= before["audit"]["total_activities"]

    def test_a_name_that_another_agent_has_by_now_is_that_ones(self):
        task = self.post("/api/tasks", {"title": "One"}).body["task"]["id"]
        self.ask("POST", f"/tasks/task_{task}/messages", {"type": "COMMENT", "content": "Hello"}, as_=self.jordan)
        self.rename("casey"), self.rename("jordan", slug="riley")
        assert self.attributed("casey")["identity"]["lifetime_stats"]["comments_authored"] == 0

    def test_its_conversations_go_on(self):
        sent = {"conversation_id": "a2a:1", "from": "riley", "to": "jordan", "content": "Are you there?"}
        assert self.post("/api/chat/messages", sent).status == 201
        back = {**sent, "from": "jordan", "to": "riley", "content": "Yes"}
        assert self.post("/api/chat/messages", back, as_=self.token(self.jordan)).status == 201
        before = self.get("/api/chat/conversations?agent=jordan").body["conversations"]
        self.rename("casey")
        [seen] = self.get("/api/chat/conversations?agent=casey").body["conversations"]
        assert (seen["message_count"], seen["unread_count"]) == (before[0]["message_count"], before[0]["unread_count"])
        assert self.get("/api/chat/conversations?agent=jordan").body["conversations"] == []
        texts = self.get("/api/chat/messages?conversation_id=a2a:1").body["messages"]
        assert [(text["from_agent"], text["to_agent"]) for text in texts] == [("Bob", "casey"), ("casey", "riley")]

    def test_counts_of_one_who_had_the_name_before_are_added_to(self):
        for name in ("jordan", "casey"):
            sent = {"conversation_id": "a2a:1", "from": "riley", "to": name, "content": "Hello"}
            assert self.post("/api/chat/messages", sent).status == 201
        self.rename("casey")
        assert Pair.objects.get().message_count == Line.objects.get().message_count == 2
        assert Pair.objects.get().unread_count == 2
