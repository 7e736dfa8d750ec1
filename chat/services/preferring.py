"""How sessions are shown."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from activity.catalogue import Kind
from activity.services import fact, record
from chat.models import SessionPreference
from core.actors import Actor
from core.ids import ref


@transaction.atomic
def set_preference(
    *, actor: Actor, now: datetime, key: str, changes: dict[str, str | None]
) -> SessionPreference | None:
    """Set name or color; None takes one back. What prefers nothing any more is forgotten: then the answer is None."""
    preference, is_new = SessionPreference.objects.select_for_update().get_or_create(
        workspace_id=actor.workspace_id, key=key
    )
    for column, value in changes.items():
        setattr(preference, column, value)
    id, is_empty = preference.pk, preference.name is None and preference.color is None
    if is_empty:
        preference.delete()
    else:
        preference.save(update_fields=list(changes))
    if not (is_new and is_empty):
        data = {"what": "preference", "id": id}
        record(fact(Kind.CHAT_CHANGED, actor=actor, subject=ref("session_preference", id), data=data), at=now)
    return None if is_empty else preference
