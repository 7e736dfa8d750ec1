"""Agents by `mc`, MCP, curl and the legacy API on one board, and a person in a real browser: all see the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from simulation.v1 import parts
from simulation.v1.audit import Audit
from simulation.v1.desk import MORE_BUDGET
from simulation.v1.facts import Facts
from simulation.v1.parts import CLEAN_UP, CONTESTED, FOR_LEGACY, LAUNCH, MIGRATION, SOCIAL
from simulation.v1.play import Play
from simulation.v1.stage import Stage
from simulation.v1.teller import Teller
from simulation.v1.views.cast import Cast
from tests.contract.visitor import visitor
from tests.server import Server
from tests.web.conftest import CHROMIUM

WAYS = {"v1", "v1 lists", "v1 runs", "v1 inboxes", "v1 timeline", "mc", "MCP", "curl", "legacy", "pages", "stream",
        "webhooks", "agents' books", "database"}  # fmt: skip

# Four agents, a browser and a server share the machine with whatever else it does.
pytestmark = pytest.mark.timeout(600)
SHOWN_AS = {"FAILED": "BLOCKED", "BACKLOG": "INBOX", "QUALITY_REVIEW": "REVIEW", "AWAITING_OWNER": "BLOCKED"}


@dataclass(frozen=True)
class Outcome:
    audit: Audit
    complaints: list[str]

    @property
    def facts(self) -> Facts:
        return self.audit.views["v1"]

    def task(self, title: str) -> str:
        [id] = [id for id in self.audit.cast.tasks if self.facts[id, "title"] == title]
        return id

    def of(self, title: str, what: str) -> Any:
        return self.facts[self.task(title), what]

    def approval_of(self, title: str) -> dict[str, Any]:
        [(id, _)] = self.of(title, "approvals")
        return {what: value for (whose, what), value in self.facts.items() if whose == id}


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    if CHROMIUM is None:
        pytest.skip("NO BROWSER: there is no chromium on the path, the four ways are NOT tested")
    with Server(worker=True, MC_WEBHOOK_ALLOW_PRIVATE="1") as server:
        yield asyncio.run(showing(server))


async def showing(server: Server) -> Outcome:
    async def database(cast: Cast) -> Facts:
        return in_database(server, cast)

    async with visitor(server) as person:
        stage = Stage(Teller(), patience=90)
        views = {"database": database}
        audit = await Play(server.url, server.key, person, stage, more_views=views).run()
        return Outcome(audit, person.complaints)


def in_database(server: Server, cast: Cast) -> Facts:
    facts: Facts = {}
    tasks = server.query(
        "SELECT t.id, t.status, t.title, t.priority, COALESCE(b.actual_cost_microusd, 0)"
        " FROM tasks_task t LEFT JOIN tasks_brief b ON b.task_id = t.id"
    )
    for id, status, title, priority, cost in tasks:
        told = {
            "status": SHOWN_AS.get(status, status),
            "title": title,
            "priority": priority,
            "cost": cost,
            "transitions": [],
        }
        facts |= {(f"task_{id}", what): value for what, value in told.items()}
    for id, task in server.query("SELECT id, task_id FROM tasks_transition WHERE was != '' ORDER BY id"):
        facts[f"task_{task}", "transitions"].append(f"trans_{id}")
    agents = server.query(
        "SELECT a.slug, m.control, m.spend_today_microusd"
        " FROM agents_mandate m JOIN agents_agent a ON a.id = m.agent_id"
    )
    for slug, control, spent in agents:
        facts |= {(slug, "status"): control, (slug, "spent"): spent}
    for id, status, reason in server.query("SELECT id, status, decision_reason FROM governance_approval"):
        facts |= {(f"approval_{id}", "status"): status, (f"approval_{id}", "reason"): reason}
    return facts


def test_every_way_in_says_the_same(outcome: Outcome) -> None:
    assert set(outcome.audit.views) >= WAYS
    assert [str(each) for each in outcome.audit.disagreements] == []
    assert outcome.audit.problems == []
    assert outcome.audit.shared > 220


def test_every_task_is_done_once_by_the_agent_that_took_it(outcome: Outcome) -> None:
    done = [LAUNCH.title, MIGRATION.title, CLEAN_UP.title, SOCIAL.title, CONTESTED.title, FOR_LEGACY]
    for title in done:
        assert outcome.of(title, "status") == "DONE"
        assert [to for _, to in outcome.of(title, "moves")].count("DONE") == 1
    assert [outcome.of(title, "assignees") for title in done[:3]] == [["morgan"], ["parker"], ["casey"]]


def test_what_is_left_open_is_seen_alike_in_every_status(outcome: Outcome) -> None:
    left = {"ASSIGNED", "NEEDS_APPROVAL", "BLOCKED", "CANCELED"}
    assert {outcome.facts[id, "status"] for id in outcome.audit.cast.tasks} == left | {"DONE"}
    failed = outcome.audit.views["legacy"][outcome.task("Print the poster"), "status"]
    assert failed == outcome.of("Print the poster", "status") == "BLOCKED"


def test_work_crosses_from_one_dialect_to_the_other(outcome: Outcome) -> None:
    assert outcome.of(FOR_LEGACY, "assignees") == ["robin"]
    assert outcome.of(FOR_LEGACY, "moves") == [("INBOX", "IN_PROGRESS"), ("IN_PROGRESS", "REVIEW"), ("REVIEW", "DONE")]
    assert outcome.of(SOCIAL.title, "assignees") == ["parker"]
    assert outcome.of(SOCIAL.title, "approved by") == "user_1"


def test_one_of_three_gets_what_all_want_at_once(outcome: Outcome) -> None:
    [winner] = outcome.of(CONTESTED.title, "assignees")
    assert winner in ("morgan", "parker", "casey")
    assert outcome.of(CONTESTED.title, "moves")[0] == ("INBOX", "ASSIGNED")


def test_costs_are_booked_to_the_micro_dollar(outcome: Outcome) -> None:
    for part in (LAUNCH, MIGRATION, CLEAN_UP, SOCIAL, CONTESTED):
        bills = [*part.bills, *([part.overdraft] if part.overdraft else [])]
        assert outcome.of(part.title, "cost") == sum(round(bill.dollars * 1_000_000) for bill in bills), part.title
    spent = sum(outcome.facts[agent, "spent"] for agent in outcome.audit.cast.agents)
    assert spent == sum(outcome.facts[id, "cost"] for id in outcome.audit.cast.tasks)


def test_what_a_person_approves_is_done_and_what_they_reject_is_not(outcome: Outcome) -> None:
    granted, refused = outcome.approval_of(LAUNCH.title), outcome.approval_of(MIGRATION.title)
    assert (granted["status"], granted["decided by"], granted["reason"]) == ("APPROVED", "user_1", parts.YES)
    assert (refused["status"], refused["decided by"], refused["reason"]) == ("DENIED", "user_1", parts.NO)
    stopped = ("IN_PROGRESS", "NEEDS_APPROVAL"), ("NEEDS_APPROVAL", "BLOCKED"), ("BLOCKED", "IN_PROGRESS")
    assert tuple(outcome.of(MIGRATION.title, "moves")[2:5]) == stopped


def test_past_its_budget_an_agent_stops_until_it_is_given_more(outcome: Outcome) -> None:
    assert outcome.facts["casey", "spent"] > outcome.facts["casey", "budget"]
    assert outcome.facts["casey", "status"] == "ACTIVE"
    assert outcome.approval_of(CLEAN_UP.title)["reason"] == MORE_BUDGET
    assert outcome.of(CLEAN_UP.title, "moves")[2:4] == [
        ("IN_PROGRESS", "NEEDS_APPROVAL"), ("NEEDS_APPROVAL", "IN_PROGRESS"),
    ]  # fmt: skip


def test_work_that_was_sent_back_is_handed_in_again(outcome: Outcome) -> None:
    assert outcome.of(LAUNCH.title, "review cycles") == 1
    assert outcome.of(LAUNCH.title, "approved by") == "user_1"
    assert ("person", parts.REVISION) in [said[1:] for said in outcome.of(LAUNCH.title, "messages")]
    again = ("IN_PROGRESS", "REVIEW"), ("REVIEW", "IN_PROGRESS"), ("IN_PROGRESS", "REVIEW"), ("REVIEW", "DONE")
    assert tuple(outcome.of(LAUNCH.title, "moves")[-4:]) == again


def test_nothing_went_wrong_in_the_browser(outcome: Outcome) -> None:
    assert outcome.complaints == []
