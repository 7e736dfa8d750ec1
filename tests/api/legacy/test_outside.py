"""Routes that reach out of our own database: the contract's words for "not configured", else 501 with a clear one."""

from __future__ import annotations

from django.test import override_settings

from projects.models import Project
from projects.services import general_project
from tests.base import LegacyApiTestCase, forget_rates

TOKEN = "GITHUB_TOKEN not configured"
JOB = {"jobId": "x"}


def told(answer):
    return answer.status, answer.body["error"]


class OutsideTestCase(LegacyApiTestCase):
    def refused(self, method, path, body, status, error):
        assert told(self.call(method, path, body, as_=self.alice)) == (status, error), (method, path, body)


class GatewayTests(OutsideTestCase):
    def test_no_gateway_is_known(self):
        assert self.get("/api/gateways", as_=self.alice).body == {"gateways": []}
        assert self.get("/api/gateways/health/history").body == {"history": []}
        assert self.post("/api/gateways/health", as_=self.vera).body["results"] == []
        assert self.call("GET", "/api/gateways/health", as_=self.vera).status == 405
        assert self.delete("/api/gateways", {"id": 9}).body == {"deleted": False}

    def test_what_is_asked_of_a_gateway_is_checked_first(self):
        self.refused("POST", "/api/gateways", {"name": "x"}, 400, "name, host, and port are required")
        self.refused("POST", "/api/gateways", b"{", 400, "Invalid request body")
        self.refused("PUT", "/api/gateways", {}, 400, "id is required")
        self.refused("PUT", "/api/gateways", {"id": 1}, 404, "Gateway not found")
        self.refused("POST", "/api/gateways/connect", {}, 400, "id is required")
        self.refused("POST", "/api/gateways/connect", {"id": 1}, 404, "Gateway not found")

    def test_a_gateway_that_could_be_added_is_refused_with_501(self):
        answer = self.post("/api/gateways", {"name": "a", "host": "h", "port": 1}, as_=self.alice)
        assert answer.status == 501
        assert "gateways" in answer.body["error"].lower()

    def test_the_configuration_file_is_not_configured(self):
        for method in ("GET", "PUT"):
            self.refused(method, "/api/gateway-config", {}, 404, "OPENCLAW_CONFIG_PATH not configured")

    def test_changes_of_the_configuration_are_limited(self):
        statuses = [self.put("/api/gateway-config", {}, as_=self.alice).status for _ in range(21)]
        assert statuses == [404] * 20 + [429]
        error = "Too many gateway configuration changes. Please try again later."
        self.refused("PUT", "/api/gateway-config", {}, 429, error)
        assert self.get("/api/gateway-config", as_=self.alice).status == 404

    def test_cron_without_a_file_of_jobs(self):
        def asked(query):
            return self.get(f"/api/cron?{query}", as_=self.alice).body

        assert asked("action=list") == {"jobs": []}
        assert asked("action=logs&job=x") == {"logs": []}
        assert asked("action=history&jobId=x") == {"entries": [], "total": 0, "hasMore": False, "page": 1}
        assert asked("action=history&jobId=x&page=3")["page"] == 3
        assert asked("action=history&jobId=x&page=-3")["page"] == 1
        for query, error in (("action=logs", "Job ID required"), ("", "Invalid action")):
            self.refused("GET", f"/api/cron?{query}", None, 400, error)

    def test_changes_of_cron_jobs(self):
        for sent, status, error in (
            ({"action": "toggle"}, 400, "Job ID or name required"),
            ({"action": "toggle", **JOB}, 404, "Cron file not found"),
            ({"action": "remove", "jobName": "x"}, 404, "Cron file not found"),
            ({"action": "clone"}, 400, "Job ID required"),
            ({"action": "clone", **JOB}, 404, "Job not found"),
            ({"action": "add"}, 400, "Schedule, command, and name required"),
            ({"action": "paint"}, 400, "Invalid action"),
        ):
            self.refused("POST", "/api/cron", sent, status, error)
        assert self.post("/api/cron", {"action": "trigger", **JOB}, as_=self.alice).status == 403
        with override_settings(COMMAND_TRIGGER_ALLOWED=True):
            self.refused("POST", "/api/cron", {"action": "trigger", **JOB}, 404, "Job not found")

    def test_channels_and_nodes_are_empty(self):
        assert self.get("/api/channels").body["connected"] is False
        assert self.get("/api/nodes").body == {"nodes": [], "connected": False}
        assert self.get("/api/nodes?action=devices").body == {"devices": []}
        self.refused("POST", "/api/channels", {}, 400, "action required")
        self.refused("POST", "/api/channels", {"action": "x"}, 400, "Unknown action: x")
        self.refused("POST", "/api/nodes", {"action": "approve"}, 400, "Missing required field: requestId")
        self.refused("POST", "/api/nodes", {"action": "revoke-token"}, 400, "Missing required field: deviceId")
        assert self.get("/api/exec-approvals").body == {"approvals": []}

    def test_an_allowlist_is_looked_at_before_it_is_refused(self):
        error = "Invalid execution allowlist request: agents is required or malformed"
        for agents in (None, [], {"nova": 5}, {"nova": ["ls"]}, {"nova": [{}]}, {"nova": [{"pattern": 5}]}):
            self.refused("PUT", "/api/exec-approvals", {"agents": agents}, 400, error)
        sent = {"agents": {"nova": [{"pattern": "ls *"}], "vega": []}}
        assert self.put("/api/exec-approvals", sent).status == 501

    def test_a_strict_workspace_is_kept_away_and_the_audit_log_says_so(self):
        self.elsewhere.isolation = "strict"
        self.elsewhere.save()
        answer = self.get("/api/gateways", as_=self.charlie)
        assert told(answer)[0] == 403
        assert told(answer)[1].startswith("This resource is unavailable in strict workspaces")
        assert self.get("/api/gateways", as_=self.alice).status == 200


class IntegrationTests(OutsideTestCase):
    def test_nothing_is_configured(self):
        for method, sent in (
            ("GET", None),
            ("PUT", {"vars": {"A": "1"}}),
            ("DELETE", {"keys": "A"}),
            ("POST", {"action": "test", "integrationId": "openai"}),
        ):
            self.refused(method, "/api/integrations", sent, 404, "OPENCLAW_STATE_DIR not configured")

    def test_what_is_sent_is_checked_first(self):
        for method, sent, status, error in (
            ("PUT", {}, 400, "vars object required"),
            ("PUT", {"vars": {"a-b": "1"}}, 400, "Invalid variable name: a-b"),
            ("PUT", {"vars": {"LD_PRELOAD": "1"}}, 403, "Cannot set protected variable: LD_PRELOAD"),
            ("DELETE", b"", 400, "Request body required"),
            ("DELETE", {}, 400, "keys parameter required (comma-separated string or array)"),
            ("DELETE", {"keys": ["PATH"]}, 403, "Cannot remove protected variable: PATH"),
            ("POST", {"action": "test"}, 400, "integrationId required"),
            ("POST", {"action": "test", "integrationId": "nope"}, 404, "Unknown integration: nope"),
            ("POST", {"action": "pull"}, 400, "integrationId required"),
            ("POST", {"action": "pull", "integrationId": "nope"}, 404, "Unknown integration: nope"),
            ("POST", {"action": "pull-all", "integrationId": 5}, 400, "Validation failed"),
            ("POST", {"action": "x"}, 400, "Validation failed"),
        ):
            self.refused(method, "/api/integrations", sent, status, error)


class GithubTests(OutsideTestCase):
    def test_reading_needs_a_token(self):
        self.refused("GET", "/api/github", None, 400, "Unknown action. Use ?action=issues or ?action=stats")
        self.refused("GET", "/api/github?action=issues&repo=a/b", None, 400, TOKEN)
        repo = "repo query parameter required (owner/repo format)"
        self.refused("GET", "/api/github?action=issues&repo=a", None, 400, repo)

    def test_writing_needs_a_token(self):
        for sent, status, error in (
            ({"action": "sync", "repo": "a/b"}, 400, TOKEN),
            ({"action": "sync"}, 400, "repo is required"),
            ({"action": "init-labels", "repo": "a/b"}, 500, TOKEN),
            ({"action": "comment", "repo": "a/b"}, 400, "repo, issueNumber, and body are required"),
            ({"action": "close", "repo": "a/b"}, 400, "repo and issueNumber are required"),
            ({"action": "close", "repo": "a/b", "issueNumber": 1}, 500, TOKEN),
            ({"action": "sync-project"}, 400, "project_id is required"),
            ({"action": "sync-project", "project_id": 999}, 404, "Project not found"),
            (b'{"action": "sync-project", "project_id": 1e300}', 404, "Project not found"),
        ):
            self.refused("POST", "/api/github", sent, status, error)
        assert self.post("/api/github", {"action": "status"}, as_=self.alice).body == {"syncs": []}

    def test_a_project_that_could_be_synchronised_is_refused_with_501(self):
        project = general_project(self.home.id)
        sent = {"action": "sync-project", "project_id": project.pk}
        for repo, enabled in ((None, False), (None, True), ("a/b", False)):
            Project.objects.filter(pk=project.pk).update(github_repo=repo, github_sync_enabled=enabled)
            self.refused("POST", "/api/github", sent, 400, "GitHub sync not enabled for this project")
        Project.objects.filter(pk=project.pk).update(github_repo="a/b", github_sync_enabled=True)
        assert self.post("/api/github", sent, as_=self.alice).status == 501

    def test_every_wrong_field_is_listed(self):
        answer = self.post("/api/github", {"action": "x", "repo": "x"}, as_=self.alice)
        assert answer.body["details"] == ["action: Invalid input", "repo: Repo must be owner/repo format"]
        for path in ("/api/github", "/api/integrations"):
            for sent, details in (([], [": Invalid input"]), ({}, ["action: Invalid input"])):
                answer = self.post(path, sent, as_=self.alice)
                assert (answer.status, answer.body["details"]) == (400, details)
            self.refused("POST", path, b"", 400, "Invalid request body")
        answer = self.post("/api/github", {"action": "sync", "repo": 5}, as_=self.alice)
        assert answer.body["details"] == ["repo: Invalid input"]


class FolderTests(OutsideTestCase):
    def test_logs_have_no_sources(self):
        assert self.get("/api/logs").body == {"logs": []}
        assert self.get("/api/logs?action=sources").body == {"sources": []}
        self.refused("GET", "/api/logs?action=x", None, 400, "Invalid action")

    def test_an_added_line_is_echoed(self):
        entry = self.post("/api/logs", {"action": "add", "message": "hello", "session": "s"}).body["entry"]
        assert (entry["message"], entry["level"], entry["source"]) == ("hello", "info", "mission-control")
        assert entry["session"] == "s"

    def test_the_memory_browser_has_no_folder(self):
        assert self.get("/api/memory?action=tree").body == {"tree": []}
        assert self.get("/api/memory?action=search&query=x").body == {"query": "x", "results": []}
        self.refused("GET", "/api/memory?action=search", None, 400, "Query required")
        missing = "Memory directory not configured"
        self.refused("GET", "/api/memory?action=content&path=a.md", None, 500, missing)
        self.refused("POST", "/api/memory", {"action": "save", "path": "a.md", "content": ""}, 500, missing)
        self.refused("POST", "/api/memory", {"action": "save"}, 400, "Path is required")
        self.refused("DELETE", "/api/memory", {"action": "delete", "path": "a.md"}, 500, missing)
        for name in ("health", "links", "context"):
            assert self.get(f"/api/memory/{name}").status == 501

    @override_settings(RATE_LIMITS_OFF=False)
    def test_reads_of_the_memory_are_limited(self):
        forget_rates()
        statuses = [self.get("/api/memory?action=tree").status for _ in range(121)]
        assert statuses == [200] * 120 + [429]

    def test_no_local_sessions_and_no_skills(self):
        assert self.get("/api/claude/sessions").body["total"] == 0
        assert self.post("/api/claude/sessions").body == {"ok": True, "message": "No Claude sessions found"}
        assert self.get("/api/skills").body == {"skills": [], "groups": [], "total": 0}
        self.refused("GET", "/api/skills?mode=content", None, 400, "source and valid name are required")
        answer = self.post("/api/skills", {"source": "s", "name": "a b", "content": "x"})
        assert answer.body["details"] == ["name: Only letters, numbers, dots, underscores, and hyphens are allowed"]

    def test_the_bodies_of_skills_hold_nothing_else(self):
        skill = {"source": "workspace", "name": "a"}
        for method, sent in (
            ("POST", {**skill, "content": "x", "more": 1}),
            ("PUT", {**skill, "content": "x", "more": 1}),
            ("DELETE", {**skill, "confirmation": "delete_skill", "more": 1}),
        ):
            answer = self.call(method, "/api/skills", sent, as_=self.bob)
            assert (answer.status, answer.body["details"]) == (400, [": Invalid input"])
        assert self.post("/api/skills", {**skill, "content": "x"}).status == 501
        assert self.delete("/api/skills", {**skill, "confirmation": "delete_skill"}).status == 501

    def test_changes_of_skills_are_limited_whatever_becomes_of_them(self):
        methods = ("POST", "PUT", "DELETE")
        statuses = [self.call(methods[n % 3], "/api/skills", {}, as_=self.bob).status for n in range(20)]
        assert statuses == [400] * 20
        self.refused("POST", "/api/skills", {}, 429, "Too many skill changes. Try again in a minute.")
        assert self.get("/api/skills").status == 200

    def test_a_skill_is_installed_to_a_known_folder(self):
        path, skill = "/api/skills/registry", {"source": "clawhub", "slug": "owner/skill"}
        roots = "user-agents, user-codex, project-agents, project-codex, openclaw, workspace"
        self.refused("POST", path, {**skill, "slug": 5}, 400, "Valid slug is required")
        for root in (None, "attic", 5, []):
            self.refused("POST", path, {**skill, "targetRoot": root}, 400, f"Invalid targetRoot. Use: {roots}")
        assert self.post(path, {**skill, "targetRoot": "workspace"}, as_=self.alice).status == 501

    def test_nothing_is_assessed(self):
        self.refused("GET", "/api/agents/evals", None, 400, "Missing required parameter: agent")
        self.refused("GET", "/api/agents/optimize", None, 400, "Missing required parameter: agent")
        self.refused("POST", "/api/security-scan/agent", {}, 400, 'action must be "scan", "fix", or "scan-and-fix"')
        for path in ("/api/security-scan", "/api/security-audit", "/api/agents/evals?agent=x"):
            assert self.get(path, as_=self.alice).status == 501

    def test_only_administrators_set_what_is_measured_against(self):
        sent = {"action": "golden-set", "name": "x", "entries": []}
        assert told(self.post("/api/agents/evals", sent)) == (403, "Requires admin role or higher")
        assert self.post("/api/agents/evals", sent, as_=self.alice).status == 501
        assert self.post("/api/agents/evals", {"action": "run", "agent": "nova"}).status == 501
