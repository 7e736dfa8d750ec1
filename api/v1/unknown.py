"""Any other address below `/api/v1/`."""

from __future__ import annotations

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from .errors import envelope, request_id_of


@csrf_exempt
def unknown_path(request: HttpRequest) -> HttpResponse:
    body = envelope("NOT_FOUND", "There is nothing at this address", request_id_of(request))
    return HttpResponse(orjson.dumps(body), status=404, content_type="application/json; charset=utf-8")
