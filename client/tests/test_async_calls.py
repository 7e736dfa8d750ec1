"""The asynchronous client: the same calls, and several at once."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from contract_server import ContractServer, Trouble

from missioncontrol_client import AsyncMissionControl, MissionControl, NotFound, Retry, aio_groups, groups


async def test_many_calls_at_once(server: ContractServer) -> None:
    async with AsyncMissionControl(server.url, "mc_agt_jordan", agent_id="jordan") as client:
        made = await asyncio.gather(*(client.tasks.create(f"Task {n}", "OPS") for n in range(8)))
        assert len({answer["task"]["id"] for answer in made}) == 8
        assert (await client.tasks.list())["total"] == 8
        with pytest.raises(NotFound):
            await client.tasks.get("task_99")


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(server: ContractServer) -> None:
    server.trouble.append(Trouble(after=True))
    retry = Retry(backoff=0.01)
    async with AsyncMissionControl(server.url, "mc_agt_jordan", agent_id="jordan", retry=retry) as client:
        await client.tasks.create("Once", "OPS")
    assert len(server.world.tasks) == 1 and len(server.asked) == 2


def test_both_clients_offer_the_same_calls() -> None:
    def offered(module: object, prefix: str) -> dict[str, list[str]]:
        classes = inspect.getmembers(module, inspect.isclass)
        own = [(name, kind) for name, kind in classes if kind.__module__ == module.__name__]  # type: ignore[attr-defined]
        return {name.removeprefix(prefix): sorted(m for m in vars(kind) if m[0] != "_") for name, kind in own}

    assert offered(groups, "") == offered(aio_groups, "Async")
    blocking, waiting = MissionControl("http://localhost"), AsyncMissionControl("http://localhost")
    assert set(vars(blocking)) == set(vars(waiting))
    blocking.close()
