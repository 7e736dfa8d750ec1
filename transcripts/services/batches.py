"""What a batch comes to, gathered before it is written at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact
from agents.models import Agent
from core.actors import Actor
from core.errors import Invalid
from core.ids import ref
from core.rows import fresh
from tokens.models import Run
from transcripts.models import Entry, Session

from .items import Item


@dataclass(slots=True)
class Batch:
    agent: Agent
    session: Session
    actor: Actor
    now: datetime
    runs: dict[int, Run]
    events: list[Event] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    # The status that the last of its items shows.
    shows: str | None = None

    def run_of(self, item: Item) -> Run | None:
        if item.run_id is None:
            return None
        if item.run_id not in self.runs:
            raise Invalid.fields(f"runId: the agent has no run run_{item.run_id}")
        return self.runs[item.run_id]

    def tell(self, kind: Kind, data: dict[str, Any], *, task_id: int | None = None) -> None:
        self.events.append(told_by(self.agent, kind, data, actor=self.actor, task_id=task_id))

    def enter(self, item: Item, kind: Entry.Kind, text: str, **columns: Any) -> None:
        entry = fresh(
            Entry,
            workspace_id=self.agent.workspace_id,
            agent_id=self.agent.pk,
            kind=kind.value,
            text=text,
            session_key=self.session.key,
            run_id=item.run_id,
            at=item.at or self.now,
            **columns,
        )
        self.entries.append(entry)


def told_by(
    agent: Agent, kind: Kind, data: dict[str, Any], *, actor: Actor, task_id: int | None = None
) -> Event:  # fmt: skip
    """An event of an agent's work, with who it is."""
    speaker = {"id": agent.pk, "slug": agent.slug, "name": agent.name}
    return fact(
        kind, actor=actor, subject=ref("agent", agent.pk), agent_id=agent.pk, task_id=task_id,
        workspace_id=agent.workspace_id, data={**speaker, **data},
    )  # fmt: skip
