from __future__ import annotations

from accounts.models import Workspace
from tests.base import LegacyApiTestCase
from tests.factories import make_agent

PATH = "/api/agents/nova/files"
NONE = {"error": "Agent workspace is not configured"}


class FileTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        make_agent("nova")

    def test_without_a_workspace_there_are_no_files(self):
        for query in ("", "?file=soul.md", "?file=passwd"):
            answer = self.get(PATH + query, as_=self.vera)
            assert (answer.status, answer.body) == (400, NONE)

    def test_a_file_that_is_not_supported_is_refused_first(self):
        answer = self.put(PATH, {"file": "../passwd", "content": "x"})
        assert (answer.status, answer.body) == (400, {"error": "Unsupported file: ../passwd"})
        for file in ("", 5, None):
            assert self.put(PATH, {"file": file}).body == {"error": "Unsupported file: "}
        for file in ("agent.md", "soul.md", "WORKING.md"):
            answer = self.put(PATH, {"file": file})
            assert (answer.status, answer.body) == (400, NONE)

    def test_more_than_a_mebibyte_is_too_much(self):
        assert self.put(PATH, {"file": "soul.md", "content": "x" * (1024 * 1024 + 1)}).status == 413
        assert self.put(PATH, {"file": "soul.md", "content": "x" * 1024 * 1024}).status == 400

    def test_bad_bodies_and_unknown_agents(self):
        for body in (b"{", [], {"file": "soul.md", "content": 5}):
            assert self.put(PATH, body).status == 400
        assert self.get("/api/agents/nobody/files").body == {"error": "Agent not found"}
        assert self.put("/api/agents/nobody/files", {"file": "soul.md"}).status == 404
        assert self.get(PATH, as_=self.charlie).status == 404

    def test_strict_workspaces_have_none(self):
        Workspace.objects.filter(pk=self.home.pk).update(isolation="strict")
        assert self.get(PATH).status == 403
