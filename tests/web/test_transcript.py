"""An agent's transcript on its page: what the server renders, to whom, and what they may answer."""

from __future__ import annotations

from typing import Any

from core.actors import system
from core.rows import fresh, insert
from tests.web.test_agent_page import FRAGMENT, AgentTestCase
from transcripts.models import Entry, Message, SpawnRequest
from transcripts.services.items import KINDS, Item
from transcripts.services.streaming import take_stream
from web.transcript import FARTHEST, LOOK, Transcript


class TranscriptTests(AgentTestCase):
    def hear(self, *items: tuple[str, dict[str, Any]], agent: Any = None) -> None:
        taken = take_stream(
            agent=agent or self.jordan,
            session_key="nightly",
            items=[Item(n, KINDS[type], fields) for n, (type, fields) in enumerate(items)],
            actor=system(self.home.pk),
            now=self.now,
        )
        assert taken.refused == {}

    def fragment(self, query: str = "") -> str:
        answer = self.client.get(f"/agents/{self.jordan.pk}/transcript/{query}", headers=FRAGMENT)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    def enter(self, kind: str, texts: list[str]) -> None:
        row = {"workspace_id": self.home.pk, "agent_id": self.jordan.pk, "kind": kind, "at": self.now}
        insert([fresh(Entry, **row, text=text) for text in texts])

    def test_all_that_it_says_and_does(self) -> None:
        wish = {"agents": [{"name": "Robin", "role": "tester", "task": "Test <it>"}], "reason": "Too much"}
        self.hear(
            ("agent_text", {"text": "I look "}),
            ("agent_text", {"text": "at <the> notes."}),
            ("agent_tool", {"tool": "Bash", "input": {"command": "ls docs"}, "tool_use_id": "u1"}),
            ("agent_tool_result", {"tool": "Bash", "result": "guide.md", "tool_use_id": "u1"}),
            ("agent_tool", {"tool": "Read", "input": {"file_path": "a.md"}, "tool_use_id": "u2"}),
            ("agent_error", {"error": "no disk"}),
            ("agent_todos", {"todos": [{"content": "Write it", "status": "completed"}]}),
            ("delegation_update", {"delegation_id": "d1", "status": "running", "to_role": "tester"}),
            ("agent_spawn_request", {"request": wish}),
        )
        self.spends(0.25)
        page = self.page()
        for words in (
            "I look at &lt;the&gt; notes.", "ls docs</pre>", "guide.md</pre>", "no disk", "Write it", "1 of 1 done",
            "tester", "d1", "Asks for 1 more agent", "Test &lt;it&gt;", "Approve", "nightly", "$0.00</b> so far",
        ):  # fmt: skip
            assert words in page, words
        assert page.count('class="said-tool"') == 2
        assert "running</span>" in page
        assert "I look at" in self.fragment()

    def test_nothing_was_heard_yet(self) -> None:
        assert "Nothing was heard of its work yet" in self.page()

    def test_hidden_entries_are_not_shown(self) -> None:
        self.hear(("agent_text", {"text": "a secret plan"}))
        Entry.objects.update(hidden=True)
        assert "secret plan" not in self.fragment()

    def test_earlier_parts_are_fetched_from_the_beginning_of_a_speech(self) -> None:
        self.enter("error", ["the very first"])
        self.enter("text", [f"{n} " for n in range(LOOK)])
        self.enter("error", ["between"])
        self.enter("text", [f"again {n} " for n in range(20)])
        newest = Transcript(self.jordan)
        assert [row.text[:8] for row in newest.rows] == ["between", "again 0 "]
        assert newest.has_earlier
        earlier = Transcript(self.jordan, newest.first)
        assert [row.text[:8] for row in earlier.rows] == ["0 1 2 3 "]
        assert f"before={newest.first}" in self.fragment()
        assert "0 1 2 3" in self.fragment(f"?before={newest.first}")
        first = Transcript(self.jordan, earlier.first)
        assert ([row.text for row in first.rows], first.has_earlier) == (["the very first"], False)

    def test_a_speech_without_an_end_is_shown_as_far_as_it_can_be(self) -> None:
        self.enter("text", ["x"] * (FARTHEST + 50))
        [row] = Transcript(self.jordan).rows
        assert len(row.text) == FARTHEST

    def test_a_message_goes_to_its_runner(self) -> None:
        answer = self.post("say", text="Leave it\nto me")
        assert answer.status_code == 200
        assert "Leave it" in answer.content.decode()
        assert Message.objects.get().text == "Leave it\nto me"
        assert self.client.post(f"/agents/{self.jordan.pk}/say/", {"text": "x"}).status_code == 302
        for text in ("", "  ", "x" * 10_001):
            assert self.post("say", text=text).status_code == 400

    def test_a_wish_is_answered_once(self) -> None:
        self.hear(("agent_spawn_request", {"request": {"agents": [{"name": "a"}], "reason": ""}}))
        wish = SpawnRequest.objects.get()
        path = f"/spawn-requests/{wish.pk}/answer/"
        assert self.client.post(path, {"decision": "MAYBE"}, headers=FRAGMENT).status_code == 400
        answer = self.client.post(path, {"decision": "APPROVED"}, headers=FRAGMENT)
        assert "Asks for" not in answer.content.decode()
        again = self.client.post(path, {"decision": "DENIED"}, headers=FRAGMENT)
        assert (again.status_code, again.content.decode()) == (409, "It is approved already. Nothing was changed.")
        wish.refresh_from_db()
        assert (wish.status, wish.decided_by) == ("approved", f"user:{self.bob.pk}")

    def test_viewers_look_and_strangers_do_not(self) -> None:
        self.hear(("agent_spawn_request", {"request": {"agents": [{"name": "a"}], "reason": ""}}))
        wish = SpawnRequest.objects.get()
        self.client.force_login(self.vera)
        page = self.page()
        assert "Asks for 1 more agent" in page
        assert ">Approve<" not in page
        assert "/say/" not in page
        assert self.post("say", text="x").status_code == 403
        assert self.client.post(f"/spawn-requests/{wish.pk}/answer/", {"decision": "DENIED"}).status_code == 403
        self.client.force_login(self.charlie)
        assert self.client.get(f"/agents/{self.jordan.pk}/transcript/", headers=FRAGMENT).status_code == 404
        assert self.post("say", text="x").status_code == 404
        answer = self.client.post(f"/spawn-requests/{wish.pk}/answer/", {"decision": "DENIED"}, headers=FRAGMENT)
        assert answer.status_code == 404
        assert not Message.objects.exists()
