"""A server for the tests of the stream that has no patience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import KEYS
from tests.server import Server, free_port


@pytest.fixture(scope="session")
def impatient() -> Iterator[Server]:
    """A server that beats and looks at credentials every second, and lets a sign-in have two streams."""
    with Server(
        MC_STREAM_HEARTBEAT_SECONDS="1",
        MC_STREAM_RECHECK_SECONDS="1",
        MC_STREAMS_PER_CREDENTIAL="2",
        MC_DISABLE_RATE_LIMIT="",
    ) as running:
        yield running


@pytest.fixture(scope="session")
def impatient_keys(impatient: Server) -> dict[str, str]:
    return impatient.django(KEYS)


PIN = "a long enough pin"


@pytest.fixture(scope="session")
def pinned() -> Iterator[Server]:
    """A server with a PIN and a port for WebSockets alone, which pings every second and waits one for the answer."""
    with Server(
        MC_WS_PIN=PIN,
        MC_WS_PORT=str(free_port()),
        MC_WS_PING_SECONDS="1",
        MC_WS_PONG_SECONDS="1",
        MC_WS_CONNECTIONS="20",
        MC_LOG_LEVEL="DEBUG",
    ) as running:
        yield running
