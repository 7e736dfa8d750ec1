"""The admin site, behind the product's own sign-in."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse


class AdminSite(admin.AdminSite):
    site_header = "Mission Control"
    site_title = "Mission Control"
    index_title = "People and keys"

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        if request.user.is_authenticated and not self.has_permission(request):
            # The sign-in page would send them straight back.
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", "/admin/"))
