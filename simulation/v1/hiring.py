"""Before the first day: who they are, their badges, and their hands."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from simulation.client import Client

from .agents.by_curl import ByCurl
from .agents.by_legacy import ByLegacy
from .agents.by_mc import ByMc
from .agents.by_mcp import by_mcp
from .audit import Everybody
from .ears import Ears
from .office import Office
from .parts import CASEYS_BUDGET
from .person import Person
from .views.cast import number

# By `mc`, by MCP, by curl, and on the legacy API.
NAMES = ("morgan", "parker", "casey", "robin")


async def free_tag(office: Office) -> str:
    """On a server that knows these agents already, they come under other names."""
    known = {agent["id"] for agent in (await office.v1("GET", "/agents"))["agents"]}
    return f"-{secrets.token_hex(2)}" if known.intersection(NAMES) else ""


async def newest_task(office: Office) -> int:
    tasks = (await office.v1("GET", "/tasks?limit=1&orderBy=createdAt"))["tasks"]
    return number(tasks[0]["id"]) if tasks else 0


async def hire(
    names: Sequence[str], stack: AsyncExitStack, folder: Path, office: Office, person: Person, ears: Ears
) -> Everybody:
    """Each gets a folder of its own for what its programs keep; `stack` ends what has to be ended."""
    mc, mcp, curl, legacy = names
    for name in (mc, mcp):
        (folder / name).mkdir()
    badges = {name: await office.register(name) for name in (mc, mcp)}
    badges[curl] = await office.register(curl, budgetDaily=CASEYS_BUDGET)
    badges[legacy] = await office.register_legacy(legacy)
    client = await stack.enter_async_context(Client(office.client.url, badges[legacy].token))
    return Everybody(
        office=office,
        mc=ByMc(badges[mc], folder / mc),
        mcp=await stack.enter_async_context(by_mcp(badges[mcp], folder / mcp)),
        curl=ByCurl(badges[curl]),
        legacy=ByLegacy(badges[legacy], client),
        person=person,
        ears=ears,
    )
