import pytest

from tests.server import Server


@pytest.fixture(scope="module")
def whole():
    """A server with its worker, which looks for silent agents every second and has no patience with them."""
    with Server(worker=True, MC_STALE_MINUTES="0", MC_SWEEP_SECONDS="1") as running:
        yield running


def test_a_process_that_answers_is_alive(server):
    assert server.ask("GET", "/healthz", key=None) == (200, {"status": "ok"})


def test_without_its_worker_the_server_is_not_ready_and_says_so(server):
    status, answer = server.ask("GET", "/readyz", key=None)
    assert status == 503
    assert answer["status"] == "not ready"
    assert answer["checks"]["database"] == "ok"
    assert "make run" in answer["checks"]["worker"]


def test_with_its_worker_the_server_is_ready(whole):
    assert whole.wait_until_ready() == {"database": "ok", "worker": "ok"}


def test_asking_leaves_no_trace(whole):
    whole.wait_until_ready()
    names = whole.django(
        "from activity.models import Reader; answer = list(Reader.objects.values_list('name', flat=True))"
    )
    assert "readyz" not in names


def test_the_worker_marks_silent_agents_offline_and_tells(whole):
    from tests.realtime.listening import listening

    with listening(whole, "/api/events?types=agent.status_changed,activity.created") as stream:
        status, answer = whole.ask("POST", "/api/connect", {"tool_name": "test", "agent_name": "silent"})
        assert status == 200, answer
        stream.wait_until(lambda stream: b'"status":"offline"' in stream.body)
        told = next(m for m in stream.messages if m["type"] == "agent.status_changed" and m["data"]["name"] == "silent")
        assert told["data"]["status"] == "offline"
    _, agents = whole.ask("GET", "/api/agents")
    assert [agent["status"] for agent in agents["agents"] if agent["name"] == "silent"] == ["offline"]
    _, connections = whole.ask("GET", "/api/connect")
    assert [c["status"] for c in connections["connections"] if c["agent_name"] == "silent"] in ([], ["disconnected"])
