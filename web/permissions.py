"""The inbox of permission requests: tools that agents wait to use, soonest to expire first, and what was answered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.actors import Actor, Role
from core.errors import Conflict, Invalid, NotFound
from governance.models import Permission
from governance.services import permissions as services
from web import words

from . import inputs
from .entry import origin_of
from .gate import PageRequest, page
from .inbox import APPROVED, AT_MOST, DECIDED, Timed, decision_in, rights_of, too_late
from .names import name_of, names_of

URGENT = timedelta(seconds=60)
GONE = "This permission request is gone."
POLICY = "policy"
Status = Permission.Status


@dataclass(frozen=True, slots=True)
class Line(Timed):
    permission: Permission
    decider: str
    now: datetime

    @property
    def row(self) -> Permission:
        return self.permission

    @property
    def shown_id(self) -> str:
        return str(self.permission.pk)

    @property
    def sign(self) -> words.Sign:
        return words.VERDICTS[self.permission.status]

    @property
    def risk(self) -> words.Sign:
        return words.RISKS[self.permission.risk_level]

    @property
    def summary(self) -> str:
        return inputs.summary_of(self.permission.input)

    @property
    def parts(self) -> list[inputs.Part]:
        return inputs.parts_of(self.permission.input)

    @property
    def updated(self) -> list[inputs.Part]:
        return inputs.parts_of(self.permission.updated_input or {})

    @property
    def is_long(self) -> bool:
        return any(part.left_out for part in self.parts)

    @property
    def is_urgent(self) -> bool:
        return self.permission.expires_at <= self.now + URGENT


def lines_of(rows: Iterable[Permission], *, now: datetime) -> list[Line]:
    rows = list(rows)
    names = names_of(row.decided_by for row in rows if row.decided_by and row.decided_by != POLICY)
    return [
        Line(row, "the policy" if row.decided_by == POLICY else name_of(row.decided_by, names), now) for row in rows
    ]


@require_GET
@page()
def permissions(request: PageRequest) -> HttpResponse:
    return _show(request)


def _show(request: PageRequest) -> HttpResponse:
    now, workspace_id = timezone.now(), request.actor.workspace_id
    services.expire_permissions(now=now, workspace_id=workspace_id)
    waiting = services.pending_permissions(workspace_id, now=now)
    over = Permission.objects.in_workspace(workspace_id).exclude(status=Status.PENDING).order_by("-decided_at", "-id")
    context = {
        "waiting": lines_of(waiting.select_related("task__project")[:AT_MOST], now=now),
        "count": waiting.count(),
        "decided": lines_of(over.select_related("task__project")[:DECIDED], now=now),
        "most_decided": DECIDED,
        **rights_of(request.actor),
    }
    return render(request, "permissions/page.html#inbox" if request.htmx else "permissions/page.html", context)


@require_GET
@page()
def whole_input(request: PageRequest, id: int) -> HttpResponse:
    """All of an input, as it may be edited."""
    text = json.dumps(_find(request.actor, id).input, indent=2, ensure_ascii=False)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_POST
@page(Role.OPERATOR)
def decide(request: PageRequest, id: int) -> HttpResponse:
    decision, reason = decision_in(request)
    row, now = _find(request.actor, id), timezone.now()
    try:
        services.respond_permission(
            permission_id=row.pk,
            actor=request.actor,
            approved=decision == APPROVED,
            updated_input=_edited(request, row),
            reason=reason,
            channel=Permission.Channel.DASHBOARD,
            origin=origin_of(request),
            now=now,
        )
    except Conflict as error:
        line = lines_of([_find(request.actor, id)], now=now)[0]
        told = too_late(line.permission.status, decider=line.decider, reason=line.permission.reason)
        raise Conflict(told) from error
    return _show(request) if request.htmx else redirect("permissions")


def _find(actor: Actor, id: int) -> Permission:
    try:
        return services.find_permission(permission_id=id, actor=actor)
    except NotFound:
        raise NotFound(GONE) from None


def _edited(request: PageRequest, row: Permission) -> dict[str, Any] | None:
    """The input as the person has changed it; None when it is as it was."""
    text = request.POST.get("input", "")
    if not text:
        return None
    try:
        edited = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Invalid("The input is not JSON. Nothing was sent.") from None
    if not isinstance(edited, dict):
        raise Invalid("The input must be a JSON object. Nothing was sent.")
    return None if edited == row.input else edited
