"""What an agent says and does, as it goes on: its words, tools with what they got and gave, and what it hands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from agents.models import Agent
from tokens.models import Run
from transcripts.models import Entry, Session, SpawnRequest, Todos
from transcripts.services.handing_on import Node, delegations_of
from web import words

from . import inputs

# Entries of one look; and how far back the beginning of a speech is searched for.
LOOK, FARTHEST = 200, 1000
WISHES = 10
Kind = Entry.Kind


@dataclass(slots=True)
class Row:
    """One line of the transcript: a speech, a tool with its result, an error, or what somebody said to the agent."""

    kind: str
    key: str
    at: datetime
    text: str = ""
    tool: str = ""
    author: str = ""
    result: str | None = None
    is_error: bool = False
    input: dict[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        return inputs.summary_of(self.input) if self.input else ""

    @property
    def parts(self) -> list[inputs.Part]:
        return inputs.parts_of(self.input)

    @property
    def sign(self) -> words.Sign:
        if self.is_error:
            return words.Sign("failed", "error", "failed")
        return words.Sign("running", "working", "busy") if self.result is None else words.Sign("done", "ok", "done")


@dataclass
class Transcript:
    agent: Agent
    before: int | None = None

    @cached_property
    def _window(self) -> tuple[list[Entry], bool]:
        """The newest entries, oldest first, and whether there are earlier ones: then from the beginning of a speech on,
        so that it stays the same speech when the window moves."""
        rows = Entry.objects.of(self.agent.pk)
        if self.before is not None:
            rows = rows.filter(pk__lt=self.before)
        found, most = list(rows[: LOOK + 1]), LOOK
        if len(found) > LOOK and not _beginnings(found):
            found, most = list(rows[: FARTHEST + 1]), FARTHEST
        found.reverse()
        if len(found) <= most:
            return found, False
        return found[next(iter(_beginnings(found)), 1) :], True

    @property
    def has_earlier(self) -> bool:
        return self._window[1]

    @property
    def first(self) -> int:
        return self._window[0][0].pk

    @cached_property
    def rows(self) -> list[Row]:
        entries, _ = self._window
        return rows_of([entry for entry in entries if not entry.hidden])

    @cached_property
    def session(self) -> Session | None:
        return Session.objects.filter(agent=self.agent).order_by("-last_at", "-id").first()

    @cached_property
    def cost(self) -> int:
        """Of the runs of its newest session, in micro-dollars."""
        if self.session is None:
            return 0
        return Run.objects.filter(agent=self.agent, session_key=self.session.key).cost_microusd()

    @cached_property
    def todos(self) -> list[tuple[str, words.Sign]]:
        found = Todos.objects.filter(agent=self.agent).first()
        return [(one["content"], TODO[one["status"]]) for one in (found.items if found else [])]

    @property
    def done(self) -> int:
        return sum(sign.tone == "ok" for _, sign in self.todos)

    @cached_property
    def delegations(self) -> list[Handed]:
        return [Handed(node) for node in delegations_of(self.agent)]

    @cached_property
    def wishes(self) -> list[SpawnRequest]:
        return list(SpawnRequest.objects.pending().filter(agent=self.agent).order_by("id")[:WISHES])


@dataclass(frozen=True, slots=True)
class Handed:
    node: Node

    @property
    def sign(self) -> words.Sign:
        return DELEGATION[self.node.row.status]

    @property
    def below(self) -> list[Handed]:
        return [Handed(node) for node in self.node.below]


TODO = {
    "pending": words.Sign("to do", "idle", "todo"),
    "in_progress": words.Sign("in progress", "working", "in_progress"),
    "completed": words.Sign("done", "ok", "done"),
}
DELEGATION = {
    "pending": words.Sign("waits", "idle", "todo"),
    "running": words.Sign("running", "working", "in_progress"),
    "done": words.Sign("done", "ok", "done"),
    "failed": words.Sign("failed", "error", "failed"),
    "canceled": words.Sign("canceled", "idle", "canceled"),
}


def rows_of(entries: Iterable[Entry]) -> list[Row]:
    """Speeches in one piece, and results with their tools."""
    last: Entry | None = None
    found: list[Row] = []
    uses: dict[str, Row] = {}
    for entry in entries:
        if last is not None and _is_one_speech(last, entry):
            found[-1].text += entry.text
        elif entry.kind == Kind.TOOL_RESULT and (use := uses.pop(entry.tool_use_id or entry.tool, None)):
            use.result, use.is_error = entry.text, entry.is_error
        else:
            found.append(_row(entry))
            if entry.kind == Kind.TOOL:
                uses[entry.tool_use_id or entry.tool] = found[-1]
        last = entry
    return found


def _row(entry: Entry) -> Row:
    row = Row(entry.kind, f"entry-{entry.pk}", entry.at, tool=entry.tool, author=entry.author, is_error=entry.is_error)
    if entry.kind == Kind.TOOL:
        row.input = _input(entry.text)
    elif entry.kind == Kind.TOOL_RESULT:
        row.kind, row.result = Kind.TOOL, entry.text
    else:
        row.text = entry.text
    return row


def _input(text: str) -> dict[str, Any]:
    try:
        input = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {"input": text}
    return input if isinstance(input, dict) else {"input": text}


def _is_one_speech(one: Entry, other: Entry) -> bool:
    same = (one.session_key, one.run_id) == (other.session_key, other.run_id)
    return one.kind == other.kind == Kind.TEXT and same


def _beginnings(entries: list[Entry]) -> list[int]:
    """The places at which something begins that is no more of the same speech."""
    pairs = zip(entries, entries[1:], strict=False)
    return [place for place, (one, other) in enumerate(pairs, 1) if not _is_one_speech(one, other)]
