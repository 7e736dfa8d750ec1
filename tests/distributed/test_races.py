"""What two requests do at the same moment, on a database that lets them: one is first, the other hears of it."""

import asyncio
from collections import Counter

import pytest

from simulation.client import Client
from tests.server import Server

MANY = 30


@pytest.fixture(scope="module")
def fresh(postgres):
    """Two web processes on an empty PostgreSQL database."""
    with Server(web=2, DATABASE_URL=postgres.create("races")) as running:
        yield running


async def at_once(server, calls):
    async with Client(server.url, server.key) as client:
        # Connections first, so that the requests do meet.
        await asyncio.gather(*(client.once("warm", "GET", "/healthz") for _ in calls))
        answers = await asyncio.gather(*(client.once("x", method, path, body) for method, path, body in calls))
    return Counter(answer.status for answer in answers), answers


async def test_the_first_tasks_of_all_share_the_first_project(fresh):
    counted, answers = await at_once(fresh, [("POST", "/api/tasks", {"title": "first"})] * MANY)
    assert counted == {201: MANY}
    numbers = sorted(answer.get("task", "project_ticket_no") for answer in answers)
    assert numbers == list(range(1, MANY + 1))


async def test_a_new_agent_may_connect_from_many_places_at_once(fresh):
    body = {"tool_name": "test", "agent_name": "everywhere"}
    counted, answers = await at_once(fresh, [("POST", "/api/connect", body)] * MANY)
    assert counted == {200: MANY}
    assert len({answer.get("agent_id") for answer in answers}) == 1


async def test_of_many_agents_of_one_name_one_is_made(fresh):
    counted, _ = await at_once(fresh, [("POST", "/api/agents", {"name": "one", "role": "coder"})] * MANY)
    assert counted == {201: 1, 409: MANY - 1}


async def test_agents_whose_names_sound_the_same_get_slugs_of_their_own(fresh):
    names = ["Same Name", "same name", "same-name", "SAME NAME", "Same-Name"]
    counted, _ = await at_once(fresh, [("POST", "/api/agents", {"name": name, "role": "x"}) for name in names])
    assert counted == {201: len(names)}


async def test_of_many_projects_of_one_name_one_is_made(fresh):
    body = {"name": "Apollo", "ticket_prefix": "APO"}
    counted, _ = await at_once(fresh, [("POST", "/api/projects", body)] * MANY)
    assert counted == {201: 1, 409: MANY - 1}


async def test_changes_of_the_same_tasks_in_opposite_order_both_happen(fresh):
    _, made = await at_once(fresh, [("POST", "/api/tasks", {"title": f"t{n}"}) for n in range(10)])
    ids = [answer.get("task", "id") for answer in made]
    calls = []
    for n in range(MANY):
        order = ids if n % 2 else ids[::-1]
        status = ["in_progress", "review", "inbox"][n % 3]
        calls.append(("PUT", "/api/tasks", {"tasks": [{"id": id, "status": status} for id in order]}))
    counted, answers = await at_once(fresh, calls)
    assert counted == {200: MANY}, [answer.body for answer in answers if answer.status != 200][:3]


async def test_beats_of_the_same_agents_through_two_processes_are_all_taken(fresh):
    agents = [f"pulse-{n}" for n in range(8)]
    await at_once(fresh, [("POST", "/api/connect", {"tool_name": "t", "agent_name": agent}) for agent in agents])
    usage = {"token_usage": {"model": "gpt-4o", "inputTokens": 1, "outputTokens": 1}}
    calls = [("POST", f"/api/agents/{agent}/heartbeat", usage) for n in range(40) for agent in agents[:: 1 - n % 2 * 2]]
    counted, _ = await at_once(fresh, calls)
    assert counted == {200: len(calls)}


async def test_a_person_reads_and_a_fleet_writes_without_waiting_for_each_other(fresh):
    calls = []
    for n in range(20):
        calls += [
            ("POST", "/api/tasks", {"title": f"w{n}"}),
            ("GET", "/api/tasks", None),
            ("GET", "/api/activities", None),
        ]
        calls += [("POST", "/api/tokens", {"model": "m", "sessionId": "s:c", "inputTokens": 1, "outputTokens": 1})]
    counted, _ = await at_once(fresh, calls)
    assert set(counted) == {200, 201}


async def test_an_agent_that_asks_many_times_at_once_gets_no_more_than_it_can_take(fresh):
    await at_once(fresh, [("POST", "/api/tasks", {"title": f"wanted-{n}", "priority": "high"}) for n in range(MANY)])
    for agent, capacity in (("eager", 1), ("able", 3)):
        path = f"/api/tasks/queue?agent={agent}&max_capacity={capacity}"
        counted, answers = await at_once(fresh, [("GET", path, None)] * MANY)
        assert counted == {200: MANY}
        assert Counter(answer.get("reason") for answer in answers)["assigned"] == capacity


async def test_as_many_agents_as_there_are_tasks_get_one_each(fresh):
    await at_once(fresh, [("POST", "/api/tasks", {"title": f"due-{n}", "priority": "critical"}) for n in range(MANY)])
    calls = [("GET", f"/api/tasks/queue?agent=worker-{n}", None) for n in range(MANY)]
    counted, answers = await at_once(fresh, calls)
    assert counted == {200: MANY}
    assert {answer.get("reason") for answer in answers} == {"assigned"}
    assert len({answer.get("task", "id") for answer in answers}) == MANY
