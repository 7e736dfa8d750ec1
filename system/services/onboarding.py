"""The first steps of a new deployment; how far they are is a matter of settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db import transaction

from activity.audit import Origin, record_audit
from core.actors import Actor
from system import lookup
from system.models import Setting

from .settings import set_settings

STEPS = {
    "welcome": "Welcome",
    "interface-mode": "Interface Mode",
    "gateway-link": "Gateway Link",
    "credentials": "Credentials",
}


@dataclass(frozen=True, slots=True)
class Progress:
    completed: bool
    skipped: bool
    dismissed: bool
    steps: list[str]

    @property
    def current(self) -> int:
        """The place of the first step that is not done; the last one's when all are."""
        places = [place for place, step in enumerate(STEPS) if step not in self.steps]
        return places[0] if places else len(STEPS) - 1


def progress() -> Progress:
    return Progress(
        completed=lookup.flag("onboarding.completed"),
        skipped=lookup.flag("onboarding.skipped"),
        dismissed=lookup.flag("onboarding.checklist_dismissed"),
        steps=_steps(lookup.value("onboarding.completed_steps")),
    )


@transaction.atomic
def complete_step(*, actor: Actor, now: datetime, step: str, origin: Origin | None = None) -> list[str]:
    row = Setting.objects.select_for_update().filter(key="onboarding.completed_steps").first()
    done = _steps(row.value if row else "[]")
    if step not in done:
        done = [known for known in STEPS if known in {*done, step}]
        values = {"onboarding.completed_steps": orjson.dumps(done).decode()}
        set_settings(actor=actor, now=now, values=values, origin=origin)
    return done


@transaction.atomic
def complete(*, actor: Actor, now: datetime, origin: Origin | None = None) -> None:
    values = {"onboarding.completed": "true", "onboarding.completed_at": str(int(now.timestamp()))}
    set_settings(actor=actor, now=now, values=values, origin=origin)


@transaction.atomic
def skip(*, actor: Actor, now: datetime, origin: Origin | None = None) -> None:
    set_settings(actor=actor, now=now, values={"onboarding.skipped": "true"}, origin=origin)


@transaction.atomic
def dismiss_checklist(*, actor: Actor, now: datetime, origin: Origin | None = None) -> None:
    set_settings(actor=actor, now=now, values={"onboarding.checklist_dismissed": "true"}, origin=origin)


@transaction.atomic
def start_again(*, actor: Actor, now: datetime, origin: Origin | None = None) -> None:
    gone, _ = Setting.objects.filter(key__startswith="onboarding.").delete()
    if gone:
        record_audit("settings_reset", actor=actor, at=now, detail={"key": "onboarding"}, origin=origin)
    lookup.forget()
    transaction.on_commit(lookup.forget)


def _steps(text: str) -> list[str]:
    try:
        steps = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    return [step for step in STEPS if step in steps] if isinstance(steps, list) else []
