from __future__ import annotations

from datetime import timedelta

from agents.models import Agent, Mandate
from governance.models import Alert
from governance.services.liveness import watch_agents
from tests.base import BaseTestCase
from tests.factories import make_agent

SILENCE = timedelta(minutes=90)


class LivenessTests(BaseTestCase):
    def agent(self, name, *, minutes, **mandate):
        agent = make_agent(name)
        Agent.objects.filter(pk=agent.pk).update(heard_at=self.now - timedelta(minutes=minutes), status="online")
        if mandate:
            Mandate.objects.create(agent=agent, **mandate)
        return agent

    def watch(self):
        return watch_agents(now=self.now, silence=SILENCE)

    def control(self, agent):
        return Mandate.objects.get(agent=agent).control

    def test_who_is_silent_for_too_long_is_given_up(self):
        silent, other = self.agent("silent", minutes=91), self.agent("other", minutes=91, control="ACTIVE")
        lively = self.agent("lively", minutes=89, control="ACTIVE")
        assert self.watch() == 2
        assert [self.control(agent) for agent in (silent, other, lively)] == ["OFFLINE", "OFFLINE", "ACTIVE"]
        assert Agent.objects.get(pk=silent.pk).status == "offline"
        alerts = Alert.objects.order_by("id")
        assert {(alert.type, alert.severity, alert.agent_id) for alert in alerts} == {
            ("AGENT_OFFLINE", "INFO", silent.pk), ("AGENT_OFFLINE", "INFO", other.pk),
        }  # fmt: skip
        assert self.heard().count("agent.status_changed") == 2
        assert self.watch() == 0

    def test_who_is_stopped_does_not_get_free_by_falling_silent(self):
        stopped = [self.agent(word, minutes=600, control=word) for word in ("PAUSED", "DRAINED", "QUARANTINED")]
        assert self.watch() == 0
        assert [self.control(agent) for agent in stopped] == ["PAUSED", "DRAINED", "QUARANTINED"]

    def test_who_beats_again_in_the_other_dialect_is_back(self):
        agent = self.agent("back", minutes=1, control="OFFLINE", status_reason="no heartbeat")
        retired = self.agent("retired", minutes=1, control="OFFLINE", status_reason="its time is over")
        assert self.watch() == 1
        assert (self.control(agent), self.control(retired)) == ("ACTIVE", "OFFLINE")

    def test_who_was_stopped_until_now_goes_on(self):
        over = self.agent("over", minutes=1, control="PAUSED", status_until=self.now - timedelta(seconds=1))
        later = self.agent("later", minutes=1, control="DRAINED", status_until=self.now + timedelta(hours=1))
        assert self.watch() == 1
        assert (self.control(over), self.control(later)) == ("ACTIVE", "DRAINED")
        assert Mandate.objects.get(agent=over).status_until is None
