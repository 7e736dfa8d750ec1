"""Agents that are started for one task."""

from __future__ import annotations

import secrets

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import FLAG, FREE, TEXT, WHOLE, has, many, maybe
from core.clock import milliseconds
from core.errors import Unavailable
from core.injection import refuse_injection
from system import gateway

from .base import LegacyView
from .docs import describe
from .fields import Shape, Text, Whole

SHORTEST, LONGEST, USUAL = 10, 3600, 300
SPAWNED = has(
    success=FLAG, spawnId=TEXT, sessionInfo=maybe(TEXT), task=TEXT, model=maybe(TEXT), label=TEXT,
    timeoutSeconds=WHOLE, createdAt=WHOLE, result=FREE, compatibility=FREE,
)  # fmt: skip
FAILED = has(
    success=FLAG, spawnId=TEXT, error=TEXT, task=TEXT, model=maybe(TEXT), label=TEXT, timeoutSeconds=WHOLE,
    createdAt=WHOLE,
)  # fmt: skip
PAST = has(id=TEXT, timestamp=WHOLE, model=TEXT, task=TEXT, status=TEXT, line=TEXT)


class SpawnFields(Shape):
    task = Text(1, None, required=True, empty="Task is required")
    label = Text(1, None, required=True, empty="Label is required")  # type: ignore[assignment]
    model = Text(1, None, empty="Model is required")
    timeoutSeconds = Whole(SHORTEST, LONGEST)


FIELDS = SpawnFields()


class Spawn(LegacyView):
    route = "spawn"
    limit = limits.HEAVY
    limited = frozenset({"GET", "POST"})
    is_global = True

    @describe("Agents started before, newest first.", query=("limit",), answers={200: has(history=many(PAST))})
    def get(self, request: Request) -> Response:
        """Starts are read from a gateway's log; without a gateway there are none."""
        return Response({"history": []})

    @describe("Start an agent for one task.", body=SpawnFields, answers={200: SPAWNED, 500: FAILED})
    def post(self, request: Request) -> Response:
        want = self.read(FIELDS)
        refuse_injection("task", want["task"])
        refuse_injection("label", want["label"])
        now = milliseconds(self.now)
        try:
            gateway.spawn(label=want["label"])
        except Unavailable as error:
            failed = {
                "success": False,
                "spawnId": f"spawn-{now}-{secrets.token_hex(4)}",
                "error": error.message,
                "task": want["task"],
                "model": want.get("model"),
                "label": want["label"],
                "timeoutSeconds": want.get("timeoutSeconds", USUAL),
                "createdAt": now,
            }
            return Response(failed, status=500)
