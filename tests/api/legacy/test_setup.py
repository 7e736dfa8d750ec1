from __future__ import annotations

from accounts.models import User
from activity.models import Event
from tests.base import LegacyApiTestCase

SETUP = "/api/setup"
FIRST = {"username": "root.admin-1", "password": "a-long-enough-secret"}


class SetupTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        User.objects.all().delete()

    def test_it_is_needed_until_somebody_is_there(self):
        assert self.call("GET", SETUP).body == {"needsSetup": True}
        self.call("POST", SETUP, FIRST)
        assert self.call("GET", SETUP).body == {"needsSetup": False}

    def test_the_first_admin_is_made_and_signed_in(self):
        answer = self.call("POST", SETUP, {**FIRST, "displayName": "Root"})
        assert answer.status == 200
        user = User.objects.get()
        assert answer.body == {
            "user": {"id": user.pk, "username": "root.admin-1", "display_name": "Root", "role": "admin"}
        }
        assert answer.cookies["mc-session"].value
        assert self.call("GET", "/api/auth/me").body["user"]["workspace_id"] == 1
        assert Event.objects.filter(kind="audit.recorded").latest("id").type == "setup_admin_created"

    def test_without_a_name_to_show_the_user_name_is_capitalised(self):
        assert self.call("POST", SETUP, FIRST).body["user"]["display_name"] == "Root.admin-1"

    def test_it_works_once(self):
        self.call("POST", SETUP, FIRST)
        for body in ({**FIRST, "username": "second"}, b"no json"):
            assert self.call("POST", SETUP, body).status == 403
        assert User.objects.count() == 1

    def test_what_is_wrong_is_refused(self):
        for change, detail in (
            ({"username": "x"}, "username: Invalid input"),
            ({"username": "X" * 5}, "username: Invalid input"),
            ({"username": "a b"}, "username: Invalid input"),
            ({"username": "ab\n"}, "username: Invalid input"),
            ({"username": "x" * 65}, "username: Invalid input"),
            ({"username": 7}, "username: Invalid input"),
            ({"password": "short"}, "password: Password must be at least 12 characters"),
            ({"displayName": []}, "displayName: Invalid input"),
        ):
            with self.subTest(change=change):
                answer = self.call("POST", SETUP, {**FIRST, **change})
                assert (answer.status, answer.body["details"]) == (400, [detail])
        assert self.call("POST", SETUP, b"{").status == 400
        assert not User.objects.exists()
