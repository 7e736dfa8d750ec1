"""The live stream: parsing, resuming, and `mc watch`."""

from __future__ import annotations

import json
import signal
import subprocess
from itertools import islice

import pytest
from contract_server import ContractServer, Trouble
from process import MC, Mc

from missioncontrol_client import (
    AsyncMissionControl,
    Event,
    MissionControl,
    NetworkError,
    Retry,
    ServerError,
    Unauthorized,
)
from missioncontrol_client.cli.commands.watch import line
from missioncontrol_client.errors import error_for
from missioncontrol_client.stream import Tail

TEXT = '{"type":"task.created","data":{"title":"a\u2028b"},"timestamp":1}'


def ids(asked: list) -> list[str | None]:
    return [one.headers.get("last-event-id") for one in asked if one.path == "/api/events"]


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_frames_are_put_together_from_any_pieces(size: int) -> None:
    stream = f": hello\r\nretry: 50\n\nid: 7\ndata: {TEXT}\r\n\r\nevent: x\ndata: broken\n\ndata:{TEXT}\n\n".encode()
    tail = Tail(Retry())
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    events = [event for piece in pieces for event in tail.feed(piece)]
    assert [(event.id, event.data["title"]) for event in events] == [("7", "a\u2028b"), (None, "a\u2028b")]
    assert tail.last_event_id == "7" and tail.wait_after(None) <= 0.05


def test_half_a_frame_is_forgotten_with_its_connection() -> None:
    tail = Tail(Retry())
    assert list(tail.feed(b"id: 3\ndata: {")) == []
    tail.opened()
    assert [event.id for event in tail.feed(f"data: {TEXT}\n\n".encode())] == [None]
    assert tail.last_event_id is None


def test_after_a_gap_it_goes_on_from_the_latest() -> None:
    tail = Tail(Retry(), "5")
    list(tail.feed(b'data: {"type":"resync","data":{"reason":"gap","latest":90}}\n\n'))
    assert tail.last_event_id == "90"


def test_the_end_of_the_credential_ends_the_stream() -> None:
    with pytest.raises(Unauthorized):
        list(Tail(Retry()).feed(b'data: {"type":"unauthorized"}\n\n'))


def test_once_connected_trouble_is_waited_out_for_ever() -> None:
    tail = Tail(Retry.never())
    with pytest.raises(NetworkError):
        tail.wait_after(NetworkError("gone"))
    tail.opened()
    assert all(tail.wait_after(error_for(503, {})) <= 30 for _ in range(50))
    assert tail.wait_after(error_for(429, {}, retry_after=60)) >= 60
    with pytest.raises(Unauthorized):
        tail.wait_after(error_for(401, {}))


def test_a_lost_connection_is_resumed_without_gap_or_duplicate(server: ContractServer) -> None:
    for number in range(1, 6):
        server.publish(number, "task.created", {"id": number})
    server.frames_per_connection = 2
    with MissionControl(server.url, "mc_agt_jordan") as client:
        events = [event for event in islice(client.events(types=["task.*", "alert"]), 8) if event.type != "connected"]
    assert [event.data["id"] for event in events] == [1, 2, 3, 4, 5]
    assert ids(server.asked) == [None, "2", "4"]
    assert server.asked[0].query == {"types": ["task.*,alert"]}


async def test_the_asynchronous_stream_resumes_too(server: ContractServer) -> None:
    for number in range(1, 4):
        server.publish(number, "task.created", {"id": number})
    server.frames_per_connection = 1
    seen: list[Event] = []
    async with AsyncMissionControl(server.url, "mc_agt_jordan") as client:
        stream = client.events(last_event_id="1")
        async for event in stream:
            seen += [event] if event.id else []
            if len(seen) == 2:
                break
        await stream.aclose()
    assert [event.id for event in seen] == ["2", "3"] and ids(server.asked) == ["1", "2"]


def test_a_refused_stream_is_an_error(server: ContractServer) -> None:
    with MissionControl(server.url, "wrong") as client, pytest.raises(Unauthorized):
        next(client.events())
    server.trouble += [Trouble(503), Trouble(503)]
    retry = Retry(trouble=1, backoff=0.01)
    with MissionControl(server.url, "mc_agt_jordan", retry=retry) as client, pytest.raises(ServerError):
        next(client.events())


def test_watch_prints_a_line_for_each_event(mc: Mc, server: ContractServer) -> None:
    server.publish(1, "task.created", {"id": 12, "title": "Write\x1b[2J a post", "status": "inbox"})
    server.publish(2, "task.status_changed", {"id": 12, "status": "done", "previous_status": "review"})
    done = mc("watch", "--since", "0", "--count", "2", "--types", "task.*", TZ="UTC")
    assert [text.split(maxsplit=1)[1] for text in done.out.splitlines()] == [
        "task.created              12  inbox  Write [2J a post",
        "task.status_changed       12  review -> done",
    ]
    assert done.code == 0 and ids(server.asked) == ["0"]


def test_watch_resumes_by_itself(mc: Mc, server: ContractServer) -> None:
    for number in range(1, 4):
        server.publish(number, "task.created", {"id": number})
    server.frames_per_connection = 1
    done = mc("watch", "--count", "3", "--json")
    told = [json.loads(text) for text in done.out.splitlines()]
    assert [event["data"]["id"] for event in told if event["type"] == "task.created"] == [1, 2, 3]
    assert ids(server.asked) == [None, "1", "2"]


def test_watch_shows_events_as_they_come_and_ends_when_interrupted(
    environment: dict[str, str], server: ContractServer
) -> None:
    watching = subprocess.Popen(
        [MC, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert watching.stdout is not None
    server.publish(1, "notification", {"id": 1, "message": "Look at this"})
    assert "Look at this" in watching.stdout.readline()
    server.publish(2, "notification", {"id": 2, "message": "And at that"})
    assert "And at that" in watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate()
    assert (watching.returncode, out, err) == (0, "", "")


def test_watch_with_a_wrong_token_ends_with_3(mc: Mc) -> None:
    assert mc("watch", "--token", "wrong").code == 3


def test_odd_events_are_told_somehow() -> None:
    def told(data: object, kind: str = "x") -> str:
        return line(Event("1", kind, data, None, "")).split(kind, 1)[1].strip()

    assert told(None) == "" and told([1, 2]) == "1, 2" and told({"id": 0, "title": 5}) == "0"
    assert told({"task": {"id": 4, "title": "T"}}) == "4  T"
    assert "gone" in told({"reason": "gap"}, "resync")
