"""Where every address leads. Streams and hot paths are taken before Django, in `missioncontrol.asgi`."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from api.legacy.base import unknown_path

from . import health
from .metrics.view import metrics_page

urlpatterns = [
    # Browsers ask for it on pages that name no icon, such as the admin site's.
    path("favicon.ico", RedirectView.as_view(url=static("img/mark.svg"))),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics_page, name="metrics"),
    path("api/v1/", include("api.v1.urls")),
    path("api/", include("api.legacy.urls")),
    re_path(r"^api/", unknown_path),
    path("docs", RedirectView.as_view(url="/docs/")),
    path("docs/", include("api.reference.urls")),
    path("admin/", admin.site.urls),
    path("", include("web.urls")),
]
