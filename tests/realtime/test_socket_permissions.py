"""Permission requests, asked over REST and answered on a WebSocket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.realtime.agents_at_work import agent_at_work, ask
from tests.realtime.talking import settled, talking

OTHER = {"command": "ls -la"}
AUDITED = "SELECT data FROM activity_event WHERE kind = 'audit.recorded' AND type = 'permission_decided'"


@pytest.fixture(scope="module")
def jordan(server):
    return agent_at_work(server)


@pytest.fixture
def client(server):
    with talking(server) as client:
        yield settled(client)


def response(id, approved=True, **fields):
    return {"type": "permission_response", "requestId": id, "approved": approved, **fields}


def test_a_request_is_told_with_what_is_to_be_decided(client, jordan):
    id = jordan.asks_permission(toolUseId="toolu_9")
    frame = client.hear_of("permission_request", requestId=id)
    assert (frame["agentId"], frame["tool"], frame["input"]) == (jordan.slug, "Bash", {"command": "ls -la docs"})
    assert {"expiresAt", "riskLevel", "taskId", "workspaceId", "eventId", "ts"} <= set(frame)


def test_what_waits_is_told_again_to_those_who_come(server, jordan):
    id = jordan.asks_permission()
    with talking(server) as client:
        assert client.hear_of("permission_request", requestId=id)["workspaceId"] == "ws_1"
        ask(server, "POST", f"/permissions/{id}/respond", {"approved": False})
        client.hear_of("permission_resolved", requestId=id)
    with talking(server) as client:
        settled(client)
        assert id not in [frame.get("requestId") for frame in client.frames]


def test_an_approval_with_another_input_reaches_the_agent_that_waits(client, jordan):
    id = jordan.asks_permission()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(jordan.permission, id, 20)
        client.say(**response(id, updatedInput=OTHER))
        permission = waiting.result(30)
    assert (permission["status"], permission["approved"], permission["updatedInput"]) == ("APPROVED", True, OTHER)
    assert permission["channel"] == "websocket"
    frame = client.hear_of("permission_resolved", requestId=id)
    assert (frame["approved"], frame["agentId"], frame["decidedBy"]) == (True, jordan.slug, permission["decidedBy"])


def test_a_refusal_ignores_the_other_input(client, jordan):
    id = jordan.asks_permission()
    client.say(**response(id, False, updatedInput=["anything"]))
    assert client.hear_of("permission_resolved", requestId=id)["approved"] is False
    permission = jordan.permission(id)
    assert (permission["status"], permission["updatedInput"]) == ("DENIED", None)


def test_the_first_answer_counts_and_the_second_hears_of_it(server, client, jordan):
    id = jordan.asks_permission()
    with talking(server) as second:
        settled(second)
        client.say(**response(id, False))
        second.hear_of("permission_resolved", requestId=id)
        second.say(**response(id))
        error = second.hear_of("error")
    assert (error["code"], error["requestId"]) == ("already_resolved", id)
    assert (error["outcome"]["status"], error["outcome"]["approved"]) == ("DENIED", False)
    assert jordan.permission(id)["status"] == "DENIED"


def test_a_request_that_nobody_answers_is_told_as_not_approved(server, client, jordan):
    id = jordan.asks_permission()
    server.django(EXPIRE.format(id=id.removeprefix("perm_")))
    frame = client.hear_of("permission_resolved", requestId=id)
    assert (frame["approved"], frame["status"], frame["decidedBy"]) == (False, "EXPIRED", None)
    assert client.answer_to(**response(id))["code"] == "already_resolved"


EXPIRE = """
from datetime import timedelta
from django.utils import timezone
from governance.models import Permission
from governance.services.permissions import expire_permissions
Permission.objects.filter(pk={id}).update(expires_at=timezone.now() - timedelta(seconds=1))
expire_permissions(now=timezone.now())
"""


def test_one_that_is_withdrawn_is_told_as_not_approved(client, jordan):
    id = jordan.asks_permission()
    assert jordan.ask("DELETE", f"/permissions/{id}")[0] == 200
    frame = client.hear_of("permission_resolved", requestId=id)
    assert (frame["approved"], frame["status"], frame["decidedBy"]) == (False, "CANCELED", jordan.slug)


def test_an_input_that_the_policy_denies_denies_the_request(client, jordan):
    id = jordan.asks_permission()
    error = client.answer_to(**response(id, updatedInput={"command": "rm -rf /"}))
    assert (error["code"], error["requestId"]) == ("policy_violation", id)
    assert client.heard_of("permission_resolved", requestId=id)["approved"] is False
    assert jordan.permission(id)["status"] == "DENIED"


def test_viewers_may_watch_and_not_decide(server, keys, jordan):
    with talking(server, key=keys["viewer"]) as viewer:
        settled(viewer)
        id = jordan.asks_permission()
        viewer.hear_of("permission_request", requestId=id)
        assert viewer.answer_to(**response(id))["code"] == "forbidden"
    assert jordan.permission(id)["status"] == "PENDING"


def test_a_request_of_another_workspace_is_unknown_and_never_told(server, keys):
    casey = agent_at_work(server, keys["elsewhere"])
    with talking(server, key="operator-key") as client:
        settled(client)
        id = casey.asks_permission()
        assert client.answer_to(**response(id))["code"] == "unknown_request"
        assert casey.slug not in [frame.get("agentId") for frame in client.frames]
    with talking(server, key="operator-key") as client:
        settled(client)
        assert id not in [frame.get("requestId") for frame in client.frames]
    # Who looks after the whole installation may decide there as well.
    with talking(server) as client:
        client.say(**response(id))
        client.hear_of("permission_resolved", requestId=id, workspaceId=f"ws_{keys['elsewhere']}")


def test_decisions_are_audited_with_who_and_how(server, client, jordan):
    id = jordan.asks_permission()
    client.say(**response(id, updatedInput=OTHER))
    client.hear_of("permission_resolved", requestId=id)
    told = str(server.query(f"{AUDITED} ORDER BY id DESC LIMIT 1"))
    assert "websocket" in told
    assert OTHER["command"] in told
    assert "ls -la docs" in told
