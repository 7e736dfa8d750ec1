"""Fixtures for tests that need real servers; one of each per test process, since starting them takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import servers
from tests.databases import Postgres, Redis
from tests.server import Server

KEYS = """
from accounts.models import Tenant, Workspace
from accounts.services import issue_key, open_default_workspace
from agents.services import create_agent
from core.actors import Role, system
from django.utils import timezone
home = open_default_workspace()
elsewhere, _ = Workspace.objects.get_or_create(
    slug="elsewhere", defaults={"name": "Elsewhere", "tenant": Tenant.objects.create(slug="e", display_name="E")})
agent = create_agent(actor=system(1), now=timezone.now(), name="keyed agent", role="coder")
def key(name, role, workspace, **rest):
    return issue_key(actor=system(workspace.id), name=name, role=role, workspace=workspace, **rest)[1]
answer = {
    "stranger": key("stranger", Role.ADMIN, elsewhere),
    "viewer": key("viewer", Role.VIEWER, home),
    "agent": key("agent", Role.OPERATOR, home, agent=(agent.id, agent.name)),
    "elsewhere": elsewhere.id,
}
"""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with one web process and no rate limits."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def keys(server: Server) -> dict[str, str]:
    """Keys of the one-process server: a stranger's of another workspace, a viewer's, an agent's."""
    return server.django(KEYS)


@pytest.fixture(scope="session")
def pair() -> Iterator[Server]:
    """A server with two web processes."""
    with Server(web=2) as running:
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
