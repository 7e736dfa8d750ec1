from __future__ import annotations

import re
import time

import pytest
from django.test import override_settings

from accounts.models import GlobalKey
from activity.models import Event
from tests.base import LegacyApiTestCase
from tests.server import Server

ROTATE = "/api/tokens/rotate"
OLD = "test-admin-key"


class RotationTests(LegacyApiTestCase):
    def works(self, key):
        return self.get("/api/auth/me", as_=key).status == 200

    def test_before_the_first_rotation_the_key_is_the_environments(self):
        assert self.get(ROTATE, as_=OLD).body == {
            "masked_key": "test-****-****-n-key",
            "configured": True,
            "source": "environment",
            "last_rotated_at": None,
            "last_rotated_by": None,
        }

    @override_settings(GLOBAL_API_KEY="")
    def test_without_a_key_it_says_so(self):
        body = self.get(ROTATE, as_=self.alice).body
        assert (body["masked_key"], body["configured"], body["source"]) == (None, False, "none")

    @override_settings(GLOBAL_API_KEY="short-key")
    def test_a_short_key_is_not_shown_at_all(self):
        assert self.get(ROTATE, as_=self.alice).body["masked_key"] == "****-****-****"

    def test_a_rotated_key_replaces_the_one_before(self):
        assert self.works(OLD)
        answer = self.post(ROTATE, as_=OLD)
        assert answer.status == 200
        assert answer.body.keys() == {"key", "masked_key", "rotated_at", "rotated_by", "message"}
        key = answer.body["key"]
        assert re.fullmatch("mc_[0-9a-f]{48}", key)
        assert answer.body["masked_key"] == f"{key[:4]}-****-****-{key[-5:]}"
        assert not self.works(OLD) and not self.works(f"admin:{OLD}")
        user = self.get("/api/auth/me", as_=key).body["user"]
        assert (user["id"], user["username"], user["role"], user["workspace_id"]) == (0, "api", "admin", 1)
        second = self.post(ROTATE, as_=key).body["key"]
        assert not self.works(key) and self.works(second)
        assert GlobalKey.objects.count() == 1

    def test_the_old_key_is_told_from_a_stranger(self):
        self.post(ROTATE, as_=OLD)
        for key, error in ((OLD, "Authentication required"), ("wrong", "Unauthorized")):
            answer = self.get("/api/tasks", as_=key)
            assert (answer.status, answer.body) == (401, {"error": error})

    def test_the_other_keys_of_the_environment_go_on(self):
        self.post(ROTATE, as_=OLD)
        assert self.works("test-operator-key") and self.works("viewer:test-viewer-key")

    def test_after_a_rotation_it_says_who_and_when_but_keeps_only_the_hash(self):
        answer = self.post(ROTATE, as_=self.alice).body
        assert self.get(ROTATE, as_=self.alice).body == {
            "masked_key": answer["masked_key"],
            "configured": True,
            "source": "database",
            "last_rotated_at": answer["rotated_at"],
            "last_rotated_by": "api",
        }
        assert answer["key"] not in str(list(GlobalKey.objects.values())) + str(list(Event.objects.values()))

    def test_it_is_audited(self):
        self.post(ROTATE, as_=self.alice)
        assert Event.objects.filter(kind="audit.recorded").latest("id").type == "api_key_rotated"

    def test_only_administrators_of_the_default_workspace_rotate(self):
        assert self.post(ROTATE, as_=self.bob).body == {"error": "Requires admin role or higher"}
        for answer in (self.post(ROTATE, as_=self.charlie), self.get(ROTATE, as_=self.charlie)):
            assert answer.status == 403
        assert self.works(OLD)

    def test_twenty_a_minute(self):
        assert {self.post(ROTATE, as_=self.alice).status for _ in range(20)} == {200}
        assert self.post(ROTATE, as_=self.alice).status == 429


@pytest.fixture(scope="module")
def rotating():
    with Server(web=2) as running:
        yield running


def test_a_rotation_counts_in_every_process_at_once(rotating):
    for _ in range(8):
        assert rotating.ask("GET", "/api/auth/me")[0] == 200
    status, body = rotating.ask("POST", "/api/tokens/rotate")
    assert status == 200
    until = time.monotonic() + 2
    while (answers := {rotating.ask("GET", "/api/auth/me")[0] for _ in range(12)}) != {401}:
        assert time.monotonic() < until, answers
    assert {rotating.ask("GET", "/api/auth/me", key=body["key"])[0] for _ in range(12)} == {200}
