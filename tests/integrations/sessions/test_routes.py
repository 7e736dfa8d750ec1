from __future__ import annotations

from datetime import timedelta

from integrations.sessions.scanning import scan
from tests.base import LegacyApiTestCase

from .test_claude import ASKED, ScanTestCase, answer

SAID = {
    "type": "assistant", "timestamp": "2031-01-01T00:00:07.000Z",
    "message": {"id": "m2", "content": [
        {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "seven ducks, sk-ant-0123456789abcdef0123"},
        {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "ls"}},
    ]},
}  # fmt: skip
RESULT = {
    "type": "user",
    "message": {
        "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "pond"}]}]
    },
}


class LocalSessionRouteTests(ScanTestCase, LegacyApiTestCase):
    def fill(self, *lines: object) -> None:
        early = (self.now - timedelta(minutes=1)).isoformat()
        self.write(*({**line, "timestamp": early} for line in lines), at=self.now)

    def test_sessions_with_figures_of_all(self):
        self.fill(ASKED, answer())
        assert self.post("/api/claude/sessions", as_=self.bob).body == {
            "ok": True, "message": "Scanned 1 session(s), 1 active",
        }  # fmt: skip
        body = self.get("/api/claude/sessions?active=1&project=-srv-pond").body
        assert body["total"] == 1
        (row,) = body["sessions"]
        assert (row["session_id"], row["is_active"], row["estimated_cost"]) == ("cs-1", 1, 0.015)
        assert body["stats"] == {
            "total_sessions": 1, "active_sessions": 1, "total_input_tokens": 13000, "total_output_tokens": 100,
            "total_estimated_cost": 0.01, "unique_projects": 1,
        }  # fmt: skip
        assert self.get("/api/claude/sessions?project=other").body["sessions"] == []

    def test_they_stand_among_all_sessions(self):
        self.fill(ASKED, answer())
        scan(now=self.now)
        (row,) = self.get("/api/sessions").body["sessions"]
        assert (row["id"], row["agent"], row["kind"], row["source"]) == ("cs-1", "-srv-pond", "claude-code", "local")
        assert (row["tokens"], row["flags"], row["active"], row["age"]) == ("13k/100", ["main"], True, "now")
        assert row["workingDir"] == "/srv/pond"
        assert "totalTokens" not in row
        assert self.get("/api/sessions", as_=self.charlie).body["sessions"] == []

    def test_a_transcript_without_secrets(self):
        self.fill(ASKED, SAID, RESULT)
        scan(now=self.now)
        messages = self.get("/api/sessions/transcript?kind=claude-code&id=cs-1").body["messages"]
        assert [(message["role"], [part["type"] for part in message["parts"]]) for message in messages] == [
            ("user", ["text"]),
            ("assistant", ["thinking", "text", "tool_use"]),
            ("user", ["tool_result"]),
        ]
        parts = messages[1]["parts"]
        assert parts[1]["text"] == "seven ducks, [REDACTED]"
        assert parts[2] == {"type": "tool_use", "id": "t1", "name": "Bash", "input": '{"command":"ls"}'}
        assert messages[2]["parts"] == [{"type": "tool_result", "toolUseId": "t1", "content": "pond"}]
        newest = self.get("/api/sessions/transcript?kind=claude-code&id=cs-1&limit=1").body["messages"]
        assert newest == messages[2:]
        assert self.get("/api/sessions/transcript?kind=claude-code&id=nobody").body["messages"] == []
        path = "/api/sessions/transcript?kind=claude-code&id=cs-1"
        assert self.get(path, as_=self.charlie).body["messages"] == []
