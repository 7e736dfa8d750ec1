"""Any other address below `/api/v1/`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request

from core.errors import NotFound

from .base import V1View


class _Nothing(V1View):
    """Counted as any route is, so that nobody looks for addresses without end."""

    route = "unknown"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.count_anybody("GET" if request.method == "HEAD" else request.method or "")
        raise NotFound("There is nothing at this address")


_nothing = _Nothing.as_view()


@csrf_exempt
def unknown_path(request: HttpRequest) -> HttpResponseBase:
    return _nothing(request)
