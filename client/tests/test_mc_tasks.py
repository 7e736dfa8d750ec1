"""`mc task ...` as a process, against a server."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from contract_server import ContractServer
from process import Mc


def test_the_list_is_an_aligned_table(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("Write a post", priority=1)
    server.world.add_task("日本語 docs", type="DOCS", status="IN_PROGRESS")
    done = mc("task", "list")
    assert done.out.splitlines() == [
        "ID      STATUS       PRIORITY  TYPE     TITLE",
        "task_1  INBOX        1         CONTENT  Write a post",
        "task_2  IN_PROGRESS  3         DOCS     日本語 docs",
    ]
    assert (done.code, done.err) == (0, "")


def test_filters_are_upper_cased_and_passed_on(mc: Mc, server: ContractServer) -> None:
    assert mc("task", "list", "--status", "inbox,in-progress", "--type", "docs", "--mine", "--limit", "5").code == 0
    query = server.asked[0].query
    assert query == {"status": ["INBOX,IN_PROGRESS"], "type": ["DOCS"], "assigneeId": ["jordan"], "limit": ["5"]}


def test_the_number_of_a_task_is_enough(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("Write a post")
    assert mc("task", "claim", "1").out == "Claimed task_1 (ASSIGNED): Write a post\n"
    assert mc("task", "comment", "1", "on it", "--reply-to", "7").code == 0
    assert server.asked[-1].body["replyToId"] == "msg_7"


def test_json_is_the_answer_and_nothing_else(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("One")
    for args in (["--json", "task", "list"], ["task", "--json", "list"], ["task", "list", "--json"]):
        done = mc(*args)
        assert done.json == {"tasks": [server.world.tasks["task_1"]], "total": 1, "hasMore": False}
        assert done.err == ""


def test_a_title_cannot_command_the_terminal(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("\x1b[2J\x1b]0;owned\x07 clear\nline")
    assert mc("task", "list").out.splitlines()[1] == "task_1  INBOX   3         CONTENT   [2J ]0;owned  clear line"


def test_create_claim_start_and_submit(mc: Mc, server: ContractServer, tmp_path: Path) -> None:
    (tmp_path / "post.md").write_text("# Post\n")
    (tmp_path / "list.json").write_text(json.dumps({"type": "CONTENT", "items": [{"label": "ok", "checked": True}]}))
    assert mc("task", "create", "--title", "Post", "--type", "content").out == "Created task_1 (INBOX): Post\n"
    assert mc("task", "claim", "task_1").out == "Claimed task_1 (ASSIGNED): Post\n"
    started = mc("task", "start", "task_1", "--plan", "A\n- B\n* C\n", "--estimated-cost", "0.5")
    assert started.out == "task_1: ASSIGNED -> IN_PROGRESS\n"
    handed_in = mc("task", "submit", "task_1", "--deliverable", "post.md", "--checklist", "list.json")
    assert handed_in.out == "task_1: IN_PROGRESS -> REVIEW\n"
    sent = server.asked[-1].body
    assert sent["reason"] == "Ready for review" and sent["sessionKey"] == "cli:jordan"
    artifact = {"name": "post.md", "type": "DELIVERABLE", "content": "# Post\n"}
    assert sent["deliverable"] == {"content": "# Post\n", "artifacts": [artifact]}


def test_a_plan_with_a_literal_backslash_n_has_three_bullets(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("One", status="ASSIGNED")
    assert mc("task", "start", "task_1", "--plan", r"1. A\n2. B\n3. C").code == 0
    assert server.asked[0].body["workPlan"] == {"bullets": ["A", "B", "C"]}


def test_only_list_marks_are_taken_off_a_plan(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("One", status="ASSIGNED")
    plan = "1.Read\n1.5 hours of work\n--dry-run first\n* **Bold** step\n-Last"
    assert mc("task", "start", "task_1", f"--plan={plan}").code == 0
    bullets = ["Read", "1.5 hours of work", "--dry-run first", "**Bold** step", "Last"]
    assert server.asked[0].body["workPlan"]["bullets"] == bullets


@pytest.mark.parametrize("plan", ["", "one", r"1. A\n\n2) B", r"a\nb\nc\nd\ne\nf\ng"])
def test_a_plan_of_another_size_asks_nothing_of_the_server(mc: Mc, server: ContractServer, plan: str) -> None:
    done = mc("task", "start", "task_1", "--plan", plan)
    assert (done.code, server.asked) == (2, [])
    assert done.err.startswith("Error: a plan has 3 to 6 bullets") and done.err.endswith("(USAGE)\n")


def test_a_plan_may_come_from_a_file(mc: Mc, server: ContractServer, tmp_path: Path) -> None:
    server.world.add_task("One", status="ASSIGNED")
    (tmp_path / "plan.md").write_text("1) A\n\n   - B\n3. C\n")
    assert mc("task", "start", "task_1", "--plan-file", "plan.md").code == 0
    assert server.asked[0].body["workPlan"]["bullets"] == ["A", "B", "C"]


def test_a_comment_may_come_from_standard_input(mc: Mc, server: ContractServer) -> None:
    server.world.add_task("One")
    done = mc("task", "comment", "task_1", "-", "--type", "progress", "--mention", "casey,nobody", stdin="Half\ndone\n")
    assert done.out == "Posted msg_1 (PROGRESS); told casey\n"
    assert server.asked[0].body == {"type": "PROGRESS", "content": "Half\ndone\n", "mentions": ["casey", "nobody"]}
    assert "Half\ndone" in mc("task", "get", "task_1").out


def test_an_artifact_is_sent_inline(mc: Mc, server: ContractServer, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x" * 100 * 1024)
    assert mc("task", "artifact", "task_1", "--file", "notes.txt").code == 0
    sent = server.asked[0].body
    assert (sent["type"], sent["content"]) == ("ARTIFACT", "Attached notes.txt")
    assert sent["artifacts"] == [{"name": "notes.txt", "type": "DELIVERABLE", "content": "x" * 100 * 1024}]


def test_an_artifact_may_be_an_address(mc: Mc, server: ContractServer) -> None:
    assert (
        mc("task", "artifact", "task_1", "--url", "https://example.org/a/big%20one.zip?x=1", "--type", "evidence").code
        == 0
    )
    artifact = server.asked[0].body["artifacts"][0]
    assert artifact == {"name": "big one.zip", "type": "EVIDENCE", "url": "https://example.org/a/big%20one.zip?x=1"}


@pytest.mark.parametrize("content", [b"x" * (100 * 1024 + 1), b"\xff\xfe\x00"])
def test_a_file_that_cannot_travel_inline_is_refused_here(
    mc: Mc, server: ContractServer, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "big").write_bytes(content)
    for args in (["artifact", "task_1", "--file", "big"], ["submit", "task_1", "--deliverable", "big"]):
        done = mc("task", *args)
        assert done.code == 2 and "--url" in done.err
    assert server.asked == []


def test_the_same_key_does_it_once(mc: Mc, server: ContractServer) -> None:
    for _ in range(2):
        assert mc("task", "create", "--title", "Once", "--type", "OPS", "--idempotency-key", "k-1").code == 0
    assert len(server.world.tasks) == 1
    mc("task", "create", "--title", "Once", "--type", "OPS")
    assert uuid.UUID(server.asked[-1].headers["x-idempotency-key"]) and len(server.world.tasks) == 2
