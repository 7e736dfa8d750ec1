from __future__ import annotations

from openapi_spec_validator import validate

from api.legacy.urls import urlpatterns
from tests.base import LegacyApiTestCase


class HealthTests(LegacyApiTestCase):
    def test_it_answers_everybody(self):
        answer = self.call("GET", "/api/health")
        assert (answer.status, list(answer.body)) == (200, ["status", "db", "ts"])
        assert (answer.body["status"], answer.body["db"]) == ("ok", "ok")


class DocsTests(LegacyApiTestCase):
    def test_the_document_is_valid_and_may_be_kept_an_hour(self):
        answer = self.call("GET", "/api/docs")
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        validate(answer.body)

    def test_every_operation_has_its_own_name(self):
        paths = self.call("GET", "/api/docs").body["paths"].values()
        names = [operation["operationId"] for methods in paths for operation in methods.values()]
        assert len(names) == len(set(names))
        assert {"put_task", "post_agent_heartbeat", "get_tokens_by_agent"} <= set(names)

    def test_it_says_who_may_call_what_and_with_which_credential(self):
        document = self.call("GET", "/api/docs").body
        offered = document["components"]["securitySchemes"]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                with self.subTest(operation=f"{method} {path}"):
                    asked = {name for way in operation["security"] for name in way}
                    assert asked <= set(offered)
                    is_open = operation["description"] == "For everybody, without a credential."
                    assert is_open == (asked == set())
        assert document["paths"]["/api/tasks"]["post"]["description"] == "For operators and above."
        assert document["paths"]["/api/auth/login"]["post"]["security"] == [{}]

    def test_it_covers_every_route(self):
        from accounts.access.legacy import TABLE

        paths = self.call("GET", "/api/docs").body["paths"]
        for pattern in urlpatterns:
            path = "/api/" + str(pattern.pattern).replace("<str:key>", "{key}").replace("<agent:key>", "{key}")
            with self.subTest(path=path):
                assert {method.upper() for method in paths[path]} == set(TABLE[pattern.name])
