"""Who may do what: every route with every method, for every kind of caller."""

from __future__ import annotations

import re

from api.legacy.urls import urlpatterns
from tests.base import LegacyApiTestCase, forget_rates

VIEWER, OPERATOR, ADMIN = 0, 1, 2
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

# Path → method → least role, from the contract. None: no credential is needed.
ROLES: dict[str, dict[str, int | None]] = {
    "/api/docs": {"GET": None},
    "/api/alerts": {"GET": ADMIN, "POST": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/api/workflows": {"GET": VIEWER, "POST": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/api/pipelines": {"GET": VIEWER, "POST": OPERATOR, "PUT": OPERATOR, "DELETE": OPERATOR},
    "/api/pipelines/run": {"GET": VIEWER, "POST": OPERATOR},
    "/api/gateways": {"GET": ADMIN, "POST": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/api/gateways/connect": {"POST": VIEWER},
    "/api/gateways/health": {"POST": VIEWER},
    "/api/gateways/health/history": {"GET": VIEWER},
    "/api/gateway-config": {"GET": ADMIN, "PUT": ADMIN},
    "/api/cron": {"GET": ADMIN, "POST": ADMIN},
    "/api/channels": {"GET": VIEWER, "POST": OPERATOR},
    "/api/nodes": {"GET": VIEWER, "POST": OPERATOR},
    "/api/exec-approvals": {"GET": OPERATOR, "PUT": OPERATOR},
    "/api/integrations": {"GET": ADMIN, "POST": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/api/github": {"GET": OPERATOR, "POST": ADMIN},
    "/api/logs": {"GET": VIEWER, "POST": OPERATOR},
    "/api/memory": {"GET": VIEWER, "POST": OPERATOR, "DELETE": ADMIN},
    "/api/memory/search": {"GET": VIEWER, "POST": OPERATOR},
    "/api/memory/health": {"GET": VIEWER},
    "/api/memory/links": {"GET": VIEWER},
    "/api/memory/context": {"GET": VIEWER},
    "/api/memory/process": {"POST": OPERATOR},
    "/api/claude/sessions": {"GET": VIEWER, "POST": OPERATOR},
    "/api/skills": {"GET": VIEWER, "POST": OPERATOR, "PUT": OPERATOR, "DELETE": OPERATOR},
    "/api/skills/registry": {"GET": VIEWER, "POST": ADMIN, "PUT": VIEWER},
    "/api/agents/evals": {"GET": OPERATOR, "POST": OPERATOR},
    "/api/agents/optimize": {"GET": OPERATOR},
    "/api/security-scan": {"GET": ADMIN},
    "/api/security-scan/agent": {"POST": ADMIN},
    "/api/security-audit": {"GET": ADMIN},
    "/api/index": {"GET": VIEWER},
    "/api/docs/tree": {"GET": VIEWER},
    "/api/docs/search": {"GET": VIEWER},
    "/api/docs/content": {"GET": VIEWER},
    "/api/health": {"GET": None},
    "/api/events": {"GET": VIEWER},
    "/api/auth/login": {"POST": None},
    "/api/auth/logout": {"POST": None},
    "/api/auth/me": {"GET": VIEWER, "PATCH": VIEWER},
    "/api/auth/google": {"POST": None},
    "/api/auth/google/disconnect": {"POST": VIEWER},
    "/api/auth/users": {"GET": ADMIN, "POST": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/api/auth/access-requests": {"GET": ADMIN, "POST": ADMIN},
    "/api/setup": {"GET": None, "POST": None},
    "/api/tokens/rotate": {"GET": ADMIN, "POST": ADMIN},
    "/api/agents/999/keys": {"GET": ADMIN, "POST": ADMIN, "DELETE": ADMIN},
    "/api/connect": {"GET": VIEWER, "POST": OPERATOR, "DELETE": OPERATOR},
    "/api/agents": {"GET": VIEWER, "POST": OPERATOR, "PUT": OPERATOR},
    "/api/agents/999": {"GET": VIEWER, "PUT": OPERATOR, "DELETE": ADMIN},
    "/api/agents/999/heartbeat": {"GET": VIEWER, "POST": OPERATOR},
    "/api/agents/register": {"POST": VIEWER},
    "/api/agents/message": {"POST": OPERATOR},
    "/api/agents/sync": {"GET": OPERATOR, "POST": OPERATOR},
    "/api/agents/999/hide": {"POST": OPERATOR, "DELETE": OPERATOR},
    "/api/agents/999/soul": {"GET": OPERATOR, "PUT": OPERATOR, "PATCH": VIEWER},
    "/api/agents/999/memory": {"GET": VIEWER, "PUT": OPERATOR, "DELETE": OPERATOR},
    "/api/agents/999/files": {"GET": VIEWER, "PUT": OPERATOR},
    "/api/agents/999/diagnostics": {"GET": VIEWER},
    "/api/agents/999/attribution": {"GET": VIEWER},
    "/api/agents/999/wake": {"POST": OPERATOR},
    "/api/tasks": {"GET": VIEWER, "POST": OPERATOR, "PUT": OPERATOR},
    "/api/tasks/queue": {"GET": OPERATOR},
    "/api/tasks/999": {"GET": VIEWER, "PUT": OPERATOR, "DELETE": ADMIN},
    "/api/tasks/999/comments": {"GET": VIEWER, "POST": OPERATOR},
    "/api/quality-review": {"GET": VIEWER, "POST": OPERATOR},
    "/api/tokens": {"GET": VIEWER, "POST": OPERATOR},
    "/api/tokens/by-agent": {"GET": VIEWER},
    "/api/search": {"GET": VIEWER},
    "/api/workspaces": {"GET": VIEWER, "POST": ADMIN},
    "/api/workspaces/999": {"GET": VIEWER, "PUT": ADMIN, "DELETE": ADMIN},
    "/api/super/tenants": {"GET": ADMIN, "POST": ADMIN},
    "/api/super/tenants/999/decommission": {"POST": ADMIN},
    "/api/super/provision-jobs": {"GET": ADMIN, "POST": ADMIN},
    "/api/super/provision-jobs/999": {"GET": ADMIN, "POST": ADMIN},
    "/api/super/provision-jobs/999/run": {"POST": ADMIN},
    "/api/projects": {"GET": VIEWER, "POST": OPERATOR},
    "/api/projects/999": {"GET": VIEWER, "PATCH": OPERATOR, "DELETE": ADMIN},
    "/api/projects/999/tasks": {"GET": VIEWER},
    "/api/projects/999/agents": {"GET": VIEWER, "POST": OPERATOR, "DELETE": OPERATOR},
    "/api/tasks/999/broadcast": {"POST": OPERATOR},
    "/api/tasks/outcomes": {"GET": VIEWER},
    "/api/tasks/regression": {"GET": VIEWER},
    "/api/mentions": {"GET": VIEWER},
    "/api/workload": {"GET": VIEWER},
    "/api/activities": {"GET": VIEWER},
    "/api/agents/comms": {"GET": OPERATOR, "POST": OPERATOR},
    "/api/chat/conversations": {"GET": VIEWER, "POST": OPERATOR},
    "/api/chat/messages": {"GET": VIEWER, "POST": OPERATOR},
    "/api/chat/messages/999": {"GET": VIEWER, "PATCH": OPERATOR},
    "/api/chat/session-prefs": {"GET": VIEWER, "PATCH": OPERATOR},
    "/api/webhooks": {"GET": ADMIN, "POST": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/api/webhooks/test": {"POST": ADMIN},
    "/api/webhooks/retry": {"POST": ADMIN},
    "/api/webhooks/replay": {"POST": ADMIN},
    "/api/webhooks/deliveries": {"GET": ADMIN},
    "/api/webhooks/verify-docs": {"GET": VIEWER},
    "/api/settings": {"GET": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/api/scheduler": {"GET": ADMIN, "POST": ADMIN},
    "/api/audit": {"GET": ADMIN},
    "/api/export": {"GET": ADMIN},
    "/api/backup": {"GET": ADMIN, "POST": ADMIN, "DELETE": ADMIN},
    "/api/cleanup": {"GET": ADMIN, "POST": ADMIN},
    "/api/diagnostics": {"GET": ADMIN},
    "/api/onboarding": {"GET": VIEWER, "POST": ADMIN},
    "/api/notifications": {"GET": VIEWER, "PUT": OPERATOR, "POST": OPERATOR, "DELETE": ADMIN},
    "/api/notifications/deliver": {"GET": VIEWER, "POST": OPERATOR},
    "/api/status": {"GET": VIEWER},
    "/api/standup": {"GET": VIEWER, "POST": OPERATOR},
    "/api/releases/check": {"GET": VIEWER},
    "/api/sessions": {"GET": VIEWER, "POST": OPERATOR, "DELETE": OPERATOR},
    "/api/sessions/999/control": {"POST": OPERATOR},
    "/api/sessions/continue": {"POST": OPERATOR},
    "/api/sessions/transcript": {"GET": VIEWER},
    "/api/spawn": {"GET": VIEWER, "POST": OPERATOR},
}
# Below the public addresses nobody stands at the gate.
OPEN = {
    "/api/docs", "/api/health", "/api/setup",
    *(path for path in ROLES if path.startswith("/api/auth/")),
}  # fmt: skip
# Where people are decided about, refusals have words of their own; only a stranger's GET is a 401.
IDENTITY = {"/api/auth/users", "/api/auth/access-requests"}
ADMINS_ONLY = (403, {"error": "Admin access required"})
ROLE_WORDS = ("viewer", "operator", "admin")
NOT_SIGNED_IN = {"/api/auth/me PATCH": "Not authenticated"}
BAD_SHAPED_KEY = "mc_" + "0" * 48
CELLS = [(path, method) for path in ROLES for method in METHODS]


class AccessTests(LegacyApiTestCase):
    """Each test asks the whole table, and lists every cell that is wrong."""

    def call(self, *args, **options):
        forget_rates()  # a sitting of this table is more than sign-in may be tried
        return super().call(*args, **options)

    def test_the_table_knows_every_route(self):
        routes = {re.sub("<[^>]+>", "999", f"/api/{pattern.pattern}") for pattern in urlpatterns}
        assert routes == set(ROLES)

    def test_each_caller_may_do_what_the_contract_says(self):
        callers = tuple((self.keys[who], role) for who, role in ((self.vera, 0), (self.bob, 1), (self.alice, 2)))
        assert [
            (path, method, role)
            for path, method in CELLS
            for key, role in callers
            if not allowed(path, method, role, self.call(method, path, b"", as_=key))
        ] == []

    def test_a_session_cookie_counts_as_its_persons_role(self):
        wrong = []
        for person, role in ((self.vera, VIEWER), (self.bob, OPERATOR), (self.alice, ADMIN)):
            for path, method in CELLS:
                self.client.force_login(person)
                if not allowed(path, method, role, self.call(method, path, b"")):
                    wrong.append((path, method, role))
        assert wrong == []

    def test_nobody_gets_past_the_gate_without_a_usable_credential(self):
        assert [
            (path, method, key)
            for path, method in CELLS
            if path not in OPEN
            for key in (None, "wrong", "mc_short")
            if told(self.call(method, path, b"", as_=key)) != (401, {"error": "Unauthorized"})
        ] == []

    def test_the_open_routes_have_no_gate(self):
        for path in OPEN:
            for method in METHODS:
                answer = self.call(method, path, b"")
                if method not in ROLES[path]:
                    assert answer.status == 405, (path, method)
                elif ROLES[path][method] is None:
                    assert answer.status in (200, 400) or (path, method) == ("/api/setup", "POST"), (path, method)
                elif path in IDENTITY and method != "GET":
                    assert told(answer) == ADMINS_ONLY
                else:
                    said = NOT_SIGNED_IN.get(f"{path} {method}", "Authentication required")
                    assert told(answer) == (401, {"error": said})

    def test_a_well_shaped_unknown_key_passes_the_gate_and_fails_at_the_route(self):
        assert [
            (path, method)
            for path, method in CELLS
            if path not in OPEN and ROLES[path].get(method) is not None
            if told(self.call(method, path, b"", as_=BAD_SHAPED_KEY)) != (401, {"error": "Authentication required"})
        ] == []

    def test_an_invalid_cookie_passes_the_gate_and_falls_through_to_the_keys(self):
        self.client.cookies["mc-session"] = "0" * 64
        assert told(self.call("GET", "/api/tasks")) == (401, {"error": "Authentication required"})
        assert self.call("GET", "/api/tasks", as_=self.vera).status == 200

    def test_options_says_what_a_route_can_do(self):
        for path, roles in ROLES.items():
            answer = self.call("OPTIONS", path, as_=self.vera)
            allowed = {*roles, "OPTIONS", *(["HEAD"] if "GET" in roles else [])}
            assert (answer.status, answer.raw) == (204, b""), path
            assert answer.headers["Allow"] == ", ".join(sorted(allowed))

    def test_options_passes_the_gate_first(self):
        for path in ROLES.keys() - OPEN:
            assert told(self.call("OPTIONS", path)) == (401, {"error": "Unauthorized"}), path

    def test_head_is_get_without_a_body(self):
        for path, roles in ROLES.items():
            if "GET" in roles and path != "/api/events":
                head, get = (self.call(method, path, as_=self.bob) for method in ("HEAD", "GET"))
                assert (head.status, head.raw) == (get.status, b""), path

    def test_head_of_the_stream_opens_none(self):
        answer = self.call("HEAD", "/api/events", as_=self.vera)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")

    def test_an_unknown_path_is_unauthorized_to_strangers_and_not_found_to_others(self):
        for method in (*METHODS, "OPTIONS"):
            assert self.call(method, "/api/nothing").body == {"error": "Unauthorized"}
            assert told(self.call(method, "/api/nothing", as_=self.vera)) == (404, {"error": "Not found"})

    def test_an_unknown_path_below_the_public_ones_is_not_found_to_everybody(self):
        assert self.call("GET", "/api/auth/nothing").status == 404

    def test_paths_are_case_sensitive(self):
        assert self.get("/api/Tasks").status == 404

    def test_a_slash_too_many_is_redirected_to_the_clean_form(self):
        for path in ("/api/tasks/", "/api//tasks", "/api/tasks//"):
            answer = self.call("POST", f"{path}?limit=3")
            assert (answer.status, answer.headers["Location"]) == (308, "/api/tasks?limit=3")

    def test_the_unsupported_method_is_told_after_the_credential(self):
        assert self.call("PATCH", "/api/tasks").status == 401
        answer = self.call("PATCH", "/api/tasks", as_=self.vera)
        assert (answer.status, answer.raw) == (405, b"")

    def test_the_role_is_checked_before_the_body_and_the_object(self):
        assert self.put("/api/tasks/999", b"no json", as_=self.vera).status == 403
        assert self.put("/api/tasks/999", b"no json", as_=self.bob).status == 400
        assert self.put("/api/tasks/999", {"title": "x"}, as_=self.bob).status == 404


def told(answer):
    return answer.status, answer.body if answer.raw else None


def allowed(path, method, role, answer):
    """Whether the answer to this role is what the table says: 405, 403, or let through to the body's own checks."""
    if method not in ROLES[path]:
        return (answer.status, answer.raw) == (405, b"")
    least = ROLES[path][method]
    if least is not None and role < least and path in IDENTITY:
        return told(answer) == ADMINS_ONLY
    if least is not None and role < least:
        return told(answer) == (403, {"error": f"Requires {ROLE_WORDS[least]} role or higher"})
    if path == "/api/events":
        return answer.status == 501  # the stream is taken before Django
    if path == "/api/setup":
        return answer.status == (200 if method == "GET" else 403)  # it is over
    if path == "/api/auth/google/disconnect":
        return answer.status in (400, 401)  # a key is nobody who signs in
    if (path, method) == ("/api/auth/me", "PATCH"):
        return answer.status in (400, 403)  # a key is told that it has no password
    if path == "/api/agents/sync":
        return answer.status == 500  # no gateway's configuration is there to be read
    return answer.status in (200, 400, 404, 501)
