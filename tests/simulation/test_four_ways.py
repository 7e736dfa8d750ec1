"""What `make demo-v1` says when the ways in do not agree, or when it cannot begin."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from rich.console import Console

from simulation.v1.__main__ import reasons
from simulation.v1.agents.hands import Refused
from simulation.v1.audit import Audit
from simulation.v1.facts import disagreements, shared
from simulation.v1.office import CannotPlay
from simulation.v1.person import ByForms
from simulation.v1.report import show
from simulation.v1.views import told
from simulation.v1.views.cast import Cast
from tests.server import ADMIN, ROOT, Server, free_port

TASK = {
    ("task_1", "title"): "Post", ("task_1", "assignees"): ["morgan"], ("task_1", "status"): "DONE",
    ("task_1", "cost"): 412_338, ("task_1", "moves"): [], ("task_1", "messages"): [], ("task_1", "approvals"): [],
}  # fmt: skip
CAST = Cast(tasks=["task_1"], agents=[], approvals=[], until=9)


def shown(audit: Audit) -> str:
    console = Console(file=io.StringIO(), width=200)
    show(audit, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_views_that_say_the_same_agree() -> None:
    audit = Audit(CAST, {"v1": TASK, "legacy": {("task_1", "status"): "DONE", ("task_1", "cost in all"): 5}})
    assert audit.agrees and audit.shared == 1
    assert "They agree on every one." in shown(audit)


def test_a_view_that_says_otherwise_is_named_with_what_it_says() -> None:
    audit = Audit(
        CAST, {"v1": TASK, "legacy": {("task_1", "status"): "REVIEW"}, "pages": {("task_1", "cost"): 412_338}}
    )
    assert not audit.agrees
    assert [str(each) for each in audit.disagreements] == ["task_1 status: v1 says 'DONE'; legacy says 'REVIEW'"]
    assert "DISAGREES task_1 status" in shown(audit) and "1 disagreements." in shown(audit)


def test_what_one_view_alone_knows_is_not_compared() -> None:
    views = {"v1": {("task_1", "cost"): 1}, "legacy": {("task_1", "title"): "Post"}}
    assert (disagreements(views), shared(views)) == ([], 0)


def test_events_that_came_twice_are_a_disagreement() -> None:
    audit = Audit(CAST, {"v1": TASK}, ["2 events came twice"])
    assert not audit.agrees and "DISAGREES 2 events came twice" in shown(audit)


def test_the_stream_tells_the_moves_of_a_task_by_its_statuses() -> None:
    frames = [
        (3, {"type": "task.status_changed", "data": {"id": 1, "status": "in_progress"}}),
        (5, {"type": "task.status_changed", "data": {"id": 1, "status": "awaiting_owner", "v1_status": "BLOCKED"}}),
        (6, {"type": "task.status_changed", "data": {"id": 2, "status": "done"}}),
        (99, {"type": "task.status_changed", "data": {"id": 1, "status": "done"}}),
    ]
    facts = told.by_stream(frames, CAST)
    assert facts["task_1", "moves"] == [("IN_PROGRESS", "BLOCKED")]
    assert (facts["task_1", "events"], facts["task_1", "status"]) == ([3, 5], "BLOCKED")


def test_deliveries_that_come_late_do_not_undo_later_ones() -> None:
    def approval(delivery: int, status: str) -> dict[str, object]:
        thing = {"id": "approval_4", "taskId": "task_1", "status": status}
        return {"id": f"delivery_{delivery}", "data": {"approval": thing}}

    facts = told.by_webhooks([approval(12, "APPROVED"), approval(9, "PENDING")], CAST)
    assert facts["task_1", "approvals"] == [("approval_4", "APPROVED")]


def test_everything_that_went_wrong_at_once_is_told_in_a_line_each() -> None:
    group = ExceptionGroup("x", [CannotPlay("No worker."), ExceptionGroup("y", [Refused("casey", "POST", "X", "no")])])
    assert reasons(group) == ["No worker.", "casey: POST was refused: no (X)"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--url", "http://127.0.0.1:{port}"], "With --url give --key and --password"),
        (["--url", "http://127.0.0.1:{port}", "--key", "k", "--password", "p"], "No server answers at"),
    ],
)
def test_what_is_missing_is_said_in_one_line(words: list[str], said: str) -> None:
    given = [word.format(port=free_port()) for word in words]
    command = [sys.executable, "-m", "simulation.v1", *given]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr


async def test_a_person_without_a_browser_signs_in_or_is_told_that_they_cannot() -> None:
    with Server() as server:
        with pytest.raises(CannotPlay, match="does not let admin sign in"):
            async with ByForms(server.url, ADMIN, "not the password"):
                pass
        async with ByForms(server.url, ADMIN, "correct horse battery") as person:
            assert "Nothing waits for you" in await person.page("/approvals/")
