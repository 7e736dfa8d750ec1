"""The server's own heartbeats: switched off and on, and what is told of agents meanwhile."""

from datetime import timedelta
from unittest.mock import patch

from django.test import override_settings

from activity.models import Event
from agents.models import Agent
from agents.services import heartbeats as told
from agents.services import wake_agent
from agents.services.control import set_control
from agents.services.heartbeats import Told, preview, tell_of_beats
from core.actors import system
from governance.services.heartbeats import Beat, hear_beat
from system import heartbeats, lookup, work
from system.services.heartbeats import set_heartbeats, skip_heartbeats
from tests.base import BaseTestCase
from tests.factories import make_agent, make_task

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@override_settings(CONTROL_CHANNEL=True)
class HeartbeatTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        told._ration = told.Ration()
        self.agent = make_agent("nova")
        Agent.objects.filter(pk=self.agent.pk).update(status="idle", heard_at=self.now - DAY)

    def switch(self, on):
        set_heartbeats(on=on, actor=system(1, "control-channel"), now=self.now)

    def told(self):
        rows = Event.objects.filter(kind="agent.heartbeat").order_by("id")
        return [(row.data["slug"], row.data["status"], row.data["reason"]) for row in rows]

    def test_while_they_are_off_nobody_is_given_up(self):
        self.switch(False)
        assert work.check_heartbeats(self.now).startswith("Heartbeats are switched off")
        work.watch_agents(self.now)
        self.agent.refresh_from_db()
        assert self.agent.status == "idle"
        self.switch(True)
        assert work.check_heartbeats(self.now) == "Marked 1 agent(s) offline: nova"
        assert self.told() == [("nova", "skipped", "disabled"), ("nova", "failed", "no heartbeat")]

    def test_an_agent_is_told_of_once_an_hour(self):
        now = self.now
        assert [skip_heartbeats(now=now + n * HOUR / 4) for n in range(9)] == [1, 0, 0, 0, 1, 0, 0, 0, 1]

    def test_who_is_offline_is_not_due(self):
        Agent.objects.filter(pk=self.agent.pk).update(status="offline")
        assert skip_heartbeats(now=self.now) == 0

    def test_switching_is_audited_once(self):
        for on in (True, False, False, True):
            self.switch(on)
        rows = Event.objects.filter(type="settings_update").order_by("id")
        assert [(row.actor, row.data["detail"]["changes"]["general.heartbeats"]["new"]) for row in rows] == [
            ("control-channel", "false"),
            ("control-channel", "true"),
        ]

    def test_the_interval_says_whether_anybody_looks(self):
        assert heartbeats.interval() > 0
        self.switch(False)
        lookup.forget()
        assert heartbeats.interval() == 0

    def test_a_process_tells_of_a_few_in_each_second(self):
        actor = self.alice.as_actor()
        beats = [Told(self.agent, actor, {"task": n % 2}) for n in range(400)]
        for _ in range(5):
            tell_of_beats(beats, now=self.now, began=0)
        statuses = [status for _, status, _ in self.told()]
        seconds = 1 + len(statuses) // 21
        assert statuses.count("sent") <= told.TOLD_AT_MOST * (seconds + 1)
        assert statuses.count("ok-empty") <= seconds + 1

    def test_without_the_channel_nothing_is_written(self):
        with override_settings(CONTROL_CHANNEL=False):
            assert told.heartbeat(self.agent, "sent", actor=self.alice.as_actor()) == []
            assert skip_heartbeats(now=self.now) == 0

    def test_a_wake_up_is_told_by_what_the_agent_said_to_it(self):
        self.agent.session_key = "agent:nova:main"
        for said in ("HEARTBEAT_OK", "On my way"):
            with patch("agents.gateway.send", return_value=said):
                wake_agent(agent=self.agent, actor=self.alice.as_actor(), now=self.now)
        assert [status for _, status, _ in self.told()] == ["ok-token", "sent"]

    def test_who_is_stopped_is_handed_nothing(self):
        set_control(agent=self.agent, to="PAUSED", actor=self.alice.as_actor(), now=self.now)
        hear_beat(agent=self.agent, beat=Beat("s", "HEALTHY"), actor=self.alice.as_actor(), now=self.now)
        assert self.told() == [("nova", "skipped", "paused")]

    def test_a_beat_of_the_other_dialect_is_told(self):
        make_task(assigned_to="nova")
        beat = Beat("s", "HEALTHY")
        hear_beat(agent=self.agent, beat=beat, actor=self.alice.as_actor(), now=self.now)
        [row] = Event.objects.filter(kind="agent.heartbeat")
        assert (row.data["status"], row.agent_id) == ("sent", self.agent.pk)
        assert "1 task" in row.data["preview"]

    def test_what_was_handed_over_is_told_in_words(self):
        assert preview({"notification": 2, "task": 1, "mention": 0}) == "2 notifications, 1 task"
