"""`mc run` against a real server that dies, and that comes back: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.v1 import Fleet, until
from tests.runner.agents import INIT, Bench, children_of, kill, lines, result, use, used, words
from tests.server import Server


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Server() as server:
        yield Fleet(server)


@pytest.fixture
def bench(fleet: Fleet, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(fleet, tmp_path, fleet.agent(budgetDaily=50.0, budgetPerRun=20.0))
    yield bench
    bench.finish()


def test_a_server_that_is_killed_costs_nothing(bench: Bench) -> None:
    server = bench.fleet.server
    running = bench.start("--drain", "60", "--", *bench.script(*lines(600)))
    bench.until_said(50)
    server.kill("web")
    assert any("line 300" in line for line in iter(running.stdout.readline, ""))  # it works on meanwhile
    server.start("web")
    running.communicate()
    assert running.returncode == 0
    assert bench.texts() == [f"line {number}" for number in range(600)]


def test_a_runner_that_is_killed_goes_on_where_it_was(bench: Bench) -> None:
    server = bench.fleet.server
    server.kill("web")
    steps = (*lines(100), {"pause": 0.2}, {"print": "mark"}, {"wait": "never"})
    first = bench.start("--session", "s-1", "--", *bench.script(*steps))
    for line in iter(first.stdout.readline, ""):
        if line == "mark\n":  # what stood before it has been taken
            break
    children = children_of(first.pid)
    first.kill()
    first.communicate()
    for child in children:
        kill(child)
    server.start("web")
    second = bench.start("--session", "s-1", "--", *bench.script(*lines(100, 150)))
    second.communicate()
    assert second.returncode == 0
    assert [text for text in bench.texts() if text != "mark"] == [f"line {number}" for number in range(150)]


def test_what_an_agent_costs_is_booked_once(bench: Bench) -> None:
    server = bench.fleet.server
    steps = (INIT, words("At it."), {"wait": f"{bench.folder}/go"}, result(0.25), {"print": "over"})
    running = bench.start("--drain", "60", "--", *bench.script(*steps))
    bench.until_said(1)
    server.kill("web")
    (bench.folder / "go").touch()
    assert any(line == "over\n" for line in iter(running.stdout.readline, ""))
    server.start("web")
    running.communicate()
    found = bench.fleet.done("GET", f"/agents/{bench.agent}")
    assert found["agent"]["spendToday"] == 0.25
    (run,) = found["recentRuns"]
    assert (run["status"], run["costUsd"], run["inputTokens"], run["model"]) == (
        "COMPLETED",
        0.25,
        1000,
        "claude-sonnet-4",
    )


def test_tools_and_todos_are_shown_to_people(bench: Bench) -> None:
    task = bench.fleet.begun(bench.agent)
    todos = [{"content": "Look", "status": "completed"}, {"content": "Fix", "status": "in_progress"}]
    steps = (
        INIT,
        use("TodoWrite", "use_1", todos=todos),
        used("use_1", "ok"),
        use("Read", "use_2", file_path="/srv/a.py"),
        used("use_2", "print(1)"),
        words("Done."),
        result(0.5),
    )
    running = bench.start("--task", task, "--", *bench.script(*steps))
    running.communicate()
    shown = [(entry["kind"], entry["tool"], entry["text"]) for entry in bench.log()]
    assert [entry[:2] for entry in shown] == [
        ("tool", "TodoWrite"), ("tool_result", "TodoWrite"), ("tool", "Read"), ("tool_result", "Read"), ("text", None),
    ]  # fmt: skip
    assert shown[3][2] == "print(1)"
    assert bench.fleet.done("GET", f"/agents/{bench.agent}/todos")["todos"] == todos
    (session,) = bench.fleet.done("GET", f"/agents/{bench.agent}/sessions")["sessions"]
    (run,) = bench.fleet.done("GET", f"/agents/{bench.agent}")["recentRuns"]
    assert session["sessionId"] == "abc" and session["runId"] == run["id"] and run["taskId"] == task


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        ({"approved": False, "reason": "not on Fridays"}, {"behavior": "deny", "message": "not on Fridays"}),
        (
            {"approved": True, "updatedInput": {"command": "ls -l"}},
            {"behavior": "allow", "updatedInput": {"command": "ls -l"}},
        ),
    ],
)
def test_the_answer_to_a_question_reaches_the_agent(bench: Bench, answer: object, heard: object) -> None:
    fleet, asks = bench.fleet, {"ask": {"tool_name": "Bash", "input": {"command": "ls"}}}
    running = bench.start("--messages", "--", *bench.script(INIT, asks, result(0.1)))
    waiting = f"/permissions?status=PENDING&agentId={bench.agent}"
    until(lambda: fleet.done("GET", waiting)["permissions"])
    (asked,) = fleet.done("GET", waiting)["permissions"]
    assert (asked["tool"], asked["input"]) == ("Bash", {"command": "ls"})
    fleet.done("POST", f"/permissions/{asked['requestId']}/respond", answer)
    running.communicate()
    assert json.loads(bench.texts()[0]) == heard


def test_what_people_say_reaches_the_agent(bench: Bench) -> None:
    running = bench.start("--messages", "--", *bench.script(INIT, words("Ready."), {"read": 1}, result(0.1)))
    bench.until_said(1)
    bench.fleet.done("POST", f"/agents/{bench.agent}/messages", {"text": "use blue"}, status=201)
    running.communicate()
    assert running.returncode == 0 and "use blue" in bench.texts()[1]


def test_a_stop_ends_the_agent(bench: Bench) -> None:
    running = bench.start("--", *bench.script(INIT, words("At it."), {"pause": 120}))
    bench.until_said(1)
    bench.fleet.done("POST", f"/agents/{bench.agent}/control", {"action": "QUARANTINE", "reason": "enough"})
    out, errors = running.communicate()
    assert running.returncode == 130
    # What it had left to say waits until it may speak again.
    assert "AGENT_QUARANTINED" in errors and "does not have all output yet" in errors


def test_a_pause_holds_the_agent_until_it_may_go_on(bench: Bench) -> None:
    running = bench.start("--", *bench.script({"print": "one"}, {"wait": f"{bench.folder}/go"}, {"print": "two"}))
    bench.until_said(1)
    control = f"/agents/{bench.agent}/control"
    bench.fleet.done("POST", control, {"action": "PAUSE", "reason": "wait"})
    until(lambda: any(is_paused(child) for child in children_of(running.pid)))
    (bench.folder / "go").touch()
    bench.fleet.done("POST", control, {"action": "RESUME"})
    running.communicate()
    assert running.returncode == 0 and bench.texts() == ["one", "two"]


def is_paused(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
