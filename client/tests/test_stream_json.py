"""Agents that write JSON lines, run by `mc run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract_server import ContractServer
from process import Mc, Script, Started
from waiting import until

from missioncontrol_client.runner.adapters.results import Usage, result_text
from missioncontrol_client.runner.process import Lines

Step = dict[str, Any]
INIT: Step = {"say": {"type": "system", "subtype": "init", "session_id": "abc", "model": "m-1", "tools": ["Bash"]}}


def said(*blocks: Step, role: str = "assistant") -> Step:
    return {"say": {"type": role, "message": {"role": role, "content": list(blocks)}, "session_id": "abc"}}


def words(text: str) -> Step:
    return said({"type": "text", "text": text})


def use(name: str, id: str, **input: Any) -> Step:
    return said({"type": "tool_use", "id": id, "name": name, "input": input})


def used(id: str, content: Any, is_error: bool = False) -> Step:
    return said({"type": "tool_result", "tool_use_id": id, "content": content, "is_error": is_error}, role="user")


def result(cost: float, **more: Any) -> Step:
    usage = {"input_tokens": 100, "output_tokens": 20, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 3}
    known = {"subtype": "success", "is_error": False, "duration_ms": 1200, "session_id": "abc"}
    return {"say": {"type": "result", **known, "total_cost_usd": cost, "usage": usage, **more}}


def test_everything_it_tells_is_passed_on(mc: Mc, server: ContractServer, script: Script) -> None:
    todos = [{"content": "Look", "status": "completed", "activeForm": "Looking"}, {"content": "Fix", "status": "odd"}]
    steps = (
        INIT,
        words("I look."),
        use("TodoWrite", "use_1", todos=todos),
        used("use_1", "ok"),
        use("Bash", "use_2", command="ls"),
        used("use_2", [{"type": "text", "text": "a.py"}, {"type": "image", "source": {}}]),
        use("Task", "use_3", subagent_type="reviewer", prompt="Look at it"),
        used("use_3", "nothing to do", is_error=True),
        words("Done."),
        result(0.125),
    )
    done = mc("run", "--task", "7", "--", *script(*steps))
    assert done.code == 0 and len(done.out.splitlines()) == len(steps)
    told = [item["type"].removeprefix("agent_") for item in server.world.items]
    assert told == [
        "working", "session", "working", "text", "tool", "todos", "tool_result", "tool", "tool_result", "tool",
        "delegation_update", "tool_result", "delegation_update", "text", "done",
    ]  # fmt: skip
    by_type = {item["type"]: item for item in server.world.items}
    assert by_type["agent_session"]["sessionId"] == "abc"
    assert [one["status"] for one in by_type["agent_todos"]["todos"]] == ["completed", "pending"]
    second = server.world.of("agent_tool_result")[1]
    assert (second["tool"], second["result"], second["toolUseId"]) == ("Bash", "a.py\n[image]", "use_2")
    assert [one["status"] for one in server.world.of("delegation_update")] == ["running", "failed"]
    assert by_type["agent_done"]["cost"] == 0.125 and by_type["agent_text"]["runId"] == "run_789"
    (run,) = server.world.runs.values()
    assert (run["model"], run["taskId"], run["status"], run["costUsd"]) == ("m-1", "task_7", "COMPLETED", 0.125)
    assert (run["inputTokens"], run["outputTokens"], run["cacheReadTokens"], run["cacheWriteTokens"]) == (100, 20, 7, 3)


def test_each_answer_is_a_run_of_its_own_with_what_it_added(mc: Mc, server: ContractServer, script: Script) -> None:
    mc("run", "--", *script(INIT, words("One."), result(0.25), words("Two."), result(0.75)))
    assert [run["costUsd"] for run in server.world.runs.values()] == [0.25, 0.5]


def test_lines_that_are_no_json_are_text(mc: Mc, server: ContractServer, script: Script) -> None:
    odd = ['{"type": 5}', "[1, 2]", "{half", '"word"']
    later = {"write": '{"type": "assistant", "message": {"content": [{"type": "te'}
    rest = {"write": 'xt", "text": "whole"}]}}\nno end'}
    steps = (INIT, *({"print": line} for line in odd), {"say": {"type": "future"}}, later, {"pause": 0.1}, rest)
    mc("run", "--", *script(*steps))
    assert server.world.texts == [*(f"{line}\n" for line in odd), "whole", "no end\n"]


def test_a_failure_that_it_tells_is_one_here(mc: Mc, server: ContractServer, script: Script) -> None:
    failed = result(0.5, is_error=True, subtype="error_max_turns", result="too many turns")
    done = mc("run", "--", *script(INIT, words("Hm."), failed, {"exit": 1}))
    assert done.code == 1
    assert [item["error"] for item in server.world.of("agent_error")] == ["too many turns", "ended with code 1"]
    (run,) = server.world.runs.values()
    assert (run["status"], run["costUsd"], run["error"]) == ("FAILED", 0.5, "too many turns")


def test_one_that_dies_in_its_work_has_failed(mc: Mc, server: ContractServer, script: Script) -> None:
    mc("run", "--", *script(INIT, use("Task", "use_1", prompt="x"), {"warn": "segfault"}, {"exit": 3}))
    assert [run["status"] for run in server.world.runs.values()] == ["FAILED"]
    assert server.world.of("agent_error")[0]["error"] == "ended with code 3: segfault"
    assert server.world.of("delegation_update")[-1]["status"] == "canceled"


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        ({"status": "APPROVED"}, {"behavior": "allow", "updatedInput": {"command": "ls"}}),
        (
            {"status": "APPROVED", "updatedInput": {"command": "ls -l"}},
            {"behavior": "allow", "updatedInput": {"command": "ls -l"}},
        ),
        ({"status": "DENIED", "reason": "not here"}, {"behavior": "deny", "message": "not here"}),
    ],
)
def test_its_questions_are_answered(
    mc: Mc, server: ContractServer, script: Script, outcome: Step, answer: Step
) -> None:
    server.world.decide["Bash"] = outcome
    asks = {"ask": {"tool_name": "Bash", "input": {"command": "ls"}}}
    mc("run", "--messages", "--task", "7", "--", *script(INIT, asks, result(0.1)))
    assert json.loads(server.world.texts[0]) == answer
    asked = server.calls("POST", "/permissions")[0].body
    assert (asked["tool"], asked["input"], asked["taskId"]) == ("Bash", {"command": "ls"}, "task_7")


def test_what_operators_say_is_its_input(mc: Mc, server: ContractServer, script: Script) -> None:
    server.world.say("use blue")
    command = script(INIT, {"read": 2}, result(0.1), result(0.1), {"read": 1})
    done = mc("run", "--prompt", "Paint it", "--", *command, "--input-format", "stream-json")
    assert done.code == 0
    heard = [json.loads(text.removeprefix("heard ")) for text in server.world.texts[:2]]
    assert {one["message"]["content"][0]["text"] for one in heard} == {"use blue", "Paint it"}


def test_one_that_takes_no_messages_says_so(mc: Mc, server: ContractServer, script: Script) -> None:
    server.world.say("hello?")
    mc("run", "--", *script({"print": "busy"}, {"pause": 0.3}))
    assert any("takes no messages" in text for text in server.world.texts)


@pytest.mark.parametrize("action", ["QUARANTINE", "STOP"])
def test_a_stop_ends_it(started: Started, server: ContractServer, script: Script, action: str) -> None:
    running = started("run", "--", *script(INIT, words("At it."), {"pause": 60}))
    until(lambda: server.world.texts)
    server.world.order(action, "enough")
    assert running.wait() == 130
    assert server.world.of("agent_error")[0]["error"] == "stopped: enough"
    assert [run["status"] for run in server.world.runs.values()] == ["FAILED"]


def test_a_pause_holds_it_until_it_may_go_on(
    started: Started, server: ContractServer, script: Script, tmp_path: Path
) -> None:
    running = started("run", "--", *script({"print": "one"}, {"wait": f"{tmp_path}/go"}, {"print": "two"}))
    until(lambda: server.world.texts)
    server.world.order("PAUSE")
    until(lambda: any(is_paused(pid) for pid in children_of(running.pid)))
    (tmp_path / "go").touch()
    server.world.order("RESUME")
    assert running.wait() == 0 and server.world.texts == ["one\n", "two\n"]


def test_a_restart_starts_it_again(started: Started, server: ContractServer, script: Script, tmp_path: Path) -> None:
    running = started("run", "--", *script({"print": "hello"}, {"wait": f"{tmp_path}/go"}))
    until(lambda: server.world.texts)
    server.world.order("RESTART")
    until(lambda: len(server.world.texts) == 2)
    (tmp_path / "go").touch()
    assert running.wait() == 0 and len(server.calls("POST", "/agents/jordan/stream")) >= 2


def test_a_quarantined_agent_is_not_started(mc: Mc, server: ContractServer, script: Script) -> None:
    server.world.standing = "QUARANTINED"
    done = mc("run", "--", *script({"print": "hello"}))
    assert (done.code, done.out) == (1, "") and "quarantined" in done.err


ODD = [
    {"type": "assistant"},
    {"type": "assistant", "message": []},
    {"type": "assistant", "message": {"content": "words"}},
    {"type": "assistant", "message": {"content": [5, None, {"type": "text", "text": 5}, {"type": "tool_use"}]}},
    {"type": "assistant", "message": {"content": [{"type": "tool_use", "id": [], "name": {}, "input": [1]}]}},
    {"type": "assistant", "message": {"content": [{"type": "tool_use", "name": "TodoWrite", "input": {"todos": [1]}}]}},
    {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": 7, "content": {"a": [1]}}]}},
    {"type": "user", "message": {"content": [{"type": "tool_result", "content": [None, {"type": 5}]}]}},
    {"type": "system", "subtype": "init", "session_id": {"a": 1}, "model": 5},
    {"type": "control_request", "request_id": "1", "request": "what"},
    {"type": "control_request"},
    {"type": "control_cancel_request"},
    {"type": "result", "total_cost_usd": "much", "usage": [1], "is_error": "yes", "result": {"a": 1}},
    {"type": "result"},
]


def test_odd_messages_stop_nothing(mc: Mc, server: ContractServer, script: Script) -> None:
    done = mc("run", "--quiet", "--", *script(*({"say": one} for one in ODD), words("Still here.")))
    assert (done.code, done.err) == (0, "")
    assert server.world.texts[0] == "words" and server.world.texts[-1] == "Still here."


def test_one_that_does_not_read_can_still_be_stopped(started: Started, server: ContractServer, script: Script) -> None:
    running = started("run", "--messages", "--", *script(INIT, words("Deaf."), {"pause": 60}))
    until(lambda: server.world.texts)
    for _ in range(40):
        server.world.say("x" * 10_000)
    server.world.order("STOP")
    assert running.wait() == 130


@pytest.mark.parametrize("size", [1, 3, 4096])
def test_lines_are_put_together_from_any_pieces(size: int) -> None:
    stream, lines = "one\r\n\nzażółć\ntail".encode(), Lines()
    found = [line for at in range(0, len(stream), size) for line in lines.feed(stream[at : at + size])]
    assert [*found, *lines.end()] == ["one", "", "zażółć", "tail"]


def test_a_line_without_end_comes_in_pieces() -> None:
    lines = Lines(longest=1000)
    found = [line for _ in range(50) for line in lines.feed(b"x" * 100)] + lines.end()
    assert "".join(found) == "x" * 5000 and max(map(len, found)) <= 1100


def test_usage_that_makes_no_sense_is_left_out() -> None:
    usage = Usage()
    assert usage.of({"total_cost_usd": True, "usage": {"input_tokens": -5, "output_tokens": "many"}}) == (None, {})
    assert usage.of({"total_cost_usd": float("nan"), "usage": None}) == (None, {})
    assert usage.of({"total_cost_usd": 0.3}) == (0.3, {}) and usage.of({"total_cost_usd": 0.1}) == (0.1, {})
    assert result_text(None) == "" and result_text({"a": 1}) == '{"a": 1}' and result_text([1]) == "1"


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_paused(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
