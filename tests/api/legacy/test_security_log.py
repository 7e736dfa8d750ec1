"""What the audit log and the security log learn about coming in and going out, and about too many requests."""

from __future__ import annotations

import re
from datetime import timedelta

from django.test import Client, override_settings

from accounts.models import Session, User
from activity.models import Event
from tests.base import LegacyApiTestCase, forget_rates
from tests.factories import make_agent

LOGIN = "/api/auth/login"
BOB = {"username": "bob", "password": "bob-password-long"}


class LogTestCase(LegacyApiTestCase):
    def audited(self):
        return list(Event.objects.filter(kind="audit.recorded").order_by("id"))

    def security(self):
        return [event.data for event in Event.objects.filter(kind="security.event").order_by("id")]


class SignInTests(LogTestCase):
    def test_a_sign_in_is_audited_with_its_origin(self):
        self.call("POST", LOGIN, BOB, user_agent="curl/8", x_real_ip="203.0.113.9")
        (row,) = self.audited()
        assert (row.type, row.actor, row.workspace_id) == ("login", "bob", 1)
        assert row.data["actor_id"] == self.bob.pk
        assert row.data["user_agent"] == "curl/8"

    def test_it_notes_when_and_forgets_sessions_that_have_ended(self):
        Session.objects.create(session_key="x", session_data="", expire_date=self.now - timedelta(days=1))
        self.call("POST", LOGIN, BOB)
        assert not Session.objects.filter(session_key="x").exists()
        assert User.objects.get(pk=self.bob.pk).last_login is not None

    def test_a_failed_one_is_audited_and_the_security_log_knows_why(self):
        for change, body, reason in (
            ({}, {**BOB, "username": "nobody"}, "user_not_found"),
            ({}, {**BOB, "password": "wrong"}, "invalid_password"),
            ({"provider": "google"}, BOB, "wrong_provider"),
            ({"is_approved": False}, BOB, "not_approved"),
        ):
            with self.subTest(reason=reason):
                forget_rates()
                User.objects.filter(pk=self.bob.pk).update(**{"provider": "local", "is_approved": True, **change})
                assert self.call("POST", LOGIN, body).body == {"error": "Invalid credentials"}
                row, event = self.audited()[-1], self.security()[-1]
                assert (row.type, row.actor) == ("login_failed", body["username"])
                assert (event["event_type"], event["severity"]) == ("auth_failure", "warning")
                assert event["detail"] == {"username": body["username"], "reason": reason}
        assert "wrong" not in str([row.data for row in self.audited()])

    def test_names_of_any_length_are_no_trouble(self):
        for name in ("x" * 5000, "a\0b", "🛰" * 200):
            assert self.call("POST", LOGIN, {**BOB, "username": name}).status == 401

    def test_a_failure_of_another_workspace_is_logged_there(self):
        self.call("POST", LOGIN, {"username": "charlie", "password": "wrong"})
        assert self.audited()[-1].workspace_id == self.elsewhere.pk

    def test_the_page_logs_as_the_api_does(self):
        browser = Client()
        browser.post("/login/", {**BOB, "password": "wrong"})
        browser.post("/login/", BOB)
        browser.post("/logout/")
        assert [row.type for row in self.audited()] == ["login_failed", "login", "logout"]
        assert [event["event_type"] for event in self.security()] == ["auth_failure"]

    def test_the_page_takes_no_password_of_who_signs_in_otherwise(self):
        User.objects.filter(pk=self.bob.pk).update(provider="google")
        assert Client().post("/login/", BOB).status_code == 401


class SignOutTests(LogTestCase):
    def test_a_sign_out_is_audited_when_somebody_was_there(self):
        self.call("POST", "/api/auth/logout")
        assert self.audited() == []
        self.client.force_login(self.bob)
        self.call("POST", "/api/auth/logout", user_agent="curl/8")
        (row,) = self.audited()
        assert (row.type, row.actor, row.data["user_agent"]) == ("logout", "bob", "curl/8")

    def test_the_emptied_cookie_never_expires_by_date(self):
        self.client.force_login(self.bob)
        cookie = self.call("POST", "/api/auth/logout").cookies["mc-session"]
        assert re.fullmatch(
            'mc-session=""; HttpOnly; Max-Age=0; Path=/; SameSite=strict', cookie.OutputString(), re.IGNORECASE
        )


class ProfileTests(LogTestCase):
    def test_each_change_of_the_own_account_is_audited(self):
        self.client.force_login(self.bob)
        body = {"current_password": BOB["password"], "new_password": "a-much-better-password", "display_name": "R"}
        self.call("PATCH", "/api/auth/me", body)
        assert [(row.type, row.actor) for row in self.audited()] == [
            ("password_change", "bob"),
            ("profile_update", "bob"),
        ]
        assert [event.data["action"] for event in Event.objects.filter(kind="audit.security")] == ["password_change"]


class RefusedTests(LogTestCase):
    def test_a_flood_of_refused_requests_is_told_once(self):
        for _ in range(9):
            self.call("POST", LOGIN, {})
        (event,) = self.security()
        assert (event["event_type"], event["severity"], event["ip_address"]) == (
            "rate_limit_hit",
            "warning",
            "127.0.0.1",
        )
        assert event["detail"] == {"limiter": "login", "key": "127.0.0.1", "allowed": 5, "seconds": 60}

    def test_each_limiter_and_key_is_told(self):
        for _ in range(7):
            self.call("POST", LOGIN, {})
        self.client.defaults["REMOTE_ADDR"] = "10.0.0.3"
        for _ in range(7):
            self.call("POST", LOGIN, {})
        assert [event["detail"]["key"] for event in self.security()] == ["127.0.0.1", "10.0.0.3"]

    def test_it_is_told_in_the_callers_workspace(self):
        for _ in range(21):
            self.post("/api/auth/users", {}, as_=self.charlie)
        event = Event.objects.get(kind="security.event")
        assert (event.workspace_id, event.data["source"]) == (self.elsewhere.pk, "identity")

    @override_settings(RATE_LIMITS_OFF=False)
    def test_an_agent_that_beats_too_fast_is_told(self):
        forget_rates()
        make_agent("nova")
        for _ in range(33):
            self.post("/api/agents/nova/heartbeat", x_agent_name="nova")
        (event,) = self.security()
        assert (event["source"], event["detail"]["key"], event["agent_name"]) == ("heartbeat", "nova", "nova")

    def test_the_page_is_counted_too(self):
        browser = Client()
        assert [browser.post("/login/", {}).status_code for _ in range(7)][-1] == 429
        assert [event["event_type"] for event in self.security()].count("rate_limit_hit") == 1
