"""The runner: what it passes on, once and in order, whatever happens in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from contract_server import ContractServer, Trouble
from waiting import until

from missioncontrol_client import AsyncRunner, ConfigError, MissionControl, Runner
from missioncontrol_client.wire import Caller

Make = Callable[..., Runner]


@pytest.fixture
def client(server: ContractServer) -> Iterator[MissionControl]:
    with MissionControl(server.url, "mc_agt_jordan", agent_id="jordan") as client:
        yield client


@pytest.fixture
def runner(client: MissionControl, tmp_path: Path) -> Make:
    def make(**options: Any) -> Runner:
        return Runner(client, **{"session_key": "s-1", "flush": 0.02, "state_dir": tmp_path / "state", **options})

    return make


def test_what_the_agent_says_and_does_arrives_in_order(runner: Make, server: ContractServer) -> None:
    with runner(role="writer", task_id="task_7") as agent:
        agent.session("abc")
        agent.working()
        agent.start_run("m-1")
        agent.text("Hello")
        agent.tool("Read", {"path": "/a"}, "use_1")
        agent.tool_result("Read", "content", "use_1")
        agent.todos([{"content": "Write", "status": "in_progress"}])
        agent.delegation("d-1", "reviewer", "running")
        agent.spawn_request([{"name": "Ada"}], "too much work")
        agent.end_run(cost_usd=0.25, input_tokens=10)
        agent.done(0.25)
    assert [item["type"].removeprefix("agent_") for item in server.world.items] == [
        "session", "working", "text", "tool", "tool_result", "todos", "delegation_update", "spawn_request", "done",
    ]  # fmt: skip
    by_type = {item["type"]: item for item in server.world.items}
    assert by_type["agent_working"]["taskId"] == "task_7" and by_type["agent_done"]["role"] == "writer"
    assert by_type["agent_tool"]["runId"] == by_type["agent_done"]["runId"] == "run_789"
    numbers = [item["seq"] for item in server.world.items]
    assert numbers == sorted(set(numbers))
    run = server.world.runs["run_789"]
    assert (run["costUsd"], run["status"], run["taskId"], run["sessionKey"]) == (0.25, "COMPLETED", "task_7", "s-1")
    stream = server.calls("POST", "/agents/jordan/stream")
    assert not any("x-idempotency-key" in asked.headers for asked in stream)


def test_many_items_travel_together(runner: Make, server: ContractServer) -> None:
    with runner() as agent:
        for number in range(1000):
            agent.text(f"{number}\n")
    assert server.world.texts == [f"{number}\n" for number in range(1000)]
    assert max(server.world.batches) == 100 and len(server.world.batches) < 100


def test_trouble_loses_nothing_and_doubles_nothing(runner: Make, server: ContractServer) -> None:
    server.trouble += [Trouble(503), Trouble(after=True), Trouble(429, {"Retry-After": "0"}), Trouble(500), Trouble()]
    with runner() as agent:
        agent.start_run("m-1")
        for number in range(300):
            agent.text(f"{number}")
        agent.end_run(cost_usd=1.0)
    assert server.world.texts == [f"{number}" for number in range(300)]
    assert len(server.world.runs) == 1


def test_a_run_whose_answers_are_lost_is_booked_once(runner: Make, server: ContractServer) -> None:
    agent = runner(heartbeat=3600).start()
    until(lambda: server.calls("POST", "/agents/jordan/heartbeat"))
    agent._listener.close()
    agent._listener.join()
    server.trouble += [Trouble(after=True), Trouble(after=True)]
    agent.start_run("m-1")
    until(lambda: server.world.runs)
    agent.end_run(cost_usd=2.0)
    assert agent.close().is_complete
    assert [run["costUsd"] for run in server.world.runs.values()] == [2.0]


def test_what_a_runner_left_is_sent_by_the_next_one(runner: Make, server: ContractServer) -> None:
    first = runner()
    first.caller = server_away(first)
    first.start()
    for number in range(50):
        first.text(f"{number}")
    first.close(0)
    with runner() as agent:
        agent.text("next")
    assert server.world.texts == [*(f"{number}" for number in range(50)), "next"]


def test_a_session_that_nobody_goes_on_with_is_sent_too(runner: Make, server: ContractServer) -> None:
    away = runner(session_key="old")
    away.caller = server_away(away)
    away.start()
    away.text("left behind")
    report = away.close(0.1)
    assert (report.unsent, report.is_complete) == (1, False)
    with runner():
        until(lambda: server.world.texts)
    assert server.calls("POST", "/agents/jordan/stream")[0].body["sessionKey"] == "old"


def test_a_gap_is_told_in_its_place(runner: Make, server: ContractServer) -> None:
    agent = runner(most_items=10)
    real, agent.caller = agent.caller, server_away(agent)
    agent.start()
    for number in range(30):
        agent.text(f"{number}")
    agent.todos([])
    report = agent.close(0.1)
    assert (report.lost, report.unsent) == (20, 12)
    agent.caller = real
    agent.start()
    agent.close()
    assert server.world.texts[:10] == [f"{number}" for number in range(10)]
    assert "20 items of output are missing here" in server.world.texts[10]
    assert server.world.items[-1]["type"] == "agent_todos"


def test_what_is_refused_stops_nothing_else(runner: Make, server: ContractServer) -> None:
    agent = runner().start()
    for text in ("one", "refuse me", "two"):
        agent.text(text)
    report = agent.close()
    assert server.world.texts == ["one", "two"] and report.rejected == 1


def test_long_texts_come_in_pieces_and_large_results_are_cut(runner: Make, server: ContractServer) -> None:
    text = "Zażółć gęślą jaźń 😀 " * 5000
    with runner() as agent:
        agent.text(text)
        agent.tool_result("Read", "x" * 100_000, "use_1", is_error=True)
        agent.tool("Write", {"content": "y" * 200_000})
        agent.text("\udcff\0")
    assert "".join(server.world.texts[:-1]) == text
    assert all(len(piece.encode()) <= 32 * 1024 for piece in server.world.texts)
    result = server.world.of("agent_tool_result")[0]
    assert (len(result["result"]), result["truncated"], result["isError"]) == (16 * 1024, True, True)
    assert server.world.of("agent_tool")[0]["input"]["truncated"] is True


def test_two_runners_of_one_session_are_refused(runner: Make) -> None:
    with runner(), pytest.raises(ConfigError, match="another runner"):
        runner().start()


@pytest.mark.parametrize(
    ("outcome", "approved", "input"),
    [
        ({"status": "APPROVED", "updatedInput": {"command": "ls -l"}}, True, {"command": "ls -l"}),
        ({"status": "APPROVED"}, True, {"command": "ls"}),
        ({"status": "DENIED", "reason": "no"}, False, {"command": "ls"}),
        ({"status": "EXPIRED"}, False, {"command": "ls"}),
    ],
)
def test_a_question_is_answered(
    runner: Make, server: ContractServer, outcome: dict[str, Any], approved: bool, input: dict[str, Any]
) -> None:
    with runner() as agent:
        deciding = threading.Timer(0.1, lambda: server.world.permissions["perm_1"].update(outcome))
        deciding.start()
        decision = agent.ask("Bash", {"command": "ls"}, tool_use_id="use_1")
        deciding.join()
    assert (decision.approved, decision.input, decision.status) == (approved, input, outcome["status"])
    assert server.world.permissions["perm_1"]["toolUseId"] == "use_1"


def test_trouble_with_a_question_is_a_no(runner: Make, server: ContractServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("missioncontrol_client.runner.asking.PATIENCE", 0.0)
    agent = runner()
    agent.caller = server_away(agent)
    agent.start()
    decision = agent.ask("Bash", {"command": "ls"})
    agent.close(0.1)
    assert (decision.approved, decision.status) == (False, "TROUBLE")


def test_the_end_of_the_runner_takes_its_questions_back(runner: Make, server: ContractServer) -> None:
    agent = runner().start()
    decisions: list[Any] = []
    asking = threading.Thread(target=lambda: decisions.append(agent.ask("Bash", {})))
    asking.start()
    until(lambda: server.world.permissions)
    until(lambda: agent._wishes[0].request_id)
    agent.withdraw()
    asking.join()
    agent.close()
    assert [decision.status for decision in decisions] == ["CANCELED"] and not decisions[0].approved


def test_messages_and_orders_are_heard_once(runner: Make, server: ContractServer) -> None:
    heard: list[str] = []
    options = {
        "on_message": lambda message: heard.append(message["text"]),
        "on_control": lambda control: heard.append(control["action"]),
    }
    server.world.say("before")
    with runner(**options):
        until(lambda: heard == ["before"])
        server.world.say("while")
        server.world.order("PAUSE")
        until(lambda: len(heard) == 3)
    with runner(**options):
        server.world.say("later")
        until(lambda: len(heard) == 4)
    assert sorted(heard[1:3]) == ["PAUSE", "while"] and heard[3] == "later"


def test_an_agent_that_is_stopped_already_is_told_so(runner: Make, server: ContractServer) -> None:
    server.world.standing = "QUARANTINED"
    heard: list[str] = []
    with runner(on_control=lambda control: heard.append(control["action"])) as agent:
        assert agent.knows_its_standing(10) and heard == ["QUARANTINE"]


def test_heartbeats_say_how_it_stands(runner: Make, server: ContractServer) -> None:
    with runner(heartbeat=0.02, task_id="task_7") as agent:
        agent.working()
        until(lambda: any(beat.body["status"] == "BUSY" for beat in server.calls("POST", "/agents/jordan/heartbeat")))
    beat = server.calls("POST", "/agents/jordan/heartbeat")[-1].body
    assert (beat["sessionKey"], beat["currentTaskId"]) == ("s-1", "task_7")


def test_an_error_in_the_program_is_told(runner: Make, server: ContractServer) -> None:
    with pytest.raises(RuntimeError), runner() as agent:
        agent.start_run("m-1")
        raise RuntimeError("out of paper")
    assert server.world.of("agent_error")[0]["error"] == "RuntimeError: out of paper"
    assert server.world.runs["run_789"]["status"] == "FAILED"


async def test_the_asynchronous_runner_does_the_same(server: ContractServer, tmp_path: Path) -> None:
    server.world.decide["Bash"] = {"status": "APPROVED", "updatedInput": {"command": "ls -l"}}
    heard: list[str] = []

    async def on_message(message: Any) -> None:
        heard.append(message["text"])

    server.world.say("hello")
    caller = Caller(server.url, "mc_agt_jordan", "jordan")
    async with AsyncRunner(caller, on_message=on_message, state_dir=tmp_path) as agent:
        agent.text("Hi")
        decision = await agent.ask("Bash", {"command": "ls"})
    assert (decision.approved, decision.input) == (True, {"command": "ls -l"})
    assert server.world.texts == ["Hi"] and heard == ["hello"]


def server_away(runner: Runner) -> Caller:
    return replace(runner.caller, api_url="http://127.0.0.1:1")
