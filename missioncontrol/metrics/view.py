"""The page that Prometheus reads."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from accounts.access import gate
from accounts.isolation import check_isolation
from accounts.scopes import ip_in, presented_in
from activity.audit import Origin
from core.actors import Role
from core.errors import Denied, Unauthenticated
from core.metrics import counted

from .figures import Figures


@require_GET
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Figures of the whole installation, for viewers of workspaces that are not kept apart."""
    now = timezone.now()
    try:
        actor = gate.admit(presented_in(request), Role.VIEWER)
        origin = Origin(ip_in(request), request.META.get("HTTP_USER_AGENT"))
        check_isolation(actor, route="/metrics", origin=origin, now=now)
    except Unauthenticated as error:
        return HttpResponse(f"{error.message}\n", "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    except Denied as error:
        return HttpResponse(f"{error.message}\n", "text/plain", 403)
    registry = counted()
    registry.register(Figures(now))
    return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST)
