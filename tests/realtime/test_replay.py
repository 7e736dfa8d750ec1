"""What a listener hears that comes back with the last id it saw. Needs a log of its own, since its beginning goes."""

import sqlite3
from collections.abc import Iterator

import pytest

from tests.realtime.listening import listening
from tests.realtime.test_stream_bytes import make_task
from tests.server import Server

TOO_MANY = 10_001
ROW = "INSERT INTO activity_event (kind, at, workspace_id, actor, subject, type, description, data) VALUES {values}"
DATA = '{{"id": {n}, "title": "gone"}}'
VALUES = "('{kind}', '2026-01-01 00:00:00', 1, 'system', 'task:1', '', '', '" + DATA + "')"


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    with Server() as running:
        for _ in range(3):
            make_task(running)
        yield running


def first_ids(server, n):
    with listening(server, last_event_id="0") as stream:
        return stream.wait_until(lambda stream: len(stream.ids) >= n).ids


def latest(server):
    with sqlite3.connect(server.database) as database:
        return database.execute("SELECT max(id) FROM activity_event").fetchone()[0]


def add_events(server, n, kind="task.deleted"):
    with sqlite3.connect(server.database, timeout=30) as database:
        for start in range(0, n, 500):
            rows = ", ".join(VALUES.format(kind=kind, n=k) for k in range(start, min(start + 500, n)))
            database.execute(ROW.format(values=rows))


def test_missed_events_come_first_and_then_live_ones(own):
    ids = first_ids(own, 6)
    with listening(own, last_event_id=str(ids[1])) as stream:
        stream.wait_for_title(make_task(own))
        assert stream.ids[: len(ids) - 2] == ids[2:]
        assert stream.ids == sorted(set(stream.ids))


def test_the_address_may_name_the_last_id_where_headers_cannot_be_set(own):
    ids = first_ids(own, 6)
    with listening(own, f"/api/events?last_event_id={ids[2]}") as stream:
        assert stream.wait_until(lambda stream: stream.ids).ids[0] == ids[3]


def test_the_header_wins_over_the_address(own):
    ids = first_ids(own, 6)
    with listening(own, f"/api/events?last_event_id={ids[0]}", last_event_id=str(ids[3])) as stream:
        assert stream.wait_until(lambda stream: stream.ids).ids[0] == ids[4]


def test_replay_obeys_the_filters(own):
    with listening(own, "/api/events?types=task.created", last_event_id="0") as stream:
        stream.wait_for_title(make_task(own))
        assert set(stream.types) == {"connected", "task.created"}


def test_who_has_seen_everything_hears_only_what_is_new(own):
    with listening(own, last_event_id=str(latest(own))) as stream:
        stream.wait_for_title(make_task(own))
        assert stream.types == ["connected", "activity.created", "task.created"]


def test_an_id_that_never_was_is_a_gap(own):
    for unknown in ("999999999", "9" * 30, "abc", "-3", "1.5"):
        with listening(own, last_event_id=unknown) as stream:
            stream.wait_for_title(make_task(own))
            assert stream.types == ["connected", "resync", "activity.created", "task.created"]


def test_resync_tells_where_the_log_stands_and_carries_no_id(own):
    position = latest(own)
    with listening(own, last_event_id="999999999") as stream:
        stream.wait_until(lambda stream: "resync" in stream.types)
        assert stream.messages[1]["data"] == {"reason": "gap", "latest": position}
        assert stream.ids == []


def test_ten_thousand_missed_events_are_all_told(own):
    position = latest(own)
    add_events(own, TOO_MANY - 1)
    with listening(own, last_event_id=str(position)) as stream:
        stream.wait_until(lambda stream: stream.body.count(b"id: ") >= TOO_MANY - 1)
        assert stream.ids == list(range(position + 1, position + TOO_MANY))


def test_more_than_ten_thousand_are_a_gap(own):
    position = latest(own)
    with listening(own, "/api/events?types=task.deleted") as live:
        add_events(own, TOO_MANY)
        live.wait_until(lambda stream: stream.body.count(b"id: ") >= TOO_MANY)
    with listening(own, last_event_id=str(position)) as stream:
        stream.wait_for_title(make_task(own))
        assert stream.types == ["connected", "resync", "activity.created", "task.created"]


def test_what_agents_said_does_not_count_for_who_does_not_listen_to_it(own):
    since = latest(own)
    add_events(own, TOO_MANY, kind="agent.text")
    add_events(own, 1)
    with listening(own, last_event_id=str(since)) as stream:
        stream.wait_until(lambda stream: stream.ids)
        assert stream.types[:2] == ["connected", "task.deleted"]
    with listening(own, "/api/events?include=agent_output", last_event_id=str(since)) as stream:
        stream.wait_until(lambda stream: "resync" in stream.types)


def test_a_burst_reaches_a_listener_that_keeps_up(own):
    position = latest(own)
    with listening(own) as stream:
        add_events(own, 5000)
        stream.wait_until(lambda stream: stream.body.count(b"id: ") >= 5000)
        assert stream.ids == list(range(position + 1, position + 5001))


def test_what_the_log_has_forgotten_is_a_gap(own):
    with sqlite3.connect(own.database, timeout=30) as database:
        database.execute("DELETE FROM activity_event WHERE id <= 4")
    with listening(own, last_event_id="2") as stream:
        stream.wait_for_title(make_task(own))
        assert stream.types[:2] == ["connected", "resync"]


def test_an_event_that_cannot_be_told_is_passed_over_live_and_in_replay(own):
    position = latest(own)
    with listening(own) as live:
        with sqlite3.connect(own.database, timeout=30) as database:
            values = "('task.created', '2026-01-01 00:00:00', 1, 'system', 'task:1', '', '', '{}')"
            database.execute(ROW.format(values=values))
        title = make_task(own)
        assert live.wait_for_title(title).titles() == [title]
    with listening(own, last_event_id=str(position)) as replayed:
        assert replayed.wait_for_title(title).ids == live.ids
