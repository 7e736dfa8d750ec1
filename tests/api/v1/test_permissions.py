from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from accounts.credentials import digest
from accounts.models import ApiKey, User
from activity.models import Event
from agents.models import Agent
from agents.services import delete_agent
from core.actors import system
from governance.models import Permission
from notifications.models import Notification
from tests.api.v1.base import V1ApiTestCase
from tests.base import Answer

KEYS = {
    "requestId", "agentId", "taskId", "runId", "tool", "toolUseId", "input", "riskLevel", "policyReason", "status",
    "approved", "updatedInput", "decidedBy", "decidedAt", "channel", "reason", "expiresAt", "createdAt",
}  # fmt: skip
LS = {"command": "ls -la docs"}


class PermissionTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")

    def send(self, *, as_: Any = None, **fields: Any) -> Answer:
        body = {"agentId": "jordan", "tool": "Bash", "input": LS, **fields}
        return self.ask("POST", "/permissions", body, as_=as_ or self.jordan)

    def request(self, **fields: Any) -> dict[str, Any]:
        answer = self.send(**fields)
        assert answer.status == 201, answer.raw
        return answer.body

    def respond(self, id: str, approved: Any = True, *, as_: Any = None, **fields: Any) -> Answer:
        return self.ask("POST", f"/permissions/{id}/respond", {"approved": approved, **fields}, as_=as_)

    def seen(self, id: str) -> dict[str, Any]:
        return self.ask("GET", f"/permissions/{id}", as_=self.jordan).body

    def key_id(self, user: User) -> int:
        return ApiKey.objects.get(digest=digest(self.keys[user])).pk

    def audited(self) -> list[dict[str, Any]]:
        return [event.data["detail"] for event in Event.objects.filter(type="permission_decided").order_by("id")]

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [event.data["permission"] for event in Event.objects.filter(kind=kind).order_by("id")]

    def let_pass(self, id: str) -> None:
        row = Permission.objects.filter(pk=int(id.removeprefix("perm_")))
        row.update(expires_at=timezone.now() - timedelta(seconds=1))


class AskingTests(PermissionTestCase):
    def test_a_request_waits_and_is_told_of(self):
        task = self.new_task(assigneeIds=["jordan"])["id"]
        body = self.request(taskId=task, toolUseId="toolu_1", timeoutSeconds=60)
        assert set(body) == KEYS
        assert (body["status"], body["approved"], body["taskId"], body["toolUseId"]) == (
            "PENDING", None, task, "toolu_1",
        )  # fmt: skip
        [told] = self.told("permission.requested")
        assert (told["slug"], told["tool"], told["input"], told["status"]) == ("jordan", "Bash", LS, "PENDING")
        assert told["expires_at"] - told["created_at"] == 60_000

    def test_the_operator_hears_once_of_an_agent_that_waits(self):
        for _ in range(3):
            self.request()
        rows = Notification.objects.filter(type="permission_request")
        assert [(row.recipient, row.title) for row in rows] == [("alice", "jordan asks for permission: Bash")]

    def test_what_the_policy_denies_is_denied_at_once_and_nobody_is_asked(self):
        body = self.request(input={"command": "rm -rf /"})
        assert (body["status"], body["approved"], body["decidedBy"], body["channel"]) == (
            "DENIED", False, "policy", "policy",
        )  # fmt: skip
        assert body["reason"] and self.told("permission.requested") == []
        assert [one["status"] for one in self.told("permission.resolved")] == ["DENIED"]

    def test_harmless_tools_are_allowed_at_once_where_that_is_set(self):
        assert self.request(tool="web_search", input={"query": "weather"})["status"] == "PENDING"
        with override_settings(PERMISSION_AUTO_ALLOW="GREEN"):
            body = self.request(tool="web_search", input={"query": "weather"})
            assert (body["status"], body["approved"], body["decidedBy"]) == ("APPROVED", True, "policy")
            assert self.request(tool="git_commit", input={"message": "Save"})["status"] == "PENDING"

    def test_who_may_ask(self):
        self.agent("riley")
        self.refused(self.send(agentId="riley"), 403, "AGENT_MISMATCH")
        self.refused(self.send(as_=self.vera), 403, "FORBIDDEN")
        assert self.send(agentId="riley", as_=self.bob).body["agentId"] == "riley"
        self.refused(self.send(agentId="nobody", as_=self.bob), 400, "VALIDATION_ERROR")

    def test_what_cannot_be_asked(self):
        deep: Any = {}
        for _ in range(40):
            deep = {"a": deep or "x"}
        for fields, field in (
            ({"input": None}, "input"), ({"input": [1]}, "input"), ({"input": {"text": "x" * 70_000}}, "input"),
            ({"input": deep}, "input"), ({"tool": " "}, "tool"), ({"tool": "x" * 201}, "tool"),
            ({"timeoutSeconds": 9}, "timeoutSeconds"), ({"timeoutSeconds": 3601}, "timeoutSeconds"),
            ({"timeoutSeconds": True}, "timeoutSeconds"), ({"toolUseId": 3}, "toolUseId"),
        ):  # fmt: skip
            error = self.refused(self.send(**fields), 400, "VALIDATION_ERROR")
            assert error["details"]["errors"][0]["field"].partition(".")[0] == field
        self.refused(self.send(taskId="task_999"), 404, "NOT_FOUND")
        self.refused(self.send(runId="run_999"), 404, "NOT_FOUND")

    def test_the_same_use_of_a_tool_is_asked_for_once(self):
        first = self.request(toolUseId="toolu_1")
        again = self.send(toolUseId="toolu_1")
        assert (again.status, again.body["requestId"]) == (200, first["requestId"])
        self.refused(self.send(toolUseId="toolu_1", input={"command": "ls"}), 409, "STATE_CONFLICT")
        self.respond(first["requestId"], False)
        assert self.send(toolUseId="toolu_1", input={"command": "ls"}).status == 201

    def test_secrets_never_reach_the_server_s_memory(self):
        secret = "ghp_" + "a1B2" * 9
        body = self.request(input={"command": f"curl -H 'X: {secret}' https://a.example", "password": "hunter2"})
        assert body["input"] == {"command": "curl -H 'X: [REDACTED]' https://a.example", "password": "[REDACTED]"}
        kept = "".join(str(row) for row in [*Permission.objects.values(), *Event.objects.values("data")])
        assert secret not in kept and "hunter2" not in kept

    def test_lists(self):
        self.agent("riley")
        ids = [self.request()["requestId"] for _ in range(2)]
        other = self.request(agentId="riley", as_=self.bob)["requestId"]
        self.respond(ids[0])
        got = self.ask("GET", "/permissions?status=PENDING").body
        assert ([one["requestId"] for one in got["permissions"]], got["total"]) == ([other, ids[1]], 2)
        got = self.ask("GET", "/permissions", as_=self.jordan).body
        assert [one["requestId"] for one in got["permissions"]] == ids[::-1]
        assert self.ask("GET", "/permissions?agentId=riley").body["total"] == 1
        self.refused(self.ask("GET", "/permissions?agentId=riley", as_=self.jordan), 403, "AGENT_MISMATCH")
        self.refused(self.ask("GET", "/permissions?status=OPEN"), 400, "VALIDATION_ERROR")
        self.refused(self.ask("GET", f"/permissions/{other}", as_=self.jordan), 404, "NOT_FOUND")
        self.refused(self.ask("GET", f"/permissions/{other}", as_=self.charlie), 404, "NOT_FOUND")
        self.refused(self.ask("GET", "/permissions/perm_x"), 404, "NOT_FOUND")
        for wait in ("-1", "31", "x", "1.5", "１"):
            self.refused(self.ask("GET", f"/permissions/{other}?wait={wait}"), 400, "VALIDATION_ERROR")


class AnsweringTests(PermissionTestCase):
    def test_the_first_answer_counts(self):
        id = self.request()["requestId"]
        body = self.respond(id, reason="Go on").body
        assert (body["status"], body["approved"], body["decidedBy"], body["reason"], body["channel"]) == (
            "APPROVED", True, f"key_{self.key_id(self.bob)}", "Go on", "rest",
        )  # fmt: skip
        assert body["updatedInput"] is None and self.seen(id) == body
        error = self.refused(self.respond(id, False, as_=self.alice), 409, "ALREADY_DECIDED")
        assert error["details"]["permission"]["status"] == "APPROVED"
        assert [one["status"] for one in self.told("permission.resolved")] == ["APPROVED"]

    def test_every_answer_is_audited(self):
        id = self.request()["requestId"]
        self.respond(id, updatedInput={"command": "ls"}, reason="Shorter")
        [row] = self.audited()
        assert row == {
            "status": "APPROVED", "agent": "jordan", "tool": "Bash", "input": LS, "updated_input": {"command": "ls"},
            "reason": "Shorter", "channel": "rest",
        }  # fmt: skip
        event = Event.objects.get(type="permission_decided")
        assert (event.data["target_type"], f"perm_{event.data['target_id']}") == ("permission", id)
        assert event.data["actor_id"] == -self.key_id(self.bob)

    def test_the_command_line_says_that_it_was_it(self):
        id = self.request()["requestId"]
        headers = {"user_agent": "missioncontrol-client/1.0 mc"}
        body = self.ask("POST", f"/permissions/{id}/respond", {"approved": True}, **headers).body
        assert body["channel"] == "mc"

    def test_who_may_answer(self):
        id = self.request()["requestId"]
        self.refused(self.respond(id, as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.respond(id, as_=self.jordan), 403, "FORBIDDEN")
        self.refused(self.respond(id, as_=self.charlie), 404, "NOT_FOUND")
        self.refused(self.respond("perm_999"), 404, "NOT_FOUND")
        assert self.seen(id)["status"] == "PENDING"

    def test_only_true_is_a_yes(self):
        id = self.request()["requestId"]
        for word in ("true", 1, None, "yes", []):
            self.refused(self.respond(id, word), 400, "VALIDATION_ERROR")
        assert self.seen(id)["status"] == "PENDING"

    def test_another_input_takes_the_place_of_the_first(self):
        id = self.request()["requestId"]
        for wrong in ("ls", [], 3, {"text": "x" * 70_000}):
            self.refused(self.respond(id, updatedInput=wrong), 400, "VALIDATION_ERROR")
        self.respond(id, updatedInput={"command": "ls docs"})
        body = self.seen(id)
        assert (body["approved"], body["input"], body["updatedInput"]) == (True, LS, {"command": "ls docs"})

    def test_a_refusal_ignores_another_input(self):
        id = self.request()["requestId"]
        assert self.respond(id, False, updatedInput="nonsense").body["updatedInput"] is None
        assert (self.seen(id)["status"], self.seen(id)["approved"]) == ("DENIED", False)

    def test_another_input_is_held_to_the_policy_also_under_a_key(self):
        for headers in ({}, {"x_idempotency_key": "k1"}):
            id = self.request()["requestId"]
            body = {"approved": True, "updatedInput": {"command": "rm -rf /"}}
            answer = self.ask("POST", f"/permissions/{id}/respond", body, **headers)
            error = self.refused(answer, 403, "POLICY_VIOLATION")
            assert error["details"]["permission"]["status"] == "DENIED"
            seen = self.seen(id)
            assert (seen["status"], seen["approved"]) == ("DENIED", False) and "policy" in seen["reason"]
            assert seen["decidedBy"] == f"key_{self.key_id(self.bob)}"

    def test_secrets_in_another_input_stay_where_they_were(self):
        secret = "ghp_" + "a1B2" * 9
        id = self.request(input={"command": f"ls {secret}", "limit": 3})["requestId"]
        for wrong in (
            {"command": f"ls {secret}"},
            {"command": "ls", "other": "[REDACTED]"},
            {"command": "ls [REDACTED] [REDACTED]"},
        ):
            self.refused(self.respond(id, updatedInput=wrong), 400, "VALIDATION_ERROR")
        assert self.respond(id, updatedInput={"command": "ls -a [REDACTED]"}).status == 200


class EndTests(PermissionTestCase):
    def test_nobody_answers_in_time(self):
        id = self.request()["requestId"]
        self.let_pass(id)
        body = self.seen(id)
        assert (body["status"], body["approved"], body["decidedBy"]) == ("EXPIRED", False, None)
        error = self.refused(self.respond(id), 409, "ALREADY_DECIDED")
        assert error["details"]["permission"]["status"] == "EXPIRED"
        late = self.request()["requestId"]
        self.let_pass(late)
        self.refused(self.respond(late), 409, "ALREADY_DECIDED")
        assert self.ask("GET", "/permissions?status=EXPIRED").body["total"] == 2
        assert [one["status"] for one in self.told("permission.resolved")] == ["EXPIRED", "EXPIRED"]

    def test_the_runner_takes_it_back(self):
        id = self.request()["requestId"]
        self.refused(self.ask("DELETE", f"/permissions/{id}", as_=self.agent("riley")), 404, "NOT_FOUND")
        self.refused(self.ask("DELETE", f"/permissions/{id}", as_=self.vera), 403, "FORBIDDEN")
        body = self.ask("DELETE", f"/permissions/{id}", as_=self.jordan).body
        assert (body["status"], body["approved"], body["decidedBy"]) == ("CANCELED", False, "jordan")
        assert self.ask("DELETE", f"/permissions/{id}", as_=self.jordan).status == 200
        decided = self.request()["requestId"]
        self.respond(decided)
        self.refused(self.ask("DELETE", f"/permissions/{decided}", as_=self.jordan), 409, "ALREADY_DECIDED")

    def test_quarantine_and_removal_end_what_waits(self):
        riley = self.agent("riley")
        for slug, end in (("jordan", self.quarantine), ("riley", lambda: self.remove(riley))):
            id = self.request(agentId=slug, as_=self.bob)["requestId"]
            end()
            body = self.ask("GET", f"/permissions/{id}").body
            assert (body["status"], body["agentId"], body["approved"]) == ("CANCELED", slug, False)
            self.refused(self.respond(id), 409, "ALREADY_DECIDED")
        self.refused(self.send(), 403, "AGENT_QUARANTINED")

    def quarantine(self) -> None:
        self.ask("POST", "/agents/jordan/control", {"action": "QUARANTINE", "reason": "Looks lost"})

    def remove(self, agent: Agent) -> None:
        delete_agent(agent=agent, actor=system(agent.workspace_id), now=timezone.now())
