import asyncio
import time

import pytest

from simulation.throttle import Throttle, Throttles, Urgency


def test_without_a_refusal_nobody_waits():
    async def scenario():
        throttle = Throttle()
        began = time.monotonic()
        await asyncio.gather(*(throttle.wait() for _ in range(200)))
        assert not throttle.limited
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 0.2


def test_after_a_refusal_callers_go_one_by_one():
    async def scenario():
        throttle = Throttle()
        throttle.refused({"Retry-After": "0", "X-RateLimit-Limit": "600"})
        began = time.monotonic()
        await asyncio.gather(*(throttle.wait() for _ in range(4)))
        return time.monotonic() - began

    assert 0.3 < asyncio.run(scenario()) < 1


def test_a_refusal_stops_those_who_wait_already():
    async def scenario():
        throttle = Throttle()
        throttle.allow(6000)
        began = time.monotonic()
        waiting = [asyncio.create_task(throttle.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        throttle.refused({"Retry-After": "0.3", "X-RateLimit-Limit": "6000"})
        await asyncio.gather(*waiting)
        return time.monotonic() - began

    assert 0.3 < asyncio.run(scenario()) < 1


def test_the_most_urgent_goes_first_and_equals_keep_their_order():
    async def scenario():
        throttle, order = Throttle(), []
        throttle.allow(6000)

        async def caller(name: str, urgency: Urgency) -> None:
            await throttle.wait(urgency)
            order.append(name)

        await throttle.wait()
        names = (("new", Urgency.NEW), ("newer", Urgency.NEW), ("result", Urgency.RESULT), ("verdict", Urgency.VERDICT))
        await asyncio.gather(*(caller(*named) for named in names))
        return order

    assert asyncio.run(scenario()) == ["verdict", "result", "new", "newer"]


def test_who_goes_home_takes_no_turn():
    async def scenario():
        throttle = Throttle()
        throttle.allow(100)
        await throttle.wait()
        gone, waiting = (asyncio.create_task(throttle.wait()) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        began = time.monotonic()
        await waiting
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 1


def test_less_than_allowed_is_taken_in_any_minute():
    throttle = Throttle()
    throttle.allow(60)
    assert 55 < 60 / throttle.gap < 59


def test_nonsense_in_the_headers_is_ignored():
    throttle = Throttle()
    throttle.refused({"Retry-After": "Wed, 21 Oct", "X-RateLimit-Limit": "0"})
    assert throttle.open_at > time.monotonic() + 4
    assert throttle.gap == pytest.approx(60 / 0.95)


def test_each_agent_has_a_limiter_of_its_own():
    throttles = Throttles()
    throttles.allowed = {"beat": 30}
    assert throttles["beat:atlas"] is throttles["beat:atlas"]
    assert throttles["beat:atlas"] is not throttles["beat:wren"]
    assert throttles["beat:wren"].limited
    assert not throttles["poll:wren"].limited
