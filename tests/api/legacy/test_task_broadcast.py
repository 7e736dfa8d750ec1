from __future__ import annotations

from unittest.mock import patch

from agents.gateway import GatewayUnavailable
from notifications.models import Notification
from tasks.models import Subscription
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task


class BroadcastTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.task = make_task("Fix login")
        self.path = f"/api/tasks/{self.task.pk}/broadcast"
        Subscription.objects.all().delete()
        self.client.force_login(self.bob)
        self.reached = []

    def subscribe(self, *names):
        for name in names:
            Subscription.objects.create(task=self.task, name=name)

    def say(self, message="stop", **fields):
        return self.call("POST", self.path, {"message": message, **fields})

    def gateway(self, *broken):
        def send(session_key, text):
            if session_key in broken:
                raise GatewayUnavailable("no")
            self.reached.append((session_key, text))
            return "ok"

        return patch("agents.gateway.send", send)

    def test_it_goes_to_the_agents_that_listen(self):
        make_agent("nova", session_key="s:nova"), make_agent("vega", session_key="s:vega"), make_agent("mute")
        make_agent("deaf", session_key="s:deaf"), make_agent("Bob", session_key="s:bob")
        self.subscribe("nova", "vera", "gone", "mute", "deaf", "Bob")
        before = mark()
        with self.gateway("s:deaf"):
            answer = self.say(" stop ", author="somebody else")
        assert (answer.status, answer.body) == (200, {"sent": 1, "skipped": 2})
        assert [key for key, _ in self.reached] == ["s:nova"]
        assert "stop" in self.reached[0][1]
        assert names(before) == ["N:message", "A:task_broadcast"]
        story = frames(before)[-1]["data"]
        assert (story["actor"], story["entity_id"], story["data"]) == ("Bob", self.task.pk, {"sent": 1, "skipped": 2})
        (note,) = Notification.objects.all()
        assert (note.recipient, note.type, note.title, note.source_type, note.source_id) == (
            "nova", "message", "Task Broadcast", "task", self.task.pk,
        )  # fmt: skip
        assert note.message == 'Bob broadcasted a message on "Fix login": stop'

    def test_it_is_told_even_when_nobody_was_reached(self):
        make_agent("nova", session_key="s:nova")
        self.subscribe("nova")
        before = mark()
        with self.gateway("s:nova"):
            assert self.say().body == {"sent": 0, "skipped": 1}
        assert names(before) == ["A:task_broadcast"]

    def test_without_listeners_nothing_happens(self):
        before = mark()
        assert self.say().body == {"sent": 0, "skipped": 0}
        self.subscribe("Bob", "vera")
        assert self.say().body == {"sent": 0, "skipped": 0}
        assert names(before) == []

    def test_a_message_is_required(self):
        for body in ({}, {"message": ""}, {"message": "  "}, {"message": 5}, {"message": None}):
            answer = self.call("POST", self.path, body)
            assert (answer.status, answer.body) == (400, {"error": "Message is required"})
        assert self.call("POST", self.path, b"{").body == {"error": "Invalid request body"}

    def test_the_task_must_be_there_and_ones_own(self):
        theirs = make_task(actor=actor_of(self.charlie))
        for key, told in (
            ("abc", (400, {"error": "Invalid task ID"})),
            ("987654", (404, {"error": "Task not found"})),
            (theirs.pk, (404, {"error": "Task not found"})),
        ):
            answer = self.call("POST", f"/api/tasks/{key}/broadcast", {"message": "x"})
            assert (answer.status, answer.body) == told
        assert self.post(self.path, {"message": "x"}, x_agent_name="nova").status == 403
