"""A proxy in front signs people in, and names them in a header."""

from __future__ import annotations

from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.test import Client, override_settings

from accounts.models import User
from accounts.proxy import tell_when_misconfigured
from activity.models import Event
from tests.base import LegacyApiTestCase
from tests.server import Server

ME = "/api/auth/me"


@override_settings(PROXY_AUTH_HEADER="x-remote-user", PROXY_AUTH_IPS=frozenset({"127.0.0.1"}))
class ProxyTests(LegacyApiTestCase):
    def who(self, **headers):
        answer = self.call("GET", ME, **headers)
        return answer.body["user"]["username"] if answer.status == 200 else answer.status

    def test_the_named_person_is_signed_in(self):
        assert self.who(x_remote_user="bob") == "bob"
        assert self.call("POST", "/api/tasks", {"title": "x"}, x_remote_user="vera").status == 403
        assert self.call("POST", "/api/tasks", {"title": "x"}, x_remote_user="bob").status == 201

    def test_it_comes_before_cookie_and_key(self):
        self.client.force_login(self.alice)
        assert self.who(x_remote_user="bob", x_api_key="test-admin-key") == "bob"

    def test_from_elsewhere_the_header_means_nothing(self):
        self.client.defaults["REMOTE_ADDR"] = "10.9.9.9"
        assert self.who(x_remote_user="bob") == 401
        assert self.who(x_remote_user="bob", x_forwarded_for="127.0.0.1") == 401
        assert self.call("GET", "/api/tasks", x_remote_user="bob").body == {"error": "Unauthorized"}

    @override_settings(PROXY_AUTH_IPS=frozenset({"10.0.0.5"}), TRUSTED_PROXIES={"127.0.0.1"})
    def test_the_proxy_may_stand_behind_another_trusted_one(self):
        assert self.who(x_remote_user="bob", x_forwarded_for="192.0.2.1, 10.0.0.5") == "bob"
        assert self.who(x_remote_user="bob", x_forwarded_for="10.0.0.5, 192.0.2.1") == 401

    def test_a_name_nobody_has_falls_through_to_the_other_credentials(self):
        assert self.who(x_remote_user="nobody") == 401
        assert self.who(x_remote_user="nobody", x_api_key="test-admin-key") == "api"
        assert not User.objects.filter(username="nobody").exists()

    def test_who_is_not_approved_is_not_signed_in(self):
        User.objects.filter(pk=self.bob.pk).update(is_approved=False)
        assert self.who(x_remote_user="bob") == 401

    @override_settings(PROXY_AUTH_ROLE="operator")
    def test_with_a_default_role_new_people_are_let_in(self):
        assert self.who(x_remote_user=" dora ") == "dora"
        dora = User.objects.get(username="dora")
        assert (dora.role, dora.provider, dora.workspace_id, dora.is_approved) == ("operator", "proxy", 1, True)
        assert Event.objects.filter(type="user_create", actor="proxy").count() == 1
        answer = self.call("POST", "/api/auth/login", {"username": "dora", "password": "anything"})
        assert answer.status == 401
        assert self.who(x_remote_user="x" * 151) == 401

    @override_settings(PROXY_AUTH_ROLE="boss")
    def test_a_role_that_is_none_lets_nobody_in(self):
        assert self.who(x_remote_user="dora") == 401

    def test_pages_know_the_person_too(self):
        browser = Client()
        assert browser.get("/").status_code == 302
        assert browser.get("/", HTTP_X_REMOTE_USER="bob").status_code == 200
        assert browser.get("/admin/", HTTP_X_REMOTE_USER="alice").status_code == 200

    @override_settings(PROXY_AUTH_IPS=frozenset())
    def test_without_trusted_addresses_nobody_is_signed_in_and_the_log_says_why(self):
        assert self.who(x_remote_user="bob") == 401
        tell_when_misconfigured()
        assert Event.objects.get(kind="security.event").data["event_type"] == "proxy_auth_misconfigured"


@override_settings(PROXY_AUTH_IPS=frozenset({"127.0.0.1"}))
class SwitchedOffTests(LegacyApiTestCase):
    def test_without_the_setting_no_header_signs_anybody_in(self):
        assert self.call("GET", ME, x_remote_user="bob").status == 401


@pytest.fixture(scope="module")
def behind_a_proxy():
    settings = {"MC_PROXY_AUTH_HEADER": "X-Remote-User", "MC_PROXY_AUTH_TRUSTED_IPS": "127.0.0.1"}
    with Server(**settings) as running:
        yield running


def test_a_real_server_takes_the_word_of_its_proxy(behind_a_proxy):
    server = behind_a_proxy
    named = {"X-Remote-User": "admin"}
    assert server.ask("GET", ME, key=None, headers=named)[1]["user"]["username"] == "admin"
    assert server.ask("GET", "/api/tasks", key=None, headers=named)[0] == 200
    assert server.ask("GET", "/api/tasks", key=None, headers={"X_Remote_User": "admin"})[0] == 401
    answer = server.ask("POST", "/api/tokens", {"model": "m", "sessionId": "s", "inputTokens": 1, "outputTokens": 1},
                        key=None, headers=named)  # fmt: skip
    assert answer[0] == 200
    with urlopen(Request(f"{server.url}/api/events", headers=named), timeout=5) as stream:
        assert stream.status == 200
    with pytest.raises(HTTPError):
        urlopen(Request(f"{server.url}/api/events", headers={"X-Remote-User": "nobody"}), timeout=5)
