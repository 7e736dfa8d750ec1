"""Ask every way in about the same board, and compare what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from .agents.by_curl import ByCurl
from .agents.by_legacy import ByLegacy
from .agents.by_mc import ByMc
from .agents.by_mcp import ByMcp
from .ears import Ears
from .facts import Disagreement, Facts, disagreements, shared
from .office import Office
from .person import Person
from .stage import Book
from .views import by_legacy, by_pages, by_v1, told
from .views.cast import Cast

View = Callable[[Cast], Awaitable[Facts]]


@dataclass(frozen=True, slots=True)
class Audit:
    cast: Cast
    views: dict[str, Facts]
    problems: list[str] = field(default_factory=list)

    @property
    def disagreements(self) -> list[Disagreement]:
        return disagreements(self.views)

    @property
    def shared(self) -> int:
        return shared(self.views)

    @property
    def agrees(self) -> bool:
        return not self.disagreements and not self.problems


@dataclass(frozen=True, slots=True)
class Everybody:
    """Each agent is asked by its own way in."""

    office: Office
    mc: ByMc
    mcp: ByMcp
    curl: ByCurl
    legacy: ByLegacy
    person: Person
    ears: Ears


async def audit(everybody: Everybody, cast: Cast, book: Book, more: Mapping[str, View]) -> Audit:
    """`more` are views of whoever knows better: a test, for one, looks into the database."""
    ears, office = everybody.ears, everybody.office

    async def get(path: str) -> object:
        return await office.v1("GET", path)

    async def get_legacy(path: str) -> object:
        return await office.legacy("GET", path)

    asked: dict[str, Awaitable[Facts]] = {
        "v1": by_v1.by_paths(get, cast),
        "v1 lists": by_v1.by_lists(get, cast),
        "v1 runs": by_v1.by_runs(get, cast),
        "v1 inboxes": by_v1.by_inboxes(get, cast),
        "v1 timeline": by_v1.by_timeline(get, cast),
        "mc": by_v1.by_mc(everybody.mc, cast),
        "MCP": by_v1.by_mcp(everybody.mcp, cast),
        "curl": by_v1.by_curl(everybody.curl, cast),
        "legacy": by_legacy.by_legacy(get_legacy, cast),
        "pages": by_pages.by_pages(everybody.person.page, cast),
        **{name: view(cast) for name, view in more.items()},
    }
    views = dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
    views["agents' books"] = by_book(book, cast)
    views["stream"] = told.by_stream(ears.stream.kept, cast)
    if ears.webhook:
        views["webhooks"] = told.by_webhooks(ears.receiver.told.values(), cast)
    views["as shown"] = by_pages.as_shown(views["v1"] | views["agents' books"])
    return Audit(cast, views, stream_faults(ears))


def by_book(book: Book, cast: Cast) -> Facts:
    facts: Facts = {(id, "words"): sorted(book.said[id]) for id in cast.tasks}
    facts |= {(id, "cost"): book.cost_of_task[id] for id in cast.tasks}
    facts |= {(id, "spent"): book.spent_by[id] for id in cast.agents}
    facts |= {(id, "cost in all"): book.cost_of_task[id] + book.tokens_on[id] for id in cast.tasks}
    facts |= {(id, "spent in all"): book.spent_by[id] + book.tokens_by[id] for id in cast.agents}
    return facts | {(id, "status"): status for id, status in book.approvals.items()}


def stream_faults(ears: Ears) -> list[str]:
    log = ears.stream.log
    faults = {"came twice": log.duplicates, "came out of order": log.disordered, "were lost in a resync": log.resyncs}
    problems = [f"{count} events {what}" for what, count in faults.items() if count]
    if ears.receiver.forged:
        problems.append(f"{ears.receiver.forged} deliveries were not signed by the secret of their webhook")
    return problems
