"""What watchers hear of agents at work, from the runner's report to the frame."""

from __future__ import annotations

import pytest

from tests.realtime.agents_at_work import agent_at_work, ask
from tests.realtime.listening import listening
from tests.realtime.talking import settled, talking

COMMON = {"workspaceId", "eventId", "ts", "type"}


@pytest.fixture(scope="module")
def jordan(server):
    return agent_at_work(server)


@pytest.fixture
def client(server):
    with talking(server) as client:
        yield settled(client)


def rest(frame):
    return {name: value for name, value in frame.items() if name not in COMMON | {"agentId"}}


def test_output_is_told_in_order_as_it_was_reported(client, jordan):
    jordan.stream(
        {"type": "agent_session", "sessionId": "s-1"},
        {"type": "agent_text", "text": "let me look"},
        {"type": "agent_tool", "tool": "Bash", "input": {"command": "ls"}, "toolUseId": "toolu_1"},
        {"type": "agent_tool_result", "tool": "Bash", "result": "README.md", "toolUseId": "toolu_1"},
        {"type": "agent_todos", "todos": [{"content": "look", "status": "completed"}]},
        {"type": "agent_error", "error": "it broke"},
        {"type": "delegation_update", "delegationId": "d1", "status": "running", "toRole": "tester"},
    )
    client.hear_of("delegation_update")
    frames = {frame["type"]: frame for frame in client.frames if frame.get("agentId") == jordan.slug}
    types = [type for type in client.types if type in frames and type != "agent_updated"]
    assert [type for type in types if type != "agent_log_updated"] == [
        "agent_session", "agent_text", "agent_tool", "agent_tool_result", "agent_todos", "agent_error",
        "delegation_update",
    ]  # fmt: skip
    assert rest(frames["agent_session"]) == {"sessionId": "s-1"}
    assert rest(frames["agent_text"]) == {"text": "let me look", "runId": None}
    tool = {"tool": "Bash", "toolUseId": "toolu_1", "runId": None}
    assert rest(frames["agent_tool"]) == {**tool, "input": {"command": "ls"}}
    assert rest(frames["agent_tool_result"]) == {**tool, "result": "README.md", "isError": False}
    assert rest(frames["agent_todos"]) == {"todos": [{"content": "look", "status": "completed"}]}
    assert rest(frames["agent_error"]) == {"error": "it broke"}
    assert rest(frames["delegation_update"]) == {"delegationId": "d1", "status": "running", "toRole": "tester"}
    assert {frames[type]["workspaceId"] for type in types} == {"ws_1"}


def test_a_long_result_is_cut_and_says_so(client, jordan):
    jordan.does("agent_tool_result", tool="Bash", result="x" * 20_000)
    frame = client.hear_of("agent_tool_result", agentId=jordan.slug)
    assert frame["truncated"] is True
    assert len(frame["result"]) <= 16 * 1024


def test_who_begins_to_work_is_told_of_once(client, jordan):
    jordan.does("agent_done", role="coder", cost=0.5)
    client.hear_of("agent_done")
    client.frames.clear()
    jordan.does("agent_working")
    jordan.does("agent_text", text="at it")
    client.hear_of("agent_text", text="at it")
    assert client.types.count("agent_working") == 1
    assert next(rest(frame) for frame in client.frames if frame["type"] == "agent_working") == {"taskId": None}


def test_the_end_of_a_run_is_told_once_whoever_tells_it(client, jordan):
    body = {"agentId": jordan.slug, "sessionKey": "main", "model": "claude-sonnet-4", "status": "RUNNING"}
    for agent_first, began in ((True, "2026-02-02T09:08:00Z"), (False, "2026-02-02T09:08:30Z")):
        body["startedAt"] = began
        _, answer = jordan.ask("POST", "/events/run", body)
        run = answer["run"]["id"]
        done = {"type": "agent_done", "role": "coder", "cost": 0.25, "runId": run}
        over = {"status": "COMPLETED", "endedAt": "2026-02-02T09:09:00Z", "costUsd": 0.3, "inputTokens": 5}
        if agent_first:
            jordan.stream(done)
        status, answer = jordan.ask("PATCH", f"/events/run/{run}", over)
        assert status in (200, 201), answer
        if not agent_first:
            jordan.stream(done)
        jordan.does("agent_text", text=f"after {run}")
        client.hear_of("agent_text", text=f"after {run}")
        [frame] = [frame for frame in client.frames if frame["type"] == "agent_done" and frame["runId"] == run]
        assert frame["cost"] == (0.25 if agent_first else answer["run"]["costUsd"])
        assert frame["role"]


def test_words_to_an_agent_are_told_with_their_author(server, client, jordan):
    status, answer = ask(server, "POST", f"/agents/{jordan.slug}/messages", {"text": "stop that"})
    assert status == 201, answer
    frame = client.hear_of("agent_user_message", agentId=jordan.slug)
    assert frame["text"] == "stop that"
    assert frame["author"]


def test_hiding_a_line_tells_the_log_anew(server, client, jordan):
    jordan.does("agent_text", text="a secret plan")
    _, answer = ask(server, "GET", f"/agents/{jordan.slug}/log")
    entry = answer["entries"][-1]
    ask(server, "PATCH", f"/agents/{jordan.slug}/log/{entry['id']}", {"hidden": True})
    frame = client.hear_of("agent_log_updated", agentId=jordan.slug)
    hidden = next(one for one in frame["log"] if one["id"] == entry["id"])
    assert set(hidden) == {"id", "ts", "kind", "text", "hidden"}
    assert hidden["hidden"] is True


def test_a_wish_for_more_agents_is_told_and_so_is_the_answer(server, client, jordan):
    wanted = [{"name": "helper", "role": "tester", "task": "test it"}]
    jordan.does("agent_spawn_request", request={"agents": wanted, "reason": "too much"})
    request = client.hear_of("agent_spawn_request")["request"]
    assert (request["agentId"], request["status"], request["reason"]) == (jordan.slug, "pending", "too much")
    assert set(request) == {"id", "agentId", "agents", "reason", "status", "decidedBy", "createdAt"}
    path = f"/spawn-requests/{request['id']}/respond"
    status, answer = ask(server, "POST", path, {"approved": False, "reason": "no"})
    assert status == 200, answer
    resolved = client.hear_of("spawn_request_update")["request"]
    assert (resolved["id"], resolved["status"]) == (request["id"], "denied")


def test_agents_come_change_and_go(server, client):
    casey = agent_at_work(server)
    created = client.hear_until(lambda frame: frame["type"] == "agent_created" and frame["agent"]["id"] == casey.slug)
    _, answer = ask(server, "GET", f"/agents/{casey.slug}")
    shown = answer.get("agent", answer)
    assert set(created["agent"]) == set(shown)
    assert created["spawnedBy"] is None
    for action, status in (("PAUSE", "PAUSED"), ("RESUME", "ACTIVE")):
        code, answer = ask(server, "POST", f"/agents/{casey.slug}/control", {"action": action, "reason": "to see"})
        assert code == 200, answer
        frame = client.hear_until(lambda frame, status=status: is_standing(frame, casey.slug, status))
        assert set(frame["agent"]) == set(shown)
    assert server.ask("DELETE", f"/api/agents/{casey.id}")[0] == 200
    assert rest(client.hear_of("agent_removed", agentId=casey.slug)) == {}


def is_standing(frame, slug, status):
    return frame["type"] == "agent_updated" and frame["agentId"] == slug and frame["agent"]["status"] == status


def test_a_reset_of_the_workspace_is_told(server, keys):
    elsewhere = keys["elsewhere"]
    with talking(server) as client:
        settled(client)
        for shown in (f"ws_{elsewhere}", str(elsewhere)):
            path = f"/workspaces/{shown}/reset"
            status, _ = ask(server, "POST", path, {"confirm": shown}, key=keys["stranger"])
            if status == 200:
                break
        assert status == 200
        assert rest(client.hear_of("workspace_reset", workspaceId=f"ws_{elsewhere}")) == {}


def test_event_streams_tell_output_to_those_who_include_it(server, jordan):
    with listening(server) as without, listening(server, "/api/events?include=agent_output") as stream:
        jordan.does("agent_text", text="for those who listen")
        jordan.does("agent_error", error="told to all")
        for one in (without, stream):
            one.wait_until(lambda one: "agent.error" in one.types)
        assert "agent.text" in stream.types
        assert not {"agent.text", "agent.tool"} & set(without.types)
        told = next(message["data"] for message in stream.messages if message["type"] == "agent.text")
        assert (told["slug"], told["text"]) == (jordan.slug, "for those who listen")


def test_event_streams_tell_of_permissions(server, jordan):
    with listening(server, "/api/events?types=permission.*") as stream:
        id = jordan.asks_permission()
        ask(server, "POST", f"/permissions/{id}/respond", {"approved": True})
        stream.wait_until(lambda stream: "permission.resolved" in stream.types)
        assert stream.types == ["connected", "permission.requested", "permission.resolved"]
        assert stream.messages[-1]["data"]["status"] == "APPROVED"
