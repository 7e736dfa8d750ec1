from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from agents.models import Agent, Mandate
from governance.services.budgets import watch_budgets
from governance.services.liveness import end_timed, watch_agents
from tests.api.v1.base import V1ApiTestCase

HOUR = timedelta(hours=1)
# In front of what it was when the money ran out.
BROKE, BROKE_DRAINED = "PAUSED for money", "PAUSED for money, DRAINED before"
BEFORE = ("ACTIVE", "PAUSED", BROKE, BROKE_DRAINED, "DRAINED", "QUARANTINED", "OFFLINE")
# What happens → what an agent is after it, in the order of BEFORE.
AFTER = {
    "PAUSE": ("PAUSED", "PAUSED", "PAUSED", "PAUSED", "PAUSED", "PAUSED", "PAUSED"),
    "RESUME": ("ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"),
    "DRAIN": ("DRAINED", "DRAINED", "DRAINED", "DRAINED", "DRAINED", "DRAINED", "DRAINED"),
    "QUARANTINE": ("QUARANTINED",) * 7,
    "RESTART": ("ACTIVE",) * 7,
    "the money runs out": (BROKE, "PAUSED", BROKE, BROKE_DRAINED, BROKE_DRAINED, "QUARANTINED", "OFFLINE"),
    "there is money again": ("ACTIVE", "PAUSED", "ACTIVE", "DRAINED", "DRAINED", "QUARANTINED", "OFFLINE"),
    "a higher budget": ("ACTIVE", "PAUSED", "ACTIVE", "DRAINED", "DRAINED", "QUARANTINED", "OFFLINE"),
    "five failures": ("QUARANTINED",) * 7,
    "silence": ("OFFLINE", "PAUSED", BROKE, BROKE_DRAINED, "DRAINED", "QUARANTINED", "OFFLINE"),
    "a heartbeat": ("ACTIVE", "PAUSED", BROKE, BROKE_DRAINED, "DRAINED", "QUARANTINED", "ACTIVE"),
    "the end of its time": ("ACTIVE", "ACTIVE", BROKE, BROKE_DRAINED, "ACTIVE", "ACTIVE", "OFFLINE"),
}


class StandingTests(V1ApiTestCase):
    def test_each_thing_in_each_standing(self):
        for happening, expected in AFTER.items():
            for before, after in zip(BEFORE, expected, strict=True):
                with self.subTest(happening=happening, before=before):
                    agent = self.standing(before, timed=happening == "the end of its time")
                    self.happen(happening, agent)
                    assert self.word(agent) == after

    def standing(self, before, *, timed):
        """An agent that came into this standing as agents do."""
        number = Agent.objects.count()
        agent = self.agent(f"agent{number}", budget_daily_microusd=1_000_000)
        until = {"duration": "1h"} if timed else {}
        if before == BROKE_DRAINED or before in ("DRAINED", "QUARANTINED"):
            self.control(agent, "QUARANTINE" if before == "QUARANTINED" else "DRAIN", **until)
        elif before == "PAUSED":
            self.control(agent, "PAUSE", **until)
        if before in (BROKE, BROKE_DRAINED):
            self.run_out(agent)
        if before == "OFFLINE":
            self.fall_silent(agent)
        assert self.word(agent) == before
        return agent

    def happen(self, happening, agent):
        if happening.isupper():
            self.control(agent, happening)
        elif happening == "the money runs out":
            self.run_out(agent)
        elif happening == "there is money again":
            Mandate.objects.filter(agent=agent).update(spend_reset_at=timezone.now() - HOUR)
            watch_budgets(now=timezone.now())
        elif happening == "a higher budget":
            assert self.ask("PATCH", f"/agents/{agent.slug}", {"budgetDaily": 50}, as_=self.alice).status == 200
        elif happening == "five failures":
            for _ in range(5):
                self.report(agent, status="FAILED", costUsd=0)
        elif happening == "silence":
            self.fall_silent(agent)
        elif happening == "a heartbeat":
            beat = {"sessionKey": "s", "status": "IDLE"}
            assert self.ask("POST", f"/agents/{agent.slug}/heartbeat", beat, as_=agent).status == 200
        elif happening == "the end of its time":
            end_timed(now=timezone.now() + 2 * HOUR)

    def control(self, agent, action, **fields):
        assert self.ask("POST", f"/agents/{agent.slug}/control", {"action": action, **fields}).status == 200

    def report(self, agent, **fields):
        body = {"agentId": agent.slug, "sessionKey": "s", "model": "m", "status": "COMPLETED",
                "startedAt": (timezone.now() - HOUR).isoformat(), **fields}  # fmt: skip
        assert self.ask("POST", "/events/run", body).status == 201

    def run_out(self, agent):
        """A person reports it, so that who is offline stays so."""
        self.report(agent, costUsd=2)
        watch_budgets(now=timezone.now())

    def fall_silent(self, agent):
        Agent.objects.filter(pk=agent.pk).update(heard_at=timezone.now() - 3 * HOUR)
        watch_agents(now=timezone.now(), silence=2 * HOUR)

    def word(self, agent):
        mandate = Mandate.objects.get(agent=agent)
        if mandate.control == "PAUSED" and mandate.status_reason == "BUDGET":
            return BROKE_DRAINED if (mandate.set_aside or {}).get("control") == "DRAINED" else BROKE
        return mandate.control

    def test_what_money_brings_back_is_as_it_was(self):
        agent = self.standing("ACTIVE", timed=False)
        self.control(agent, "DRAIN", reason="a new version", duration="5h")
        before = self.ask("GET", f"/agents/{agent.slug}").body["agent"]
        self.run_out(agent)
        self.happen("a higher budget", agent)
        after = self.ask("GET", f"/agents/{agent.slug}").body["agent"]
        assert [after[name] for name in ("status", "statusReason", "statusUntil")] == [
            before[name] for name in ("status", "statusReason", "statusUntil")
        ]

    def test_what_was_meant_to_end_meanwhile_is_over_when_there_is_money(self):
        agent = self.standing("ACTIVE", timed=False)
        self.control(agent, "DRAIN", duration="1h")
        self.run_out(agent)
        Mandate.objects.filter(agent=agent).update(spend_reset_at=timezone.now())
        watch_budgets(now=timezone.now() + 2 * HOUR)
        assert self.word(agent) == "ACTIVE"

    def test_a_persons_pause_outlasts_the_money(self):
        agent = self.standing(BROKE, timed=False)
        self.control(agent, "PAUSE", reason="I look into it")
        shown = self.ask("GET", f"/agents/{agent.slug}").body["agent"]
        assert (shown["status"], shown["statusReason"]) == ("PAUSED", "I look into it")
        self.happen("there is money again", agent)
        assert self.word(agent) == "PAUSED"

    def test_the_end_of_a_quarantine_ends_its_streak(self):
        agent = self.standing("ACTIVE", timed=False)
        self.happen("five failures", agent)
        Mandate.objects.filter(agent=agent).update(status_until=timezone.now())
        self.happen("the end of its time", agent)
        self.report(agent, status="FAILED")
        assert (self.word(agent), Mandate.objects.get(agent=agent).error_streak) == ("ACTIVE", 1)
