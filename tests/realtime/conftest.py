"""Servers for the tests of the stream: a fleet of two processes, and one that has no patience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
agent = create_agent(actor=system(1), now=timezone.now(), name="Keyed Agent", role="coder")
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
def keys(server: Server) -> dict[str, str]:
    """Keys of the one-process server: a stranger's of another workspace, a viewer's, an agent's."""
    return server.django(KEYS)


@pytest.fixture(scope="session")
def pair() -> Iterator[Server]:
    """A server with two web processes."""
    with Server(web=2) as running:
        yield running


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
