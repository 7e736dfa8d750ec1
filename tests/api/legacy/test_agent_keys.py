from __future__ import annotations

import re
import time

from accounts.models import ApiKey
from activity.models import Event
from core.actors import system
from tests.base import LegacyApiTestCase
from tests.factories import make_agent


class AgentKeyTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova")
        self.path = f"/api/agents/{self.agent.pk}/keys"

    def issue(self, body=None, path=None):
        return self.post(path or self.path, body, as_=self.alice)

    def listed(self):
        return self.get(self.path, as_=self.alice).body["keys"]

    def test_a_key_is_shown_once_and_speaks_for_the_agent(self):
        answer = self.issue({"name": "ci", "scopes": ["operator", "agent:self"]})
        assert (answer.status, answer.body.keys()) == (201, {"key", "api_key"})
        secret, key = answer.body["api_key"], answer.body["key"]
        assert re.fullmatch("mca_[0-9a-f]{48}", secret)
        assert key.keys() == {"id", "name", "key_prefix", "scopes", "expires_at", "created_at"}
        assert (key["name"], key["key_prefix"], key["scopes"]) == ("ci", secret[:12], ["operator", "agent:self"])
        user = self.get("/api/auth/me", as_=secret).body["user"]
        assert (user["id"], user["username"], user["role"]) == (-key["id"], "agent:nova", "operator")
        assert secret not in str(list(ApiKey.objects.values())) + str(list(Event.objects.values()))

    def test_the_list_has_the_contracts_keys_newest_first(self):
        for name in ("one", "two"):
            self.issue({"name": name})
        body = self.get("/api/agents/nova/keys", as_=self.alice).body
        assert body["agent"] == {"id": self.agent.pk, "name": "nova"}
        assert [key["name"] for key in body["keys"]] == ["two", "one"]
        key = body["keys"][0]
        assert key.keys() == {
            "id", "name", "key_prefix", "scopes", "created_by", "expires_at", "revoked_at", "last_used_at",
            "created_at", "updated_at",
        }  # fmt: skip
        assert (key["created_by"], key["revoked_at"], key["last_used_at"]) == ("api", None, None)

    def test_the_body_may_be_missing_or_odd(self):
        for body in (None, b"no json", [], {}, {"name": "", "scopes": []}, {"name": 7, "scopes": "admin"}):
            with self.subTest(body=body):
                answer = self.issue(body)
                assert answer.status == 201
                assert (answer.body["key"]["name"], answer.body["key"]["expires_at"]) == ("default", None)
                assert answer.body["key"]["scopes"] == ["viewer", "agent:self"]

    def test_scopes_decide_the_role_and_unknown_ones_are_dropped(self):
        for scopes, kept, role in (
            (["admin", "viewer"], ["admin", "viewer"], "admin"),
            (["operator", "boss", 7, {}, "operator"], ["operator"], "operator"),
            (["agent:heartbeat", "agent:messages"], ["agent:heartbeat", "agent:messages"], "viewer"),
            (["boss"], ["viewer", "agent:self"], "viewer"),
        ):
            with self.subTest(scopes=scopes):
                answer = self.issue({"scopes": scopes}).body
                assert answer["key"]["scopes"] == kept
                assert self.get("/api/auth/me", as_=answer["api_key"]).body["user"]["role"] == role

    def test_a_long_name_is_cut(self):
        assert self.issue({"name": "x" * 500}).body["key"]["name"] == "x" * 128

    def test_a_key_may_expire(self):
        soon = int(time.time()) + 3600
        assert self.issue({"expires_at": soon, "expires_in_days": 9000}).body["key"]["expires_at"] == soon
        days = self.issue({"expires_in_days": 0.5}).body["key"]["expires_at"] - time.time()
        assert 12 * 3600 - 60 < days <= 12 * 3600
        answer = self.issue({"expires_at": 1_000})
        assert (answer.status, answer.body["key"]["expires_at"]) == (201, 1_000)
        assert self.get("/api/tasks", as_=answer.body["api_key"]).status == 401

    def test_an_expiry_that_cannot_be_is_refused(self):
        for days in (0, -1, 3651, "7", True, [], 1e300):
            answer = self.issue({"expires_in_days": days})
            assert (answer.status, answer.body) == (400, {"error": "expires_in_days must be between 1 and 3650"})
        for at in (-1, "tomorrow", True, 10**15, 1e300):
            assert self.issue({"expires_at": at}).status == 400
        assert not ApiKey.objects.filter(agent_id=self.agent.pk).exists()

    def test_a_revoked_key_is_dead_at_once(self):
        answer = self.issue().body
        assert self.get("/api/tasks", as_=answer["api_key"]).status == 200
        gone = self.delete(self.path, {"key_id": answer["key"]["id"]})
        assert gone.status == 200
        assert gone.body == {
            "success": True, "key_id": answer["key"]["id"], "revoked_at": self.listed()[0]["revoked_at"]
        }  # fmt: skip
        refused = self.get("/api/tasks", as_=answer["api_key"])
        assert (refused.status, refused.body) == (401, {"error": "Authentication required"})
        again = self.delete(self.path, {"key_id": answer["key"]["id"]})
        assert (again.status, again.body) == (404, {"error": "Active key not found for this agent"})

    def test_what_names_no_key_is_refused(self):
        for body in (None, b"{", [], {}, {"key_id": "abc"}, {"key_id": 0}, {"key_id": -1}, {"key_id": 1.5}):
            answer = self.delete(self.path, body)
            assert (answer.status, answer.body) == (400, {"error": "key_id must be a positive integer"}), body

    def test_a_key_of_another_agent_is_not_found(self):
        other = make_agent("other")
        id = self.issue(path=f"/api/agents/{other.pk}/keys").body["key"]["id"]
        assert self.delete(self.path, {"key_id": id}).status == 404
        assert self.delete(self.path, {"key_id": 2**63 - 1}).status == 404

    def test_an_agent_of_another_workspace_is_not_found(self):
        far = make_agent("far", actor=system(self.elsewhere.pk))
        for path in (f"/api/agents/{far.pk}/keys", "/api/agents/far/keys", "/api/agents/99999999999999999999/keys"):
            for method in ("GET", "POST", "DELETE"):
                answer = self.call(method, path, {"key_id": 1}, as_=self.alice)
                assert (answer.status, answer.body) == (404, {"error": "Agent not found"})

    def test_only_administrators_handle_keys(self):
        for method in ("GET", "POST", "DELETE"):
            answer = self.call(method, self.path, {}, as_=self.bob)
            assert (answer.status, answer.body) == (403, {"error": "Requires admin role or higher"})

    def test_its_use_shows(self):
        secret = self.issue().body["api_key"]
        self.get("/api/tasks", as_=secret)
        assert abs(self.listed()[0]["last_used_at"] - time.time()) < 10
