"""Alert rules as the worker judges them: every minute, in all workspaces."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from django.test import override_settings

from activity import readers
from activity.models import Event
from alerts.models import AlertRule
from alerts.services import create_rule
from governance.services.notifying import deliver_notifications
from notifications.models import Notification
from system.work import evaluate_rules
from tests.base import BaseTestCase, actor_of
from tests.factories import make_agent
from tests.webhooks.receiver import Receiver
from webhooks.models import Delivery
from webhooks.services import create_webhook

READER = "realtime.readers.feed_webhooks"


class EveryMinuteTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        make_agent("nova", status="error")

    def rule(self, by=None, **fields):
        what = {
            "name": "Agent down", "entity_type": "agent", "condition_field": "status",
            "condition_operator": "equals", "condition_value": "error",
        }  # fmt: skip
        return create_rule(actor=actor_of(by or self.alice), now=self.now, **{**what, **fields})

    def told(self):
        return sorted(Notification.objects.filter(type="alert").values_list("workspace_id", "recipient"))

    def test_rules_are_judged_in_every_workspace_and_rest_for_their_cooldown(self):
        make_agent("theirs", status="error", actor=actor_of(self.charlie))
        first = self.rule(action_config='{"recipient": "bob"}', cooldown_minutes=10)
        self.rule(by=self.charlie)
        self.rule(condition_value="nowhere")
        self.rule(name="Off", enabled=False)
        now = self.now
        assert evaluate_rules(now) == "Judged 3 rules, 2 triggered"
        assert self.told() == [(self.home.pk, "bob"), (self.elsewhere.pk, "system")]
        assert evaluate_rules(now + timedelta(minutes=9)) == "Judged 3 rules, 0 triggered"
        assert evaluate_rules(now + timedelta(minutes=10)) == "Judged 3 rules, 1 triggered"
        first.refresh_from_db()
        assert first.trigger_count == 2

    def test_one_that_cannot_be_judged_does_not_keep_the_others_from_it(self):
        for value in ("broken", "error"):
            self.rule(condition_value=value)
        from alerts.services import is_met

        def judge(condition, world, *, now):
            if condition.value == "broken":
                raise RuntimeError
            return is_met(condition, world, now=now)

        with patch("alerts.services.is_met", judge), self.assertRaises(RuntimeError):
            evaluate_rules(self.now)
        assert len(self.told()) == 1

    def test_webhooks_hear_of_rules_that_say_so(self):
        with override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"]):
            create_webhook(
                actor=actor_of(self.alice), now=self.now, name="ci", url="http://127.0.0.1:9/", with_secret=True,
                events=["notification.alert"],
            )  # fmt: skip
        readers.catch_up(READER, now=self.now)
        self.rule()
        self.rule(name="Loud", action_type="webhook")
        assert evaluate_rules(self.now) == "Judged 2 rules, 2 triggered"
        while readers.catch_up(READER, now=self.now):
            pass
        [delivery] = Delivery.objects.all()
        assert (delivery.event_type, "Alert: Loud" in delivery.payload) == ("notification.alert", True)
        assert Event.objects.filter(kind="notification.created").count() == 1
        assert len(self.told()) == 2

    def test_a_rule_that_names_nobody_tells_the_operator_outside(self):
        sent = b'{"ok":true,"result":{"message_id":1}}'
        with Receiver(answer=sent) as there, override_settings(
            TELEGRAM_BOT_TOKEN="1:x", TELEGRAM_CHAT_ID="5", TELEGRAM_API_URL=f"http://127.0.0.1:{there.port}",
            OPERATOR_USER="alice",
        ):  # fmt: skip
            self.rule(description="Look at it")
            evaluate_rules(self.now)
            assert deliver_notifications(now=self.now) == (1, 0)
        assert there.got[0].body["text"] == "🚨 <b>Alert: Agent down</b>\n\nLook at it"
        row = Notification.objects.get(type="alert")
        assert (row.recipient, row.channel, bool(row.delivered_at)) == ("system", "TELEGRAM", True)

    def test_many_workspaces_and_rules_ask_once_for_each(self):
        for _ in range(4):
            self.rule(condition_value="nowhere")
        with self.assertNumQueries(2):
            evaluate_rules(self.now)
        assert AlertRule.objects.count() == 4
