"""A stand-in on a real socket, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.test_utils import TestServer

from simulation.client import Client
from tests.simulation.standin import KEY, StandIn


@asynccontextmanager
async def served(standin: StandIn) -> AsyncIterator[Client]:
    async with TestServer(standin.app()) as server, Client(str(server.make_url("/")), KEY) as client:
        yield client
