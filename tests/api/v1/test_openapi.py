"""The document of the v1 dialect says of every method what it is, who may call it, and what can be answered."""

from __future__ import annotations

import orjson
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from accounts.access.v1 import TABLE
from api.v1.docs.document import document
from api.v1.docs.errors import CODES
from api.v1.docs.operations import operations
from api.v1.urls import urlpatterns
from tests.api.v1.base import V1ApiTestCase
from tests.api.v1.documented import check

VIEWS = [pattern.callback.cls for pattern in urlpatterns if hasattr(pattern.callback, "cls")]


class OpenApiTests(V1ApiTestCase):
    def test_it_is_valid_open_to_everybody_and_may_be_kept_an_hour(self):
        answer = self.ask("GET", "/openapi.json", as_="")
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=3600")
        assert answer.body["openapi"] == "3.1.0"
        validate(answer.body)

    def test_every_method_of_every_route_is_described(self):
        assert sorted(view.route for view in VIEWS) == sorted(TABLE)
        described = {(operation.view.route, operation.method) for operation in operations()}
        assert described == {(route, method) for route, methods in TABLE.items() for method in methods}
        for operation in operations():
            with self.subTest(operation=operation.name):
                assert operation.words.summary.endswith(".")
                assert {status for status in operation.words.answers if status < 300}
                assert set(operation.codes) <= set(CODES)

    def test_a_method_without_words_is_found_out(self):
        view = VIEWS[0]
        words, view.get.words = view.get.words, None
        try:
            with self.assertRaisesMessage(LookupError, "GET /api/v1/openapi.json is not described"):
                operations()
        finally:
            view.get.words = words

    def test_the_methods_that_a_view_has_are_those_of_the_table(self):
        for view in VIEWS:
            has = {method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if hasattr(view, method.lower())}
            assert has == set(TABLE[view.route]), view.route

    def test_it_says_who_may_call_what_and_with_which_credential(self):
        paths = document()["paths"]
        assert paths["/api/v1/health"]["get"]["security"] == [{}]
        assert paths["/api/v1/webhooks"]["post"]["x-access"] == {"agents": False, "people": "admin"}
        assert {"agentToken": []} not in paths["/api/v1/webhooks"]["post"]["security"]
        assert paths["/api/v1/tasks"]["post"]["description"].startswith("For: Agents and people from operator on.")
        names = [one["operationId"] for methods in paths.values() for one in methods.values()]
        assert len(names) == len(set(names))

    def test_what_is_sent_is_described_by_the_shapes_that_read_it(self):
        schemas = document()["components"]["schemas"]
        assert schemas["NewTask"]["properties"]["priority"] == {
            "type": "integer", "minimum": 1, "maximum": 4, "default": 3,
        }  # fmt: skip
        assert schemas["TaskFields"]["properties"]["estimatedCost"] == {
            "type": ["number", "null"], "minimum": 0, "maximum": 1_000_000_000,
        }  # fmt: skip
        assert schemas["WorkPlan"]["properties"]["bullets"]["minItems"] == 3

    def test_answers_are_compared_to_the_last_field(self):
        answer = self.ask("GET", "/tasks?limit=3")
        refusal = self.ask("GET", "/tasks?limit=none")
        wrong = [
            (200, {**answer.body, "more": 1}),
            (200, {"tasks": []}),
            (200, {**answer.body, "total": "1"}),
            (202, answer.body),
            (400, {"error": {**refusal.body["error"], "code": "ALREADY_CLAIMED"}}),
        ]
        for status, body in wrong:
            with self.subTest(status=status, body=body), pytest.raises(AssertionError):
                check("GET", "/api/v1/tasks", status, orjson.dumps(body))

    def test_every_operation_has_an_example_that_is_as_described(self):
        whole = document()
        for operation in operations():
            told = whole["paths"][operation.path][operation.method.lower()]
            if operation.name == "get_openapi":
                continue
            with self.subTest(operation=operation.name):
                if operation.words.body is not None:
                    sent = told["requestBody"]["content"]["application/json"]
                    schema = {**sent["schema"], "components": whole["components"]}
                    Draft202012Validator(schema).validate(sent["example"])
                answers = [answer.get("content") for status, answer in told["responses"].items() if status < "300"]
                assert None in answers or any("example" in each["application/json"] for each in answers)
                assert all("example" in one for one in told["parameters"] if one.get("in") == "path")
