"""Fixtures for tests that need real servers; one of each per test process, since starting them takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import servers
from tests.databases import Postgres, Redis
from tests.server import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with one web process and no rate limits."""
    with Server() as running:
        yield running


@contextmanager
def needing(*programs: str) -> Iterator[None]:
    if absent := [program for program in programs if servers.find(program) is None]:
        pytest.skip(servers.advice(absent))
    yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with needing("postgres"), Postgres() as running:
        yield running


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    with needing("redis-server"), Redis() as running:
        yield running
