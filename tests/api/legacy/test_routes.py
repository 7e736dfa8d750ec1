"""No step of a new endpoint is forgotten: its row of roles, its address, its words in `/api/docs`, its rate limit."""

from __future__ import annotations

from accounts.access.legacy import TABLE
from api.legacy.urls import urlpatterns
from tests.base import LegacyApiTestCase

VIEWS = {pattern.name: pattern.callback.cls for pattern in urlpatterns}
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
# What the contract leaves free, or limits in the view.
FREE = {
    ("scheduler", "POST"), ("onboarding", "POST"),
    ("notifications-deliver", "POST"), ("standup", "POST"), ("session-continue", "POST"),
    # Nothing behind them can be changed yet.
    ("gateways", "POST"),
    ("gateways", "PUT"),
    ("gateways", "DELETE"),
    ("gateway-connect", "POST"),
    ("gateway-health", "POST"),
    ("cron", "POST"),
    ("channels", "POST"),
    ("nodes", "POST"),
    ("exec-approvals", "PUT"),
    ("integrations", "PUT"),
    ("integrations", "DELETE"),
    ("memory-search", "POST"),
    ("memory-process", "POST"),
    ("claude-sessions", "POST"),
    ("skill-registry", "POST"),
    ("skill-registry", "PUT"),
    ("agent-evals", "POST"),
    ("security-scan-agent", "POST"),
    ("pipelines", "PUT"), ("pipelines", "DELETE"), ("pipeline-runs", "POST"),
    ("logout", "POST"), ("me", "PATCH"), ("google-disconnect", "POST"), ("setup", "POST"),
    ("agent-keys", "POST"), ("agent-keys", "DELETE"), ("connect", "POST"), ("connect", "DELETE"),
    ("agent-comms", "POST"), ("chat-conversations", "POST"), ("chat-messages", "POST"), ("chat-message", "PATCH"),
    ("chat-session-prefs", "PATCH"), ("webhook-test", "POST"), ("webhook-retry", "POST"),
    ("agent-hide", "POST"), ("agent-hide", "DELETE"), ("agent-soul", "PUT"), ("agent-soul", "PATCH"),
    ("agent-memory", "PUT"), ("agent-memory", "DELETE"), ("agent-files", "PUT"), ("agent-wake", "POST"),
    ("agent-sync", "POST"),
    ("agent", "PUT"), ("agent", "DELETE"), ("agent-heartbeat", "POST"), ("tokens", "POST"),
    ("workspaces", "POST"), ("workspace", "PUT"), ("workspace", "DELETE"), ("super-tenants", "POST"),
    ("super-tenant-decommission", "POST"), ("super-provision-jobs", "POST"), ("super-provision-job", "POST"),
    ("super-provision-job-run", "POST"),
    ("task-broadcast", "POST"),
}  # fmt: skip


class RouteTests(LegacyApiTestCase):
    def test_every_route_has_a_row_in_the_table_and_the_name_of_its_view(self):
        assert set(VIEWS) == set(TABLE)
        assert {name: view.route for name, view in VIEWS.items()} == {name: name for name in VIEWS}

    def test_every_method_in_the_table_is_there_and_no_other(self):
        for name, view in VIEWS.items():
            with self.subTest(route=name):
                assert {method for method in {"GET", *CHANGING} if hasattr(view, method.lower())} == set(TABLE[name])

    def test_every_change_is_limited_or_listed_as_free(self):
        free = {
            (name, method)
            for name, methods in TABLE.items()
            for method in methods.keys() & CHANGING - VIEWS[name].limited
        }
        assert free == FREE

    def test_every_method_is_described(self):
        paths = self.get("/api/docs").body["paths"]
        for pattern in urlpatterns:
            path = f"/api/{pattern.pattern}".replace("<str:", "{").replace("<agent:", "{").replace(">", "}")
            for method in TABLE[pattern.name]:
                with self.subTest(path=path, method=method):
                    assert paths[path][method.lower()].get("summary")
