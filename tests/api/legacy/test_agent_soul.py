from __future__ import annotations

import tempfile
from pathlib import Path

from django.test import override_settings

from accounts.models import Workspace
from agents.models import Agent
from agents.souls import BUILT_IN
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent

BUILT_INS = [
    "content-creator", "developer", "orchestrator", "researcher", "reviewer", "security-auditor", "specialist-dev",
]  # fmt: skip


class SoulTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova", role="coder")
        self.path = f"/api/agents/{self.agent.pk}/soul"

    def test_an_agent_without_soul(self):
        answer = self.get(self.path)
        assert (answer.status, list(answer.body)) == (
            200, ["agent", "soul_content", "source", "available_templates", "updated_at"],
        )  # fmt: skip
        assert answer.body["agent"] == {"id": self.agent.pk, "name": "nova", "role": "coder"}
        assert (answer.body["soul_content"], answer.body["source"]) == ("", "none")
        assert answer.body["available_templates"] == BUILT_INS

    def test_text_is_stored_as_it_is(self):
        before = mark()
        text = "# Nova\n{{AGENT_NAME}} at {{TIMESTAMP}}\n"
        answer = self.put(self.path, {"soul_content": text})
        assert (answer.status, list(answer.body)) == (
            200, ["success", "message", "soul_content", "saved_to_workspace", "updated_at"],
        )  # fmt: skip
        assert (answer.body["soul_content"], answer.body["saved_to_workspace"]) == (text, False)
        read = self.get("/api/agents/nova/soul").body
        assert (read["soul_content"], read["source"]) == (text, "database")
        assert names(before) == ["A:agent_soul_updated"]
        story = frames(before)[0]["data"]
        assert story["actor"] == "api"
        assert story["data"] == {
            "template_used": None, "content_length": len(text), "previous_content_length": 0,
            "saved_to_workspace": False,
        }  # fmt: skip

    def test_a_template_is_filled_in(self):
        before = mark()
        answer = self.put(self.path, {"template_name": "developer", "soul_content": "ignored"})
        soul = answer.body["soul_content"]
        assert "You are nova, coder." in soul
        assert "{{" not in soul
        assert frames(before)[0]["data"]["data"]["template_used"] == "developer"
        assert Agent.objects.get(pk=self.agent.pk).soul_content == soul

    def test_an_empty_text_clears_it(self):
        self.put(self.path, {"soul_content": "x"})
        assert self.put(self.path, {"soul_content": ""}).status == 200
        assert self.get(self.path).body["source"] == "none"

    def test_bad_input_changes_nothing(self):
        for body, error in (
            (b"{", "Invalid request body"),
            ([], "Invalid request body"),
            ({}, "soul_content or template_name is required"),
            ({"soul_content": None}, "soul_content or template_name is required"),
            ({"soul_content": 5}, "Validation failed"),
            ({"soul_content": "x" * (1024 * 1024 + 1)}, "Validation failed"),
            ({"template_name": "../secret"}, "Invalid template name"),
            ({"template_name": "-x"}, "Invalid template name"),
            ({"template_name": "x" * 65}, "Invalid template name"),
            ({"template_name": 5}, "Invalid template name"),
        ):
            with self.subTest(body=str(body)[:60]):
                answer = self.put(self.path, body)
                assert (answer.status, answer.body["error"]) == (400, error)
        answer = self.put(self.path, {"template_name": "unknown"})
        assert (answer.status, answer.body) == (404, {"error": "Template not found"})
        assert Agent.objects.get(pk=self.agent.pk).soul_content is None

    def test_what_is_not_there_is_not_found(self):
        make_agent("theirs", actor=actor_of(self.charlie))
        for key in ("nobody", "theirs", "9" * 40):
            for method in ("GET", "PUT"):
                answer = self.call(method, f"/api/agents/{key}/soul", {"soul_content": "x"}, as_=self.bob)
                assert (answer.status, answer.body) == (404, {"error": "Agent not found"})


class TemplateTests(LegacyApiTestCase):
    path = "/api/agents/1/soul"

    def patch(self, query="", as_=None):
        return self.call("PATCH", self.path + query, as_=as_ or self.vera)

    def test_the_built_in_ones_are_listed(self):
        answer = self.patch()
        assert (answer.status, list(answer.body)) == (200, ["templates"])
        assert [template["name"] for template in answer.body["templates"]] == BUILT_INS
        for template in answer.body["templates"]:
            text = (BUILT_IN / f"{template['name']}.md").read_text()
            assert text.startswith(f"# {template['description']}\n")
            assert template["size"] == len(text.encode())

    def test_one_is_shown_as_it_was_written(self):
        answer = self.patch("?template=reviewer")
        assert answer.body == {"template_name": "reviewer", "content": (BUILT_IN / "reviewer.md").read_text()}
        assert "{{AGENT_NAME}}" in answer.body["content"]

    def test_bad_names(self):
        assert self.patch("?template=..%2Fx").body == {"error": "Invalid template name"}
        assert self.patch("?template=..%2Fx").status == 400
        answer = self.patch("?template=unknown")
        assert (answer.status, answer.body) == (404, {"error": "Template not found"})

    def test_a_deployments_own_directory(self):
        with tempfile.TemporaryDirectory() as folder, override_settings(SOUL_TEMPLATES_DIR=folder):
            assert self.patch().body == {"templates": []}
            Path(folder, "pirate.md").write_text("# Arr\n{{AGENT_NAME}}")
            Path(folder, "no name.md").write_text("x")
            Path(folder, "notes.txt").write_text("x")
            assert self.patch().body == {"templates": [{"name": "pirate", "description": "Arr", "size": 20}]}
            make_agent("nova")
            answer = self.put("/api/agents/nova/soul", {"template_name": "pirate"})
            assert answer.body["soul_content"] == "# Arr\nnova"

    @override_settings(SOUL_TEMPLATES_DIR="/nowhere/at/all")
    def test_a_directory_that_is_not_there(self):
        for query in ("", "?template=developer"):
            answer = self.patch(query)
            assert (answer.status, answer.body) == (
                200, {"templates": [], "message": "Templates directory not found"},
            )  # fmt: skip
        make_agent("nova")
        answer = self.put("/api/agents/nova/soul", {"template_name": "developer"})
        assert (answer.status, answer.body) == (500, {"error": "Templates directory not configured"})
        assert self.get("/api/agents/nova/soul").body["available_templates"] == []

    def test_strict_workspaces_have_none(self):
        Workspace.objects.filter(pk=self.home.pk).update(isolation="strict")
        assert self.patch().status == 403
        make_agent("nova")
        assert self.get("/api/agents/nova/soul").status == 200
