"""A server for the tests of the stream that has no patience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import KEYS
from tests.server import Server


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
