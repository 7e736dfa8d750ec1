"""`/api/v1/*`. A trailing slash is the same address."""

from __future__ import annotations

from django.urls import URLPattern, re_path
from django.urls.resolvers import RegexPattern

from . import health, tasks, tokens
from .base import V1View
from .unknown import unknown_path


def at(route: str, view: type[V1View]) -> URLPattern:
    """`tasks/<id>/messages`, each `<name>` being one segment."""
    pattern = "/".join(f"(?P{part}[^/]+)" if part.startswith("<") else part for part in route.split("/"))
    return URLPattern(RegexPattern(rf"^{pattern}/?$"), view.as_view(), name=f"v1-{view.route}")


urlpatterns = [
    at("health", health.Health),
    at("auth/token", tokens.Token),
    at("tasks", tasks.Tasks),
    at("tasks/<id>", tasks.OneTask),
    re_path("", unknown_path),
]
