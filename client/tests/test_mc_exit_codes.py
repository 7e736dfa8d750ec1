"""What `mc` ends with, and where it says why."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from contract_server import ContractServer, Trouble
from process import Mc


def test_an_unknown_token_ends_with_3(mc: Mc) -> None:
    done = mc("task", "list", "--token", "mc_agt_secret")
    assert (done.code, done.out) == (3, "") and done.err.startswith("Error: who are you? (UNAUTHORIZED)\n")
    assert "mc_agt_secret" not in done.err


def test_a_refusal_ends_with_4_and_tells_where_the_task_may_go(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("One", status="REVIEW")
    done = mc("task", "transition", "task_1", "done")
    assert done.code == 4 and "(POLICY_VIOLATION)" in done.err and "Allowed: IN_PROGRESS\n" in done.err


def test_a_missing_object_ends_with_5(mc: Mc) -> None:
    assert mc("task", "get", "task_99").code == 5


def test_a_conflict_ends_with_6(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("One", assigneeIds=["casey"], status="ASSIGNED")
    done = mc("task", "claim", "task_1")
    assert done.code == 6 and "(ALREADY_CLAIMED)" in done.err


def test_a_limit_that_lasts_ends_with_7(mc: Mc, server: ContractServer) -> None:
    server.trouble += [Trouble(429, {"Retry-After": "0"}) for _ in range(4)]
    assert mc("task", "list").code == 7
    assert len(server.asked) == 4


def test_a_limit_that_passes_is_waited_for(mc: Mc, server: ContractServer) -> None:
    server.trouble.append(Trouble(429, {"Retry-After": "1"}))
    done = mc("task", "create", "--title", "One", "--type", "OPS")
    assert done.code == 0 and "trying again in 1." in done.err
    assert len({asked.headers["x-idempotency-key"] for asked in server.asked}) == 1 and len(server.asked) == 2


def test_no_server_ends_with_8(mc: Mc) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = mc("task", "list", MC_API_URL=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert done.code == 8 and "(NETWORK_ERROR)" in done.err


def test_a_silent_server_ends_with_8(mc: Mc, server: ContractServer) -> None:
    server.trouble += [Trouble(delay=20) for _ in range(3)]
    done = mc("task", "list", "--timeout", "50")
    assert done.code == 8 and "(TIMEOUT)" in done.err and len(server.asked) == 3


def test_a_bad_request_ends_with_9_and_names_the_fields(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("One")
    done = mc("task", "transition", "task_1", "review")
    assert done.code == 9 and "  toStatus: INBOX does not lead to REVIEW\n" in done.err
    assert "Allowed: REVIEW, CANCELED\n" in done.err


def test_a_failing_server_ends_with_1(mc: Mc, server: ContractServer) -> None:
    server.trouble.append(Trouble(500))
    assert mc("task", "list").code == 1


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["dance"],
        ["task"],
        ["task", "create", "--title", "x"],
        ["task", "list", "--limit", "-1"],
        ["heartbeat", "--status", "SLEEPY"],
        ["heartbeat", "--metadata", "[1]"],
        ["policy", "check", "--action-type", "TOOL_CALL", "--args", "{"],
        ["task", "list", "--timeout", "soon"],
        ["task", "list", "--api-url", "localhost"],
        ["task", "list", "--config", "none.json"],
        ["task", "create", "--title", "x", "--type", "OPS", "--idempotency-key", "é"],
        ["task", "start", "task_1", "--plan", "a", "--plan-file", "b"],
        ["task", "artifact", "task_1"],
        ["task", "submit", "task_1", "--deliverable", "none.md"],
    ],
)
def test_a_wrong_command_line_ends_with_2_and_asks_nothing(mc: Mc, server: ContractServer, args: list[str]) -> None:
    done = mc(*args)
    assert (done.code, done.out, server.asked) == (2, "", []), done
    assert done.err.startswith("Error: ") and "Traceback" not in done.err


def test_an_agents_command_without_an_agent_ends_with_2(mc: Mc) -> None:
    assert mc("heartbeat", MC_AGENT_ID=None).code == 2


@pytest.mark.parametrize(
    ("args", "code", "kind"),
    [
        (["task", "get", "task_99"], 5, "NOT_FOUND"),
        (["task", "transition", "task_1", "review"], 9, "INVALID_TRANSITION"),
        (["task", "dance"], 2, "USAGE"),
        (["task", "list", "--config", "none.json"], 2, "CONFIG"),
        (["task", "list", "--api-url", "http://127.0.0.1:1"], 8, "NETWORK_ERROR"),
    ],
)
def test_with_json_the_envelope_goes_to_standard_output(
    mc: Mc, server: ContractServer, args: list[str], code: int, kind: str
) -> None:
    server.world.add_task("One")
    done = mc("--json", *args, MC_LOG_LEVEL="warn")
    assert (done.code, done.json["error"]["code"], done.err) == (code, kind, "")


def test_a_refused_transition_is_whole_in_json(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("One")
    found = mc("--json", "task", "transition", "task_1", "review").json
    assert found["success"] is False and found["allowedTransitions"] == ["REVIEW", "CANCELED"]


def test_a_broken_configuration_is_named(mc: Mc, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    done = mc("task", "list", MC_CONFIG=str(tmp_path / "bad.json"))
    assert done.code == 2 and "bad.json is not valid JSON" in done.err


def test_the_file_in_the_home_directory_is_read_and_its_openness_warned_of(mc: Mc, tmp_path: Path) -> None:
    file = tmp_path / ".openclaw" / "mission-control.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"agentId": "jordan", "token": "mc_agt_jordan"}))
    file.chmod(0o644)
    done = mc("heartbeat", MC_AGENT_ID=None, MC_AGENT_TOKEN=None)
    assert (done.code, done.out) == (0, "HEARTBEAT_OK\n")
    assert done.err.startswith("Warning: ") and "chmod 600" in done.err and "mc_agt" not in done.err
    assert mc("heartbeat", MC_AGENT_ID=None, MC_AGENT_TOKEN=None, MC_LOG_LEVEL="error").err == ""


def test_debugging_shows_the_requests_but_no_token(mc: Mc) -> None:
    done = mc("task", "list", MC_LOG_LEVEL="debug")
    assert "/api/v1/tasks: 200" in done.err and "mc_agt_jordan" not in done.err
