import asyncio
import time

from simulation.throttle import Throttle


def test_without_a_refusal_nobody_waits():
    throttle = Throttle()
    began = time.monotonic()
    asyncio.run(throttle.wait())
    assert time.monotonic() - began < 0.1


def test_after_a_refusal_callers_go_one_by_one():
    async def scenario():
        throttle = Throttle()
        throttle.refused({"Retry-After": "0", "X-RateLimit-Limit": "600"})
        began = time.monotonic()
        await asyncio.gather(*(throttle.wait() for _ in range(4)))
        return time.monotonic() - began

    assert 0.25 < asyncio.run(scenario()) < 1


def test_nonsense_in_the_headers_is_ignored():
    throttle = Throttle()
    throttle.refused({"Retry-After": "Wed, 21 Oct", "X-RateLimit-Limit": "0"})
    assert throttle.open_at > time.monotonic() + 4
    assert throttle.gap == 60
