import asyncio
from urllib.parse import urlsplit

from bench import sse
from bench.figures import Figure
from bench.wire import Target
from tests.simulation.serving import served
from tests.simulation.standin import KEY, StandIn


def measured(standin: StandIn, clients: int) -> Figure:
    async def scenario() -> Figure:
        async with served(standin) as client:
            port = urlsplit(client.url).port
            return (await sse.measure(Target(f"http://127.0.0.1:{port}", {"x-api-key": KEY}), clients, rounds=3))[0]

    return asyncio.run(scenario())


def test_the_clock_stops_at_the_last_client():
    figure = measured(StandIn(), 10)
    assert figure.fault == ""
    assert 0 < figure.value < 1000


def test_a_client_that_never_hears_is_a_fault(monkeypatch):
    monkeypatch.setattr(sse, "ARRIVES_WITHIN", 0.3)
    standin, sent = StandIn(), []

    def forget(number: int) -> bool:
        sent.append(number)
        return len(sent) == 4

    standin.forget_event = forget
    assert "1 deliveries missing" in measured(standin, 5).fault


def test_a_refused_stream_is_a_fault():
    async def scenario() -> Figure:
        async with served(StandIn()) as client:
            return (await sse.measure(Target(client.url, {"x-api-key": "wrong"}), 3, rounds=1))[0]

    assert "not everybody could listen" in asyncio.run(scenario()).fault
