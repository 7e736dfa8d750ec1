"""The blocking client against a server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from contract_server import ContractServer

from missioncontrol_client import (
    BadRequest,
    ConfigError,
    Conflict,
    Forbidden,
    MissionControl,
    NotFound,
    PolicyViolation,
    Unauthorized,
)

PLAN = ["Read the brief", "Write the draft", "Check the facts"]
CHECKLIST = {"type": "CONTENT", "items": [{"label": "Spelling", "checked": True}]}


@pytest.fixture
def client(server: ContractServer) -> Iterator[MissionControl]:
    with MissionControl(server.url, "mc_agt_jordan", agent_id="jordan", admin_token="mc_adm_root") as client:
        yield client


def test_a_task_goes_from_the_inbox_to_review(client: MissionControl) -> None:
    task = client.tasks.create("Write a post", "CONTENT", labels=["blog"])["task"]
    assert client.tasks.claim(task["id"])["task"]["assigneeIds"] == ["jordan"]
    started = client.tasks.start(task["id"], PLAN, estimated_cost=0.5)
    assert started["task"]["workPlan"] == {"bullets": PLAN, "estimatedCost": 0.5}
    assert client.tasks.comment(task["id"], "Half done", mentions=["casey"])["notifications"][0]["queued"]
    assert client.tasks.submit(task["id"], "# Post", checklist=CHECKLIST)["task"]["status"] == "REVIEW"
    assert [message["content"] for message in client.tasks.get(task["id"])["messages"]] == ["Half done"]


def test_every_request_says_who_asks(client: MissionControl, server: ContractServer) -> None:
    client.tasks.list(status=["INBOX", "ASSIGNED"], priority=[1, 2], search="ä & b")
    asked = server.asked[-1]
    assert asked.headers["authorization"] == "Bearer mc_agt_jordan"
    assert asked.headers["x-agent-id"] == "jordan"
    assert asked.query == {"status": ["INBOX,ASSIGNED"], "priority": ["1,2"], "search": ["ä & b"]}
    assert "x-idempotency-key" not in asked.headers


def test_writes_carry_a_new_idempotency_key_each(client: MissionControl, server: ContractServer) -> None:
    first = client.tasks.create("One", "DOCS")["task"]["id"]
    second = client.tasks.create("One", "DOCS")["task"]["id"]
    keys = [asked.headers["x-idempotency-key"] for asked in server.asked]
    assert first != second and len({uuid.UUID(key) for key in keys}) == 2


def test_a_key_of_the_callers_own_does_a_thing_once(client: MissionControl) -> None:
    first = client.tasks.create("One", "DOCS", idempotency_key="daily-1")
    assert client.tasks.create("One", "DOCS", idempotency_key="daily-1") == first
    with pytest.raises(Conflict) as caught:
        client.tasks.create("Two", "DOCS", idempotency_key="daily-1")
    assert caught.value.code == "IDEMPOTENCY_CONFLICT"


def test_an_impossible_key_is_refused_here(client: MissionControl, server: ContractServer) -> None:
    with pytest.raises(ConfigError):
        client.tasks.create("One", "DOCS", idempotency_key="line\nbreak")
    assert server.asked == []


def test_an_update_clears_what_is_none_and_leaves_the_rest(client: MissionControl, server: ContractServer) -> None:
    server.world.add_task("Old")
    due = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    client.tasks.update("task_1", title="New", due_at=due)
    client.tasks.update("task_1", due_at=None)
    assert [asked.body for asked in server.asked] == [
        {"title": "New", "dueAt": "2026-03-01T10:00:00Z"},
        {"dueAt": None},
    ]


def test_a_time_without_a_zone_is_refused(client: MissionControl) -> None:
    with pytest.raises(ValueError, match="zone"):
        client.tasks.create("One", "DOCS", due_at=datetime(2026, 3, 1))


def test_errors_have_a_type_and_carry_the_envelope(client: MissionControl, server: ContractServer) -> None:
    server.world.add_task("One", status="IN_PROGRESS")
    with pytest.raises(NotFound) as missing:
        client.tasks.get("task_99")
    assert (missing.value.status, missing.value.code, missing.value.request_id) == (404, "NOT_FOUND", "req-1")
    with pytest.raises(BadRequest) as incomplete:
        client.tasks.submit("task_1", "text")
    assert incomplete.value.errors == [{"field": "reviewChecklist", "message": "is required"}]
    assert incomplete.value.allowed_transitions == ["REVIEW"]
    with pytest.raises(PolicyViolation) as refused:
        client.tasks.transition("task_1", "DONE")
    assert isinstance(refused.value, Forbidden)


def test_an_unknown_token_is_unauthorized(server: ContractServer) -> None:
    with MissionControl(server.url, "mc_agt_nobody") as client, pytest.raises(Unauthorized):
        client.tasks.list()


def test_administration_uses_the_administrators_token(client: MissionControl, server: ContractServer) -> None:
    client.agents.register("nova", "Nova", workspace_path="/w/nova")
    client.agents.control("nova", "PAUSE")
    client.agents.heartbeat()
    tokens = [asked.headers["authorization"] for asked in server.asked]
    assert tokens == ["Bearer mc_adm_root", "Bearer mc_adm_root", "Bearer mc_agt_jordan"]


def test_ids_cannot_leave_their_place_in_the_path(client: MissionControl, server: ContractServer) -> None:
    with pytest.raises(NotFound):
        client.tasks.get("../agents/jordan?x=1")
    assert server.asked[0].path == "/api/v1/tasks/..%2Fagents%2Fjordan%3Fx%3D1"
    with pytest.raises(ConfigError):
        client.tasks.get("..")


def test_the_clients_own_agent_is_filled_in(client: MissionControl, server: ContractServer) -> None:
    client.agents.heartbeat("BUSY", current_task_id="task_1")
    client.policy.evaluate("TOOL_CALL", tool="exec", command="ls")
    client.runs.report("some-model")
    beat, check, run = server.asked
    assert beat.path == "/api/v1/agents/jordan/heartbeat"
    assert beat.body == {"sessionKey": "sdk:jordan", "status": "BUSY", "currentTaskId": "task_1"}
    assert check.body == {"agentId": "jordan", "action": {"type": "TOOL_CALL", "tool": "exec", "command": "ls"}}
    assert (run.body["agentId"], run.body["sessionKey"], run.body["status"]) == ("jordan", "sdk:jordan", "RUNNING")


def test_a_call_for_ones_own_agent_needs_one(server: ContractServer) -> None:
    with MissionControl(server.url, "mc_adm_root") as client, pytest.raises(ConfigError, match="agent"):
        client.agents.heartbeat()


def test_an_empty_answer_is_none(client: MissionControl) -> None:
    assert client.webhooks.delete("webhook_1") is None


def test_tokens_do_not_show_in_what_is_printed(client: MissionControl) -> None:
    assert "mc_agt_jordan" not in repr(client.caller) and "mc_adm_root" not in repr(client.caller)


@pytest.mark.parametrize("url", ["localhost:3100", "ftp://example.org", "http://", "http://[::1"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        MissionControl(url)
