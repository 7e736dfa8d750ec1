"""Every write about alert rules, and their evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from activity.audit import record_audit
from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from core.actors import Actor, system
from core.ids import LARGEST_ID, ref
from core.rows import change, find, look_up
from notifications.services import Note, post

from .meaning import Condition, is_met
from .models import AlertRule
from .world import Fleet

COOLDOWN, MET, NOT_MET = "In cooldown", "Condition met", "Condition not met"
LONGEST_TITLE = 200
# The action of rules that webhooks hear of, as `notification.alert`.
WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Outcome:
    rule: AlertRule
    reason: str

    @property
    def triggered(self) -> bool:
        return self.reason == MET


def find_rule(*, actor: Actor, id: int) -> AlertRule:
    return find(AlertRule.objects.in_workspace(actor.workspace_id), id, "Rule not found")


@transaction.atomic
def create_rule(*, actor: Actor, now: datetime, name: str, **fields: Any) -> AlertRule:
    rule = AlertRule.objects.create(
        workspace_id=actor.workspace_id, name=name, created_by=actor.username, created_at=now, updated_at=now, **fields
    )
    record(_changed(rule, actor), at=now)
    sentence = f"Created alert rule: {name}"
    target = ("alert_rule", rule.pk)
    record_audit("alert_rule_created", actor=actor, at=now, target=target, detail=sentence, by_name=True)
    return rule


@transaction.atomic
def change_rule(*, rule: AlertRule, actor: Actor, now: datetime, changes: dict[str, Any]) -> AlertRule:
    rule = change(rule, "Rule not found", **changes, updated_at=now)
    record(_changed(rule, actor), at=now)
    return rule


@transaction.atomic
def delete_rule(*, actor: Actor, now: datetime, id: int) -> bool:
    """Whether there was such a rule; the attempt is noted either way."""
    rule = look_up(AlertRule.objects.in_workspace(actor.workspace_id), id)
    id = id if 0 < id <= LARGEST_ID else 0
    if rule is not None:
        record(_changed(rule, actor), at=now)
        rule.delete()
    sentence = f"Deleted alert rule: {id}"
    target = ("alert_rule", id)
    record_audit("alert_rule_deleted", actor=actor, at=now, target=target, detail=sentence, by_name=True)
    return rule is not None


def evaluate_rules(*, actor: Actor, now: datetime, status_words: Mapping[str, str]) -> list[Outcome]:
    """Judge each enabled rule, and tell its recipient when it is met."""
    fleet = Fleet(actor.workspace_id, now=now, status_words=status_words)
    rules = AlertRule.objects.in_workspace(actor.workspace_id).enabled()
    return [Outcome(rule, _evaluate(rule, fleet, actor, now)) for rule in rules]


def evaluate_everywhere(*, now: datetime, status_words: Mapping[str, str]) -> list[Outcome]:
    """The rules of all workspaces. One that cannot be judged does not keep the others from it, and is raised in the
    end."""
    outcomes: list[Outcome] = []
    failed: Exception | None = None
    fleet: Fleet | None = None
    for rule in AlertRule.objects.enabled().order_by("workspace_id", "id").iterator(chunk_size=500):
        if fleet is None or fleet.workspace_id != rule.workspace_id:
            fleet = Fleet(rule.workspace_id, now=now, status_words=status_words)
        try:
            outcomes.append(Outcome(rule, _evaluate(rule, fleet, system(rule.workspace_id), now)))
        except Exception as error:  # noqa: BLE001 - raised below, after the others
            failed = error
    if failed is not None:
        raise failed
    return outcomes


def _evaluate(rule: AlertRule, fleet: Fleet, actor: Actor, now: datetime) -> str:
    if rule.last_triggered_at is not None and rule.last_triggered_at > rule.rested_since(now):
        return COOLDOWN
    condition = Condition(rule.entity_type, rule.condition_field, rule.condition_operator, rule.condition_value)
    if not is_met(condition, fleet, now=int(now.timestamp())):
        return NOT_MET
    return MET if _trigger(rule, actor, now) else COOLDOWN


@transaction.atomic
def _trigger(rule: AlertRule, actor: Actor, now: datetime) -> bool:
    """The update takes the rule's row lock and sees whether somebody else was faster: then there is nothing to tell."""
    rested = Q(last_triggered_at=None) | Q(last_triggered_at__lte=rule.rested_since(now))
    triggered = AlertRule.objects.filter(rested, pk=rule.pk, enabled=True).update(
        last_triggered_at=now, trigger_count=F("trigger_count") + 1
    )
    if triggered:
        title = f"Alert: {rule.name}"[:LONGEST_TITLE]
        message = rule.description or f'Rule "{rule.name}" triggered'
        told = post([Note(rule.recipient, "alert", title, message, ("alert_rule", rule.pk))], actor=actor, now=now)
        # Streams and webhooks hear of it only where the rule says so: else its events are left out of the log.
        record(_changed(rule, actor), *(told if rule.action_type == WEBHOOK else []), at=now)
    return bool(triggered)


def _changed(rule: AlertRule, actor: Actor) -> Event:
    data = {"id": rule.pk, "name": rule.name}
    return fact(Kind.ALERT_RULE_CHANGED, actor=actor, subject=ref("alert_rule", rule.pk), data=data)
