from __future__ import annotations

from accounts.models import Session
from tests.base import LegacyApiTestCase


class LogoutTests(LegacyApiTestCase):
    def sign_in(self, **headers):
        self.call("POST", "/api/auth/login", {"username": "bob", "password": "bob-password-long"}, **headers)

    def test_it_ends_the_session_and_empties_the_cookie(self):
        self.sign_in()
        answer = self.call("POST", "/api/auth/logout")
        cookie = answer.cookies["mc-session"]
        assert (answer.status, answer.body) == (200, {"ok": True})
        assert (cookie.value, cookie["max-age"], cookie["path"], cookie["samesite"].lower()) == ("", 0, "/", "strict")
        assert cookie["httponly"] is True
        assert not Session.objects.exists()

    def test_the_old_cookie_opens_nothing_any_more(self):
        self.sign_in()
        token = self.client.cookies["mc-session"].value
        self.call("GET", "/api/auth/me")
        self.call("POST", "/api/auth/logout")
        self.client.cookies["mc-session"] = token
        assert self.call("GET", "/api/auth/me").status == 401

    def test_over_https_the_prefixed_cookie_is_emptied(self):
        self.sign_in(x_forwarded_proto="https")
        cookies = self.call("POST", "/api/auth/logout", x_forwarded_proto="https").cookies
        assert "mc-session" not in cookies
        assert (cookies["__Host-mc-session"].value, cookies["__Host-mc-session"]["max-age"]) == ("", 0)
        assert cookies["__Host-mc-session"]["secure"] is True

    def test_a_stranger_may_sign_out_too(self):
        answer = self.call("POST", "/api/auth/logout")
        assert (answer.status, answer.body) == (200, {"ok": True})
        assert answer.cookies["mc-session"].value == ""
