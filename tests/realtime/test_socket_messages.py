"""What clients may say on a WebSocket, and what they hear when they say it wrong."""

from __future__ import annotations

import json

import pytest

from tests.realtime.talking import bare, settled, talking
from tests.realtime.test_stream_bytes import make_task
from tests.server import unique

MAKE_AGENT = """
from accounts.models import Workspace
from agents.services import create_agent
from core.actors import system
from django.utils import timezone
create_agent(actor=system({workspace}), now=timezone.now(), name={name!r}, role="coder")
"""


def make_agent(server, workspace):
    name = unique("agent")
    server.django(MAKE_AGENT.format(workspace=workspace, name=name))
    return name


def created(client, last):
    """The names of the agents whose creation is told, up to and with this one."""
    names: list[str] = []
    while last not in names:
        frame = client.hear_until(lambda frame: frame["type"] == "agent_created")
        names.append(frame["agent"]["name"])
    return names


def test_filters_are_a_union_and_without_any_everything_is_told(server, keys):
    home, elsewhere = 1, keys["elsewhere"]
    with talking(server) as client:
        settled(client)
        both = [make_agent(server, elsewhere), make_agent(server, home)]
        assert created(client, both[-1]) == both
        assert client.answer_to(type="subscribe", workspaceId="default")["workspaceIds"] == ["ws_1"]
        answer = client.answer_to(type="subscribe", workspaceId=f"ws_{elsewhere}")
        assert answer == {"type": "subscribed", "workspaceIds": ["ws_1", f"ws_{elsewhere}"]}
        both = [make_agent(server, elsewhere), make_agent(server, home)]
        assert created(client, both[-1]) == both
        answer = client.answer_to(type="unsubscribe", workspaceId="ws_1")
        assert answer == {"type": "unsubscribed", "workspaceIds": [f"ws_{elsewhere}"]}
        make_agent(server, home)
        last = make_agent(server, elsewhere)
        assert created(client, last) == [last]
        assert client.answer_to(type="unsubscribe", workspaceId=f"ws_{elsewhere}")["workspaceIds"] == []
        last = make_agent(server, home)
        assert created(client, last) == [last]


def test_leaving_what_was_never_joined_changes_nothing(server):
    with talking(server) as client:
        assert client.answer_to(type="unsubscribe", workspaceId="nowhere")["workspaceIds"] == []


def test_another_workspace_is_forbidden_and_its_events_are_never_told(server, keys):
    with talking(server, key=keys["stranger"]) as stranger, talking(server, key=keys["viewer"]) as viewer:
        for client, other in ((settled(stranger), "ws_1"), (settled(viewer), f"ws_{keys['elsewhere']}")):
            answer = client.answer_to(type="subscribe", workspaceId=other, since=0, include=["domain"])
            assert (answer["type"], answer["code"]) == ("error", "forbidden")
        for client in (stranger, viewer):
            own = keys["elsewhere"] if client is stranger else 1
            client.answer_to(type="subscribe", workspaceId=f"ws_{own}", include=["domain"], since=0)
        names = [make_agent(server, 1), make_agent(server, keys["elsewhere"])]
        make_task(server)
        created(viewer, names[0]), created(stranger, names[1])
        assert {frame.get("workspaceId") for frame in stranger.frames} == {None, f"ws_{keys['elsewhere']}"}
        assert {frame.get("workspaceId") for frame in viewer.frames} == {None, "ws_1"}


def test_a_workspace_that_is_none_is_forbidden(server):
    with talking(server) as client:
        for name in ("ws_999999", "ws_0", "ws_01", "1", "", "ws_" + "9" * 40):
            assert client.answer_to(type="subscribe", workspaceId=name)["code"] == "forbidden"


def test_tasks_notifications_and_alerts_are_told_to_those_who_include_them(server):
    with talking(server) as without, talking(server) as client:
        settled(without)
        client.answer_to(type="subscribe", workspaceId="default", include=["domain"])
        title = make_task(server, assigned_to=unique("somebody"))
        told = client.hear_of("task_created")
        assert (told["data"]["title"], told["data"]["status"], told["workspaceId"]) == (title, "ASSIGNED", "ws_1")
        assert client.types[-2] == "notification"
        server.ask("PUT", f"/api/tasks/{told['data']['id'][5:]}", {"title": title + "!"})
        assert client.hear_of("task_updated")["data"]["title"] == title + "!"
        server.ask("DELETE", f"/api/tasks/{told['data']['id'][5:]}")
        assert client.hear_of("task_deleted")["data"] == {"id": told["data"]["id"], "title": title + "!"}
        last = make_agent(server, 1)
        created(without, last)
        assert not {"task_created", "task_updated", "task_deleted", "notification"} & set(without.types)


def test_every_frame_has_the_common_fields(server):
    with talking(server) as client:
        settled(client)
        created(client, make_agent(server, 1))
        frame = client.frames[-1]
        assert frame["workspaceId"] == "ws_1"
        assert isinstance(frame["eventId"], int)
        assert len(str(frame["ts"])) == 13


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("[]", "invalid_json"),
        ("nothing", "invalid_json"),
        ("", "invalid_json"),
        ("3", "invalid_json"),
        ("{}", "unknown_type"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": ["subscribe"]}', "unknown_type"),
        ('{"type": "subscribe"}', "invalid_message"),
        ('{"type": "subscribe", "workspaceId": 1}', "invalid_message"),
        ('{"type": "subscribe", "workspaceId": "default", "since": "1"}', "invalid_message"),
        ('{"type": "subscribe", "workspaceId": "default", "since": -1}', "invalid_message"),
        ('{"type": "subscribe", "workspaceId": "default", "since": true}', "invalid_message"),
        ('{"type": "subscribe", "workspaceId": "default", "include": ["everything"]}', "invalid_message"),
        ('{"type": "subscribe", "workspaceId": "default", "include": "domain"}', "invalid_message"),
        ('{"type": "unsubscribe", "workspaceId": null}', "invalid_message"),
        ('{"type": "permission_response", "approved": true}', "invalid_message"),
        ('{"type": "permission_response", "requestId": "perm_1"}', "invalid_message"),
        ('{"type": "permission_response", "requestId": "perm_1", "approved": 1}', "invalid_message"),
        ('{"type": "permission_response", "requestId": "perm_1", "approved": "yes"}', "invalid_message"),
        (
            '{"type": "permission_response", "requestId": "perm_1", "approved": true, "updatedInput": []}',
            "invalid_message",
        ),
        ('{"type": "permission_response", "requestId": "perm_999999", "approved": true}', "unknown_request"),
        ('{"type": "permission_response", "requestId": "what", "approved": true}', "unknown_request"),
    ],
)
def test_bad_input_is_answered_and_the_connection_stays(server, said, code):
    with talking(server) as client:
        client.say_raw(said)
        frame = client.hear_until(lambda frame: frame["type"] == "error")
        assert frame["code"] == code
        assert frame["message"]
        settled(client)


def test_the_message_names_the_field(server):
    with talking(server) as client:
        assert "workspaceId" in client.answer_to(type="subscribe")["message"]
        answer = client.answer_to(type="permission_response", requestId="perm_1", approved="yes")
        assert "approved" in answer["message"]
        assert answer["requestId"] == "perm_1"


def test_ten_bad_messages_in_a_row_close(server):
    with talking(server) as client:
        for _ in range(9):
            client.say_raw("[")
        settled(client)
        for _ in range(10):
            client.say_raw("[")
        assert client.goodbye()[0] == 4008
        assert [frame.get("code") for frame in client.frames].count("invalid_json") == 19


def test_more_than_thirty_messages_in_ten_seconds_close(server):
    with talking(server) as client:
        for _ in range(31):
            client.say(type="unsubscribe", workspaceId="default")
        assert client.goodbye()[0] == 4008
        assert client.types.count("unsubscribed") == 30
        assert client.frames[-1]["code"] == "rate_limited"


def test_binary_frames_close(server):
    with talking(server) as client:
        client.say_raw(b"{}")
        assert client.goodbye()[0] == 1003


def test_a_message_may_be_64_kib_and_no_more(server):
    def padded(size):
        message = {"type": "unsubscribe", "workspaceId": "default", "x": ""}
        return json.dumps({**message, "x": "x" * (size - len(json.dumps(message)))})

    with talking(server) as client:
        client.say_raw(padded(65_536))
        client.hear_of("unsubscribed")
        client.say_raw(padded(65_537))
        assert client.goodbye()[0] == 1009


def test_a_message_may_come_in_pieces_but_is_no_longer_for_that(server):
    with bare(server) as client:
        client.send(b'{"type": "unsubscribe", ', fin=False)
        client.send(b'"workspaceId": "default"}', opcode=0)
        assert b'"unsubscribed"' in client.read()[1]
        for _ in range(2):
            client.send(b"x" * 40_000, opcode=0 if _ else 1, fin=False)
        assert client.close_code() == 1009


def test_text_that_is_no_utf8_closes(server):
    with bare(server) as client:
        client.send(b'{"type": "\xff"}')
        assert client.close_code() == 1007


def test_a_ping_is_answered(server):
    with bare(server) as client:
        client.send(b"are you there", opcode=9)
        assert client.read() == (10, b"are you there")


def test_deep_and_huge_json_is_no_json(server):
    with talking(server) as client:
        for said in ("[" * 60_000, '{"type": ' * 5_000, '{"type": 1' + "0" * 5_000 + "}"):
            client.say_raw(said)
            assert client.hear()["code"] in ("invalid_json", "unknown_type")
        settled(client)
