"""Heartbeat, policy, approvals, agents, runs and notifications by `mc`."""

from __future__ import annotations

import subprocess
import threading
import time

import pytest
from contract_server import ContractServer
from process import MC, Mc

CHECK = ("policy", "check", "--action-type", "TOOL_CALL", "--tool", "exec", "--args")


def test_the_reference_case_of_policy_is_three_lines_and_ends_with_10(mc: Mc, server: ContractServer) -> None:
    done = mc(*CHECK, '{"command": "rm -rf /tmp/test", "cwd": "/tmp"}')
    assert done.out == "Decision: DENY\nRisk Level: RED\nReason: Command matches blocked pattern: rm -rf\n"
    assert (done.code, done.err) == (10, "")
    action = {"type": "TOOL_CALL", "tool": "exec", "command": "rm -rf /tmp/test", "args": {"cwd": "/tmp"}}
    assert server.asked[0].body == {"agentId": "jordan", "action": action}


@pytest.mark.parametrize(("command", "code"), [("ls", 0), ("git push origin main", 11)])
def test_the_exit_code_tells_the_decision(mc: Mc, command: str, code: int) -> None:
    done = mc(*CHECK, f'{{"command": "{command}"}}')
    assert done.code == code and len(done.out.splitlines()) == 3
    assert mc("--json", *CHECK, f'{{"command": "{command}"}}').code == code


def test_verbose_policy_tells_violations_and_hints(mc: Mc) -> None:
    assert "Violation: shell_blocklist:rm -rf" in mc(*CHECK, '{"command": "rm -rf /"}', "--verbose").out
    assert "Approval: TOOL_EXEC" in mc(*CHECK, '{"command": "git push"}', "--verbose").out


def test_an_address_in_the_arguments_is_the_domain(mc: Mc, server: ContractServer) -> None:
    args = ("policy", "check", "--action-type", "network", "--task", "task_1")
    assert mc(*args, "--args", '{"url": "https://example.org/x"}').code == 0
    assert server.asked[0].body["action"] == {"type": "NETWORK", "domain": "https://example.org/x"}
    assert server.asked[0].body["context"] == {"taskId": "task_1"}


def test_a_heartbeat_lists_what_there_is_to_do(mc: Mc, server: ContractServer) -> None:
    assert mc("heartbeat").out == "HEARTBEAT_OK\n"
    server.world.add_task("Post", assigneeIds=["jordan"], status="ASSIGNED")
    server.world.notifications.append({"id": "notif_1", "type": "MENTION", "title": "@jordan mentioned you"})
    server.world.notifications.append({"id": "notif_2", "type": "ASSIGNMENT", "title": "Assigned", "taskId": "task_1"})
    server.world.control = {"action": "RESTART", "reason": None, "requestedAt": "2026-02-01T10:00:00Z"}
    done = mc("heartbeat", "--status", "busy", "--task", "task_1", "--metadata", '{"v": 1}')
    assert done.out.splitlines() == [
        "Control: RESTART (-)",
        "Notification notif_1 MENTION: @jordan mentioned you",
        "Notification notif_2 ASSIGNMENT task_1: Assigned",
        "Task task_1 ASSIGNED: Post",
    ]
    sent = {"sessionKey": "cli:jordan", "status": "BUSY", "currentTaskId": "task_1", "metadata": {"v": 1}}
    assert server.asked[-1].body == sent


def test_an_approval_is_requested_and_decided(mc: Mc, server: ContractServer) -> None:
    args = ("approval", "request", "--action-type", "tool-exec", "--risk", "red", "--justification", "Release day")
    assert mc(*args, "--summary", "Deploy").out == "Requested approval_456 (PENDING): Deploy\n"
    again = mc(*args, "--summary", "Drop the table")
    assert again.out == "Waits already: approval_456 (PENDING): Deploy\n" and "does not cover" in again.err
    assert mc("approval", "check", "approval_456").code == 0
    assert mc("approval", "check", "approval_456", "--wait", "0").code == 12
    assert mc("approval", "list", "--status", "pending").out.splitlines()[1].startswith("approval_456  PENDING")
    decided = mc("approval", "decide", "approval_456", "deny", "--reason", "Not today", "--token", "mc_adm_root")
    assert decided.out == "approval_456: DENIED\n"
    assert mc("approval", "check", "approval_456").code == 0
    assert mc("approval", "check", "approval_456", "--wait", "5").code == 13


@pytest.mark.parametrize(("status", "code"), [("APPROVED", 0), ("DENIED", 13), ("EXPIRED", 14), ("CANCELED", 14)])
def test_waiting_ends_with_the_decision(mc: Mc, server: ContractServer, status: str, code: int) -> None:
    approval = server.world.add_approval()

    def decide() -> None:
        while not server.asked:
            time.sleep(0.01)
        approval["status"] = status

    deciding = threading.Thread(target=decide)
    deciding.start()
    done = mc("--json", "approval", "check", "approval_456", "--wait", "30")
    deciding.join()
    assert (done.code, done.json["status"]) == (code, status)


def test_an_agent_is_registered_with_a_token_printed_once(mc: Mc, server: ContractServer) -> None:
    args = ("agent", "register", "--id", "nova", "--name", "Nova", "--task-types", "docs,ops", "--issue-token")
    assert mc(*args).code == 4
    done = mc(*args, MC_ADMIN_TOKEN="mc_adm_root", MC_WORKSPACE="/w/nova")
    assert done.out.startswith("Registered nova (SPECIALIST): Nova\nToken: mc_agt_nova_new\n")
    sent = server.calls("POST", "/agents")[-1].body
    assert sent["allowedTaskTypes"] == ["DOCS", "OPS"] and sent["workspacePath"] == "/w/nova" and "canSpawn" not in sent
    assert mc(*args, MC_ADMIN_TOKEN="mc_adm_root").code == 6


def test_an_agents_status_is_flat_in_json(mc: Mc) -> None:
    found = mc("--json", "agent", "status").json
    assert (found["id"], found["spendToday"], found["budgetDaily"], found["remaining"]) == ("jordan", 1.2, 5.0, 3.8)
    assert {"name", "role", "status", "budgetPerRun", "errorStreak", "currentTaskId"} <= set(found)
    assert "Remaining    3.80 USD" in mc("agent", "status", "casey").out
    assert mc("agent", "status", "nobody").code == 5


def test_agents_are_listed_and_controlled(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("Post")
    assert [line.split()[0] for line in mc("agent", "list").out.splitlines()] == ["ID", "jordan", "casey"]
    done = mc("agent", "control", "casey", "drain", "--reason", "upgrade", "--token", "mc_adm_root")
    assert done.out == "casey is DRAINED\nTask task_1 is INBOX: Post\n"


def test_an_agent_is_spoken_to_and_its_log_is_read(mc: Mc, server: ContractServer) -> None:
    assert mc("agent", "log").out == "The log is empty\n"
    server.world.items += [
        {"type": "agent_text", "text": "One\n"},
        {"type": "agent_tool", "tool": "Bash", "text": "\x1b[31m" + "x" * 500},
    ]
    first, second = mc("agent", "log", "jordan", "--limit", "2").out.splitlines()
    assert first.endswith("  text         One") and second.endswith("…") and "tool         Bash: " in second
    assert "\x1b" not in second and len(second) < 450
    assert mc("agent", "say", "jordan", "-", stdin="Use blue").out == "Told jordan\n"
    assert server.world.inbox[0]["text"] == "Use blue"


def test_runs_and_tool_calls_are_reported(mc: Mc, server: ContractServer) -> None:
    assert mc("run", "start", "--model", "m-1", "--task", "task_1").out == "run_789: RUNNING, 0.00 USD\n"
    ended = mc("run", "end", "run_789", "--cost", "0.45", "--input-tokens", "100")
    assert ended.out == "run_789: COMPLETED, 0.45 USD\n" and "APPROACHING_LIMIT" in ended.err
    assert server.asked[-1].body == {"status": "COMPLETED", "inputTokens": 100, "costUsd": 0.45}
    started = mc("tool-call", "start", "--run", "run_789", "--tool", "exec", "--risk", "yellow")
    assert started.out == "tool_1: exec RUNNING\n"
    assert mc("tool-call", "end", "tool_1", "--status", "failed", "--error", "no").out == "tool_1: exec FAILED\n"


def test_notifications_are_listed_and_acknowledged(mc: Mc, server: ContractServer) -> None:
    assert mc("notify", "list").out == "No notifications\n"
    assert server.asked[0].query == {"targetAgentId": ["jordan"]}
    assert mc("notify", "ack", "notif_1").out == "notif_1: DELIVERED\n"


def test_help_and_version_need_no_server(mc: Mc, server: ContractServer) -> None:
    assert mc("--version").out.startswith("mc 0.")
    for command in ("heartbeat", "task", "approval", "policy", "agent", "run", "tool-call", "notify", "watch", "mcp"):
        done = mc(command, "--help")
        assert done.code == 0 and f"usage: mc {command}" in done.out
    assert server.asked == []


def test_the_alias_is_the_same_command(environment: dict[str, str]) -> None:
    alias = MC.removesuffix("mc") + "mission-control"
    assert (
        subprocess.run([alias, "heartbeat"], capture_output=True, text=True, env=environment).stdout == "HEARTBEAT_OK\n"
    )
