from __future__ import annotations

import re

from django.test import Client

from accounts.models import ApiKey, User
from tests.base import LegacyApiTestCase
from tests.factories import make_agent

ADD_KEY = "/admin/accounts/apikey/add/"
KEYS = "/admin/accounts/apikey/"
SECRET = re.compile(r"mca?_[0-9a-f]{48}")


class AdminSiteTests(LegacyApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        # A browser of its own: at the API a session would win over the key.
        self.site = Client()
        self.site.force_login(self.alice)

    def make_key(self, **fields: object) -> str:
        sent = {"name": "ci", "role": "operator", "workspace": self.home.pk, **fields}
        page = self.site.post(ADD_KEY, sent, follow=True).content.decode()
        found = SECRET.search(page)
        assert found, page
        assert not SECRET.search(self.site.get(KEYS).content.decode()), "it is shown once only"
        return found[0]

    def test_only_administrators_come_in(self) -> None:
        assert self.site.get("/admin/").status_code == 200
        self.site.force_login(self.bob)
        answer = self.site.get("/admin/", follow=True)
        assert (answer.status_code, "You may not see this page" in answer.content.decode()) == (403, True)

    def test_strangers_are_sent_to_the_one_sign_in_page(self) -> None:
        self.site.logout()
        answer = self.site.get("/admin/login/?next=/admin/")
        assert answer.headers["Location"] == "/login/?next=/admin/"

    def test_a_new_key_works_with_its_role(self) -> None:
        key = self.make_key(role="viewer")
        assert self.get("/api/tasks", as_=key).status == 200
        assert self.post("/api/tasks", {"title": "x"}, as_=key).status == 403

    def test_a_key_of_an_agent_speaks_for_that_agent_alone(self) -> None:
        nova, other = make_agent("nova"), make_agent("other")
        key = self.make_key(agent=nova.pk)
        assert self.post(f"/api/agents/{nova.pk}/heartbeat", as_=key).status == 200
        assert self.post(f"/api/agents/{other.pk}/heartbeat", as_=key).status == 403

    def test_a_revoked_key_is_refused_at_once(self) -> None:
        key = self.make_key()
        assert self.get("/api/tasks", as_=key).status == 200
        with self.captureOnCommitCallbacks(execute=True):
            row = ApiKey.objects.latest("id")
            self.site.post(KEYS, {"action": "revoke", "_selected_action": [row.pk]})
        assert self.get("/api/tasks", as_=key).status == 401

    def test_a_key_that_would_be_dead_at_once_is_not_made(self) -> None:
        sent = {
            "name": "ci", "role": "viewer", "workspace": self.home.pk,
            "expires_at_0": "2020-01-01", "expires_at_1": "00:00:00",
        }  # fmt: skip
        before = ApiKey.objects.count()
        assert "This moment has passed" in self.site.post(ADD_KEY, sent).content.decode()
        assert ApiKey.objects.count() == before

    def test_the_use_of_a_key_shows(self) -> None:
        key = self.make_key()
        self.get("/api/tasks", as_=key)
        assert ApiKey.objects.latest("id").last_used_at is not None

    def test_a_new_person_can_sign_in(self) -> None:
        sent = {
            "username": "dora", "display_name": "Dora", "role": "operator", "workspace": self.home.pk,
            "is_active": "on", "new_password": "a-long-enough-secret",
        }  # fmt: skip
        self.site.post("/admin/accounts/user/add/", sent)
        assert User.objects.get(username="dora").check_password("a-long-enough-secret")

    def test_a_person_without_a_password_is_not_made(self) -> None:
        sent = {"username": "dora", "display_name": "Dora", "role": "operator", "workspace": self.home.pk}
        answer = self.site.post("/admin/accounts/user/add/", sent)
        assert "A new person needs a password" in answer.content.decode()
        assert not User.objects.filter(username="dora").exists()

    def test_every_page_of_the_site_answers(self) -> None:
        for page in ("", "accounts/user/", "accounts/user/add/", "accounts/apikey/", "accounts/workspace/"):
            assert self.site.get(f"/admin/{page}").status_code == 200, page
