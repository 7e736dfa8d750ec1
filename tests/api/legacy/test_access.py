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
    "/api/health": {"GET": None},
    "/api/events": {"GET": VIEWER},
    "/api/auth/login": {"POST": None},
    "/api/auth/logout": {"POST": None},
    "/api/auth/me": {"GET": VIEWER, "PATCH": VIEWER},
    "/api/connect": {"GET": VIEWER, "POST": OPERATOR, "DELETE": OPERATOR},
    "/api/agents": {"GET": VIEWER, "POST": OPERATOR, "PUT": OPERATOR},
    "/api/agents/999": {"GET": VIEWER, "PUT": OPERATOR, "DELETE": ADMIN},
    "/api/agents/999/heartbeat": {"GET": VIEWER, "POST": OPERATOR},
    "/api/tasks": {"GET": VIEWER, "POST": OPERATOR, "PUT": OPERATOR},
    "/api/tasks/queue": {"GET": OPERATOR},
    "/api/tasks/999": {"GET": VIEWER, "PUT": OPERATOR, "DELETE": ADMIN},
    "/api/tasks/999/comments": {"GET": VIEWER, "POST": OPERATOR},
    "/api/quality-review": {"GET": VIEWER, "POST": OPERATOR},
    "/api/tokens": {"GET": VIEWER, "POST": OPERATOR},
    "/api/tokens/by-agent": {"GET": VIEWER},
    "/api/projects": {"GET": VIEWER, "POST": OPERATOR},
    "/api/activities": {"GET": VIEWER},
    "/api/notifications": {"GET": VIEWER, "PUT": OPERATOR},
}
# Below the public addresses nobody stands at the gate.
OPEN = {"/api/docs", "/api/health", "/api/auth/login", "/api/auth/logout", "/api/auth/me"}
ROLE_WORDS = ("viewer", "operator", "admin")
NOT_SIGNED_IN = {"/api/auth/me PATCH": "Not authenticated", "/api/auth/me GET": "Authentication required"}
BAD_SHAPED_KEY = "mc_" + "0" * 48


class AccessTests(LegacyApiTestCase):
    def call(self, *args, **options):
        forget_rates()  # a sitting of this table is more than sign-in may be tried
        return super().call(*args, **options)

    def test_the_table_knows_every_route(self):
        routes = {re.sub("<[^>]+>", "999", f"/api/{pattern.pattern}") for pattern in urlpatterns}
        assert routes == set(ROLES)

    def test_each_caller_may_do_what_the_contract_says(self):
        for path, method in self._cells():
            for key, role in (
                (self.keys[self.vera], VIEWER),
                (self.keys[self.bob], OPERATOR),
                ("test-admin-key", ADMIN),
            ):
                with self.subTest(path=path, method=method, role=role):
                    self._expect(path, method, self.call(method, path, b"", as_=key), role)

    def test_a_session_cookie_counts_as_its_persons_role(self):
        for person, role in ((self.vera, VIEWER), (self.bob, OPERATOR), (self.alice, ADMIN)):
            for path, method in self._cells():
                with self.subTest(path=path, method=method, role=role):
                    self.client.force_login(person)
                    self._expect(path, method, self.call(method, path, b""), role)

    def test_nobody_gets_past_the_gate_without_a_usable_credential(self):
        for path, method in self._cells():
            for key in (None, "wrong", "mc_short"):
                with self.subTest(path=path, method=method, key=key):
                    answer = self.call(method, path, b"", as_=key)
                    if path not in OPEN:
                        assert (answer.status, answer.body) == (401, {"error": "Unauthorized"})
                    elif method not in ROLES[path]:
                        assert answer.status == 405
                    elif ROLES[path][method] is None:
                        assert answer.status in (200, 400)
                    else:
                        assert (answer.status, answer.body) == (401, {"error": NOT_SIGNED_IN[f"{path} {method}"]})

    def test_a_well_shaped_unknown_key_passes_the_gate_and_fails_at_the_route(self):
        for path, method in self._cells():
            if path in OPEN or method not in ROLES[path]:
                continue
            with self.subTest(path=path, method=method):
                answer = self.call(method, path, b"", as_=BAD_SHAPED_KEY)
                assert (answer.status, answer.body) == (401, {"error": "Authentication required"})

    def test_an_invalid_cookie_passes_the_gate_and_falls_through_to_the_keys(self):
        self.client.cookies["mc-session"] = "0" * 64
        refused = self.call("GET", "/api/tasks")
        assert (refused.status, refused.body) == (401, {"error": "Authentication required"})
        assert self.call("GET", "/api/tasks", as_=self.vera).status == 200

    def test_options_says_what_a_route_can_do(self):
        for path, roles in ROLES.items():
            with self.subTest(path=path):
                answer = self.call("OPTIONS", path, as_=self.vera)
                allowed = {*roles, "OPTIONS", *(["HEAD"] if "GET" in roles else [])}
                assert (answer.status, answer.raw) == (204, b"")
                assert answer.headers["Allow"] == ", ".join(sorted(allowed))

    def test_options_passes_the_gate_first(self):
        for path in ROLES.keys() - OPEN:
            with self.subTest(path=path):
                answer = self.call("OPTIONS", path)
                assert (answer.status, answer.body) == (401, {"error": "Unauthorized"})

    def test_head_is_get_without_a_body(self):
        for path, roles in ROLES.items():
            if "GET" not in roles or path == "/api/events":
                continue
            with self.subTest(path=path):
                head, get = (self.call(method, path, as_=self.bob) for method in ("HEAD", "GET"))
                assert (head.status, head.raw) == (get.status, b"")

    def test_an_unknown_path_is_unauthorized_to_strangers_and_not_found_to_others(self):
        for method in (*METHODS, "OPTIONS"):
            with self.subTest(method=method):
                assert self.call(method, "/api/nothing").body == {"error": "Unauthorized"}
                answer = self.call(method, "/api/nothing", as_=self.vera)
                assert (answer.status, answer.body) == (404, {"error": "Not found"})

    def test_an_unknown_path_below_the_public_ones_is_not_found_to_everybody(self):
        assert self.call("GET", "/api/auth/nothing").status == 404

    def test_paths_are_case_sensitive(self):
        assert self.get("/api/Tasks").status == 404

    def test_a_slash_too_many_is_redirected_to_the_clean_form(self):
        for path in ("/api/tasks/", "/api//tasks", "/api/tasks//"):
            with self.subTest(path=path):
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

    def _cells(self):
        return [(path, method) for path in ROLES for method in METHODS]

    def _expect(self, path, method, answer, role):
        if method not in ROLES[path]:
            assert (answer.status, answer.raw) == (405, b"")
            return
        least = ROLES[path][method]
        if least is not None and role < least:
            assert answer.status == 403
            assert answer.body == {"error": f"Requires {ROLE_WORDS[least]} role or higher"}
        elif path == "/api/events":
            assert answer.status == 501  # the stream is taken before Django
        else:
            assert answer.status in ({200, 400, 404} | ({403} if "/auth/me" in path else set()))
