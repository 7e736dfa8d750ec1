"""Settings of the deployment: defaults from the product, values from administrators."""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, TEXT, WHOLE, each, has, many, maybe
from core.clock import seconds
from core.errors import Invalid
from system.definitions import Definition, definitions
from system.models import Setting
from system.services.settings import HIDDEN, reset_setting, set_settings

from .base import LegacyView
from .docs import describe
from .fields import BAD, Object, Shape

LONGEST_KEY, LONGEST_VALUE, MOST_KEYS = 200, 100_000, 1000
LARGEST_EXACT = 1e21
SETTING = has(
    key=TEXT,
    value=TEXT,
    description=TEXT,
    category=TEXT,
    updated_by=maybe(TEXT),
    updated_at=maybe(WHOLE),
    is_default=FLAG,
)


class SettingsFields(Shape):
    settings = Object(required=True)


FIELDS = SettingsFields()


class Settings(LegacyView):
    route = "settings"
    limited = frozenset({"PUT", "DELETE"})

    @describe(
        "All settings, those with a default first.",
        answers={200: has(settings=many(SETTING), grouped=each(many(SETTING)))},
    )
    def get(self, request: Request) -> Response:
        rows = {row.key: row for row in Setting.objects.order_by("key")}
        known = definitions()
        shown = [_defined(one, rows.get(key)) for key, one in known.items() if one.listed or key in rows]
        shown += [_row(row) for key, row in rows.items() if key not in known]
        grouped: dict[str, list[dict[str, Any]]] = {}
        for line in shown:
            grouped.setdefault(line["category"], []).append(line)
        return Response({"settings": shown, "grouped": grouped})

    @describe("Set some.", body=SettingsFields, answers={200: has(updated=many(TEXT), count=WHOLE)})
    def put(self, request: Request) -> Response:
        values = {key: _text(value) for key, value in self.read(FIELDS)["settings"].items()}
        too_long = [key for key, text in values.items() if len(key) > LONGEST_KEY or len(text) > LONGEST_VALUE]
        if "" in values or too_long or len(values) > MOST_KEYS:
            raise Invalid(details=[f"settings.{key[:LONGEST_KEY]}: {BAD}" for key in too_long] or [f"settings: {BAD}"])
        set_settings(actor=self.actor, now=self.now, values=values, origin=self.origin)
        return Response({"updated": list(values), "count": len(values)})

    @describe(
        "Set one back to its default.", body=has(key=TEXT), answers={200: has(reset=TEXT, default_value=maybe(TEXT))}
    )
    def delete(self, request: Request) -> Response:
        sent = self.sent()
        if sent is None:
            raise Invalid("Request body required")
        key = sent.get("key") if isinstance(sent, dict) else None
        if not isinstance(key, str) or not key:
            raise Invalid("key parameter required")
        default = reset_setting(actor=self.actor, now=self.now, key=key, origin=self.origin)
        return Response({"reset": key, "default_value": default})


def _defined(one: Definition, row: Setting | None) -> dict[str, Any]:
    return {
        "key": one.key,
        "value": _shown(one, row.value) if row else one.default,
        "description": one.description,
        "category": one.category,
        "updated_by": row.updated_by if row else None,
        "updated_at": seconds(row.updated_at) if row else None,
        "is_default": row is None,
    }


def _shown(one: Definition, value: str) -> str:
    return HIDDEN if one.secret and value else value


def _row(row: Setting) -> dict[str, Any]:
    return {
        "key": row.key,
        "value": row.value,
        "description": row.description,
        "category": row.category,
        "updated_by": row.updated_by,
        "updated_at": seconds(row.updated_at),
        "is_default": False,
    }


def _text(value: Any) -> str:
    """Settings are text: numbers as JavaScript writes them, lists and objects as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_EXACT:
        return str(int(value))
    return orjson.dumps(value).decode()
