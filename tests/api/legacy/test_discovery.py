from __future__ import annotations

from accounts.access.legacy import TABLE
from tests.base import LegacyApiTestCase


class IndexTests(LegacyApiTestCase):
    def test_it_lists_every_route_once(self):
        body = self.get("/api/index", as_=self.vera).body
        assert body["total_endpoints"] == len(body["endpoints"]) == len(TABLE)
        assert len({endpoint["path"] for endpoint in body["endpoints"]}) == len(TABLE)

    def test_an_endpoint_says_what_it_takes(self):
        endpoints = {endpoint["path"]: endpoint for endpoint in self.get("/api/index").body["endpoints"]}
        assert endpoints["/api/tasks"]["methods"] == ["GET", "POST", "PUT"]
        assert endpoints["/api/tasks"]["auth"] == "viewer"
        assert endpoints["/api/tasks"]["tag"] == "tasks"
        assert endpoints["/api/auth/login"]["auth"] == "public"
        assert all(endpoint["description"] for endpoint in endpoints.values())

    def test_strangers_stop_at_the_gate(self):
        assert self.call("GET", "/api/index").body == {"error": "Unauthorized"}

    def test_a_credential_that_is_none_is_not_enough(self):
        answer = self.call("GET", "/api/index", cookie="mc-session=made-up")
        assert (answer.status, answer.body) == (401, {"error": "Authentication required"})


class DocumentTests(LegacyApiTestCase):
    def test_documents_can_be_listed_searched_and_read(self):
        tree = self.get("/api/docs/tree", as_=self.vera).body
        assert "README.md" in tree["roots"]
        assert {entry["type"] for entry in tree["tree"]} == {"file"}
        found = self.get("/api/docs/search?q=make run", as_=self.vera).body
        assert found["count"] == len(found["results"]) > 0
        content = self.get("/api/docs/content?path=README.md", as_=self.vera).body
        assert "make run" in content["content"]
        assert content["size"] > 0

    def test_nothing_else_can_be_read(self):
        for path in ("../secrets", "/etc/passwd", "manage.py", "README.md/..", "%00"):
            assert self.get(f"/api/docs/content?path={path}").status == 404
        assert self.get("/api/docs/content").body == {"error": "Path required"}
        assert self.get("/api/docs/search").body == {"error": "Query required"}
