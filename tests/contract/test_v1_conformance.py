"""What the v1 contract promises, scenario by scenario in its order, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.v1 import DELIVERABLE, JORDAN, PLAN, Fleet, canonical, digest, until
from tests.server import Server
from tests.webhooks.receiver import Receiver

REASON = "Command matches blocked pattern: rm -rf"
SECRET = "correct horse battery staple"
BEAT = ("acknowledged", "pendingNotifications", "pendingApprovals", "assignedTasks")


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Server(worker=True, MC_WEBHOOK_ALLOW_PRIVATE="1") as server:
        yield Fleet(server)


@pytest.fixture
def agent(fleet: Fleet) -> str:
    """A specialist of its own for each scenario."""
    return fleet.agent()


def test_01_an_administrator_registers_an_agent(fleet):
    shown = fleet.done("POST", "/agents", JORDAN, status=201)["agent"]
    assert {name: shown[name] for name in JORDAN} == JORDAN


def test_02_without_a_token_nothing_is_answered(fleet):
    answer = fleet.ask("GET", "/tasks", token="")
    fleet.refused(answer, 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_03_a_beat_has_the_four_documented_keys(fleet, agent):
    beat = fleet.beat(agent)
    assert [beat[name] for name in BEAT] == [True, [], [], []]


def test_04_a_list_holds_only_what_was_asked_for(fleet, agent):
    for n in range(12):
        fleet.task(assigneeIds=[agent] if n % 2 else [])
    fleet.task(type="OPS")
    fleet.begun(agent)
    body = fleet.done("GET", "/tasks?status=INBOX,ASSIGNED&type=CONTENT&limit=10", as_=agent)
    assert len(body["tasks"]) == 10 and body["total"] >= 12 and body["hasMore"] is True
    found = {(task["type"], task["status"]) for task in body["tasks"]}
    assert found == {("CONTENT", "INBOX"), ("CONTENT", "ASSIGNED")}


def test_05_a_task_is_claimed_by_one_agent(fleet, agent):
    task, other = fleet.task(), fleet.agent()
    for _ in range(2):
        claimed = fleet.done("PATCH", f"/tasks/{task}", {"assigneeIds": [agent]}, as_=agent)["task"]
        assert (claimed["status"], claimed["assigneeIds"]) == ("ASSIGNED", [agent])
    late = fleet.ask("PATCH", f"/tasks/{task}", {"assigneeIds": [other]}, as_=other)
    refused = fleet.refused(late, 409, "ALREADY_CLAIMED")
    assert refused["error"]["details"]["assigneeIds"] == [agent]
    assert fleet.moves(task) == [("INBOX", "ASSIGNED")]


def test_06_two_bullets_are_no_plan(fleet, agent):
    task = fleet.task(assigneeIds=[agent])
    answer = fleet.move(task, "IN_PROGRESS", as_=agent, workPlan={"bullets": ["Read", "Write"]})
    body = fleet.refused(answer, 400, "VALIDATION_ERROR")
    assert body["success"] is False
    assert [error["field"] for error in body["errors"]] == ["workPlan.bullets"]
    assert body["allowedTransitions"] == ["INBOX", "IN_PROGRESS", "NEEDS_APPROVAL"]
    assert body["error"]["details"]["currentStatus"] == "ASSIGNED"


def test_07_a_start_that_is_repeated_with_its_key_happens_once(fleet, agent):
    task = fleet.task(assigneeIds=[agent])
    first, again = (fleet.move(task, "IN_PROGRESS", as_=agent, workPlan=PLAN, key=f"start-{task}") for _ in range(2))
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert ("x-idempotent-replay" in first.headers, again.headers["x-idempotent-replay"]) == (False, "true")
    assert fleet.moves(task) == [("INBOX", "ASSIGNED"), ("ASSIGNED", "IN_PROGRESS")]


def test_08_a_key_is_not_for_another_body(fleet, agent):
    task = fleet.task(assigneeIds=[agent])
    assert fleet.move(task, "IN_PROGRESS", as_=agent, workPlan=PLAN, key=f"other-{task}").status == 200
    other = fleet.move(task, "IN_PROGRESS", as_=agent, workPlan=PLAN, reason="Again", key=f"other-{task}")
    fleet.refused(other, 409, "IDEMPOTENCY_CONFLICT")


def test_09_whoever_is_mentioned_hears_of_it_with_a_beat(fleet, agent):
    task, casey = fleet.begun(agent), fleet.agent()
    said = {"type": "PROGRESS", "content": "Half of it stands", "mentions": [casey]}
    body = fleet.done("POST", f"/tasks/{task}/messages", said, as_=agent, status=201)
    assert body["notifications"] == [{"agentId": casey, "queued": True}]
    [heard] = fleet.beat(casey)["pendingNotifications"]
    assert (heard["type"], heard["taskId"], heard["messageId"]) == ("MENTION", task, body["message"]["id"])


def test_10_an_artifact_of_the_same_name_is_the_next_version(fleet, agent):
    task = fleet.begun(agent)
    for version in (1, 2):
        artifact = {"name": "post.md", "type": "DELIVERABLE", "content": f"# Draft {version}"}
        said = {"type": "ARTIFACT", "content": "Attached", "artifacts": [artifact]}
        kept = fleet.done("POST", f"/tasks/{task}/messages", said, as_=agent, status=201)["message"]["artifacts"][0]
        shown = fleet.done("GET", f"/documents/{kept['documentId']}", as_=agent)["document"]
        assert (shown["version"], shown["content"]) == (version, f"# Draft {version}")
    assert [row["version"] for row in fleet.done("GET", f"/tasks/{task}")["documents"]] == [2]


def test_11_work_is_not_handed_in_without_a_checklist(fleet, agent):
    task = fleet.begun(agent)
    body = fleet.refused(fleet.move(task, "REVIEW", as_=agent, deliverable=DELIVERABLE), 400, "VALIDATION_ERROR")
    assert [error["field"] for error in body["errors"]] == ["reviewChecklist"]
    assert fleet.status(task) == "IN_PROGRESS"


def test_12_work_that_is_handed_in_has_its_costs_summed_up(fleet, agent):
    task = fleet.begun(agent)
    fleet.run(agent, taskId=task, status="COMPLETED", costUsd=0.25, inputTokens=100, outputTokens=20)
    shown = fleet.hand_in(task, agent)["task"]
    assert (shown["status"], shown["reviewChecklist"]["items"][0]["checked"]) == ("REVIEW", True)
    assert shown["costSummary"] == {"totalCost": 0.25, "runCount": 1, "tokenCount": 120}


def test_13_no_agent_completes_its_own_work(fleet, agent):
    task = fleet.handed_in(agent)
    body = fleet.refused(fleet.move(task, "DONE", as_=agent), 403, "POLICY_VIOLATION")
    assert (body["success"], fleet.status(task)) == (False, "REVIEW")


def test_14_the_fourth_return_is_a_loop(fleet, agent):
    task = fleet.begun(agent)
    for cycle in range(1, 5):
        fleet.hand_in(task, agent)
        body = fleet.moved(task, "IN_PROGRESS", reason=f"Not yet: {cycle}")
    assert (body["task"]["status"], body["task"]["reviewCycles"]) == ("BLOCKED", 4)
    assert (body["transition"]["toStatus"], body["loop"]["type"]) == ("IN_PROGRESS", "REVIEW_CYCLES")
    whole = fleet.done("GET", f"/tasks/{task}")
    summary = next(said for said in whole["messages"] if said["id"] == body["loop"]["messageId"])
    assert (summary["type"], summary["authorAgentId"], summary["authorUserId"]) == ("ARTIFACT", None, None)
    assert "loop-summary-review_cycles.md" in [row["name"] for row in whole["documents"]]
    alerts = fleet.done("GET", "/alerts?status=OPEN&severity=WARNING")["alerts"]
    assert "LOOP_DETECTED" in [alert["type"] for alert in alerts if alert["taskId"] == task]


def test_15_a_person_completes(fleet, agent):
    task = fleet.handed_in(agent)
    shown = fleet.moved(task, "DONE", reason="Well done")["task"]
    assert (shown["status"], shown["completion"]["approvedBy"]) == ("DONE", "user_1")
    assert shown["completion"]["decisionNote"] == "Well done" and shown["completedAt"]


def test_16_an_approval_holds_its_task_and_is_asked_for_once(fleet, agent):
    task = fleet.begun(agent)
    first, again = fleet.request(agent, task), fleet.request(agent, task)
    assert (first.status, first.body["created"], first.body["task"]["status"]) == (201, True, "NEEDS_APPROVAL")
    assert (again.status, again.body["created"]) == (200, False)
    assert again.body["approval"]["id"] == first.body["approval"]["id"]


def test_17_an_approval_is_shown_flat(fleet, agent):
    task = fleet.begun(agent)
    id = fleet.request(agent, task).body["approval"]["id"]
    shown = fleet.done("GET", f"/approvals/{id}", as_=agent)
    assert "approval" not in shown
    assert (shown["id"], shown["status"], shown["actionSummary"]) == (id, "PENDING", "Post it")
    assert (shown["riskLevel"], shown["requestorAgentId"], shown["taskId"]) == ("YELLOW", agent, task)
    assert shown["expiresAt"].endswith("Z")


def test_18_approved_the_task_goes_on(fleet, agent):
    task = fleet.begun(agent)
    id = fleet.request(agent, task).body["approval"]["id"]
    body = fleet.done("POST", f"/approvals/{id}/decide", {"decision": "APPROVED"})
    assert (body["approval"]["status"], body["approval"]["decidedByUserId"]) == ("APPROVED", "user_1")
    assert (body["task"]["status"], body["task"]["resumeStatus"]) == ("IN_PROGRESS", None)


def test_19_undecided_in_time_the_task_is_blocked(fleet, agent):
    task = fleet.begun(agent)
    id = fleet.request(agent, task).body["approval"]["id"]
    fleet.let_expire(id)
    late = fleet.ask("POST", f"/approvals/{id}/decide", {"decision": "APPROVED"})
    fleet.refused(late, 409, "APPROVAL_EXPIRED")
    assert fleet.done("GET", f"/approvals/{id}", as_=agent)["status"] == "EXPIRED"
    shown = fleet.done("GET", f"/tasks/{task}")["task"]
    assert (shown["status"], shown["blockedReason"]) == ("BLOCKED", "Approval expired undecided")


def test_20_the_reference_case_of_the_policy(fleet, agent):
    assert fleet.judged(agent, "rm -rf /tmp/test") == {
        "decision": "DENY", "riskLevel": "RED", "reason": REASON, "violations": ["shell_blocklist:rm -rf"],
    }  # fmt: skip


def test_21_what_needs_somebody_to_vouch_for_it(fleet, agent):
    intern = fleet.agent(role="INTERN")
    for asked in (fleet.judged(intern, "git status"), fleet.judged(agent, tool="own_tool")):
        assert (asked["decision"], asked["approvalRequired"]["type"]) == ("NEEDS_APPROVAL", "TOOL_EXEC")
        assert asked["approvalRequired"]["suggestedJustification"]


def test_22_a_harmless_command_is_not_taken_for_another(fleet, agent):
    asked = fleet.judged(agent, "git add .")
    assert (asked["decision"], asked["riskLevel"]) == ("ALLOW", "YELLOW")


def test_23_a_push_to_the_main_branch_needs_an_approval(fleet, agent):
    asked = fleet.judged(agent, "git push origin main")
    assert (asked["decision"], asked["riskLevel"]) == ("NEEDS_APPROVAL", "RED")


def test_24_what_a_run_cost_in_the_end_is_booked(fleet, agent):
    task = fleet.begun(agent)
    run = fleet.run(agent, taskId=task)["run"]
    assert (run["costUsd"], run["inputTokens"], fleet.shown(agent)["spendToday"]) == (0, 0, 0)
    ended = {"status": "COMPLETED", "costUsd": 0.45, "inputTokens": 900, "outputTokens": 90}
    assert fleet.done("PATCH", f"/events/run/{run['id']}", ended, as_=agent)["run"]["endedAt"]
    assert fleet.shown(agent)["spendToday"] == 0.45
    assert fleet.done("GET", f"/tasks/{task}")["task"]["actualCost"] == 0.45


def test_25_past_its_limit_an_agent_stops_and_asks_for_more(fleet):
    agent = fleet.agent(budgetDaily=1.00, budgetPerRun=5.00)
    task = fleet.begun(agent)
    warned = fleet.run(agent, taskId=task, status="COMPLETED", costUsd=1.20)["budgetWarning"]
    assert (warned["type"], warned["remaining"]) == ("EXCEEDED", -0.2)
    assert (fleet.shown(agent)["status"], fleet.status(task)) == ("PAUSED", "NEEDS_APPROVAL")
    [asked] = fleet.done("GET", f"/approvals?requestorId={agent}&status=PENDING")["approvals"]
    assert (asked["actionType"], asked["taskId"], asked["estimatedCost"]) == ("BUDGET_OVERRIDE", task, 0.5)
    assert fleet.alerts(agent) == ["BUDGET_EXCEEDED"]


def test_26_an_agent_that_fails_five_times_is_quarantined(fleet, agent):
    for n in range(5):
        assert fleet.shown(agent)["status"] == "ACTIVE"
        fleet.run(agent, status="FAILED", error=f"Broken {n}")
    assert (fleet.shown(agent)["status"], fleet.shown(agent)["errorStreak"]) == ("QUARANTINED", 5)
    refused = fleet.ask("POST", "/tasks", {"title": "x", "type": "OPS"}, as_=agent)
    fleet.refused(refused, 403, "AGENT_QUARANTINED")


def test_27_the_101st_task_of_a_minute_has_to_wait():
    with Server(MC_DISABLE_RATE_LIMIT="0") as server:
        fleet = Fleet(server)
        agent = fleet.agent()
        for _ in range(101):
            last = fleet.ask("POST", "/tasks", {"title": "One of many", "type": "OPS"}, as_=agent)
        assert fleet.refused(last, 429, "RATE_LIMITED")["error"]["details"]["limit"] == 100
        assert (int(last.headers["retry-after"]) >= 1, last.headers["x-ratelimit-remaining"]) == (True, "0")
        assert fleet.done("GET", "/tasks")["total"] == 100


def test_28_draining_gives_back_what_was_not_begun(fleet, agent):
    begun, waiting = fleet.begun(agent), fleet.task(assigneeIds=[agent])
    body = fleet.done("POST", f"/agents/{agent}/control", {"action": "DRAIN"})
    assert body["agent"]["status"] == "DRAINED"
    [back] = body["affectedTasks"]
    assert (back["id"], back["status"], back["assigneeIds"]) == (waiting, "INBOX", [])
    assert fleet.status(begun) == "IN_PROGRESS"


def test_29_the_command_line_says_the_reference_case_in_three_lines(fleet, agent):
    asked = ("--action-type", "TOOL_CALL", "--tool", "exec", "--args", '{"command": "rm -rf /tmp/test"}')
    done = fleet.mc(agent, "policy", "check", *asked)
    assert (done.returncode, done.stderr) == (10, "")
    assert done.stdout == f"Decision: DENY\nRisk Level: RED\nReason: {REASON}\n"


def test_30_the_command_line_reads_a_plan_as_shells_pass_it(fleet, agent):
    task = fleet.task(assigneeIds=[agent])
    done = fleet.mc(agent, "task", "start", task, "--plan", r"1. A\n2. B\n3. C")
    assert (done.returncode, done.stderr) == (0, "")
    shown = fleet.done("GET", f"/tasks/{task}")["task"]
    assert (shown["status"], shown["workPlan"]["bullets"]) == ("IN_PROGRESS", ["A", "B", "C"])


def test_31_what_webhooks_are_told_is_signed_twice(fleet):
    fleet.await_worker()
    with Receiver() as receiver:
        hook = {"url": receiver.url, "events": ["task.created"], "secret": SECRET}
        assert "secret" not in fleet.done("POST", "/webhooks", hook, status=201)["webhook"]
        task = fleet.task(title="Für alle: 🛰")
        until(lambda: receiver.got)
    told = (got := receiver.got[0]).body
    assert (told["event"], told["data"]["task"]["id"]) == (got.headers["X-MC-Event"], task)
    assert got.headers["X-MC-Signature"] == f"sha256={digest(SECRET, got.raw)}"
    assert told.pop("signature") == digest(SECRET, canonical(told))


def test_32_nothing_of_another_workspace_is_found(fleet, agent):
    task = fleet.begun(agent)
    approval = fleet.request(agent, task).body["approval"]["id"]
    stranger = fleet.stranger()
    for path in (f"/tasks/{task}", f"/tasks/{task}/messages", f"/agents/{agent}", f"/approvals/{approval}"):
        fleet.refused(fleet.ask("GET", path, token=stranger), 404, "NOT_FOUND")
