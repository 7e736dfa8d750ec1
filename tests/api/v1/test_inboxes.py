from __future__ import annotations

from typing import Any

from agents.models import Agent, Mandate
from tests.transcripts.base import StreamTestCase, text
from transcripts.models import Message

WISH = {
    "type": "agent_spawn_request",
    "request": {"agents": [{"name": "Robin", "role": "tester", "task": "Test it"}], "reason": "Too much to do"},
}


class InboxTests(StreamTestCase):
    def inbox(self, query: str = "", *, as_: Any = None) -> dict[str, Any]:
        answer = self.ask("GET", f"/agents/jordan/inbox{query}", as_=self.jordan if as_ is None else as_)
        assert answer.status == 200, answer.raw
        return dict(answer.body)

    def say(self, words: str) -> dict[str, Any]:
        answer = self.ask("POST", "/agents/jordan/messages", {"text": words})
        assert answer.status == 201, answer.raw
        return dict(answer.body["message"])

    def control(self, action: str, **fields: Any) -> None:
        assert self.ask("POST", "/agents/jordan/control", {"action": action, **fields}).status == 200

    def test_messages_wait_until_the_runner_has_them(self) -> None:
        assert self.say("hello")["author"] == "Bob"
        self.say("there")
        first, again = self.inbox(), self.inbox()
        assert [message["text"] for message in first["messages"]] == ["hello", "there"]
        assert again["messages"] == first["messages"]
        assert self.inbox(f"?after={first['lastId']}")["messages"] == []
        assert self.inbox()["messages"] == []
        assert Message.objects.filter(taken_at=None).count() == 0

    def test_what_people_look_at_is_not_taken(self) -> None:
        self.say("hello")
        last = self.inbox(as_=self.bob)["lastId"]
        self.inbox(f"?after={last}", as_=self.vera)
        assert len(self.inbox()["messages"]) == 1

    def test_a_message_stands_in_the_log_and_is_told(self) -> None:
        self.say("use ghp_" + "a1" * 18)
        [entry] = self.log()
        assert (entry["kind"], entry["text"], entry["author"]) == ("user", "use [REDACTED]", "Bob")
        [told] = self.events("agent.user_message")
        assert (told["text"], told["author"]) == ("use [REDACTED]", "Bob")

    def test_controls_come_in_the_order_in_which_they_were_given(self) -> None:
        start = self.inbox()["lastId"]
        self.control("PAUSE", reason="Lunch")
        self.say("back soon")
        for action in ("RESUME", "RESTART", "DRAIN", "QUARANTINE"):
            self.control(action)
        found = self.inbox(f"?after={start}")
        actions = [control["action"] for control in found["controls"]]
        assert actions == ["PAUSE", "RESUME", "RESTART", "DRAIN", "QUARANTINE"]
        assert found["controls"][0]["reason"] == "Lunch"
        assert found["agentStatus"] == "QUARANTINED"
        message = found["messages"][0]["id"]
        assert found["controls"][0]["id"] < message < found["controls"][1]["id"]
        later = self.inbox(f"?after={message}")
        assert [control["action"] for control in later["controls"]] == actions[1:]

    def test_more_than_one_answer_holds_is_told_in_several(self) -> None:
        place = self.inbox()["lastId"]
        texts = [f"message {n}" for n in range(130)]
        for words in texts:
            self.say(words)
        self.control("PAUSE")
        seen: list[str] = []
        controls: list[str] = []
        for _ in range(3):
            found = self.inbox(f"?after={place}")
            place = found["lastId"]
            seen += [message["text"] for message in found["messages"]]
            controls += [control["action"] for control in found["controls"]]
        assert (seen, controls) == (texts, ["PAUSE"])

    def test_the_answer_to_a_wish_comes_to_the_runner(self) -> None:
        place = self.taken(WISH).body["lastEventId"]
        [wish] = self.ask("GET", "/spawn-requests?status=pending&agentId=jordan").body["requests"]
        self.ask("POST", f"/spawn-requests/{wish['id']}/respond", {"approved": False, "reason": "No money"})
        [control] = self.inbox(f"?after={place}")["controls"]
        assert (control["action"], control["requestId"], control["reason"]) == ("SPAWN_DENIED", wish["id"], "No money")

    def test_a_place_that_is_none_is_refused(self) -> None:
        for query in ("?after=x", "?after=-1", "?after=99999999999999999999", "?wait=31", "?wait=x", "?after=1.5"):
            with self.subTest(query=query):
                answer = self.ask("GET", f"/agents/jordan/inbox{query}", as_=self.jordan)
                self.refused(answer, 400, "VALIDATION_ERROR")
        assert self.inbox("?after=9223372036854775807")["messages"] == []

    def test_only_people_say_something_and_only_something(self) -> None:
        path = "/agents/jordan/messages"
        self.refused(self.ask("POST", path, {"text": "x"}, as_=self.jordan), 403, "FORBIDDEN")
        self.refused(self.ask("POST", path, {"text": "x"}, as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.ask("POST", path, {"text": "x"}, as_=self.charlie), 404, "NOT_FOUND")
        for body in ({}, {"text": " "}, {"text": 5}, {"text": "x" * 10_001}):
            self.refused(self.ask("POST", path, body), 400, "VALIDATION_ERROR")


class SpawnRequestTests(StreamTestCase):
    def wish(self) -> str:
        self.taken(WISH)
        return str(self.ask("GET", "/spawn-requests").body["requests"][0]["id"])

    def answer(self, id: str, *, as_: Any = None, **body: Any) -> Any:
        return self.ask("POST", f"/spawn-requests/{id}/respond", {"approved": True, **body}, as_=as_)

    def test_the_first_answer_counts(self) -> None:
        id = self.wish()
        shown = self.answer(id).body["request"]
        assert shown["status"] == "approved"
        assert shown["decidedBy"].startswith("key_")
        error = self.refused(self.answer(id, approved=False), 409, "ALREADY_DECIDED")
        assert error["details"]["request"]["status"] == "approved"
        assert [data["request"]["status"] for data in self.events("spawn.resolved")] == ["approved"]

    def test_nobody_answers_after_its_time(self) -> None:
        from transcripts.models import SpawnRequest

        id = self.wish()
        SpawnRequest.objects.update(expires_at=self.now)
        error = self.refused(self.answer(id), 409, "ALREADY_DECIDED")
        assert error["details"]["request"]["status"] == "expired"

    def test_who_may_answer(self) -> None:
        id = self.wish()
        for who, status, code in (
            (self.jordan, 403, "FORBIDDEN"), (self.vera, 403, "FORBIDDEN"), (self.charlie, 404, "NOT_FOUND"),
        ):  # fmt: skip
            self.refused(self.answer(id, as_=who), status, code)
        self.refused(self.answer(id, approved="yes"), 400, "VALIDATION_ERROR")
        self.refused(self.answer("spawn_999"), 404, "NOT_FOUND")
        self.refused(self.answer("perm_1"), 404, "NOT_FOUND")

    def test_who_sees_which(self) -> None:
        self.wish()
        sam = self.agent("sam")
        assert len(self.ask("GET", "/spawn-requests", as_=self.vera).body["requests"]) == 1
        assert self.ask("GET", "/spawn-requests", as_=sam).body["requests"] == []
        assert self.ask("GET", "/spawn-requests", as_=self.charlie).body["requests"] == []


class LogTests(StreamTestCase):
    def test_the_newest_entries_come_page_by_page(self) -> None:
        self.taken(*(text(f"piece {n}") for n in range(10)))
        answer = self.ask("GET", "/agents/jordan/log?limit=4").body
        assert ([entry["text"] for entry in answer["entries"]], answer["hasMore"]) == (
            ["piece 6", "piece 7", "piece 8", "piece 9"], True,
        )  # fmt: skip
        older = self.log(f"?limit=20&before={answer['entries'][0]['id']}")
        assert [entry["text"] for entry in older] == [f"piece {n}" for n in range(6)]

    def test_an_entry_is_hidden_and_shown_again(self) -> None:
        self.taken(text("secret plan"), text("rest"))
        path = f"/agents/jordan/log/{self.log()[0]['id']}"
        for hidden in (True, True, False):
            assert self.ask("PATCH", path, {"hidden": hidden}).body["entry"]["hidden"] is hidden
        told = [[entry["hidden"] for entry in data["log"]] for data in self.events("agent.log_updated")]
        assert told == [[True, False], [False, False]]
        self.refused(self.ask("PATCH", path, {"hidden": 1}), 400, "VALIDATION_ERROR")
        self.refused(self.ask("PATCH", path, {"hidden": True}, as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.ask("PATCH", path, {"hidden": True}, as_=self.jordan), 403, "FORBIDDEN")
        self.refused(self.ask("PATCH", path, {"hidden": True}, as_=self.charlie), 404, "NOT_FOUND")
        self.refused(self.ask("PATCH", "/agents/jordan/log/entry_999", {"hidden": True}), 404, "NOT_FOUND")
        self.agent("sam")
        other = path.replace("jordan", "sam")
        self.refused(self.ask("PATCH", other, {"hidden": True}), 404, "NOT_FOUND")

    def test_what_an_event_tells_of_a_log_fits_into_it(self) -> None:
        self.taken(*(text("x" * 2_000) for _ in range(100)))
        self.ask("PATCH", f"/agents/jordan/log/{self.log()[-1]['id']}", {"hidden": True})
        [told] = self.events("agent.log_updated")
        assert 20 <= len(told["log"]) < 100
        assert told["log"][-1]["hidden"] is True


class ResetTests(StreamTestCase):
    def reset(self, id: str, confirm: Any, *, as_: Any = None) -> Any:
        return self.ask("POST", f"/workspaces/{id}/reset", {"confirm": confirm}, as_=as_ or self.alice)

    def test_nothing_waits_any_more_and_logs_are_empty(self) -> None:
        home = f"ws_{self.home.pk}"
        self.taken(text("x", seq=1), WISH, {"type": "agent_todos", "todos": [{"content": "x", "status": "pending"}]})
        asked = self.ask("POST", "/permissions", {"agentId": "jordan", "tool": "exec", "input": {}}, as_=self.jordan)
        assert self.reset(home, home).body == {"workspaceId": home, "reset": True}
        assert self.log() == []
        assert self.ask("GET", "/agents/jordan/todos").body["todos"] == []
        assert self.ask("GET", "/spawn-requests").body["requests"][0]["status"] == "expired"
        assert self.ask("GET", f"/permissions/{asked.body['requestId']}").body["status"] == "CANCELED"
        assert self.events("workspace.reset") == [{"id": self.home.pk}]
        # What was sent before does not come back.
        self.taken(text("x", seq=1))
        assert self.log() == []
        assert Agent.objects.filter(slug="jordan").exists()
        assert Mandate.objects.get(agent=self.jordan).control == "ACTIVE"

    def test_the_other_workspaces_stay_as_they_are(self) -> None:
        self.taken(text("x"))
        assert self.reset("default", "default", as_=self.charlie).status == 200
        assert len(self.log()) == 1
        self.refused(self.reset(f"ws_{self.home.pk}", f"ws_{self.home.pk}", as_=self.charlie), 404, "NOT_FOUND")

    def test_it_must_be_meant_and_needs_an_administrator(self) -> None:
        home = f"ws_{self.home.pk}"
        for confirm in ("", "yes", 1, None, "ws_999"):
            self.refused(self.reset(home, confirm), 400, "VALIDATION_ERROR")
        self.refused(self.reset(home, home, as_=self.bob), 403, "FORBIDDEN")
        self.refused(self.reset(home, home, as_=self.jordan), 403, "FORBIDDEN")
        self.refused(self.reset("ws_x", "ws_x"), 404, "NOT_FOUND")
