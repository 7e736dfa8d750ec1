"""The product as it runs on many machines: PostgreSQL below, Redis or NOTIFY between the processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Postgres, Redis
from tests.server import Server


@pytest.fixture(scope="module")
def fleet(postgres: Postgres, redis_server: Redis, request: pytest.FixtureRequest) -> Iterator[Server]:
    """Two web processes, a worker and the beat, on PostgreSQL and Redis."""
    name = request.module.__name__.rpartition(".")[2]
    redis_server.client(1).flushdb()
    with Server(
        web=2,
        worker=True,
        beat=True,
        DATABASE_URL=postgres.create(f"{name}-fleet"),
        REDIS_URL=redis_server.url(1),
        MC_SWEEP_SECONDS="1",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def notified(postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[Server]:
    """Two web processes on PostgreSQL, without Redis."""
    name = request.module.__name__.rpartition(".")[2]
    with Server(web=2, DATABASE_URL=postgres.create(f"{name}-notified")) as running:
        yield running
