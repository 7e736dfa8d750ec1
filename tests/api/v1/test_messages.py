"""What is said on tasks. Scenario 9 of the contract."""

from __future__ import annotations

from typing import Any

from notifications.models import Notification
from tasks.models import Comment, Task
from tests.api.v1.base import V1ApiTestCase

KEYS = {
    "id", "taskId", "authorAgentId", "authorUserId", "type", "content", "artifacts", "mentions", "replyToId",
    "metadata", "redactedFields", "createdAt", "editedAt",
}  # fmt: skip
SECRET = "ghp_" + "a1" * 18


class MessageTests(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan, self.riley = self.agent("jordan"), self.agent("riley")
        self.task = self.new_task(assigneeIds=["jordan"])
        self.path = f"/tasks/{self.task['id']}/messages"

    def say(self, content: str = "Hello", *, as_: Any = None, type: str = "COMMENT", **fields: Any) -> Any:
        return self.ask("POST", self.path, {"type": type, "content": content, **fields}, as_=as_ or self.jordan)

    def said(self, content: str = "Hello", **rest: Any) -> dict[str, Any]:
        answer = self.say(content, **rest)
        assert answer.status == 201, answer.raw
        return answer.body

    def test_progress_with_a_mention_reaches_who_is_named(self):
        body = self.said("Half done, @riley please look", type="PROGRESS")
        assert set(body["message"]) == KEYS
        assert (body["message"]["authorAgentId"], body["message"]["mentions"]) == ("jordan", ["riley"])
        assert body["notifications"] == [{"agentId": "riley", "queued": True}]
        beat = {"sessionKey": "s", "status": "IDLE"}
        told = self.ask("POST", "/agents/riley/heartbeat", beat, as_=self.riley).body["pendingNotifications"]
        assert [(note["type"], note["messageId"], note["taskId"]) for note in told] == [
            ("MENTION", body["message"]["id"], self.task["id"])
        ]
        assert told[0]["title"].startswith("@jordan mentioned")
        assert told[0]["body"] == "Half done, @riley please look"

    def test_whom_a_message_names(self):
        body = self.said("@nobody and @jordan, me@riley.example, @Riley!", mentions=["@operator", "riley"])
        assert body["notifications"] == [
            {"agentId": "operator", "queued": True},
            {"agentId": "riley", "queued": True},
            {"agentId": "nobody", "queued": False},
            {"agentId": "jordan", "queued": False},
        ]
        assert Notification.objects.filter(type="mention", recipient="alice").count() == 1

    def test_the_same_is_told_once_in_five_minutes(self):
        assert self.said("@riley?")["notifications"] == [{"agentId": "riley", "queued": True}]
        assert self.said("@riley!")["notifications"] == [{"agentId": "riley", "queued": False}]

    def test_whatever_is_no_message_is_refused(self):
        bad = {"type": "APPROVAL_REQUEST", "content": " ", "mentions": "riley", "artifacts": [{"name": "x"}]}
        error = self.refused(self.ask("POST", self.path, bad), 400, "VALIDATION_ERROR")
        fields = {line["field"] for line in error["details"]["errors"]}
        assert fields == {"type", "content", "mentions", "artifacts.0.type"}
        self.refused(self.say("x" * 10_001), 400, "VALIDATION_ERROR")
        self.refused(self.say(type="ARTIFACT"), 400, "VALIDATION_ERROR")
        self.refused(self.ask("POST", "/tasks/task_99999/messages", {}), 404, "NOT_FOUND")

    def test_who_says_what(self):
        for type in ("WORK_PLAN", "PROGRESS"):
            self.refused(self.say(type=type, as_=self.riley), 403, "FORBIDDEN")
            self.said(type=type)
        self.refused(self.say(type="REVIEW"), 403, "FORBIDDEN")
        self.said(type="REVIEW", as_=self.bob)
        self.said(type="REVIEW", as_=self.agent("lead", autonomy="LEAD"))
        self.ask("PATCH", f"/tasks/{self.task['id']}", {"reviewerId": "riley"})
        self.said(type="REVIEW", as_=self.riley)
        self.refused(self.say(as_=self.vera), 403, "FORBIDDEN")

    def test_an_agent_that_is_paused_still_comments(self):
        self.said(as_=self.agent("slow", control="PAUSED"))
        self.refused(self.say(as_=self.agent("bad", control="QUARANTINED")), 403, "AGENT_QUARANTINED")

    def test_a_task_that_is_over_takes_comments_only(self):
        Task.objects.update(status="DONE")
        self.said(type="COMMENT")
        self.refused(self.say(type="PROGRESS"), 409, "STATE_CONFLICT")

    def test_replies_stay_on_their_task(self):
        first = self.said()["message"]["id"]
        assert self.said(replyToId=first)["message"]["replyToId"] == first
        other = self.new_task()
        there = self.ask("POST", f"/tasks/{other['id']}/messages", {"type": "COMMENT", "content": "x"}).body["message"]
        for id in (there["id"], "msg_99999", "first"):
            self.refused(self.say(replyToId=id), 400, "VALIDATION_ERROR")

    def test_secrets_are_taken_out_wherever_a_message_goes(self):
        message = self.said(f"@riley use {SECRET}\x07")["message"]
        assert message["content"] == "@riley use [REDACTED]"
        assert message["redactedFields"] == ["content"]
        assert not Comment.objects.filter(content__contains=SECRET).exists()
        assert not Notification.objects.filter(message__contains=SECRET).exists()

    def test_pages_go_back_from_the_newest(self):
        ids = [self.said(f"m{n}")["message"]["id"] for n in range(4)]
        page = self.ask("GET", f"{self.path}?limit=2").body
        assert [message["id"] for message in page["messages"]] == ids[2:]
        assert page["hasMore"] is True
        page = self.ask("GET", f"{self.path}?limit=2&before={ids[2]}").body
        assert ([message["id"] for message in page["messages"]], page["hasMore"]) == (ids[:2], False)
        self.said(type="PROGRESS")
        assert [m["type"] for m in self.ask("GET", f"{self.path}?type=PROGRESS").body["messages"]] == ["PROGRESS"]
        self.refused(self.ask("GET", f"{self.path}?type=chat"), 400, "VALIDATION_ERROR")

    def test_both_dialects_speak_in_one_conversation(self):
        number = self.task["id"].removeprefix("task_")
        self.said("From here")
        assert self.post(f"/api/tasks/{number}/comments", {"content": "From there"}).status == 201
        there = self.get(f"/api/tasks/{number}/comments").body["comments"]
        assert [(row["author"], row["content"]) for row in there] == [("jordan", "From here"), ("Bob", "From there")]
        here = self.ask("GET", self.path).body["messages"]
        assert [row["content"] for row in here] == ["From here", "From there"]

    def test_sent_twice_said_once(self):
        body = {"type": "COMMENT", "content": "Once"}
        first = self.ask("POST", self.path, body, as_=self.jordan, x_idempotency_key="k")
        again = self.ask("POST", self.path, body, as_=self.jordan, x_idempotency_key="k")
        assert (first.body, first.status) == (again.body, again.status)
        assert Comment.objects.count() == 1
