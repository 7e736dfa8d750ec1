"""What people are told outside of the dashboard, by stand-ins for Telegram, Slack and a mail server on real sockets."""

from __future__ import annotations

import logging
import socket
from datetime import timedelta
from unittest.mock import patch

from django.test import override_settings

from activity.models import Event
from core.actors import system
from governance.models import Alert
from governance.services.notifying import deliver_notifications
from governance.services.operators import note_to_operator
from notifications.channels import calling
from notifications.models import Notification, Preference
from notifications.outward import claim
from notifications.preferences import prefer
from notifications.services import Note, acknowledge, hand_over, mark_read, post
from tests.api.v1.base import V1ApiTestCase
from tests.notifications.standins import MailServer
from tests.webhooks.receiver import Receiver

TOKEN, CHAT = "12345:the-bots-own-token", "-1007"
SENT = b'{"ok":true,"result":{"message_id":77}}'
SMTP = "django.core.mail.backends.smtp.EmailBackend"


class OutwardTestCase(V1ApiTestCase):
    def telegram(self, receiver, **more):
        url = f"http://127.0.0.1:{receiver.port}"
        return override_settings(
            TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_CHAT_ID=CHAT, TELEGRAM_API_URL=url, OPERATOR_USER="alice", **more
        )

    def slack(self, receiver):
        return override_settings(SLACK_WEBHOOK_URL=f"http://127.0.0.1:{receiver.port}/services/T0/B0/secret")

    def mail(self, server, **more):
        return override_settings(
            EMAIL_URL="smtp://here", EMAIL_BACKEND=SMTP, EMAIL_HOST="127.0.0.1", EMAIL_PORT=server.port, **more
        )

    def choose(self, user, channel, address=""):
        prefer(user=user, channel=channel, address=address, actor=system(self.home.pk), now=self.now)

    def tell(self, recipient="alice", type="mention", title="Look", message="Here", **rest):
        post([Note(recipient, type, title, message, **rest)], actor=system(self.home.pk), now=self.now)
        return Notification.objects.latest("id")

    def tell_operator(self, type="alert", title="Look", text="Here"):
        notes = note_to_operator(self.home.pk, type=type, title=title, text=text)
        post(notes, actor=system(self.home.pk), now=self.now)
        return Notification.objects.latest("id")

    def deliver(self, after=timedelta()):
        return deliver_notifications(now=self.now + after)

    def shown(self, row):
        listed = self.ask("GET", "/notifications").body["notifications"]
        return next(one for one in listed if one["id"] == f"notif_{row.pk}")


class ChannelTests(OutwardTestCase):
    def test_nothing_goes_anywhere_where_nothing_is_set_up(self):
        row = self.tell_operator()
        assert (row.channel, row.next_attempt_at) == ("HEARTBEAT", None)
        assert self.deliver() == (0, 0)
        assert self.shown(row)["status"] == "PENDING"

    def test_the_operator_hears_by_telegram_and_others_do_not(self):
        with Receiver(answer=SENT) as there, self.telegram(there):
            row, others = self.tell_operator("alert", "Spent <b>all</b>", "5 > 4 & more"), self.tell("bob")
            assert (others.channel, self.shown(row)["status"]) == ("HEARTBEAT", "PENDING")
            assert self.deliver() == (1, 0)
            assert self.deliver() == (0, 0)
        [got] = there.got
        assert got.path == f"/bot{TOKEN}/sendMessage"
        assert got.body["chat_id"] == CHAT
        assert got.body["text"] == "🚨 <b>Spent &lt;b&gt;all&lt;/b&gt;</b>\n\n5 &gt; 4 &amp; more"
        assert (got.body["parse_mode"], got.body["disable_notification"]) == ("HTML", False)
        shown = self.shown(row)
        assert (shown["channel"], shown["status"], shown["attempts"]) == ("TELEGRAM", "DELIVERED", 1)
        assert (shown["externalId"], shown["lastError"], shown["nextAttemptAt"]) == ("77", None, None)
        assert self.heard().count("notification.delivered") == 1

    def test_a_digest_makes_no_sound(self):
        with Receiver(answer=SENT) as there, self.telegram(there):
            self.tell_operator("digest", "Standup", "")
            self.deliver()
        assert there.got[0].body["disable_notification"] is True
        assert there.got[0].body["text"] == "📊 <b>Standup</b>"

    def test_each_person_hears_as_they_chose(self):
        with Receiver(answer=SENT) as bot, Receiver(answer=b"ok") as slack, MailServer() as post_office:  # noqa: SIM117
            with self.telegram(bot), self.slack(slack), self.mail(post_office):
                self.choose(self.alice, "HEARTBEAT")
                self.choose(self.bob, "SLACK")
                self.choose(self.vera, "EMAIL", "vera@example.org")
                rows = [self.tell(name, title="A <b>\ncase", message="x & y") for name in ("alice", "bob", "vera")]
                assert [row.channel for row in rows] == ["HEARTBEAT", "SLACK", "EMAIL"]
                self.choose(self.alice, "TELEGRAM", "4242")
                rows.append(self.tell(title="Now"))
                assert self.deliver() == (3, 0)
        assert slack.got[0].path == "/services/T0/B0/secret"
        assert slack.got[0].body["text"] == "💬 *A &lt;b&gt; case*\n\nx &amp; y"
        assert [got.body["chat_id"] for got in bot.got] == ["4242"]
        [letter] = post_office.got
        assert post_office.recipients == ["vera@example.org"]
        assert (letter["Subject"], letter.get_payload().strip()) == ("[Mission Control] A <b> case", "x & y")
        assert self.shown(rows[2])["externalId"] == letter["Message-ID"]
        assert [self.shown(row)["status"] for row in rows] == ["PENDING", "DELIVERED", "DELIVERED", "DELIVERED"]

    def test_a_mailbox_that_nobody_has_leaves_it_on_the_dashboard(self):
        with MailServer() as server, self.mail(server):
            self.choose(self.bob, "EMAIL")
            assert self.tell("bob").channel == "HEARTBEAT"
            self.bob.email = "bob@example.org"
            self.bob.save()
            assert self.tell("bob", title="Now").channel == "EMAIL"
            self.deliver()
        assert server.recipients == ["bob@example.org"]

    def test_an_agent_of_the_same_name_keeps_what_is_its_own(self):
        self.agent("alice")
        with Receiver(answer=SENT) as there, self.telegram(there):
            assert self.tell("alice").channel == "HEARTBEAT"
            told = self.tell_operator()
            assert told.channel == "TELEGRAM"
            handed = hand_over(workspace_id=self.home.pk, recipient="alice", now=self.now, at_most=10)
            assert told.pk not in {row.pk for row in handed}

    def test_repetitions_do_not_go_out(self):
        with Receiver(answer=SENT) as there, self.telegram(there):
            for _ in range(3):
                self.tell_operator()
            self.tell_operator(title="Something else")
            assert self.deliver() == (2, 0)

    def test_what_was_read_or_is_too_late_does_not_go_out(self):
        with Receiver(answer=SENT) as there, self.telegram(there):
            rows = [self.tell_operator(title=title) for title in "abc"]
            mark_read(actor=system(self.home.pk), now=self.now, ids=[rows[0].pk])
            acknowledge(notification=rows[1], actor=system(self.home.pk), now=self.now)
            assert self.deliver(timedelta(hours=24, seconds=1)) == (0, 0)
        assert there.got == []
        assert [Notification.objects.get(pk=rows[2].pk).status_at(self.now + timedelta(hours=25))] == ["EXPIRED"]

    def test_a_batch_holds_fifty(self):
        with Receiver(answer=SENT) as there, self.telegram(there):
            for n in range(53):
                self.tell_operator(title=f"{n}")
            assert [self.deliver(), self.deliver(), self.deliver()] == [(50, 0), (3, 0), (0, 0)]
        assert len(there.got) == 53

    def test_of_two_workers_one_sends_it(self):
        with Receiver(answer=SENT) as there, self.telegram(there):
            self.tell_operator()
            assert len(claim(now=self.now)) == 1
            assert self.deliver() == (0, 0)
            # Its process died: the claim lapses.
            assert self.deliver(timedelta(minutes=4)) == (1, 0)


class FailureTests(OutwardTestCase):
    def test_it_is_tried_five_times_with_growing_patience(self):
        with Receiver(status=503, answer=b"down") as there, self.telegram(there):
            row, after = self.tell_operator("approval_request"), timedelta()
            for seconds in (30, 60, 120, 240):
                assert self.deliver(after) == (0, 1)
                assert self.shown(row)["lastError"] == "HTTP 503"
                assert self.shown(row)["status"] == "PENDING"
                assert self.deliver(after + timedelta(seconds=seconds - 5)) == (0, 0)
                after += timedelta(seconds=seconds + 2)
            assert not Alert.objects.exists()
            assert self.deliver(after) == (0, 1)
            assert self.deliver(after + timedelta(hours=1)) == (0, 0)
        shown = self.shown(row)
        assert (len(there.got), shown["status"], shown["attempts"]) == (5, "FAILED", 5)
        alert = Alert.objects.get()
        assert (alert.type, alert.severity) == ("NOTIFICATION_FAILED", "WARNING")
        assert alert.metadata["notificationId"] == shown["id"]
        assert self.heard().count("notification.failed") == 1

    def test_only_approvals_and_alerts_that_fail_are_alerts_themselves(self):
        with Receiver(status=400) as there, self.telegram(there):
            for type in ("mention", "digest", "assignment"):
                self.tell_operator(type)
            self.deliver()
            assert not Alert.objects.exists()
            self.tell_operator("alert")
            self.deliver()
            assert Alert.objects.get().type == "NOTIFICATION_FAILED"

    def test_what_cannot_mend_itself_is_given_up_at_once(self):
        for status in (301, 302, 400, 403, 404):
            moved = {"Location": "http://127.0.0.1:1/elsewhere"} if status < 400 else {}
            answer = b'{"ok":false,"description":"Bad Request: chat not found"}'
            with Receiver(status=status, headers=moved, answer=answer) as there, self.telegram(there):
                row = self.tell_operator(title=f"{status}")
                self.deliver()
                shown = self.shown(row)
                assert (len(there.got), shown["status"], shown["attempts"]) == (1, "FAILED", 1)
                assert shown["lastError"] == f"HTTP {status}: Bad Request: chat not found"

    def test_who_is_asked_for_patience_waits(self):
        answer = b'{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":500}}'
        for headers in ({}, {"Retry-After": "500"}):
            with Receiver(status=429, answer=answer, headers=headers) as there, self.telegram(there):
                row = self.tell_operator(title=str(headers))
                began = self.now
                self.deliver()
                row.refresh_from_db()
                assert timedelta(seconds=490) < row.next_attempt_at - began < timedelta(seconds=530)

    def test_silence_and_nobody_there_may_pass(self):
        with socket.socket() as nobody, Receiver(slow=3) as slow, patch.object(calling, "TIMEOUT", 0.2):
            nobody.bind(("127.0.0.1", 0))
            closed = nobody.getsockname()[1]
            for port, error in ((slow.port, "Timeout"), (closed, "Network error")):
                with (
                    self.telegram(
                        slow,
                    ),
                    override_settings(TELEGRAM_API_URL=f"http://127.0.0.1:{port}"),
                ):
                    row = self.tell_operator(title=error)
                    self.deliver()
                    assert self.shown(row)["status"] == "PENDING"
                    assert self.shown(row)["lastError"].startswith(error)

    def test_an_answer_without_end_is_read_in_part(self):
        with Receiver(status=500, answer=b"x" * 3_000_000) as there, self.slack(there):
            self.choose(self.bob, "SLACK")
            row = self.tell("bob")
            self.deliver()
            assert len(self.shown(row)["lastError"]) <= 300

    def test_mail_servers_say_what_passes(self):
        for refuse, status in (("450 busy", "PENDING"), ("550 no such mailbox", "FAILED")):
            with MailServer(refuse=refuse) as server, self.mail(server):
                self.choose(self.vera, "EMAIL", "vera@example.org")
                row = self.tell("vera", title=refuse)
                self.deliver()
                shown = self.shown(row)
                assert (shown["status"], shown["lastError"]) == (status, f"SMTP {refuse[:3]}: {refuse[4:]}")
        with MailServer(silent=True) as server, self.mail(server, EMAIL_TIMEOUT=0.2):
            row = self.tell("vera", title="silent")
            self.deliver()
            assert self.shown(row)["lastError"] == "Network error: SMTPServerDisconnected"
        with self.mail(server):
            row = self.tell("vera", title="nobody")
            self.deliver()
            assert self.shown(row)["lastError"] == "Network error: ConnectionRefusedError"

    def test_a_channel_that_is_gone_is_said_so(self):
        with Receiver(answer=SENT) as there, self.telegram(there):
            row = self.tell_operator()
        self.deliver()
        assert self.shown(row)["status"] == "FAILED"
        assert Alert.objects.get().type == "NOTIFICATION_FAILED"

    def test_no_secret_is_told(self):
        answer = b'{"ok":false,"description":"no bot ' + TOKEN.encode() + b' here"}'
        with Receiver(status=401, answer=answer) as there, self.telegram(there):
            row = self.tell_operator()
            with self.assertLogs(level=logging.DEBUG) as said:
                logging.getLogger("test").info("begin")
                self.deliver()
        assert self.shown(row)["lastError"] == "HTTP 401: no bot [redacted] here"
        assert TOKEN not in "".join(said.output)
        assert not any(TOKEN in str(data) for data in Event.objects.values_list("data", flat=True))
        assert TOKEN not in str(Alert.objects.values_list("description", flat=True))


class AdminPageTests(OutwardTestCase):
    def setUp(self):
        super().setUp()
        self.client.handler.enforce_csrf_checks = False
        self.client.force_login(self.alice)

    def test_administrators_set_how_people_hear(self):
        page = "/admin/notifications/preference/"
        fields = {"user": self.bob.pk, "channel": "SLACK", "address": ""}
        assert "not set up" in self.client.post(f"{page}add/", fields).content.decode()
        with Receiver() as there, self.slack(there):
            self.client.post(f"{page}add/", fields)
            assert Preference.objects.get().channel == "SLACK"
            assert "bob" in self.client.get(page).content.decode()
            assert there.url not in self.client.get(f"{page}{self.bob.pk}/change/").content.decode()
            self.client.post(f"{page}{self.bob.pk}/change/", {"channel": "HEARTBEAT", "address": ""})
        assert Preference.objects.get().channel == "HEARTBEAT"
        assert Event.objects.audit(1).filter(type="notification_channel_set").count() == 2

    def test_mail_needs_an_address(self):
        with MailServer() as server, self.mail(server):
            for address, found in (("", "has no e-mail address"), ("nonsense", "valid email")):
                fields = {"user": self.vera.pk, "channel": "EMAIL", "address": address}
                answer = self.client.post("/admin/notifications/preference/add/", fields)
                assert found in answer.content.decode()
        assert not Preference.objects.exists()
