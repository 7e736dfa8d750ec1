"""Settings are set, and reset to their defaults."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.services import access_changed
from activity.audit import Origin, record_audit
from core.actors import Actor
from core.errors import NotFound
from system import lookup, pin
from system.definitions import definitions
from system.models import Setting

SECRET = re.compile(r"password|secret|token|credential|api_?key|private_?key|_pin\b", re.IGNORECASE)
HIDDEN = "--------"


@transaction.atomic
def set_settings(*, actor: Actor, now: datetime, values: dict[str, str], origin: Origin | None = None) -> None:
    """Set them all, or none. What was there and what is there now goes to the audit log, secrets aside."""
    values = {key: text for key, text in values.items() if not (text == HIDDEN and SECRET.search(key))}
    if pin.SETTING in values:
        values[pin.SETTING] = pin.checked_token(values[pin.SETTING])
        _pin_changed(actor)
    if not values:
        return
    known = definitions()
    before = {row.key: row for row in Setting.objects.select_for_update().filter(key__in=list(values))}
    rows = [_row(key, text, before.get(key), known, actor, now) for key, text in values.items()]
    Setting.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["value", "description", "category", "updated_by", "updated_at"],
    )
    changes = {
        key: {"old": _shown(key, before[key].value) if key in before else None, "new": _shown(key, text)}
        for key, text in values.items()
    }
    detail = {"updated_keys": list(values), "changes": changes}
    record_audit("settings_update", actor=actor, at=now, detail=detail, origin=origin)
    _forget()


@transaction.atomic
def reset_setting(*, actor: Actor, now: datetime, key: str, origin: Origin | None = None) -> str | None:
    """Back to the default, which is returned; None for a setting the product does not know. Raises NotFound when it was
    not set."""
    row = Setting.objects.select_for_update().filter(key=key).first()
    if row is None:
        raise NotFound("Setting not found or already at default")
    row.delete()
    if key == pin.SETTING:
        _pin_changed(actor)
    detail = {"key": key, "old_value": _shown(key, row.value)}
    record_audit("settings_reset", actor=actor, at=now, detail=detail, origin=origin)
    _forget()
    known = definitions().get(key)
    return known.default if known else None


def _row(key: str, text: str, before: Setting | None, known: Any, actor: Actor, now: datetime) -> Setting:
    definition = known.get(key)
    description, category = (before.description, before.category) if before else ("", "custom")
    return Setting(
        key=key,
        value=text,
        description=definition.description if definition else description,
        category=definition.category if definition else category,
        updated_by=actor.username,
        updated_at=now,
    )


def _shown(key: str, value: str) -> str:
    return HIDDEN if SECRET.search(key) else value


def _pin_changed(actor: Actor) -> None:
    """Whoever holds the old one goes."""
    access_changed(actor=actor, what="pin", id=0)


def _forget() -> None:
    lookup.forget()
    transaction.on_commit(lookup.forget)
