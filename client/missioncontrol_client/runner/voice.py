"""What an agent says and does, and the runs that it is booked under: written into the journal, to be sent."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from missioncontrol_client.enums import HeartbeatStatus, RunStatus
from missioncontrol_client.watching import DelegationStatus, Todo, Wished

from . import items
from .journal import Journal

CUT_OFF = "the runner ended before the run did"


class Voice:
    """Every method returns at once, and may be called from any thread."""

    _journal: Journal
    role: str
    task_id: str | None
    _status: HeartbeatStatus = "HEALTHY"
    # The number of the row that began the run at hand, and what it was begun with.
    _run: int | None = None
    _begun: dict[str, Any]

    def session(self, session_id: str) -> None:
        """What the agent's own program calls the session."""
        self._put(items.session(session_id))

    def working(self, task_id: str | None = None) -> None:
        self._status = "BUSY"
        self._put(items.working(task_id or self.task_id))

    def text(self, text: str) -> None:
        for item in items.texts(text):
            self._put(item, must=False)

    def tool(self, name: str, input: Mapping[str, Any], tool_use_id: str | None = None) -> None:
        self._put(items.tool(name, input, tool_use_id), must=False)

    def tool_result(self, name: str, result: Any, tool_use_id: str | None = None, *, is_error: bool = False) -> None:
        self._put(items.tool_result(name, result, tool_use_id, is_error), must=False)

    def todos(self, todos: Iterable[Todo | Mapping[str, Any]]) -> None:
        self._put(items.todos(todos))

    def error(self, error: str) -> None:
        self._put(items.error(error))

    def done(self, cost: float = 0.0, role: str | None = None) -> None:
        """The work is done. `cost` is shown; what is booked is what `end_run` reports."""
        self._status = "IDLE"
        self._put(items.done(role or self.role, cost), run=self._last_run)

    def delegation(
        self,
        id: str,
        to_role: str,
        status: DelegationStatus = "running",
        *,
        to_agent_id: str | None = None,
        parent_id: str | None = None,
    ) -> None:
        self._put(items.delegation(id, to_role, status, to_agent_id, parent_id))

    def spawn_request(self, agents: Iterable[Wished], reason: str = "") -> None:
        """Ask people for more agents; the answer comes as a control SPAWN_APPROVED, SPAWN_DENIED or SPAWN_EXPIRED."""
        self._put(items.spawn_request(agents, reason))

    def start_run(self, model: str) -> None:
        """What follows belongs to this run, until it ends."""
        if self._run is not None:
            self.end_run("COMPLETED")
        self._begun = {"model": model[:100].strip() or "unknown", "started_at": _now(), "task_id": self.task_id}
        self._run = self._last_run = self._journal.append({**self._begun, "status": "RUNNING"}, kind="start")
        self._journal.set("open", f"{self._run}")

    def end_run(
        self,
        status: RunStatus = "COMPLETED",
        *,
        cost_usd: float | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        error: str | None = None,
    ) -> None:
        """Booked once, however often it has to be sent."""
        if self._run is None:
            raise ValueError("there is no run to end")
        told = {
            "status": status,
            "ended_at": _now(),
            "cost_usd": cost_usd,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cache_read_tokens": cache_read_tokens,
            "cache_write_tokens": cache_write_tokens,
            "error": error[:5000] if error else None,
        }
        changes = {name: value for name, value in told.items() if value is not None}
        self._journal.append({"changes": changes, "begun": self._begun}, kind="end", run=self._run)
        self._journal.set("open", "")
        self._run = None

    @property
    def has_run(self) -> bool:
        return self._run is not None

    _last_run: int | None = None

    def _put(self, item: items.Item, *, must: bool = True, run: int | None = None) -> None:
        body = {**item, "ts": int(time.time() * 1000)}
        self._journal.append(body, run=run if run is not None else self._run, must=must)

    def _end_run_that_was_cut_off(self) -> None:
        """The one in which an earlier process of the session died."""
        run = self._journal.get("open")
        if run:
            changes = {"status": "FAILED", "ended_at": _now(), "error": CUT_OFF}
            self._journal.append({"changes": changes, "begun": None}, kind="end", run=int(run))
            self._journal.set("open", "")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
