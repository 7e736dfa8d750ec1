import re

import orjson

from tests.realtime.listening import listening
from tests.server import unique


def make_task(server, title=None, **fields):
    title = title or unique("task")
    status, answer = server.ask("POST", "/api/tasks", {"title": title, **fields})
    assert status == 201, answer
    return title


def test_the_stream_begins_with_the_retry_hint_and_the_connected_frame(server):
    with listening(server) as stream:
        start = rb'retry: 3000\n\ndata: {"type":"connected","data":null,"timestamp":\d{13}}\n\n'
        assert re.fullmatch(start, bytes(stream.body))


def test_the_head_is_that_of_an_uncached_unbuffered_stream(server):
    with listening(server) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-cache, no-transform"
        assert stream.headers["connection"] == "keep-alive"
        assert stream.headers["x-accel-buffering"] == "no"


def test_every_event_is_an_id_line_and_one_line_of_data(server):
    with listening(server) as stream:
        stream.wait_for_title(make_task(server, "Ünïcode\nand a new line"))
        _, _, told = bytes(stream.body).partition(b"\n\n")[2].partition(b"\n\n")
        assert re.fullmatch(rb"(id: \d+\ndata: \{[^\n]*\}\n\n)+", told)


def test_a_message_has_type_data_and_timestamp_and_names_its_workspace(server):
    with listening(server) as stream:
        stream.wait_for_title(make_task(server))
        for message in stream.messages[1:]:
            assert list(message) == ["type", "data", "timestamp"]
            assert message["data"]["workspace_id"] == 1
            assert isinstance(message["timestamp"], int)


def test_the_frames_of_a_change_come_in_the_order_of_the_contract(server):
    with listening(server) as stream:
        stream.wait_for_title(make_task(server, assigned_to=unique("agent")))
        assert stream.types == [
            "connected", "activity.created", "notification.created", "notification", "task.created",
        ]  # fmt: skip


def test_ids_grow(server):
    with listening(server) as stream:
        for _ in range(5):
            last = make_task(server)
        stream.wait_for_title(last)
        assert stream.ids == sorted(set(stream.ids))


def test_a_task_is_told_as_the_api_shows_it(server):
    with listening(server) as stream:
        title = make_task(server, tags=["a"], priority="high")
        told = next(m["data"] for m in stream.wait_for_title(title).messages if m["type"] == "task.created")
        _, listed = server.ask("GET", f"/api/tasks/{told['id']}")
        assert {key: listed["task"][key] for key in told} == told
        assert orjson.dumps(told)


def test_head_gives_the_head_of_the_stream_and_ends(server):
    with listening(server, method="HEAD") as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"


def test_other_methods_are_not_allowed(server):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        status, _, body = server.ask_raw(method, "/api/events", {})
        assert (status, body) == (405, b"")


def test_other_methods_without_credentials_are_unauthorized_first(server):
    assert server.ask("POST", "/api/events", {}, key=None) == (401, {"error": "Unauthorized"})


def test_the_heartbeat_is_a_comment(impatient):
    with listening(impatient) as stream:
        stream.wait_until(lambda stream: stream.body.count(b": heartbeat\n\n") >= 2)
        assert stream.types == ["connected"]


def test_the_heartbeat_comes_while_events_flow(impatient):
    with listening(impatient) as stream:
        while stream.body.count(b": heartbeat\n\n") < 2:
            impatient.ask("PUT", "/api/notifications", {"ids": []})
            stream.wait_until(lambda stream: stream.body.endswith(b"\n\n"))
