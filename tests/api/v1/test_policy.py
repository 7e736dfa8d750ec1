from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from activity.models import Event
from agents.models import Mandate
from core.actors import system
from core.errors import Invalid
from governance.models import Alert, Approval, Policy
from governance.services.policies import publish_policy
from tasks.models import Task
from tests.api.v1.base import V1ApiTestCase


class PolicyTestCase(V1ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jordan = self.agent("jordan")

    def ask_policy(
        self, type: str = "TOOL_CALL", *, agent: str = "jordan", context: Any = None, expect: int = 200, **action: Any
    ) -> Any:
        body = {"agentId": agent, "action": {"type": type, **action}, **({"context": context} if context else {})}
        answer = self.ask("POST", "/policy/evaluate", body)
        assert answer.status == expect, answer.raw
        return answer.body

    def command(self, command: str, **more: Any) -> Any:
        return self.ask_policy(tool="exec", command=command, **more)

    def autonomy(self, word: str) -> None:
        Mandate.objects.filter(agent=self.jordan).update(autonomy=word)


class EvaluationTests(PolicyTestCase):
    def test_the_reference_case_word_by_word(self):
        for as_ in (self.jordan, self.bob):
            answer = self.ask(
                "POST", "/policy/evaluate",
                {"agentId": "jordan", "action": {"type": "TOOL_CALL", "tool": "exec", "command": "rm -rf /tmp/test"}},
                as_=as_,
            )  # fmt: skip
            assert answer.status == 200
            assert answer.body == {
                "decision": "DENY",
                "riskLevel": "RED",
                "reason": "Command matches blocked pattern: rm -rf",
                "violations": ["shell_blocklist:rm -rf"],
            }

    def test_interns_ask_for_yellow_and_specialists_for_what_nobody_vouches_for(self):
        unknown = self.ask_policy(tool="crystal_ball")
        assert (unknown["decision"], unknown["riskLevel"]) == ("NEEDS_APPROVAL", "YELLOW")
        assert unknown["approvalRequired"]["type"] == "TOOL_EXEC"
        assert unknown["approvalRequired"]["suggestedJustification"]
        self.autonomy("INTERN")
        listed = self.command("git status")
        assert (listed["decision"], listed["approvalRequired"]["type"]) == ("NEEDS_APPROVAL", "TOOL_EXEC")

    def test_git_add_is_no_dd_and_a_push_needs_leave(self):
        assert self.command("git add .") == {
            "decision": "ALLOW", "riskLevel": "YELLOW", "reason": self.command("git add .")["reason"],
        }  # fmt: skip
        push = self.command("git push origin main")
        assert (push["decision"], push["riskLevel"]) == ("NEEDS_APPROVAL", "RED")

    def test_fields_of_the_action_may_stand_in_its_arguments(self):
        denied = self.ask_policy(tool="exec", args={"command": "sudo ls"})
        assert denied["violations"] == ["shell_blocklist:sudo"]
        assert self.ask_policy("NETWORK", args={"url": "https://github.com/x"})["decision"] == "ALLOW"
        denied = self.ask_policy("FILE_WRITE", args={"path": "/etc/passwd"})
        assert denied["violations"][0].startswith("file_write_blocklist:")

    def test_what_is_no_question(self):
        for type, action, field in (
            ("TOOL_CALL", {}, "action.tool"), ("FILE_WRITE", {}, "action.path"), ("NETWORK", {}, "action.domain"),
            ("TRANSITION", {}, "action.targetStatus"), ("TRANSITION", {"targetStatus": "DONE"}, "context.taskId"),
            ("EAT", {}, "action.type"), ("TOOL_CALL", {"tool": "exec", "command": "x" * 10_001}, "action.command"),
            ("TOOL_CALL", {"tool": "read", "estimatedCost": -1}, "action.estimatedCost"),
            ("TOOL_CALL", {"tool": "read", "args": []}, "action.args"),
        ):  # fmt: skip
            with self.subTest(type=type, field=field):
                body = self.ask_policy(type, expect=400, **action)
                assert [line["field"] for line in body["error"]["details"]["errors"]] == [field]
        self.ask_policy(agent="nobody", tool="read", expect=404)
        self.ask_policy(tool="read", context={"taskId": "task_99999"}, expect=404)
        riley = self.agent("riley")
        body = {"agentId": "jordan", "action": {"type": "TOOL_CALL", "tool": "read"}}
        self.refused(self.ask("POST", "/policy/evaluate", body, as_=riley), 403, "AGENT_MISMATCH")
        self.refused(self.ask("POST", "/policy/evaluate", body, as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.ask("POST", "/policy/evaluate", body, as_=self.charlie), 404, "NOT_FOUND")

    def test_a_paused_agent_is_told_so(self):
        Mandate.objects.filter(agent=self.jordan).update(control="PAUSED")
        answer = self.ask("POST", "/policy/evaluate", {
            "agentId": "jordan", "action": {"type": "TOOL_CALL", "tool": "think"},
        }, as_=self.jordan)  # fmt: skip
        assert (answer.body["decision"], answer.body["violations"]) == ("DENY", ["agent_status:PAUSED"])

    def test_a_denial_is_told_and_a_dangerous_one_alarms_once(self):
        for _ in range(3):
            self.command("rm -rf /")
        self.ask_policy(tool="read", path="$WORKSPACE/../../x", agent="jordan")
        denied = Event.objects.filter(kind="policy.denied")
        assert denied.count() >= 3
        assert denied.first().data["violations"] == ["shell_blocklist:rm -rf"]
        alert = Alert.objects.get(type="POLICY_VIOLATION")
        assert (alert.severity, alert.agent_id) == ("WARNING", self.jordan.pk)
        assert not Approval.objects.exists()

    def test_the_budget_is_shown_when_it_matters(self):
        Mandate.objects.filter(agent=self.jordan).update(spend_today_microusd=4_800_000)
        allowed = self.command("git status", estimatedCost=0.1)
        assert allowed["budget"] == {"daily": 5.0, "spentToday": 4.8, "remaining": 0.2, "perRunCap": 0.75}
        for estimate, spend in ((0.3, None), (0.1, 0.7)):
            asked = self.command("git status", estimatedCost=estimate, context={"currentSpend": spend or 0})
            assert asked["decision"] == "NEEDS_APPROVAL"
            assert asked["approvalRequired"]["type"] == "BUDGET_OVERRIDE"
        Mandate.objects.filter(agent=self.jordan).update(
            spend_today_microusd=9_000_000, spend_reset_at=timezone.now() - timezone.timedelta(seconds=1)
        )
        assert self.command("git status", estimatedCost=0.1)["budget"]["spentToday"] == 0


class TransitionTests(PolicyTestCase):
    def move(self, target: str, task: dict[str, Any]) -> Any:
        return self.ask_policy("TRANSITION", targetStatus=target, context={"taskId": task["id"]})

    def test_moves_are_judged_by_the_state_machine(self):
        own = self.new_task(assigneeIds=["jordan"])
        other = self.new_task()
        assert self.move("IN_PROGRESS", own)["decision"] == "ALLOW"
        assert self.move("DONE", own)["violations"] == ["transition_invalid:ASSIGNED->DONE"]
        assert self.move("CANCELED", own)["violations"] == ["transition_role:SPECIALIST"]
        assert self.move("ASSIGNED", other)["decision"] == "ALLOW"
        Task.objects.update(status="REVIEW")
        done = self.move("DONE", own)
        assert (done["decision"], done["approvalRequired"]["type"]) == ("NEEDS_APPROVAL", "STATE_TRANSITION")

    def test_a_drained_agent_goes_on_with_its_own(self):
        own, other = self.new_task(assigneeIds=["jordan"]), self.new_task()
        Mandate.objects.filter(agent=self.jordan).update(control="DRAINED")
        assert self.command("git status", context={"taskId": own["id"]})["decision"] == "ALLOW"
        assert self.command("git status", context={"taskId": other["id"]})["violations"] == ["agent_status:DRAINED"]
        assert self.ask_policy("SPAWN")["violations"] == ["agent_status:DRAINED"]


class SpawnTests(PolicyTestCase):
    def test_limits_are_counted(self):
        task = self.new_task(assigneeIds=["jordan"])
        context = {"taskId": task["id"]}
        assert self.ask_policy("SPAWN", context=context)["decision"] == "ALLOW"
        for n in range(3):
            self.agent(f"sub{n}", parent=self.jordan, parent_task_id=int(task["id"].removeprefix("task_")))
        assert self.ask_policy("SPAWN", context=context)["violations"] == [
            "spawn_limit:max_per_parent", "spawn_limit:max_sub_agents",
        ]  # fmt: skip
        Mandate.objects.exclude(agent=self.jordan).update(control="OFFLINE")
        assert self.ask_policy("SPAWN", context=context)["decision"] == "ALLOW"
        self.autonomy("INTERN")
        assert self.ask_policy("SPAWN")["violations"] == ["spawn_not_allowed:INTERN"]


class GrantTests(PolicyTestCase):
    PAYLOAD = {"type": "TOOL_CALL", "tool": "exec", "command": "git push origin main"}

    def granted(self, payload: Any = None, summary: str = "Push it") -> str:
        body = {"actionType": "TOOL_EXEC", "actionSummary": summary, "riskLevel": "RED", "justification": "because"}
        if payload:
            body["actionPayload"] = payload
        id = self.ask("POST", "/approvals", body, as_=self.jordan).body["approval"]["id"]
        assert self.ask("POST", f"/approvals/{id}/decide", {"decision": "APPROVED"}).status == 200
        return id

    def test_an_approval_allows_the_same_action_and_no_other(self):
        id = self.granted(self.PAYLOAD)
        allowed = self.command("git push origin main")
        assert allowed["decision"] == "ALLOW" and id in allowed["reason"]
        assert self.command("git push origin prod")["decision"] == "NEEDS_APPROVAL"
        assert self.command("rm -rf /", context={"approvalId": id})["decision"] == "DENY"
        Approval.objects.update(consumed_at=timezone.now())
        assert self.command("git push origin main")["decision"] == "NEEDS_APPROVAL"

    def test_without_a_payload_it_must_be_named_and_name_the_command(self):
        id = self.granted(summary="Run git push origin main for the release")
        assert self.command("git push origin main")["decision"] == "NEEDS_APPROVAL"
        assert self.command("git push origin main", context={"approvalId": id})["decision"] == "ALLOW"
        assert self.command("git push origin dev", context={"approvalId": id})["decision"] == "NEEDS_APPROVAL"

    def test_that_of_another_task_or_agent_does_not_count(self):
        self.granted(self.PAYLOAD)
        task = self.new_task(assigneeIds=["jordan"])
        assert self.command("git push origin main", context={"taskId": task["id"]})["decision"] == "NEEDS_APPROVAL"
        self.agent("riley")
        assert self.command("git push origin main", agent="riley")["decision"] == "NEEDS_APPROVAL"


class ActivePolicyTests(PolicyTestCase):
    def publish(self, name: str = "house", **contents: Any) -> Policy:
        return publish_policy(actor=system(self.home.pk), now=timezone.now(), name=name, **contents)

    def active(self, query: str = "", *, as_: Any = None) -> dict[str, Any]:
        return self.ask("GET", f"/policy/active{query}", as_=as_).body["policy"]

    def test_without_any_the_built_in_one_holds(self):
        policy = self.active(as_=self.jordan)
        assert (policy["id"], policy["version"], policy["name"], policy["scopeType"]) == (
            "policy_0", 0, "default", "GLOBAL",
        )  # fmt: skip
        assert "git status" in policy["shellAllowlist"] and "rm -rf" in policy["shellBlocklist"]
        assert policy["budgetDefaults"]["SPECIALIST"] == {"daily": 5.0, "perRun": 0.75}
        assert set(policy) == {
            "id", "version", "name", "scopeType", "scopeId", "rules", "toolRiskMap", "shellAllowlist",
            "shellBlocklist", "fileReadPaths", "fileWritePaths", "fileWriteBlocklist", "networkAllowlist",
            "budgetDefaults", "spawnLimits", "loopThresholds", "active", "createdBy", "notes", "createdAt",
        }  # fmt: skip

    def test_a_new_version_takes_the_place_of_the_last(self):
        self.publish(shell_allowlist=["ls"])
        second = self.publish(shell_allowlist=[])
        policy = self.active()
        assert (policy["id"], policy["version"], policy["shellAllowlist"]) == (f"policy_{second.pk}", 2, [])
        assert Policy.objects.filter(active=True).count() == 1
        assert self.command("ls")["riskLevel"] == "RED"
        assert self.active(as_=self.charlie)["id"] == "policy_0"

    def test_what_no_question_could_be_answered_by_is_not_published(self):
        for contents, field in (
            ({"tool_risk_map": {"think": "PINK"}}, "tool_risk_map.think"),
            ({"shell_allowlist": "ls"}, "shell_allowlist"),
            ({"rules": []}, "rules"), ({"rules": {"gitPushBranches": "main"}}, "rules.gitPushBranches"),
            ({"budget_defaults": {"LEAD": {"daily": -1}}}, "budget_defaults.LEAD"),
            ({"spawn_limits": {"maxActive": "30"}}, "spawn_limits.maxActive"),
        ):  # fmt: skip
            with self.subTest(field=field), pytest.raises(Invalid) as refusal:
                self.publish(**contents)
            assert [line.partition(":")[0] for line in refusal.value.details or []] == [field]
        assert not Policy.objects.exists()

    def test_the_nearest_scope_holds(self):
        everywhere = self.publish(tool_risk_map={"think": "RED"})
        own = self.publish(scope_type="AGENT", scope_id="jordan", tool_risk_map={"think": "YELLOW"})
        docs = self.publish(scope_type="TASK_TYPE", scope_id="DOCS", tool_risk_map={"think": "GREEN"})
        self.agent("riley")
        task = self.new_task()
        assert self.ask_policy(tool="think")["riskLevel"] == "YELLOW"
        assert self.ask_policy(tool="think", agent="riley")["riskLevel"] == "RED"
        assert self.ask_policy(tool="think", agent="riley", context={"taskId": task["id"]})["riskLevel"] == "GREEN"
        assert self.active("?scope=AGENT&scopeId=jordan")["id"] == f"policy_{own.pk}"
        assert self.active("?scope=TASK_TYPE&scopeId=DOCS")["id"] == f"policy_{docs.pk}"
        other = self.active("?scope=AGENT&scopeId=riley")
        assert (other["id"], other["scopeType"]) == (f"policy_{everywhere.pk}", "GLOBAL")

    def test_what_is_no_scope(self):
        for query in ("?scope=AGENT", "?scope=TASK_TYPE&scopeId=POEMS", "?scope=global"):
            with self.subTest(query=query):
                self.refused(self.ask("GET", f"/policy/active{query}"), 400, "VALIDATION_ERROR")

    def test_its_figures_hold_for_agents_without_their_own(self):
        self.publish(budget_defaults={"SPECIALIST": {"daily": 1, "perRun": 0.5}})
        budget = self.command("git status", estimatedCost=0.1)["budget"]
        assert (budget["daily"], budget["perRunCap"]) == (1.0, 0.5)
        Mandate.objects.filter(agent=self.jordan).update(budget_daily_microusd=7_000_000)
        assert self.command("git status", estimatedCost=0.1)["budget"]["daily"] == 7.0

    def test_two_people_are_needed_where_the_policy_wants_two(self):
        self.publish(rules={"redDualControl": True})
        body = {"actionType": "TOOL_EXEC", "actionSummary": "x", "riskLevel": "RED", "justification": "because"}
        id = self.ask("POST", "/approvals", body, as_=self.jordan).body["approval"]["id"]
        for who, status in ((self.bob, "PENDING"), (self.bob, "PENDING"), (self.alice, "APPROVED")):
            answer = self.ask("POST", f"/approvals/{id}/decide", {"decision": "APPROVED"}, as_=who)
            assert (answer.status, answer.body["approval"]["status"]) == (200, status)

    def test_hosts_of_the_deployment_are_added(self):
        assert self.ask_policy("NETWORK", domain="intern.example.org")["decision"] == "NEEDS_APPROVAL"
        with self.settings(NETWORK_ALLOWLIST=["intern.example.org"]):
            assert self.ask_policy("NETWORK", domain="intern.example.org")["decision"] == "ALLOW"
            assert "intern.example.org" in self.active()["networkAllowlist"]
