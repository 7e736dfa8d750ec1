from __future__ import annotations

import re

from accounts.services import issue_key
from core.actors import Role, system
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent

LARGEST = 512 * 1024


class MemoryTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova", role="coder")
        self.path = "/api/agents/nova/memory"

    def test_an_empty_memory(self):
        body = self.get(self.path, as_=self.vera).body
        assert body.pop("updated_at")
        assert body == {
            "agent": {"id": self.agent.pk, "name": "nova", "role": "coder"},
            "working_memory": "", "source": "none", "size": 0,
        }  # fmt: skip

    def test_notes_are_replaced(self):
        before = mark()
        answer = self.put(self.path, {"working_memory": "remember"})
        assert (answer.status, list(answer.body)) == (
            200, ["success", "message", "working_memory", "saved_to_workspace", "updated_at", "size"],
        )  # fmt: skip
        assert (answer.body["working_memory"], answer.body["size"]) == ("remember", 8)
        read = self.get(f"/api/agents/{self.agent.pk}/memory").body
        assert (read["working_memory"], read["source"], read["size"]) == ("remember", "database", 8)
        assert names(before) == ["A:agent_memory_updated"]
        story = frames(before)[0]["data"]
        assert story["actor"] == "nova"
        assert story["data"].keys() == {"content_length", "append_mode", "timestamp", "saved_to_workspace"}

    def test_notes_are_added_below_a_dated_heading(self):
        self.put(self.path, {"working_memory": "first"})
        text = self.put(self.path, {"working_memory": "second", "append": True}).body["working_memory"]
        assert re.fullmatch(r"first\n\n## \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\nsecond", text)
        assert self.get(self.path).body["working_memory"] == text

    def test_nothing_clears(self):
        for body in ({}, {"working_memory": None}, {"working_memory": ""}):
            self.put(self.path, {"working_memory": "x"})
            answer = self.put(self.path, body)
            assert (answer.status, answer.body["working_memory"], answer.body["size"]) == (200, "", 0)

    def test_too_much_is_refused_and_kept_out(self):
        assert self.put(self.path, {"working_memory": "x" * LARGEST}).status == 200
        answer = self.put(self.path, {"working_memory": "x" * (LARGEST + 1)})
        assert answer.status == 413
        assert list(answer.body) == ["error"]
        assert answer.body["error"].startswith("Working memory exceeds 524288 bytes (524289 bytes). ")
        assert self.put(self.path, {"working_memory": "y", "append": True}).status == 413
        assert self.get(self.path).body["working_memory"] == "x" * LARGEST

    def test_it_is_forgotten(self):
        self.put(self.path, {"working_memory": "x"})
        before = mark()
        answer = self.delete(self.path, as_=self.bob)
        assert answer.status == 200
        assert (answer.body["success"], answer.body["working_memory"]) == (True, "")
        assert {"message", "updated_at"} <= answer.body.keys()
        assert names(before) == ["A:agent_memory_cleared"]
        assert frames(before)[0]["data"]["data"].keys() == {"timestamp"}
        assert self.get(self.path).body["source"] == "none"
        assert self.delete(self.path, as_=self.bob).status == 200

    def test_bad_bodies(self):
        for body in (b"{", b"", [], "x", {"working_memory": 5}):
            with self.subTest(body=body):
                assert self.put(self.path, body).status == 400
        assert self.put(self.path, {"working_memory": "a\u0000b"}).status == 200

    def test_an_agent_reads_and_writes_its_own_only(self):
        other = make_agent("other")
        key = issue_key(
            actor=system(1), name="k", role=Role.OPERATOR, workspace=self.home, agent=(self.agent.pk, "nova")
        )[1]
        refused = {"error": "Access denied: agent key may only access its own agent."}
        for own in ("nova", self.agent.pk):
            assert self.get(f"/api/agents/{own}/memory", as_=key).status == 200
            assert self.put(f"/api/agents/{own}/memory", {"working_memory": "x"}, as_=key).status == 200
            assert self.delete(f"/api/agents/{own}/memory", as_=key).status == 200
        for foreign in ("other", other.pk):
            for method in ("GET", "PUT", "DELETE"):
                answer = self.call(method, f"/api/agents/{foreign}/memory", {"working_memory": "x"}, as_=key)
                assert (answer.status, answer.body) == (403, refused)
        assert self.get("/api/agents/other/memory", x_agent_name="nova").status == 403
        assert self.get(f"/api/agents/{self.agent.pk}/memory", x_agent_name="nova").status == 403

    def test_what_is_not_there_is_not_found(self):
        make_agent("theirs", actor=actor_of(self.charlie))
        for key in ("nobody", "theirs", "9" * 40):
            for method in ("GET", "PUT", "DELETE"):
                answer = self.call(method, f"/api/agents/{key}/memory", {}, as_=self.bob)
                assert (answer.status, answer.body) == (404, {"error": "Agent not found"})
