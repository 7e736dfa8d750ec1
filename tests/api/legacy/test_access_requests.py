from __future__ import annotations

from datetime import timedelta

from django.test import Client

from accounts.google import Identity
from accounts.models import AccessRequest, User
from accounts.services import come_in_with_google
from activity.models import Event
from tests.base import LegacyApiTestCase, forget_rates

REQUESTS = "/api/auth/access-requests"


class AccessRequestTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.request = self.asks("gina@example.com", "1001")

    def asks(self, email, subject, *, ago=0, name="Gina"):
        moment = self.now - timedelta(minutes=ago)
        come_in_with_google(identity=Identity(subject, email, name, None), now=moment)
        return AccessRequest.objects.get(email=email)

    def review(self, action="approve", as_=None, **fields):
        forget_rates()
        body = {"request_id": self.request.pk, "action": action, **fields}
        answer = self.call("POST", REQUESTS, body, as_=as_ or self.alice)
        return answer.status, answer.body

    def listed(self, query="", as_=None):
        return self.get(f"{REQUESTS}{query}", as_=as_ or self.alice).body["requests"]

    def test_a_row_has_the_contracts_keys(self):
        assert self.listed() == [
            {
                "id": self.request.pk, "provider": "google", "email": "gina@example.com", "provider_user_id": "1001",
                "display_name": "Gina", "avatar_url": None, "status": "pending",
                "requested_at": int(self.request.requested_at.timestamp()),
                "last_attempt_at": int(self.request.requested_at.timestamp()), "attempt_count": 1,
                "reviewed_by": None, "reviewed_at": None, "review_note": None, "approved_user_id": None,
            }
        ]  # fmt: skip

    def test_what_waits_comes_first_then_the_latest(self):
        self.review("reject")
        self.asks("old@example.com", "1", ago=9)
        self.asks("older@example.com", "2", ago=99)
        order = ["old@example.com", "older@example.com", "gina@example.com"]
        assert [row["email"] for row in self.listed()] == [row["email"] for row in self.listed("?status=all")] == order
        assert [row["email"] for row in self.listed("?status=rejected")] == ["gina@example.com"]
        assert [row["email"] for row in self.listed("?status=pending")] == order[:2]
        assert self.listed("?status=nonsense") == []

    def test_an_approved_person_can_come_in(self):
        status, body = self.review(note="welcome")
        id = body["user"].pop("id")
        assert (status, body) == (
            200,
            {
                "ok": True,
                "user": {
                    "username": "gina", "display_name": "Gina", "role": "viewer", "provider": "google",
                    "email": "gina@example.com", "avatar_url": None, "is_approved": 1,
                },
            },
        )  # fmt: skip
        row = self.listed()[0]
        assert (row["status"], row["reviewed_by"], row["review_note"]) == ("approved", "api", "welcome")
        assert (row["approved_user_id"], row["reviewed_at"] > 0) == (id, True)
        identity = Identity("1001", "gina@example.com", "Gina", None)
        assert come_in_with_google(identity=identity, now=self.now).pk == id
        assert Event.objects.filter(type="access_request_approved", actor="api").exists()

    def test_a_rejected_one_cannot(self):
        assert self.review("reject", note="no") == (200, {"ok": True})
        assert not User.objects.filter(username="gina").exists()
        assert Event.objects.filter(kind="audit.recorded").latest("id").type == "access_request_rejected"

    def test_the_last_review_wins(self):
        self.review("reject", note="no")
        assert self.review("approve", role="operator")[1]["user"]["role"] == "operator"
        assert self.listed()[0]["review_note"] is None
        assert self.review("approve", role="admin")[1]["user"]["role"] == "admin"
        assert User.objects.filter(email="gina@example.com").count() == 1

    def test_somebody_who_is_there_already_is_let_in_as_they_are(self):
        User.objects.filter(pk=self.bob.pk).update(email="GINA@example.com", is_approved=False)
        user = self.review(role="operator")[1]["user"]
        assert (user["id"], user["username"], user["provider"], user["is_approved"]) == (
            self.bob.pk,
            "bob",
            "google",
            1,
        )

    def test_names_are_made_of_the_mailbox_and_unique(self):
        for n, (email, username) in enumerate(
            (
                ("Bob@example.com", "bob-2"),
                ("bob@elsewhere.example", "bob-3"),
                ("J.R+tag_x-y@example.com", "j.rtag_x-y"),
                ("ü@example.com", "user"),
                ("x" * 40 + "@example.com", "x" * 28),
            )
        ):
            self.request = self.asks(email, str(n), name=None)
            user = self.review()[1]["user"]
            assert (user["username"], user["display_name"]) == (username, username)

    def test_what_is_wrong_is_listed(self):
        for body, details in (
            ({}, ["request_id: Invalid input", "action: Invalid input"]),
            ({"request_id": "1", "action": "maybe"}, ["request_id: Invalid input", "action: Invalid input"]),
            (
                {"request_id": 1, "action": "reject", "role": "boss", "note": 7},
                ["role: Invalid input", "note: Invalid input"],
            ),
        ):
            answer = self.post(REQUESTS, body, as_=self.alice)
            assert (answer.status, answer.body) == (400, {"error": "Validation failed", "details": details})

    def test_an_unknown_request_is_not_found(self):
        for id in (987654, -1, 0, 1.5, 2**63 - 1, 1e300):
            status, body = self.review(request_id=id)
            assert status in (400, 404), body
        assert self.review(request_id=987654) == (404, {"error": "Request not found"})

    def test_other_workspaces_neither_see_nor_decide_it(self):
        assert self.listed(as_=self.charlie) == []
        assert self.review(as_=self.charlie) == (404, {"error": "Request not found"})

    def test_others_than_admins_are_refused(self):
        for who in (self.bob, self.vera):
            assert self.review(as_=who) == (403, {"error": "Admin access required"})
            assert self.get(REQUESTS, as_=who).body == {"error": "Admin access required"}

    def test_an_identity_of_another_workspace_is_a_conflict(self):
        User.objects.filter(pk=self.charlie.pk).update(provider="google", provider_user_id="1001")
        assert self.review()[0] == 409

    def test_the_admin_site_can_approve_and_reject(self):
        site = Client()
        site.force_login(self.alice)
        page = "/admin/accounts/accessrequest/"
        assert site.get(page).status_code == 200
        for action, status in (("reject", "rejected"), ("approve", "approved")):
            site.post(page, {"action": action, "_selected_action": [self.request.pk]})
            self.request.refresh_from_db()
            assert (self.request.status, self.request.reviewed_by) == (status, "alice")

    def test_the_admin_site_is_the_default_workspaces(self):
        site = Client()
        site.force_login(self.charlie)
        assert site.get("/admin/").status_code == 302
