from __future__ import annotations

from accounts.models import Workspace
from tests.base import LegacyApiTestCase

PATH = "/api/agents/sync"


class SyncTests(LegacyApiTestCase):
    def test_without_a_gateway_there_is_nothing_to_sync_with(self):
        for method in ("GET", "POST"):
            answer = self.call(method, PATH, as_=self.bob)
            assert answer.status == 500
            assert list(answer.body) == ["error"]

    def test_no_local_directories_are_scanned(self):
        answer = self.post(f"{PATH}?source=local")
        assert answer.status == 200
        assert list(answer.body) == ["ok", "message"]
        assert answer.body["ok"] is False

    def test_operators_only_and_not_in_strict_workspaces(self):
        assert self.post(PATH, as_=self.vera).status == 403
        Workspace.objects.filter(pk=self.home.pk).update(isolation="strict")
        assert self.post(PATH).status == 403
