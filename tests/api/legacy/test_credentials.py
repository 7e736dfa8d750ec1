from __future__ import annotations

from datetime import timedelta

from accounts.models import ApiKey, User
from accounts.services import issue_key, revoke_key
from core.actors import Role, system
from tests.base import LegacyApiTestCase
from tests.factories import make_agent

ME = "/api/auth/me"


class CredentialTests(LegacyApiTestCase):
    def who(self, **headers):
        answer = self.call("GET", ME, **headers)
        return answer.body["user"]["username"] if answer.status == 200 else answer.status

    def role(self, key):
        return self.get(ME, as_=key).body["user"]["role"]

    def test_a_key_may_come_in_every_header(self):
        for headers in (
            {"x_api_key": "test-admin-key"},
            {"x_api_key": " test-admin-key "},
            {"authorization": "Bearer test-admin-key"},
            {"authorization": "bearer test-admin-key"},
            {"authorization": "ApiKey test-admin-key"},
            {"authorization": "TOKEN test-admin-key"},
        ):
            with self.subTest(headers=headers):
                assert self.who(**headers) == "api"

    def test_other_schemes_and_empty_keys_match_nothing(self):
        for headers in (
            {"authorization": "Basic test-admin-key"},
            {"authorization": "test-admin-key"},
            {"authorization": "Bearer"},
            {"x_api_key": ""},
            {"x_api_key": " "},
        ):
            with self.subTest(headers=headers):
                assert self.who(**headers) == 401

    def test_x_api_key_wins_over_authorization(self):
        assert self.who(x_api_key="wrong", authorization="Bearer test-admin-key") == 401
        assert self.who(x_api_key="test-admin-key", authorization="Bearer wrong") == "api"

    def test_environment_keys_have_their_role_with_and_without_its_word(self):
        for key, role in (
            ("test-admin-key", "admin"),
            ("test-operator-key", "operator"),
            ("operator:test-operator-key", "operator"),
            ("test-viewer-key", "viewer"),
            ("viewer:test-viewer-key", "viewer"),
        ):
            with self.subTest(key=key):
                assert self.role(key) == role

    def test_the_word_cannot_raise_the_role(self):
        for key in ("admin:test-viewer-key", "operator:test-viewer-key", "viewer:", "operator", ":test-viewer-key"):
            with self.subTest(key=key):
                assert self.who(x_api_key=key) == 401

    def test_a_valid_cookie_is_preferred_and_an_invalid_one_falls_through(self):
        self.client.force_login(self.vera)
        assert self.who(x_api_key="test-admin-key") == "vera"
        self.client.cookies["mc-session"] = "f" * 64
        assert self.who(x_api_key="test-admin-key") == "api"

    def test_the_prefixed_cookie_is_read_first(self):
        self.client.force_login(self.vera)
        good = self.client.cookies["mc-session"].value
        self.client.cookies.clear()
        assert self.who(cookie=f"__Host-mc-session={good}; mc-session=bad") == "vera"
        assert self.who(cookie=f"mc-session={good}") == "vera"
        assert self.who(cookie=f"mission-control-auth={good}") == 401

    def test_cookies_of_other_applications_do_not_hide_it(self):
        self.client.force_login(self.vera)
        good = self.client.cookies["mc-session"].value
        self.client.cookies.clear()
        for other in ('theme={"mode":"dark"}', "a=b c", "flag", "list[0]=x", "path=/", "name=\xe9", "x-mc-session=bad"):
            for cookies in (f"{other}; mc-session={good}", f"mc-session={good}; {other}"):
                with self.subTest(cookies=cookies):
                    assert self.who(cookie=cookies) == "vera"

    def test_a_person_who_was_shut_out_is_out(self):
        self.client.force_login(self.vera)
        User.objects.filter(pk=self.vera.pk).update(is_active=False)
        assert self.who() == 401

    def test_odd_cookies_and_headers_are_no_trouble(self):
        for headers in ({"cookie": "mc-session=\x00;;;=,"}, {"cookie": "x" * 5000}, {"x_api_key": "é" * 600}):
            assert self.who(**headers) == 401


class StoredKeyTests(LegacyApiTestCase):
    def test_a_key_is_kept_as_its_hash_and_notes_its_use(self):
        key, secret = issue_key(actor=system(1), name="ci", role=Role.VIEWER, workspace=self.home)
        assert secret.startswith("mc_") and len(secret) == 51
        assert secret not in str(ApiKey.objects.filter(pk=key.pk).values())
        self.get(ME, as_=secret)
        key.refresh_from_db()
        assert key.last_used_at is not None
        assert key.prefix == secret[:12]

    def test_a_revoked_key_is_dead_at_once(self):
        key, secret = issue_key(actor=system(1), name="ci", role=Role.VIEWER, workspace=self.home)
        assert self.get("/api/tasks", as_=secret).status == 200
        with self.captureOnCommitCallbacks(execute=True):
            revoke_key(key=key, actor=system(1), now=self.now)
        answer = self.get("/api/tasks", as_=secret)
        assert (answer.status, answer.body) == (401, {"error": "Authentication required"})

    def test_an_expired_key_is_dead(self):
        for passed, status in ((timedelta(hours=1), 200), (timedelta(hours=-1), 401)):
            _, secret = issue_key(
                actor=system(1), name="ci", role=Role.VIEWER, workspace=self.home, expires_at=self.now + passed
            )
            assert self.get("/api/tasks", as_=secret).status == status

    def test_an_agents_key_speaks_as_the_agent(self):
        agent = make_agent("nova")
        _, secret = issue_key(
            actor=system(1), name="k", role=Role.OPERATOR, workspace=self.home, agent=(agent.pk, "nova")
        )
        assert secret.startswith("mca_")
        user = self.get(ME, as_=secret).body["user"]
        assert (user["username"], user["display_name"], user["role"]) == ("agent:nova", "nova", "operator")
        task = self.post("/api/tasks", {"title": "x"}, as_=secret).body["task"]
        assert task["created_by"] == "nova"

    def test_another_agents_name_is_refused_unless_the_key_is_an_admins(self):
        agent = make_agent("nova")
        for role, status in ((Role.OPERATOR, 401), (Role.ADMIN, 200)):
            _, secret = issue_key(actor=system(1), name="k", role=role, workspace=self.home, agent=(agent.pk, "nova"))
            assert self.get("/api/tasks", as_=secret, x_agent_name="other").status == status
            assert self.get("/api/tasks", as_=secret, x_agent_name="nova").status == 200
