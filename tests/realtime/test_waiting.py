"""Long polls over real sockets: they hold no thread, hear of what any process does, and end with their clients."""

import asyncio
import socket
import time

import orjson
import pytest

from tests.conftest import KEYS

MANY, REQUESTS = 500, 10
PATIENCE = 60.0
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def agent(pair):
    pair.django(KEYS)
    return pair


def ask_leave(server, **fields):
    body = {"agentId": "keyed-agent", "tool": "Bash", "input": {"command": "ls docs"}, **fields}
    status, answer = server.ask("POST", "/api/v1/permissions", body, headers=JSON)
    assert status == 201, answer
    return answer["requestId"]


def respond(server, id, **fields):
    status, answer = server.ask("POST", f"/api/v1/permissions/{id}/respond", {"approved": True, **fields}, headers=JSON)
    assert status == 200, answer
    return answer


async def poll(server, id, *, wait=30):
    """The answer of one long poll on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"GET /api/v1/permissions/{id}?wait={wait} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.key}\r\n\r\n"
    writer.write(head.encode())
    try:
        lines = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode().split("\r\n")
        assert lines[0].split()[1] == "200", lines
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        return orjson.loads(await reader.readexactly(int(headers["content-length"])))
    finally:
        writer.close()


def waiting(server):
    """How many requests wait in the web process, as /metrics tells."""
    text = server.ask_raw("GET", "/metrics")[2].decode()
    lines = [line for line in text.splitlines() if line.startswith('mc_streams_open{kind="wait"')]
    return int(float(lines[0].split()[-1])) if lines else 0


def until_waiting(server, count):
    end = time.monotonic() + PATIENCE
    while waiting(server) != count:
        assert time.monotonic() < end, f"{waiting(server)} wait, not {count}"
        time.sleep(0.05)


async def test_five_hundred_wait_without_a_thread_and_hear_of_the_decision_in_any_process(agent):
    ids = [ask_leave(agent) for _ in range(REQUESTS)]
    threads = [process.num_threads() for process in agent.processes_of("web")]
    polls = [asyncio.create_task(poll(agent, ids[place % REQUESTS])) for place in range(MANY)]
    done, _ = await asyncio.wait(polls, timeout=3)
    assert not done
    # More wait than there are threads, and others are answered all the same.
    for _ in range(20):
        assert (await asyncio.to_thread(agent.ask, "GET", "/api/v1/permissions?status=PENDING"))[0] == 200
    grown = [process.num_threads() - was for process, was in zip(agent.processes_of("web"), threads, strict=True)]
    assert max(grown) < 20
    for id in ids:
        await asyncio.to_thread(respond, agent, id, updatedInput={"command": f"ls {id}"})
    answers = await asyncio.wait_for(asyncio.gather(*polls), PATIENCE)
    assert {(one["status"], one["updatedInput"]["command"]) for one in answers} == {
        ("APPROVED", f"ls {id}") for id in ids
    }


async def test_whoever_asks_after_the_decision_waits_for_nothing(server, keys):
    id = ask_leave(server)
    respond(server, id, reason="Fine")
    answer = await poll(server, id)
    assert (answer["approved"], answer["reason"]) == (True, "Fine")


async def test_decisions_that_come_with_the_question_are_not_missed(server, keys):
    for _ in range(20):
        id = ask_leave(server)
        answer, _ = await asyncio.gather(poll(server, id), asyncio.to_thread(respond, server, id))
        assert answer["status"] == "APPROVED"


async def test_without_a_decision_the_question_stands(server, keys):
    id = ask_leave(server)
    assert (await poll(server, id, wait=1))["status"] == "PENDING"


async def test_time_running_out_is_an_answer(server, keys):
    id = ask_leave(server)
    server.django(f"""
from datetime import timedelta
from django.utils import timezone
from governance.models import Permission
Permission.objects.filter(pk={id.removeprefix("perm_")}).update(expires_at=timezone.now() + timedelta(seconds=2))
""")
    answer = await poll(server, id)
    assert (answer["status"], answer["approved"]) == ("EXPIRED", False)


async def test_a_withdrawn_request_is_an_answer(server, keys):
    id = ask_leave(server)
    asked = asyncio.create_task(poll(server, id))
    await asyncio.to_thread(until_waiting, server, 1)
    await asyncio.to_thread(server.ask, "DELETE", f"/api/v1/permissions/{id}")
    assert (await asked)["status"] == "CANCELED"


def test_strangers_and_nonsense_are_answered_at_once(server, keys):
    id = ask_leave(server)
    path = f"/api/v1/permissions/{id}?wait=30"
    assert server.ask("GET", path, key=None)[0] == 401
    assert server.ask("GET", path, key=keys["stranger"])[0] == 404
    assert server.ask("GET", f"/api/v1/permissions/{id}?wait=31")[0] == 400
    assert server.ask("GET", "/api/v1/permissions/perm_999999?wait=30")[0] == 404
    assert server.ask("GET", "/api/v1/tasks?wait=30")[0] == 200


def test_a_client_that_hangs_up_is_forgotten(server, keys):
    id = ask_leave(server)
    until_waiting(server, 0)
    head = f"GET /api/v1/permissions/{id}?wait=30 HTTP/1.1\r\nHost: localhost\r\nx-api-key: {server.key}\r\n\r\n"
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for client in clients:
        client.sendall(head.encode())
    until_waiting(server, 20)
    for client in clients:
        client.close()
    until_waiting(server, 0)
