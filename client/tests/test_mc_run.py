"""`mc run -- COMMAND`: the command's output here and in the log, and its exit code."""

from __future__ import annotations

import signal

import pytest
from contract_server import ContractServer
from process import Mc, Script, Started
from waiting import until


def test_plain_output_is_shown_here_and_passed_on(mc: Mc, server: ContractServer, script: Script) -> None:
    done = mc("run", "--task", "7", "--", *script({"print": "one"}, {"warn": "careful"}, {"print": "two"}))
    assert (done.code, done.out, done.err) == (0, "one\ntwo\n", "careful\n")
    assert server.world.texts == ["one\n", "two\n"]
    assert server.world.of("agent_working")[0]["taskId"] == "task_7"
    assert [item["type"] for item in server.world.items][-1] == "agent_done" and not server.world.runs


def test_the_exit_code_is_the_commands_and_its_last_words_are_told(
    mc: Mc, server: ContractServer, script: Script
) -> None:
    done = mc("run", "--model", "m-1", "--", *script({"print": "half"}, {"warn": "no paper"}, {"exit": 7}))
    assert done.code == 7
    assert server.world.of("agent_error")[0]["error"] == "ended with code 7: no paper"
    assert server.world.runs["run_789"]["status"] == "FAILED"


def test_a_command_that_is_not_there(mc: Mc, server: ContractServer) -> None:
    done = mc("run", "--", "no-such-command")
    assert done.code == 127 and "cannot run no-such-command" in done.err
    assert "cannot run no-such-command" in server.world.of("agent_error")[0]["error"]


def test_without_a_server_the_command_runs_all_the_same(mc: Mc, server: ContractServer, script: Script) -> None:
    done = mc("run", "--drain", "0", "--", *script({"print": "alone"}), MC_API_URL="http://127.0.0.1:1")
    assert (done.code, done.out) == (
        0,
        "alone\n",
    ) and "the agent's next run on this machine sends what is left" in done.err
    assert server.world.items == []


def test_quiet_shows_nothing_here(mc: Mc, server: ContractServer, script: Script) -> None:
    assert mc("run", "--quiet", "--", *script({"print": "one"})).out == "" and server.world.texts == ["one\n"]


def test_a_task_is_claimed_only_when_asked(mc: Mc, server: ContractServer, script: Script) -> None:
    task = server.world.add_task("Post")
    mc("run", "--task", "1", "--", *script({"print": "one"}))
    assert task["status"] == "INBOX"
    mc("run", "--task", "1", "--claim", "--", *script({"print": "one"}))
    assert (task["status"], task["assigneeIds"]) == ("ASSIGNED", ["jordan"])


@pytest.mark.parametrize("args", [["run"], ["run", "--"], ["run", "--claim", "--", "true"], ["run", "true"]])
def test_a_wrong_command_line_runs_nothing(mc: Mc, server: ContractServer, args: list[str]) -> None:
    assert mc(*args).code == 2 and server.asked == []


def test_ctrl_c_reaches_the_command(started: Started, server: ContractServer, script: Script) -> None:
    running = started("run", "--", *script({"print": "begun"}, {"pause": 60}))
    until(lambda: server.world.texts)
    running.send_signal(signal.SIGINT)
    assert running.wait() == 130
    assert server.world.of("agent_error")[0]["error"] == "stopped: interrupted at its terminal"


def test_a_second_ctrl_c_is_harder(started: Started, server: ContractServer, script: Script) -> None:
    running = started("run", "--", *script({"ignore": ["SIGINT", "SIGTERM"]}, {"print": "begun"}, {"pause": 60}))
    until(lambda: server.world.texts)
    for number in range(2):
        running.send_signal(signal.SIGINT)
        until(lambda number=number: len(server.world.texts) == number + 2)
    running.send_signal(signal.SIGINT)
    assert running.wait() == 128 + signal.SIGKILL
    assert server.world.texts == ["begun\n", "SIGINT is not enough\n", "SIGTERM is not enough\n"]


def test_runs_are_still_reported_by_hand(mc: Mc) -> None:
    assert mc("run", "start", "--model", "m-1").out == "run_789: RUNNING, 0.00 USD\n"
    done = mc("run", "--help")
    assert done.code == 0 and "mc run [options] -- COMMAND" in done.out and "start" in done.out
