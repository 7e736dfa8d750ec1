"""Alert rules: when somebody shall be told, and the call that looks whether it is so."""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework.request import Request
from rest_framework.response import Response

from alerts import services
from alerts.models import AlertRule
from api.schemas import FLAG, FREE, TEXT, WHOLE, has, many, maybe
from core.errors import Invalid
from realtime.wire.legacy import STATUS_WORDS
from realtime.wire.legacy_in import id_in

from .base import LegacyView
from .docs import describe
from .fields import Object, Shape, Strict, Text, Whole, Word

ENTITIES = ("agent", "task", "session", "activity")
OPERATORS = (
    "equals", "not_equals", "greater_than", "less_than", "contains", "count_above", "count_below", "age_minutes_above",
)  # fmt: skip
A_WEEK, LONGEST_COOLDOWN = 10_080, 2**31 - 1
RULE = has(
    id=WHOLE,
    name=TEXT,
    description=maybe(TEXT),
    enabled=WHOLE,
    entity_type=TEXT,
    condition_field=TEXT,
    condition_operator=TEXT,
    condition_value=TEXT,
    action_type=TEXT,
    action_config=TEXT,
    cooldown_minutes=WHOLE,
    last_triggered_at=maybe(WHOLE),
    trigger_count=WHOLE,
    created_by=TEXT,
    created_at=WHOLE,
    updated_at=WHOLE,
    workspace_id=WHOLE,
)
EVALUATION = has(
    evaluated=WHOLE,
    triggered=WHOLE,
    results=many(has(rule_id=WHOLE, rule_name=TEXT, triggered=FLAG, reason=TEXT)),
)


class RuleFields(Shape):
    name = Text(1, 200, required=True)
    description = Text(0, 1000)
    entity_type = Word({word: word for word in ENTITIES}, required=True)
    condition_field = Text(1, 100, required=True)
    condition_operator = Word({word: word for word in OPERATORS}, required=True)
    condition_value = Text(1, 500, required=True)
    action_type = Text(0, 100)
    action_config = Object()
    cooldown_minutes = Whole(1, A_WEEK)


class NumberOrText(Text):
    def to_internal_value(self, data: object) -> str:
        return super().to_internal_value(str(data) if type(data) in (int, float) else data)


class ZeroOrOne(Strict):
    """0 and 1 as rows have them, or what JSON has for it."""

    def to_internal_value(self, data: object) -> bool:
        if not isinstance(data, bool | int | float) or data not in (0, 1):
            self.fail("invalid")
        return bool(data)


class ObjectOrText(Strict):
    def to_internal_value(self, data: object) -> object:
        if not isinstance(data, dict | str):
            self.fail("invalid")
        return data


class RuleChanges(Shape):
    """Looser than the fields of a new one: only the types are looked at, since clients send whole rows back."""

    name = Text()
    description = Text(allow_null=True)
    enabled = ZeroOrOne(required=False)
    entity_type = Text()
    condition_field = Text()
    condition_operator = Text()
    condition_value = NumberOrText()
    action_type = Text()
    action_config = ObjectOrText(required=False, allow_null=True)
    cooldown_minutes = Whole(0, LONGEST_COOLDOWN)


FIELDS, CHANGES = RuleFields(), RuleChanges()


class Alerts(LegacyView):
    route = "alerts"
    limited = frozenset({"POST", "PUT", "DELETE"})

    @describe("Alert rules, newest first.", answers={200: has(rules=many(RULE))})
    def get(self, request: Request) -> Response:
        rules = AlertRule.objects.in_workspace(self.actor.workspace_id).newest()
        return Response({"rules": [rule.as_row() for rule in rules]})

    @describe(
        'Add a rule; with `{"action": "evaluate"}`, look which rules are met now.',
        body=RuleFields,
        answers={201: has(rule=RULE), 200: EVALUATION},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent()
        if isinstance(sent, dict) and sent.get("action") == "evaluate":
            return self._evaluate()
        fields = _stored(self.read(FIELDS))
        rule = services.create_rule(actor=self.actor, now=self.now, **fields)
        return Response({"rule": rule.as_row()}, status=201)

    @describe("Change a rule.", body=has("name", "enabled", id=WHOLE, name=TEXT, enabled=WHOLE, action_config=FREE),
              answers={200: has(rule=RULE)})  # fmt: skip
    def put(self, request: Request) -> Response:
        rule = services.find_rule(actor=self.actor, id=self._id())
        changes = _stored(self.read(CHANGES))
        if not changes:
            raise Invalid("No valid fields to update")
        changed = services.change_rule(rule=rule, actor=self.actor, now=self.now, changes=changes)
        return Response({"rule": changed.as_row()})

    @describe("Remove a rule.", body=has(id=WHOLE), answers={200: has(deleted=FLAG)})
    def delete(self, request: Request) -> Response:
        deleted = services.delete_rule(actor=self.actor, now=self.now, id=self._id())
        return Response({"deleted": deleted})

    def _evaluate(self) -> Response:
        outcomes = services.evaluate_rules(actor=self.actor, now=self.now, status_words=STATUS_WORDS)
        results = [
            {
                "rule_id": outcome.rule.pk,
                "rule_name": outcome.rule.name,
                "triggered": outcome.triggered,
                "reason": outcome.reason,
            }
            for outcome in outcomes
        ]
        triggered = sum(outcome.triggered for outcome in outcomes)
        return Response({"evaluated": len(results), "triggered": triggered, "results": results})

    def _id(self) -> int:
        sent = self.sent_object()
        if not sent.get("id"):
            raise Invalid("id is required")
        return id_in(sent["id"]) or 0


def _stored(fields: dict[str, Any]) -> dict[str, Any]:
    """`action_config` is kept as the text of its JSON."""
    if "action_config" in fields:
        config = fields["action_config"]
        fields["action_config"] = config if isinstance(config, str) else orjson.dumps(config or {}).decode()
    return fields
