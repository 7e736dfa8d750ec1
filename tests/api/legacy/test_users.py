from __future__ import annotations

from django.test import override_settings

from accounts.models import Session, User
from activity.models import Event
from tests.base import LegacyApiTestCase, forget_rates

USERS = "/api/auth/users"
NEW = {"username": "dora", "password": "a-long-enough-secret"}
ADMINS_ONLY = (403, {"error": "Admin access required"})
PERSON = {"id", "username", "display_name", "role", "provider", "email", "avatar_url", "is_approved", "workspace_id",
          "tenant_id"}  # fmt: skip


class UsersTestCase(LegacyApiTestCase):
    def ask(self, method, body=None, as_=None):
        forget_rates()
        answer = self.call(method, USERS, body, as_=as_ or self.alice)
        return answer.status, answer.body

    def audited(self):
        return Event.objects.filter(kind="audit.recorded").latest("id")


class ListTests(UsersTestCase):
    def test_it_shows_the_people_of_the_callers_workspace_alone(self):
        _, body = self.ask("GET")
        assert body.keys() == {"users"}
        assert [user["username"] for user in body["users"]] == ["alice", "bob", "vera"]
        assert self.ask("GET", as_=self.charlie)[1]["users"][0]["username"] == "charlie"

    def test_a_row_has_the_contracts_keys(self):
        row = self.ask("GET")[1]["users"][0]
        assert row.keys() == PERSON | {"created_at", "updated_at", "last_login_at"}
        assert (row["is_approved"], row["last_login_at"], row["role"]) == (1, None, "admin")
        assert isinstance(row["created_at"], int)

    def test_the_last_sign_in_shows(self):
        self.call("POST", "/api/auth/login", {"username": "bob", "password": "bob-password-long"})
        self.client.cookies.clear()
        row = self.ask("GET")[1]["users"][1]
        assert abs(row["last_login_at"] - self.now.timestamp()) < 10

    def test_more_people_cost_no_more_queries(self):
        self.ask("GET")
        with self.assertNumQueries(1):
            self.ask("GET")

    def test_others_than_admins_are_refused_in_the_routes_own_words(self):
        for method in ("GET", "POST", "PUT", "DELETE"):
            for who in (self.bob, self.vera):
                assert self.ask(method, {}, as_=who) == ADMINS_ONLY

    def test_a_stranger_reading_is_asked_who_they_are_and_a_stranger_writing_refused(self):
        for key in (None, "wrong", "mc_" + "0" * 48):
            with self.subTest(key=key):
                answer = self.call("GET", USERS, as_=key)
                assert (answer.status, answer.body) == (401, {"error": "Authentication required"})
                for method in ("POST", "PUT", "DELETE"):
                    answer = self.call(method, USERS, {}, as_=key)
                    assert (answer.status, answer.body) == ADMINS_ONLY


class CreateTests(UsersTestCase):
    def test_a_new_person_is_answered_and_can_sign_in(self):
        status, body = self.ask("POST", NEW)
        assert status == 201
        id = body["user"].pop("id")
        assert body == {
            "user": {
                "username": "dora", "display_name": "dora", "role": "operator", "provider": "local", "email": None,
                "avatar_url": None, "is_approved": 1, "workspace_id": 1, "tenant_id": 1,
            }
        }  # fmt: skip
        assert self.call("POST", "/api/auth/login", NEW).body["user"]["id"] == id

    def test_everything_may_be_given(self):
        given = {"display_name": "Dora", "role": "viewer", "provider": "google", "email": "dora@example.com"}
        user = self.ask("POST", {**NEW, **given})[1]["user"]
        assert {name: user[name] for name in given} == given

    def test_they_join_the_workspace_of_who_adds_them(self):
        user = self.ask("POST", NEW, as_=self.charlie)[1]["user"]
        assert (user["workspace_id"], user["tenant_id"]) == (self.elsewhere.pk, self.elsewhere.tenant_id)

    def test_it_is_audited_and_told_to_watchers_without_the_password(self):
        id = self.ask("POST", NEW)[1]["user"]["id"]
        row = self.audited()
        assert (row.type, row.actor, row.subject) == ("user_create", "api", f"user:{id}")
        assert Event.objects.get(kind="audit.security").data["action"] == "user_create"
        assert NEW["password"] not in str(list(Event.objects.values_list("data", flat=True)))

    def test_a_name_that_is_taken_is_a_conflict_in_whatever_workspace(self):
        for name in ("bob", "charlie"):
            assert self.ask("POST", {**NEW, "username": name}) == (409, {"error": "Username already exists"})
        assert User.objects.count() == 4

    def test_what_is_wrong_is_listed_in_the_order_of_the_fields(self):
        for body, details in (
            ({}, ["username: Invalid input", "password: Invalid input"]),
            (
                {"username": "", "password": "short"},
                ["username: Username is required", "password: Password must be at least 12 characters"],
            ),
            ({**NEW, "role": "boss", "provider": "proxy"}, ["role: Invalid input", "provider: Invalid input"]),
            ({**NEW, "username": "x" * 151, "email": 7}, ["username: Invalid input", "email: Invalid input"]),
            ([], [": Invalid input"]),
        ):
            with self.subTest(body=body):
                assert self.ask("POST", body) == (400, {"error": "Validation failed", "details": details})
        assert self.ask("POST", b"{") == (400, {"error": "Invalid request body"})

    def test_nul_in_a_name_is_no_trouble(self):
        assert self.ask("POST", {**NEW, "username": "do\0ra"})[0] == 201


class UpdateTests(UsersTestCase):
    def test_any_field_may_change(self):
        changes = {
            "display_name": "Robert",
            "role": "viewer",
            "email": "b@example.com",
            "avatar_url": "https://a/b.png",
        }
        status, body = self.ask("PUT", {"id": self.bob.pk, **changes})
        assert (status, body["user"].keys()) == (200, PERSON)
        assert {name: body["user"][name] for name in changes} == changes
        assert self.ask("PUT", {"id": self.bob.pk, "email": None})[1]["user"]["email"] is None

    def test_a_changed_role_counts_at_once(self):
        self.client.force_login(self.bob)
        self.call("GET", "/api/auth/me")
        self.client.cookies, cookies = self.client.cookies.__class__(), self.client.cookies
        self.ask("PUT", {"id": self.bob.pk, "role": "viewer"})
        self.client.cookies = cookies
        assert self.call("GET", "/api/auth/me").body["user"]["role"] == "viewer"

    def test_a_new_password_ends_their_sessions_and_a_short_one_is_refused(self):
        self.client.force_login(self.bob)
        self.client.cookies.clear()
        answer = self.ask("PUT", {"id": self.bob.pk, "password": "short"})
        assert answer == (400, {"error": "Password must be at least 12 characters"})
        assert self.ask("PUT", {"id": self.bob.pk, "password": NEW["password"]})[0] == 200
        assert not Session.objects.filter(user=self.bob).exists()
        assert self.call("POST", "/api/auth/login", {**NEW, "username": "bob"}).status == 200

    def test_an_admin_who_changes_their_own_password_stays_signed_in(self):
        self.client.force_login(self.alice)
        answer = self.call("PUT", USERS, {"id": self.alice.pk, "password": NEW["password"]})
        assert answer.status == 200
        assert self.call("GET", "/api/auth/me").status == 200
        assert Session.objects.filter(user=self.alice).count() == 1

    def test_who_is_not_approved_any_more_is_out(self):
        self.client.force_login(self.bob)
        self.client.cookies.clear()
        for value, status in ((0, 401), (True, 200)):
            assert self.ask("PUT", {"id": self.bob.pk, "is_approved": value})[1]["user"]["is_approved"] == int(value)
            forget_rates()
            answer = self.call("POST", "/api/auth/login", {"username": "bob", "password": "bob-password-long"})
            assert answer.status == status
            self.client.cookies.clear()

    def test_it_is_audited(self):
        self.ask("PUT", {"id": self.bob.pk, "role": "viewer", "password": NEW["password"], "is_approved": True})
        row = self.audited()
        assert (row.type, row.subject) == ("user_update", f"user:{self.bob.pk}")
        assert row.data["detail"] == {
            "display_name": None, "role": "viewer", "password_changed": True, "is_approved": True
        }  # fmt: skip

    def test_the_refusals(self):
        self.client.force_login(self.alice)
        for body, status, error in (
            (b"", 400, "Invalid request body"),
            ({}, 400, "User ID is required"),
            ({"id": "abc", "role": "boss"}, 400, "User ID is required"),
            ({"id": 0}, 400, "User ID is required"),
            ({"id": 987654, "role": "boss"}, 400, "Invalid role"),
            ({"id": self.bob.pk, "role": ["admin"]}, 400, "Invalid role"),
            ({"id": self.alice.pk, "role": "viewer"}, 400, "Cannot change your own role"),
            ({"id": 987654}, 404, "User not found"),
            (b'{"id": 1e30}', 404, "User not found"),
            ({"id": 2**63 - 1}, 404, "User not found"),
            ({"id": self.charlie.pk, "role": "viewer"}, 404, "User not found"),
        ):
            with self.subTest(body=body):
                forget_rates()
                answer = self.call("PUT", USERS, body)
                assert (answer.status, answer.body) == (status, {"error": error})
        for name, value in (("email", 7), ("avatar_url", "x" * 2001), ("display_name", []), ("is_approved", "yes")):
            answer = self.ask("PUT", {"id": self.bob.pk, name: value})
            assert answer == (400, {"error": "Validation failed", "details": [f"{name}: Invalid input"]})

    def test_ones_own_role_may_be_sent_back_unchanged(self):
        self.client.force_login(self.alice)
        assert self.call("PUT", USERS, {"id": self.alice.pk, "role": "admin"}).status == 200


class DeleteTests(UsersTestCase):
    def test_a_person_goes_with_their_sessions(self):
        self.client.force_login(self.bob)
        self.client.cookies.clear()
        assert self.ask("DELETE", {"id": self.bob.pk}) == (200, {"success": True})
        assert not Session.objects.filter(user_id=self.bob.pk).exists()
        row = self.audited()
        assert (row.type, row.data["detail"]) == ("user_delete", {"username": "bob"})
        assert self.ask("DELETE", {"id": self.bob.pk}) == (404, {"error": "User not found"})

    def test_the_refusals(self):
        self.client.force_login(self.alice)
        for body, status, error in (
            (b"", 400, "Request body required"),
            (b"no json", 400, "Request body required"),
            ({}, 400, "User ID is required"),
            ({"id": {}}, 400, "User ID is required"),
            ({"id": self.alice.pk}, 400, "Cannot delete your own account"),
            ({"id": self.charlie.pk}, 404, "User not found"),
            ({"id": 987654}, 404, "User not found"),
        ):
            with self.subTest(body=body):
                forget_rates()
                answer = self.call("DELETE", USERS, body)
                assert (answer.status, answer.body) == (status, {"error": error})
        assert User.objects.count() == 4


@override_settings(RATE_LIMITS_OFF=True)
class LimitTests(LegacyApiTestCase):
    def test_each_administrator_may_change_twenty_things_a_minute_even_where_limits_are_off(self):
        for _n in range(20):
            assert self.post(USERS, {}, as_=self.alice).status == 400
        answer = self.post(USERS, {}, as_=self.alice)
        assert answer.status == 429
        assert answer.body["error"].startswith("Too many identity or credential changes.")
        assert self.get(USERS, as_=self.alice).status == 200
        assert self.post("/api/auth/access-requests", {}, as_=self.alice).status == 400
        assert self.post(USERS, {}, as_=self.charlie).status == 400
        assert self.post(USERS, {}, as_=self.bob).status == 403
