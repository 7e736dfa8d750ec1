"""Sends a step to the gateway, which runs it. Until a gateway can be connected, every step hears that there is none."""

from __future__ import annotations

from dataclasses import dataclass

from .models import WorkflowTemplate

NO_GATEWAY = "No gateway is connected, so the step was not sent to an agent"


@dataclass(frozen=True, slots=True)
class Spawned:
    """`spawn_id` names the work at the gateway; None when nothing was sent, and `error` says why."""

    spawn_id: str | None = None
    stdout: str | None = None
    error: str | None = None

    def as_row(self) -> dict[str, object]:
        row: dict[str, object] = {"success": self.spawn_id is not None}
        if self.stdout is not None:
            row["stdout"] = self.stdout
        if self.error is not None:
            row["error"] = self.error
        return row


def spawn(template: WorkflowTemplate, *, run_id: int, step: int) -> Spawned:
    return Spawned(error=NO_GATEWAY)
