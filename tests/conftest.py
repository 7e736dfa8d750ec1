"""Fixtures for tests that need a real server; one per test process, since starting it takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with one web process and no rate limits."""
    with Server() as running:
        yield running
