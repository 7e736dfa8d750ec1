"""The person who hears of what agents cannot settle themselves."""

from __future__ import annotations

from notifications import preferences
from notifications.services import Note
from tasks.models import Task


def operator_of(workspace_id: int) -> str | None:
    """Their name: of the one who is configured, or else the first administrator."""
    found = preferences.operator_of(workspace_id)
    return found.username if found else None


def note_to_operator(
    workspace_id: int, *, type: str, title: str, text: str, task: Task | None = None, approval_id: int | None = None
) -> list[Note]:
    """Nobody hears of it where there is no operator."""
    name = operator_of(workspace_id)
    source = ("task", task.pk) if task else None
    if name is None:
        return []
    return [Note(name, type, title[:200], text, source, approval_id=approval_id, to_person=True)]
