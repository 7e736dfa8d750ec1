from __future__ import annotations

from accounts.models import Session, User
from accounts.services import issue_key
from activity.models import Event
from core.actors import Role, system
from tests.base import LegacyApiTestCase
from tests.factories import make_agent

ME = "/api/auth/me"
NEW = "a-much-better-password"


class MeTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.client.force_login(self.bob)

    def patch(self, body, **options):
        return self.call("PATCH", ME, body, **options)

    def test_a_person_sees_themself(self):
        assert self.call("GET", ME).body["user"] == {
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

    def test_the_global_key_is_the_api_with_number_0(self):
        self.client.logout()
        user = self.get(ME, as_="test-admin-key").body["user"]
        assert (user["id"], user["username"], user["display_name"], user["role"]) == (0, "api", "API Access", "admin")

    def test_a_persons_avatar_is_shown(self):
        User.objects.filter(pk=self.bob.pk).update(avatar_url="/me.png")
        assert self.call("GET", ME).body["user"]["avatar_url"] == "/me.png"

    def test_a_new_name_is_kept_and_answered(self):
        answer = self.patch({"display_name": "Robert"})
        assert (answer.status, answer.body["success"]) == (200, True)
        assert answer.body["user"]["display_name"] == "Robert"
        assert "mc-session" not in answer.cookies

    def test_a_new_password_ends_all_sessions_and_begins_a_fresh_one(self):
        self.call("POST", "/api/auth/login", {"username": "bob", "password": "bob-password-long"})
        answer = self.patch({"current_password": "bob-password-long", "new_password": NEW})
        assert answer.status == 200
        assert answer.cookies["mc-session"].value
        assert Session.objects.count() == 1
        assert self.call("GET", ME).status == 200
        assert User.objects.get(pk=self.bob.pk).check_password(NEW)

    def test_a_new_password_is_told_to_the_log(self):
        self.patch({"current_password": "bob-password-long", "new_password": NEW})
        assert Event.objects.get(kind="audit.security").data["action"] == "password_change"

    def test_a_stranger_is_not_authenticated(self):
        self.client.logout()
        answer = self.patch({"display_name": "x"})
        assert (answer.status, answer.body) == (401, {"error": "Not authenticated"})

    def test_whoever_was_removed_a_moment_ago_is_a_stranger(self):
        self.call("GET", ME)
        User.objects.filter(id=self.bob.id).delete()  # past the services: this process remembers the credential
        assert self.patch({"display_name": "Bobby"}).status == 401

    def test_keys_cannot_change_anything(self):
        self.client.logout()
        agent = make_agent()
        mine = issue_key(
            actor=system(1), name="k", role=Role.OPERATOR, workspace=self.home, agent=(agent.pk, agent.name)
        )[1]
        for key in ("test-admin-key", self.keys[self.bob], mine):
            with self.subTest(key=key):
                answer = self.patch({"display_name": "x"}, as_=key)
                assert (answer.status, answer.body) == (403, {"error": "API key users cannot change passwords"})

    def test_the_checks_come_in_the_contracts_order(self):
        wrong = {"current_password": "wrong", "display_name": " "}
        for body, status, error in (
            ({"new_password": "short", "display_name": " "}, 400, "Current password is required"),
            ({**wrong, "new_password": "short"}, 400, "New password must be at least 12 characters"),
            ({**wrong, "new_password": 123456789012}, 400, "New password must be at least 12 characters"),
            ({**wrong, "new_password": NEW}, 403, "Current password is incorrect"),
            (
                {**wrong, "current_password": "bob-password-long", "new_password": NEW},
                400,
                "Display name cannot be empty",
            ),
            ({}, 400, "No updates provided"),
        ):
            with self.subTest(body=body):
                answer = self.patch(body)
                assert (answer.status, answer.body) == (status, {"error": error})

    def test_nothing_is_changed_when_one_part_is_refused(self):
        self.patch({"current_password": "bob-password-long", "new_password": NEW, "display_name": ""})
        assert not User.objects.get(pk=self.bob.pk).check_password(NEW)

    def test_a_body_that_is_no_json_is_refused(self):
        assert self.patch(b"{").status == 400

    def test_the_sixth_password_change_in_a_minute_is_refused(self):
        for _ in range(5):
            assert self.patch({"new_password": NEW}).status == 400
        answer = self.patch({"new_password": NEW})
        assert answer.status == 429
        assert answer.body["error"].startswith("Too many password change attempts.")
        assert self.patch({"display_name": "Robert"}).status == 200
