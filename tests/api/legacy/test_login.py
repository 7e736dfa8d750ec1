from __future__ import annotations

import hashlib
import re
from datetime import timedelta

from django.utils import timezone

from accounts.models import Session, User
from activity.models import Event
from tests.base import LegacyApiTestCase

RIGHT = {"username": "bob", "password": "bob-password-long"}


class LoginTests(LegacyApiTestCase):
    def login(self, body=RIGHT, **headers):
        return self.call("POST", "/api/auth/login", body, **headers)

    def test_the_right_password_answers_with_the_person(self):
        answer = self.login()
        assert answer.status == 200
        assert answer.body == {
            "user": {
                "id": self.bob.id,
                "username": "bob",
                "display_name": "Bob",
                "role": "operator",
                "provider": "local",
                "email": None,
                "avatar_url": None,
                "workspace_id": 1,
                "tenant_id": 1,
            }
        }

    def test_the_cookie_is_the_contracts(self):
        cookie = self.login().cookies["mc-session"]
        assert re.fullmatch("[0-9a-f]{64}", cookie.value)
        assert (cookie["path"], cookie["max-age"], cookie["samesite"]) == ("/", 604800, "strict")
        assert cookie["httponly"] is True
        assert cookie["expires"]
        assert not cookie["secure"]

    def test_over_https_the_cookie_has_the_host_prefix(self):
        cookies = self.login(x_forwarded_proto="https").cookies
        assert "mc-session" not in cookies
        assert cookies["__Host-mc-session"]["secure"] is True

    def test_only_the_hash_of_the_cookie_is_stored(self):
        token = self.login().cookies["mc-session"].value
        session = Session.objects.get(user=self.bob)
        assert session.session_key == hashlib.sha256(token.encode()).hexdigest()

    def test_the_cookie_signs_in(self):
        self.login()
        assert self.call("GET", "/api/auth/me").body["user"]["username"] == "bob"

    def test_a_session_ends_after_seven_days_however_much_it_is_used(self):
        self.login()
        self.call("GET", "/api/auth/me")
        left = Session.objects.get(user=self.bob).expire_date - timezone.now()
        assert timedelta(days=6, hours=23) < left < timedelta(days=7, minutes=1)

    def test_an_expired_session_signs_nobody_in(self):
        self.login()
        Session.objects.update(expire_date=timezone.now())
        assert self.call("GET", "/api/auth/me").status == 401

    def test_a_wrong_password_and_an_unknown_name_read_alike(self):
        for body in ({**RIGHT, "password": "wrong"}, {**RIGHT, "username": "nobody"}, {**RIGHT, "username": "Bob"}):
            with self.subTest(body=body):
                answer = self.login(body)
                assert (answer.status, answer.body) == (401, {"error": "Invalid credentials"})
                assert "mc-session" not in answer.cookies

    def test_a_failed_sign_in_is_told_to_the_log(self):
        self.login({**RIGHT, "password": "wrong"})
        told = Event.objects.get(kind="audit.security").data
        assert told.pop("timestamp")
        assert told == {"action": "login_failed", "actor": "bob", "target_type": "user", "target_id": self.bob.id}

    def test_who_is_not_approved_or_not_local_is_refused(self):
        for change in ({"is_approved": False}, {"is_active": False}, {"provider": "google"}):
            with self.subTest(change=change):
                User.objects.filter(pk=self.bob.pk).update(is_approved=True, is_active=True, provider="local")
                User.objects.filter(pk=self.bob.pk).update(**change)
                assert self.login().body == {"error": "Invalid credentials"}

    def test_both_fields_are_required(self):
        for body in ({}, {"username": "bob"}, {**RIGHT, "password": ""}, {"username": 1, "password": []}):
            with self.subTest(body=body):
                answer = self.login(body)
                assert (answer.status, answer.body) == (400, {"error": "Username and password are required"})

    def test_a_body_that_is_no_json_is_refused(self):
        assert self.login(b"no json").body == {"error": "Invalid request body"}

    def test_before_the_first_user_exists_it_says_so(self):
        User.objects.all().delete()
        answer = self.login()
        assert answer.status == 401
        assert answer.body.keys() == {"error", "code", "hint"}
        assert answer.body["code"] == "NO_USERS"

    def test_the_sixth_attempt_in_a_minute_is_refused_even_where_limits_are_off(self):
        assert [self.login().status for _ in range(5)] == [200] * 5
        refused = self.login()
        assert (refused.status, refused.body) == (
            429,
            {"error": "Too many login attempts. Try again in a minute."},
        )
        assert "Retry-After" not in refused.headers
