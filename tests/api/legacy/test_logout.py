from __future__ import annotations

import re

from accounts.models import Session
from tests.base import LegacyApiTestCase
from tests.server import PASSWORD


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


def test_the_cookies_on_the_wire_read_as_clients_know_them(server):
    body = {"username": "admin", "password": PASSWORD}
    _, headers, _ = server.ask_raw("POST", "/api/auth/login", body, key=None)
    given = re.fullmatch(
        "(mc-session=[0-9a-f]{64}); Path=/; Expires=[A-Z][a-z]{2}, .* GMT; Max-Age=604800; HttpOnly; SameSite=strict",
        headers["set-cookie"],
    )
    assert given
    _, headers, _ = server.ask_raw("POST", "/api/auth/logout", key=None, headers={"Cookie": given[1]})
    assert headers["set-cookie"] == "mc-session=; Path=/; Max-Age=0; HttpOnly; SameSite=strict"
    secure = {"Cookie": f"__Host-{given[1]}", "X-Forwarded-Proto": "https"}
    _, headers, _ = server.ask_raw("POST", "/api/auth/logout", key=None, headers=secure)
    assert headers["set-cookie"] == "__Host-mc-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=strict"
