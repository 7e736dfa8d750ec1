"""What a WebSocket hears that comes back, whichever process it comes back to, and one that does not listen."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack

import orjson
import pytest

from tests.realtime.listening import listening
from tests.realtime.talking import bare, settled, talking
from tests.realtime.test_replay import latest
from tests.realtime.test_stream_bytes import make_task
from tests.server import Server, unique

MANY = 12


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    with Server() as running:
        for _ in range(5):
            make_agent(running)
        yield running


def make_agent(server: Server) -> str:
    name = unique("agent")
    status, answer = server.ask("POST", "/api/agents", {"name": name, "role": "coder"})
    assert status == 201, answer
    return name


def names(client):
    return [frame["agent"]["name"] for frame in client.frames if frame["type"] == "agent_created"]


def hear_of_agent(client, name):
    return client.hear_until(lambda frame: frame["type"] == "agent_created" and frame["agent"]["name"] == name)


def join(client, **more):
    client.say(type="subscribe", workspaceId="default", **more)
    return client


def test_what_was_missed_comes_first_and_then_what_is_live_each_once(own):
    with talking(own) as client:
        settled(client)
        seen = hear_of_agent(client, make_agent(own))["eventId"]
    missed = [make_agent(own) for _ in range(3)]
    with talking(own) as client:
        join(client, since=seen).hear_of("subscribed")
        live = make_agent(own)
        hear_of_agent(client, live)
        assert names(client) == [*missed, live]
        assert client.ids == sorted(set(client.ids))


def test_what_this_connection_was_told_already_is_not_told_again(own):
    before = latest(own)
    with talking(own) as earlier:
        settled(earlier)
        old = make_agent(own)
        hear_of_agent(earlier, old)
    with talking(own) as client:
        settled(client)
        told = make_agent(own)
        hear_of_agent(client, told)
        join(client, since=before).hear_of("subscribed")
        join(client, since=before, include=["domain"]).hear_of("subscribed")
        last = make_agent(own)
        hear_of_agent(client, last)
        # The second time asks again for what was before the connection.
        assert names(client) == [told, old, old, last]


def test_the_past_is_filtered_as_what_is_live_is(own):
    before = latest(own)
    title = make_task(own)
    with talking(own) as client:
        join(client, since=before).hear_of("subscribed")
        hear_of_agent(client, make_agent(own))
        assert "task_created" not in client.types
    with talking(own) as client:
        join(client, since=before, include=["domain"])
        assert client.hear_of("task_created")["data"]["title"] == title


def test_events_from_the_very_beginning(own):
    with talking(own) as client:
        join(client, since=0)
        last = make_agent(own)
        hear_of_agent(client, last)
        assert len(names(client)) >= 6
        assert client.ids == sorted(set(client.ids))


def test_a_position_that_was_never_given_out_is_answered_with_resync(own):
    with talking(own) as client:
        join(client, since=10**15)
        assert client.hear_of("resync") == {"type": "resync", "reason": "gap"}
        hear_of_agent(client, make_agent(own))


def test_output_of_agents_is_replayed_within_its_hour(own):
    before = latest(own)
    with sqlite3.connect(own.database, timeout=30) as database:
        data = orjson.dumps({"id": 1, "slug": "nova", "name": "nova", "text": "hello", "run_id": None}).decode()
        add(database, "agent.text", data)
    with talking(own) as client:
        join(client, since=before)
        assert client.hear_of("agent_text")["text"] == "hello"


def test_a_change_that_is_rolled_back_is_never_told(own):
    code = """
from agents.services import create_agent
from django.db import transaction
from django.utils import timezone
from core.actors import system
with transaction.atomic():
    create_agent(actor=system(1), now=timezone.now(), name="never", role="coder")
    transaction.set_rollback(True)
"""
    with talking(own) as client:
        settled(client)
        own.django(code)
        last = make_agent(own)
        hear_of_agent(client, last)
        assert names(client) == [last]


def test_one_task_is_told_on_the_stream_and_to_sockets_that_asked(own):
    with listening(own) as stream, talking(own) as without, talking(own) as client:
        settled(without)
        client.answer_to(type="subscribe", workspaceId="default", include=["domain"])
        title = make_task(own)
        stream.wait_for_title(title)
        told = client.hear_of("task_created")
        assert told["data"]["title"] == title
        assert told["eventId"] in stream.ids
        last = make_agent(own)
        hear_of_agent(without, last)
        assert "task_created" not in without.types


def add(database, kind, data, n=1):
    row = (kind, data)
    database.executemany(
        "INSERT INTO activity_event (kind, at, workspace_id, actor, subject, agent_id, type, description, data,"
        " request_id, traceparent)"
        " VALUES (?, datetime('now'), 1, 'system', 'agent:1', 1, '', '', ?, '', '')",
        [row] * n,
    )


def test_who_takes_nothing_is_closed_and_harms_nobody(own):
    with bare(own, buffer=4096) as deaf, talking(own) as client:
        settled(client)
        text = orjson.dumps({"id": 1, "slug": "nova", "name": "nova", "error": "x" * 50_000}).decode()
        for _ in range(12):
            with sqlite3.connect(own.database, timeout=30) as database:
                add(database, "agent.error", text, 10)
            last = latest(own)
            client.hear_until(lambda frame, last=last: frame.get("eventId", 0) >= last)
        assert client.types.count("agent_error") == 120
        assert deaf.close_code() in (0, 1013)
    counted = own.ask_raw("GET", "/metrics")[2].decode()
    assert re.search(r'mc_stream_resyncs_total\{kind="websocket"\} [1-9]', counted)


def test_both_processes_tell_the_same(pair):
    with ExitStack() as stack:
        clients = [settled(stack.enter_context(talking(pair))) for _ in range(MANY)]
        made = [make_agent(pair) for _ in range(3)]
        for client in clients:
            hear_of_agent(client, made[-1])
            assert names(client) == made
