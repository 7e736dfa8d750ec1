"""A new name for one who speaks."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F

from chat.models import Line, Message, Pair

ENDS = ("from_agent", "to_agent")


@transaction.atomic
def rename_speaker(*, workspace_id: int, old: str, new: str) -> None:
    """What it said and what waits for it is under the new name; conversations keep their keys."""
    for end in ENDS:
        Message.objects.in_workspace(workspace_id).filter(**{end: old}).update(**{end: new})
        for model in (Pair, Line):
            _move(model, workspace_id, end, old, new)


def _move(model: type[Pair] | type[Line], workspace_id: int, end: str, old: str, new: str) -> None:
    """Counts of one who had the new name before are added to."""
    rows = model._default_manager.filter(workspace_id=workspace_id)
    for row in rows.filter(**{end: old}):
        same: dict[str, Any] = {name: getattr(row, name) for name in (*ENDS, "is_between_agents")} | {end: new}
        if isinstance(row, Pair):
            same["conversation_id"] = row.conversation_id
        known = rows.filter(**same).first()
        if known is None:
            model._default_manager.filter(pk=row.pk).update(**{end: new})
            continue
        more: dict[str, Any] = {"message_count": F("message_count") + row.message_count}
        if isinstance(row, Pair):
            more["unread_count"] = F("unread_count") + row.unread_count
        more["last_message_at"] = max(known.last_message_at, row.last_message_at)
        model._default_manager.filter(pk=known.pk).update(**more)
        model._default_manager.filter(pk=row.pk).delete()
