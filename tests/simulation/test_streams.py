import asyncio

from simulation.streams import EventStream, Log, gaps
from tests.simulation.serving import served
from tests.simulation.standin import StandIn


def log_of(*ids: int) -> Log:
    log = Log()
    for number in ids:
        log.add(number)
    return log


def test_an_id_that_comes_again_is_a_duplicate():
    assert log_of(1, 2, 3, 2).duplicates == 1


def test_an_older_id_that_was_never_seen_is_out_of_order():
    log = log_of(1, 3, 2)
    assert (log.disordered, log.duplicates) == (1, 0)


def test_what_one_listener_missed_shows_in_comparison():
    assert gaps([log_of(1, 2, 3, 4), log_of(1, 2, 4)]) == 1


def test_listeners_answer_only_for_the_time_they_were_there():
    assert gaps([log_of(1, 2, 3, 4, 5), log_of(2, 3), log_of(4, 5), log_of()]) == 0


async def follow(standin: StandIn, events: int, hang_ups: int = 0) -> list[EventStream]:
    """Two listeners, the first of which loses its connection now and then."""
    async with served(standin) as client:
        streams = [EventStream(client), EventStream(client)]
        listening = [asyncio.create_task(stream.run()) for stream in streams]
        await asyncio.gather(*(stream.connected.wait() for stream in streams))
        for number in range(events):
            await standin.record("task.created", {"id": number})
            if hang_ups and number % (events // hang_ups) == 10:
                streams[0].hang_up()
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.8)
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        return streams


def test_a_stream_that_reconnects_misses_nothing_and_gets_nothing_twice():
    streams = asyncio.run(follow(StandIn(), events=80, hang_ups=2))
    assert [len(stream.log.ids) for stream in streams] == [80, 80]
    assert streams[0].connects == 3
    assert gaps(stream.log for stream in streams) == 0
    assert sum(stream.log.duplicates for stream in streams) == 0


def test_a_server_that_forgets_an_event_for_one_listener_is_caught():
    standin, sent = StandIn(), []

    def forget(number: int) -> bool:
        sent.append(number)
        return sent.count(number) == 2 and len(set(sent)) == 5

    standin.forget_event = forget
    streams = asyncio.run(follow(standin, events=10))
    assert gaps(stream.log for stream in streams) == 1


def test_only_live_events_are_timed():
    streams = asyncio.run(follow(StandIn(), events=10))
    # What happened in the millisecond of connecting may be either.
    assert streams[1].delays.count >= 9
    assert streams[1].delays.highest < 1
