"""Limits are counted in Redis, once for all machines."""

from tests.foundation.test_rate_limits import statuses
from tests.server import Server


async def test_the_sixty_first_change_in_a_minute_is_refused_on_whatever_machine(postgres, redis_server):
    redis_server.client(3).flushdb()
    shared = {
        "DATABASE_URL": postgres.create("limits"),
        "REDIS_URL": redis_server.url(3),
        "MC_DISABLE_RATE_LIMIT": "",
    }
    with Server(**shared) as one, Server(**shared) as other:
        counted = (await statuses(one, 40, "POST", "/api/tasks", {"title": "limited"}))[0]
        counted += (await statuses(other, 40, "POST", "/api/tasks", {"title": "limited"}))[0]
        assert counted == {201: 60, 429: 20}
        path = "/api/agents/nobody/heartbeat"
        counted, answers = await statuses(one, 32, "POST", path, {}, agent="nobody")
        assert counted == {404: 30, 429: 2}
        refused = next(answer for answer in answers if answer.status == 429)
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
