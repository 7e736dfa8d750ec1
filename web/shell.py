"""The figures in the header of every page."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import Workspace
from core.actors import Actor, Role
from governance.models import Approval, Permission
from tokens import reports

from .gate import PageRequest, page
from .numbers import money


@dataclass(frozen=True, slots=True)
class Shell:
    person: str = ""
    role: str = ""
    workspace: str = ""
    is_admin: bool = False
    position: int = 0
    today: int = 0


def shell_of(request: HttpRequest) -> Shell:
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return Shell()
    name = Workspace.objects.filter(id=actor.workspace_id).values_list("name", flat=True).first()
    return Shell(
        person=actor.display_name,
        role=actor.role.word,
        workspace=name or "",
        is_admin=actor.can(Role.ADMIN),
        position=getattr(request, "log_position", 0),
        today=spent_today(actor.workspace_id),
    )


def spent_today(workspace_id: int) -> int:
    return reports.total(workspace_id, since=reports.start_of_day(timezone.now())).cost_microusd


def waiting_of(request: HttpRequest) -> int:
    """How many approvals somebody could decide now."""
    actor: Actor | None = getattr(request, "actor", None)
    return Approval.objects.in_workspace(actor.workspace_id).decidable(timezone.now()).count() if actor else 0


def permissions_waiting_of(request: HttpRequest) -> int:
    """How many permission requests somebody could answer now."""
    actor: Actor | None = getattr(request, "actor", None)
    return Permission.objects.in_workspace(actor.workspace_id).decidable(timezone.now()).count() if actor else 0


@require_GET
@page()
def figures(request: PageRequest) -> HttpResponse:
    today = money(spent_today(request.actor.workspace_id))
    waiting = {"approvals": waiting_of(request), "permissions": permissions_waiting_of(request)}
    return JsonResponse({"today": today, **waiting})
