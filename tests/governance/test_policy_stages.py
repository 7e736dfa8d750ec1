"""Each stage, its violations, and which of two stages decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import TestCase

from governance.policy import (
    Action,
    ActionType,
    ApprovalType,
    Budget,
    Decision,
    Grant,
    Policy,
    Risk,
    SpawnFacts,
    TransitionFacts,
)

from .policy_cases import INTERN, LEAD, SPECIALIST, ask, command, tool

NOW = datetime(2026, 2, 1, 10, tzinfo=UTC)
PUSH = command("git push origin main")
SPAWN = Action(ActionType.SPAWN)


class ReferenceTests(TestCase):
    def test_the_reference_case(self) -> None:
        verdict = ask(command("rm -rf /tmp/test"))
        assert verdict.decision == Decision.DENY
        assert verdict.risk == Risk.RED
        assert verdict.reason == "Command matches blocked pattern: rm -rf"
        assert verdict.violations == ("shell_blocklist:rm -rf",)
        assert verdict.approval_required is None
        assert verdict.budget is None

    def test_an_intern_needs_approval_for_a_listed_command_and_a_specialist_for_an_unknown_tool(self) -> None:
        for verdict in (ask(command("git status"), INTERN), ask(tool("frobnicate"))):
            assert verdict.decision == Decision.NEEDS_APPROVAL
            assert verdict.risk == Risk.YELLOW
            assert verdict.approval_required is not None
            assert verdict.approval_required.type == ApprovalType.TOOL_EXEC

    def test_git_add_is_no_dd(self) -> None:
        assert (ask(command("git add .")).decision, ask(command("git add .")).risk) == (Decision.ALLOW, Risk.YELLOW)

    def test_a_push_is_red(self) -> None:
        assert (ask(PUSH).decision, ask(PUSH).risk) == (Decision.NEEDS_APPROVAL, Risk.RED)


class AgentStatusTests(TestCase):
    def test_a_stopped_agent_may_do_nothing(self) -> None:
        for status in ("PAUSED", "QUARANTINED", "OFFLINE"):
            verdict = ask(tool("think"), replace(SPECIALIST, status=status))
            assert (verdict.decision, verdict.violations) == (Decision.DENY, (f"agent_status:{status}",))

    def test_a_status_that_nobody_knows_allows_nothing(self) -> None:
        assert ask(tool("think"), replace(SPECIALIST, status="UNHEARD_OF")).decision == Decision.DENY

    def test_a_drained_agent_finishes_its_own(self) -> None:
        drained = replace(SPECIALIST, status="DRAINED")
        assert ask(tool("think"), drained).decision == Decision.ALLOW
        assert ask(tool("think"), drained, task_id="task_1", task_is_own=True).decision == Decision.ALLOW
        for verdict in (ask(tool("think"), drained, task_id="task_1"), ask(SPAWN, drained, spawn=SpawnFacts())):
            assert verdict.violations == ("agent_status:DRAINED",)

    def test_the_status_comes_before_the_blocklist(self) -> None:
        assert ask(command("rm -rf x"), replace(SPECIALIST, status="PAUSED")).violations == ("agent_status:PAUSED",)


class BlockedTests(TestCase):
    def test_all_violations_are_told_and_the_first_is_the_reason(self) -> None:
        verdict = ask(command("sudo rm -rf /etc/x"))
        assert verdict.violations == ("shell_blocklist:rm -rf", "shell_blocklist:sudo", "shell_blocklist:/etc/")
        assert verdict.reason == "Command matches blocked pattern: rm -rf"

    def test_a_path_may_break_two_rules(self) -> None:
        verdict = ask(Action(ActionType.FILE_WRITE, path="/tmp/mc-1/../../etc/x"))
        assert verdict.violations == ("file_write_blocklist:/etc/**", "path_traversal:/tmp/mc-1/../../etc/x")
        assert verdict.risk == Risk.RED

    def test_the_home_that_is_known_is_guarded_like_any_other(self) -> None:
        agent = replace(SPECIALIST, home="/opt/jordan")
        for path in ("/opt/jordan/.ssh/x", "~/.ssh/x"):
            assert ask(Action(ActionType.FILE_WRITE, path=path), agent).violations == (
                "file_write_blocklist:~/.ssh/**",
            )
        assert ask(tool("read", path="/opt/jordan/.openclaw/workspace/x"), agent).risk == Risk.GREEN

    def test_moving_a_file_is_judged_by_both_its_ends(self) -> None:
        args = {"from": "output/a", "to": ".env"}
        assert ask(tool("rename_file", args=args)).violations == ("file_write_blocklist:$WORKSPACE/.env*",)
        assert ask(tool("rename_file", args={"from": "output/a", "to": "src/b"})).risk == Risk.RED
        assert ask(tool("rename_file", args={"from": "output/a", "to": "docs/b"})).decision == Decision.ALLOW

    def test_arguments_fill_in_what_is_absent_and_hide_nothing(self) -> None:
        for args in ({"command": "rm -rf x"}, {"cmd": ["rm", "-rf", "x"]}, {"argv": ["rm", "-r", "-f", "x"]}):
            assert ask(tool("exec", args=args)).violations == ("shell_blocklist:rm -rf",)
            assert ask(command("ls", args=args)).violations == ("shell_blocklist:rm -rf",)
        assert ask(tool("write", path="output/x", args={"path": "/etc/x"})).decision == Decision.DENY

    def test_the_policy_may_block_other_things(self) -> None:
        policy = Policy(
            shell_blocklist=("npm publish", "terraform", "/opt/", "~/vault", "nc | perl"),
            file_write_blocklist=("$WORKSPACE/**/secrets/**", "/srv/key.pem"),
        )
        for text, label in (
            ("npm --tag x publish", None),
            ("npm publish --tag x", "npm publish"),
            ("terraform apply", "terraform"),
            ("ls /opt/x", "/opt/"),
            ("ls ~/vault/x", "~/vault"),
            ("nc host 1 | perl", "nc | perl"),
            ("rm -rf x", None),
        ):
            verdict = ask(command(text), policy=policy)
            expected = (f"shell_blocklist:{label}",) if label else ()
            assert verdict.violations == expected or text.startswith("npm --tag"), (text, verdict)
        for path in ("a/b/secrets/c", "secrets/c", "/srv/key.pem"):
            assert ask(Action(ActionType.FILE_WRITE, path=path), policy=policy).decision == Decision.DENY

    def test_an_empty_allowlist_vouches_for_nothing(self) -> None:
        assert ask(command("ls"), policy=Policy(shell_allowlist=())).risk == Risk.RED
        assert (
            ask(Action(ActionType.NETWORK, domain="github.com"), policy=Policy(network_allowlist=())).risk == Risk.RED
        )


class SpawnTests(TestCase):
    def spawned(self, agent: Any = SPECIALIST, **facts: Any) -> tuple[str, ...]:
        return ask(SPAWN, agent, spawn=SpawnFacts(**facts)).violations

    def test_within_the_limits_it_is_yellow_and_vouched_for(self) -> None:
        verdict = ask(SPAWN, spawn=SpawnFacts(29, 2, 2, 1))
        assert (verdict.decision, verdict.risk) == (Decision.ALLOW, Risk.YELLOW)

    def test_each_limit_has_its_violation(self) -> None:
        assert self.spawned(active_agents=30) == ("spawn_limit:max_active",)
        assert self.spawned(children_of_task=3) == ("spawn_limit:max_per_parent",)
        assert self.spawned(children_of_agent=3) == ("spawn_limit:max_sub_agents",)
        assert self.spawned(replace(SPECIALIST, max_sub_agents=1), children_of_agent=1) == (
            "spawn_limit:max_sub_agents",
        )
        assert self.spawned(depth=2) == ("spawn_limit:max_depth",)

    def test_all_limits_are_told_at_once(self) -> None:
        assert self.spawned(active_agents=99, children_of_task=9, children_of_agent=9, depth=9) == (
            "spawn_limit:max_active",
            "spawn_limit:max_per_parent",
            "spawn_limit:max_sub_agents",
            "spawn_limit:max_depth",
        )

    def test_who_may_not_spawn(self) -> None:
        assert self.spawned(INTERN) == ("spawn_not_allowed:INTERN",)
        assert self.spawned(replace(LEAD, can_spawn=False)) == ("spawn_not_allowed:LEAD",)

    def test_a_child_stands_below_its_parent(self) -> None:
        assert self.spawned(child_role="LEAD") == ("spawn_not_allowed:LEAD",)
        assert self.spawned(child_role="INTERN") == ()
        narrow = replace(SPECIALIST, allowed_task_types=("DOCS",))
        assert self.spawned(narrow, child_task_types=("DOCS", "OPS")) == ("task_type_not_allowed:OPS",)

    def test_the_tool_that_spawns_has_the_same_limits(self) -> None:
        assert ask(tool("sessions_spawn"), spawn=SpawnFacts(depth=2)).violations == ("spawn_limit:max_depth",)
        assert ask(tool("sessions_spawn"), spawn=SpawnFacts()).decision == Decision.ALLOW

    def test_without_the_facts_somebody_decides(self) -> None:
        verdict = ask(SPAWN)
        assert verdict.approval_required is not None
        assert verdict.approval_required.type == ApprovalType.SPAWN


class TransitionTests(TestCase):
    def moved(
        self, start: str, to: str, agent: Any = SPECIALIST, *, edge: bool = True, entitled: bool = True, **more: Any
    ):
        policy = more.pop("policy", Policy())
        action = Action(ActionType.TRANSITION, target_status=to)
        return ask(action, agent, policy, transition=TransitionFacts(start, edge, entitled), **more)

    def test_an_entitled_move_is_green(self) -> None:
        verdict = self.moved("INBOX", "ASSIGNED")
        assert (verdict.decision, verdict.risk) == (Decision.ALLOW, Risk.GREEN)

    def test_a_missing_edge_and_a_role_without_the_right(self) -> None:
        assert self.moved("INBOX", "DONE", edge=False).violations == ("transition_invalid:INBOX->DONE",)
        assert self.moved("INBOX", "ASSIGNED", INTERN, entitled=False).violations == ("transition_role:INTERN",)

    def test_a_task_of_a_foreign_type(self) -> None:
        narrow = replace(SPECIALIST, allowed_task_types=("DOCS",))
        assert self.moved("INBOX", "ASSIGNED", narrow, task_type="OPS").violations == ("task_type_not_allowed:OPS",)

    def test_no_facts_no_edge(self) -> None:
        verdict = ask(Action(ActionType.TRANSITION, target_status="DONE"))
        assert verdict.violations == ("transition_invalid:UNKNOWN->DONE",)

    def test_completing_needs_an_approval_of_its_own_type(self) -> None:
        for agent in (INTERN, SPECIALIST, LEAD):
            for entitled in (False, True):
                verdict = self.moved("REVIEW", "DONE", agent, entitled=entitled)
                assert verdict.approval_required is not None
                assert verdict.approval_required.type == ApprovalType.STATE_TRANSITION

    def test_a_trusted_lead_with_an_approval_completes(self) -> None:
        grant = Grant("approval_1", "STATE_TRANSITION", "lee", "task_1", {"targetStatus": "DONE"})
        trusting = Policy(lead_may_complete=True)
        done = self.moved("REVIEW", "DONE", LEAD, policy=trusting, grants=(grant,), task_id="task_1", task_is_own=True)
        assert (done.decision, done.approval_id) == (Decision.ALLOW, "approval_1")
        assert self.moved("REVIEW", "DONE", LEAD, policy=trusting).decision == Decision.NEEDS_APPROVAL
        assert self.moved("REVIEW", "DONE", LEAD, grants=(grant,), task_id="task_1").decision == Decision.NEEDS_APPROVAL


class ToolTests(TestCase):
    def test_a_tool_outside_the_agents_list(self) -> None:
        agent = replace(SPECIALIST, allowed_tools=("read", "shell"))
        assert ask(tool("web_search"), agent).violations == ("tool_not_allowed:web_search",)
        assert ask(tool("read_file", path="x"), agent).decision == Decision.ALLOW
        assert ask(command("ls"), agent).decision == Decision.ALLOW

    def test_a_task_type_outside_the_agents_list(self) -> None:
        agent = replace(SPECIALIST, allowed_task_types=("DOCS",))
        assert ask(tool("think"), agent, task_type="OPS").violations == ("task_type_not_allowed:OPS",)
        assert ask(tool("think"), agent, task_type="DOCS").decision == Decision.ALLOW


class BudgetTests(TestCase):
    def decided(self, agent: Any = SPECIALIST, estimate: int | None = None, spend: int | None = None):
        return ask(command("ls", estimated_cost=estimate), agent, current_spend=spend)

    def test_within_the_budget_it_is_shown_when_asked_for(self) -> None:
        assert self.decided().budget is None
        verdict = self.decided(replace(SPECIALIST, spend_today=1_000_000), 250_000, 500_000)
        assert (verdict.decision, verdict.budget) == (Decision.ALLOW, Budget(5_000_000, 1_000_000, 750_000))
        assert verdict.budget is not None and verdict.budget.remaining == 4_000_000

    def test_more_than_the_run_may_cost(self) -> None:
        for verdict in (self.decided(estimate=750_001), self.decided(estimate=1, spend=750_000)):
            assert verdict.approval_required is not None
            assert verdict.approval_required.type == ApprovalType.BUDGET_OVERRIDE

    def test_more_than_the_day_may_cost(self) -> None:
        agent = replace(SPECIALIST, spend_today=4_900_000)
        assert self.decided(agent, 100_000).decision == Decision.ALLOW
        assert self.decided(agent, 100_001).decision == Decision.NEEDS_APPROVAL
        verdict = self.decided(replace(SPECIALIST, spend_today=5_000_000))
        assert verdict.decision == Decision.NEEDS_APPROVAL
        assert verdict.budget == Budget(5_000_000, 5_000_000, 750_000)

    def test_the_agents_own_limits_come_first(self) -> None:
        agent = replace(SPECIALIST, daily_limit=100, per_run_cap=50, spend_today=60)
        assert self.decided(agent, 40).decision == Decision.ALLOW
        assert self.decided(agent, 41).decision == Decision.NEEDS_APPROVAL

    def test_risk_comes_before_the_budget(self) -> None:
        verdict = ask(replace(PUSH, estimated_cost=10**9))
        assert verdict.approval_required is not None
        assert verdict.approval_required.type == ApprovalType.TOOL_EXEC
        assert verdict.budget is not None


class GrantTests(TestCase):
    grant = Grant(
        "approval_7", "TOOL_EXEC", "jordan", "task_1",
        {"type": "TOOL_CALL", "tool": "exec", "command": "git push origin main"}, expires_at=NOW + timedelta(hours=1),
    )  # fmt: skip

    def decided(self, grant: Grant, action: Action = PUSH, **context: Any):
        context = {"task_id": "task_1", "task_is_own": True, "now": NOW, **context}
        return ask(action, grants=(grant,), **context)

    def test_it_covers_the_same_action(self) -> None:
        verdict = self.decided(self.grant)
        assert (verdict.decision, verdict.risk, verdict.approval_id) == (Decision.ALLOW, Risk.RED, "approval_7")
        assert (
            self.decided(self.grant, tool("bash", args={"command": "git push origin main"})).decision == Decision.ALLOW
        )

    def test_it_covers_nothing_else(self) -> None:
        others = (
            command("git push origin main --force"),
            tool("git_push", command="git push origin main"),
            command("git push origin main", args={"command": "git push origin other"}),
            command("git push origin main", args={"url": "https://evil.com"}),
            Action(ActionType.NETWORK, tool="exec", command="git push origin main"),
        )
        for other in others:
            assert self.decided(self.grant, other).decision == Decision.NEEDS_APPROVAL, other
            assert self.decided(self.grant, other, approval_id="approval_7").decision == Decision.NEEDS_APPROVAL

    def test_it_is_for_one_agent_and_task_while_it_lasts(self) -> None:
        for change in (
            {"agent_id": "maria"},
            {"task_id": "task_2"},
            {"task_id": None},
            {"status": "PENDING"},
            {"status": "DENIED"},
            {"consumed": True},
            {"expires_at": NOW},
            {"action_type": "SPAWN"},
            {"action_type": "BUDGET_OVERRIDE"},
        ):
            assert self.decided(replace(self.grant, **change)).decision == Decision.NEEDS_APPROVAL, change
        assert self.decided(self.grant, now=None).decision == Decision.NEEDS_APPROVAL

    def test_without_a_payload_it_must_be_named_and_name_the_command(self) -> None:
        plain = replace(self.grant, payload=None, summary="Run `git push origin main` for the release")
        assert self.decided(plain).decision == Decision.NEEDS_APPROVAL
        assert self.decided(plain, approval_id="approval_7").decision == Decision.ALLOW
        for text in ("git push origin mai", "it push origin main", "git push --force origin main"):
            assert self.decided(plain, command(text), approval_id="approval_7").decision == Decision.NEEDS_APPROVAL

    def test_approved_arguments_are_part_of_the_action(self) -> None:
        payload = {"type": "TOOL_CALL", "tool": "message", "args": {"to": "ops", "text": "hello"}}
        grant = replace(self.grant, payload=payload)
        assert self.decided(grant, tool("message", args=payload["args"])).decision == Decision.ALLOW
        assert self.decided(grant, tool("message", args={"to": "all", "text": "hello"})).approval_required is not None

    def test_variables_and_input_are_part_of_the_action(self) -> None:
        plain = replace(self.grant, payload=None, summary="Run `git push origin main`")
        for args in ({"env": {"GIT_SSH_COMMAND": "x"}}, {"stdin": "x"}):
            action = command("git push origin main", args=args)
            assert self.decided(self.grant, action).decision == Decision.NEEDS_APPROVAL
            assert self.decided(plain, action, approval_id="approval_7").decision == Decision.NEEDS_APPROVAL
        assert self.decided(self.grant, command("git push origin main", args={"cwd": "."})).decision == Decision.ALLOW

    def test_a_file_and_a_host(self) -> None:
        for action, payload in (
            (Action(ActionType.FILE_WRITE, path="config/a"), {"type": "FILE_WRITE", "path": "config/a"}),
            (Action(ActionType.NETWORK, domain="evil.com"), {"type": "NETWORK", "domain": "evil.com"}),
        ):
            assert self.decided(replace(self.grant, payload=payload), action).decision == Decision.ALLOW

    def test_a_spawn(self) -> None:
        grant = replace(self.grant, action_type="SPAWN", payload={"type": "SPAWN"})
        assert self.decided(grant, SPAWN).decision == Decision.ALLOW
        assert self.decided(grant, SPAWN, spawn=SpawnFacts(depth=2)).decision == Decision.DENY

    def test_a_payload_of_odd_types_covers_nothing(self) -> None:
        for payload in ({"type": "TOOL_CALL", "tool": ["exec"], "command": 1}, {"type": None}, {"args": []}):
            assert self.decided(replace(self.grant, payload=payload)).decision == Decision.NEEDS_APPROVAL
