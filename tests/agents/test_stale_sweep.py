from __future__ import annotations

from datetime import timedelta
from unittest import skipUnless

from django.db import connection
from django.test.utils import CaptureQueriesContext

from activity.models import Event
from agents.models import Agent
from connections.models import Connection
from connections.services import SWEEP_BATCH, connect, mark_stale_agents
from core.actors import system
from notifications.models import Notification
from system.work import check_heartbeats
from tests.base import BaseTestCase, actor_of
from tests.factories import make_agent

SILENCE = timedelta(minutes=10)


class StaleSweepTests(BaseTestCase):
    def sweep(self):
        return len(mark_stale_agents(now=self.now, silence=SILENCE))

    def silence(self, agent, **passed):
        Agent.objects.filter(pk=agent.pk).update(heard_at=self.now - timedelta(**passed))

    def test_a_silent_agent_goes_offline_with_its_connections(self):
        connection = connect(actor=system(1), now=self.now, agent_name="nova", tool_name="t")
        self.silence(connection.agent, minutes=11)
        assert self.sweep() == 1
        agent = Agent.objects.get()
        assert (agent.status, agent.last_seen) == ("offline", None)
        assert Connection.objects.get().status == "disconnected"

    def test_it_is_told_once(self):
        agent = make_agent("nova", status="busy")
        self.silence(agent, minutes=11)
        Event.objects.all().delete()
        self.sweep(), self.sweep()
        assert self.heard() == ["agent.presence_changed"]
        story = Event.objects.get(type="agent_status_change")
        assert (story.actor, story.description) == ("heartbeat", "Agent status changed to offline")
        fact = Event.objects.get(kind="agent.presence_changed")
        assert (fact.actor, fact.data["was"], fact.data["status"]) == ("system", "busy", "offline")

    def test_who_was_heard_of_or_is_offline_is_left_alone(self):
        make_agent("fresh", status="idle")
        self.silence(make_agent("nearly", status="idle"), minutes=9)
        self.silence(make_agent("gone", status="offline"), days=9)
        before = Event.objects.count()
        assert self.sweep() == 0
        assert Event.objects.count() == before

    def test_a_connect_counts_as_a_sign_of_life(self):
        self.silence(make_agent("nova", status="idle"), hours=1)
        connect(actor=system(1), now=self.now, agent_name="nova", tool_name="t")
        assert self.sweep() == 0

    def test_each_workspace_is_told_of_its_own(self):
        self.silence(make_agent("here", status="idle"), minutes=11)
        self.silence(make_agent("there", status="idle", actor=actor_of(self.charlie)), minutes=11)
        assert self.sweep() == 2
        facts = Event.objects.filter(kind="agent.presence_changed").order_by("id")
        assert {(event.workspace_id, event.data["name"]) for event in facts} == {
            (self.home.pk, "here"),
            (self.elsewhere.pk, "there"),
        }

    def test_many_agents_are_swept_in_batches_of_few_queries(self):
        long_ago = self.now - timedelta(hours=1)
        Agent.objects.bulk_create(
            Agent(
                workspace_id=1, name=f"a{n}", slug=f"a{n}", handle=f"a{n}", role="x", status="idle", heard_at=long_ago
            )
            for n in range(SWEEP_BATCH + 10)
        )
        with CaptureQueriesContext(connection) as asked:
            assert self.sweep() == SWEEP_BATCH + 10
        assert len(asked) < SWEEP_BATCH / 5
        assert not Agent.objects.exclude(status="offline").exists()
        assert Event.objects.filter(kind="agent.presence_changed").count() == SWEEP_BATCH + 10

    def test_the_job_sweeps_by_the_setting_and_says_whom(self):
        self.silence(make_agent("nova", status="idle"), minutes=3)
        assert check_heartbeats(self.now) == "All agents healthy"
        with self.settings(STALE_MINUTES=2):
            assert check_heartbeats(self.now) == "Marked 1 agent(s) offline: nova"
        audit = Event.objects.audit(1).get(type="heartbeat_check")
        assert (audit.actor, audit.data["actor_id"], audit.data["detail"]) == (
            "scheduler", None, {"marked_offline_count": 1},
        )  # fmt: skip

    def test_the_system_is_notified_of_each(self):
        agent = make_agent("nova", status="idle")
        self.silence(agent, minutes=11)
        self.sweep()
        note = Notification.objects.get()
        assert (note.recipient, note.type, note.title) == ("system", "heartbeat", "Agent offline: nova")
        assert (note.source_type, note.source_id) == ("agent", agent.pk)


@skipUnless(connection.vendor == "sqlite", "PostgreSQL reads a table of no rows whole, rightly")
class IndexTests(BaseTestCase):
    def test_silent_agents_are_found_by_index(self):
        plan = Agent.objects.silent_since(self.now).order_by("heard_at")[:10].explain()
        assert "agent_heard_of" in plan
