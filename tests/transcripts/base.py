"""An agent whose runner passes on what it says."""

from __future__ import annotations

from typing import Any

from activity.models import Event
from agents.models import Agent
from tests.api.v1.base import V1ApiTestCase
from tests.base import Answer


class StreamTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")

    def stream(self, *events: Any, as_: Any = None, key: str = "main", agent: str = "jordan") -> Answer:
        body = {"sessionKey": key, "events": list(events)}
        return self.ask("POST", f"/agents/{agent}/stream", body, as_=self.jordan if as_ is None else as_)

    def taken(self, *events: Any, **how: Any) -> Answer:
        answer = self.stream(*events, **how)
        assert answer.status == 202, answer.raw
        assert answer.body["rejected"] == []
        return answer

    def rejected(self, *events: Any) -> dict[int, str]:
        answer = self.stream(*events)
        assert answer.status == 202, answer.raw
        assert answer.body["accepted"] == len(events) - len(answer.body["rejected"])
        return {one["index"]: one["message"] for one in answer.body["rejected"]}

    def log(self, query: str = "?limit=200") -> list[dict[str, Any]]:
        return self.ask("GET", f"/agents/jordan/log{query}", as_=self.jordan).body["entries"]

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event.data or {} for event in Event.objects.filter(kind=kind).order_by("id")]

    def presence(self) -> str:
        return Agent.objects.get(pk=self.jordan.pk).status

    def new_run(self, *, as_: Agent | None = None, **fields: Any) -> str:
        agent = as_ or self.jordan
        body = {"agentId": agent.slug, "sessionKey": "main", "model": "claude-sonnet-4", "status": "RUNNING"}
        answer = self.ask("POST", "/events/run", {**body, "startedAt": "2026-02-02T09:08:00Z", **fields}, as_=agent)
        assert answer.status == 201, answer.raw
        return str(answer.body["run"]["id"])


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "agent_text", "text": words, **fields}
