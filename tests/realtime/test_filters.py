from tests.realtime.listening import listening
from tests.realtime.test_stream_bytes import make_task
from tests.server import unique


def test_types_are_named_in_the_address(server):
    with listening(server, "/api/events?types=task.created") as stream:
        stream.wait_for_title(make_task(server))
        assert stream.types == ["connected", "task.created"]


def test_a_star_stands_for_the_rest_of_a_type(server):
    with listening(server, "/api/events?types=agent.*,task.*") as stream:
        server.ask("POST", "/api/agents", {"name": unique("agent"), "role": "coder"})
        stream.wait_for_title(make_task(server))
        assert stream.types == ["connected", "agent.created", "task.created"]


def test_a_type_that_is_never_told_leaves_only_the_connected_frame(server):
    with listening(server, "/api/events?types=nothing") as filtered, listening(server) as all:
        all.wait_for_title(make_task(server))
        assert filtered.types == ["connected"]


def test_an_agent_is_named_by_id_slug_or_name(server):
    name, other = unique("some agent"), unique("another")
    _, made = server.ask("POST", "/api/agents", {"name": name, "role": "coder"})
    id, slug = made["agent"]["id"], name.lower().replace(" ", "-")
    for spelling in (str(id), slug, name.replace(" ", "%20")):
        with listening(server, f"/api/events?agent={spelling}") as stream:
            make_task(server, assigned_to=other)
            title = make_task(server, assigned_to=name)
            server.ask("PUT", f"/api/agents/{id}", {"role": "reviewer"})
            stream.wait_for_title(title).wait_until(lambda stream: "agent.updated" in stream.types)
            assert stream.titles() == [title]


def test_the_own_workspace_may_be_named(server, keys):
    with listening(server, "/api/events?workspace_id=1", key=keys["viewer"]) as stream:
        assert stream.status == 200


def test_another_workspace_is_for_administrators(server, keys):
    status, body = server.ask("GET", f"/api/events?workspace_id={keys['elsewhere']}", key=keys["viewer"])
    assert status == 403
    assert body == {"error": "Requires admin role or higher"}


def test_an_administrator_may_listen_to_another_workspace(server, keys):
    with listening(server, f"/api/events?workspace_id={keys['elsewhere']}") as stream:
        title = unique("there")
        server.ask("POST", "/api/tasks", {"title": title}, key=keys["stranger"])
        make_task(server)
        stream.wait_for_title(title)
        assert stream.titles() == [title]


def test_a_workspace_that_is_no_number_is_refused(server):
    assert server.ask("GET", "/api/events?workspace_id=all")[0] == 403


def test_nobody_hears_of_another_workspace(server, keys):
    with listening(server) as home, listening(server, key=keys["stranger"]) as elsewhere:
        there, here = unique("there"), make_task(server)
        server.ask("POST", "/api/tasks", {"title": there}, key=keys["stranger"])
        assert home.wait_for_title(here).titles() == [here]
        assert elsewhere.wait_for_title(there).titles() == [there]


def test_nothing_of_another_workspace_is_replayed(server, keys):
    server.ask("POST", "/api/tasks", {"title": unique("there")}, key=keys["stranger"])
    here = make_task(server)
    with listening(server, key=keys["stranger"], last_event_id="0") as stream:
        there = unique("there")
        server.ask("POST", "/api/tasks", {"title": there}, key=keys["stranger"])
        assert here not in stream.wait_for_title(there).titles()


def test_ticks_come_to_those_who_asked(server):
    agent = unique("agent")
    server.ask("POST", "/api/agents", {"name": agent, "role": "coder"})
    with listening(server, "/api/events?include=tick") as asked, listening(server) as plain:
        server.ask("POST", f"/api/agents/{agent}/heartbeat", {})
        server.ask("POST", f"/api/agents/{agent}/heartbeat", {})
        asked.wait_until(lambda stream: "tick" in stream.types)
        plain.wait_for_title(make_task(server))
        assert "tick" not in plain.types
        assert next(m for m in asked.messages if m["type"] == "tick")["data"] is None


def test_pages_hear_whose_quiet_facts_are_and_nobody_else(server, keys):
    """A run has no frame of its own: who shows its task is told to look again."""
    slug = unique("runner")
    v1(server, "/agents", {"id": slug, "name": slug, "role": "SPECIALIST", "workspacePath": "agents/runner"})
    task = v1(server, "/tasks", {"title": unique("task"), "type": "DOCS"})["task"]["id"]
    with (
        listening(server, "/api/events?include=tick") as page,
        listening(server) as plain,
        listening(server, "/api/events?include=tick", key=keys["stranger"]) as stranger,
    ):
        run = {"sessionKey": slug, "model": "m", "startedAt": "2026-01-01T00:00:00Z", "status": "RUNNING"}
        v1(server, "/events/run", {"agentId": slug, "taskId": task, **run})
        number = int(task.removeprefix("task_"))
        page.wait_until(lambda stream: number in touched(stream))
        plain.wait_for_title(make_task(server))
        assert "tick" not in plain.types
        assert number not in touched(stranger)


def v1(server, path, body):
    status, answer = server.ask("POST", f"/api/v1{path}", body, headers={"Content-Type": "application/json"})
    assert status == 201, answer
    return answer


def touched(stream):
    ticks = [message["data"] for message in stream.messages if message["type"] == "tick" and message["data"]]
    return [id for data in ticks for id in data["tasks"]]
