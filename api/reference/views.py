"""`/docs/`: for everybody, as the documents themselves are. Each page is made once a process."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from api.legacy.schema import document as legacy_document
from api.v1.docs.document import document
from api.v1.docs.moves import dialects, matrix, moves
from governance.states import STATUSES

from .marking import blocks
from .pages import groups_of, objects_of

KEPT = "public, max-age=3600"


@require_GET
def v1(request: HttpRequest) -> HttpResponse:
    return _answer("v1")


@require_GET
def legacy(request: HttpRequest) -> HttpResponse:
    return _answer("legacy")


@require_GET
def states(request: HttpRequest) -> HttpResponse:
    return _answer("states")


def _answer(name: str) -> HttpResponse:
    return HttpResponse(_page(name), headers={"Cache-Control": KEPT})


@lru_cache(maxsize=3)
def _page(name: str) -> bytes:
    """Without the request: nothing of whoever asks may be in a page that is kept for all."""
    if name == "states":
        context = {"statuses": STATUSES, "matrix": matrix(), "moves": moves(), "dialects": dialects()}
        return render_to_string("reference/states.html", {**context, "current": name}).encode()
    return render_to_string("reference/page.html", {**_context(name), "current": name}).encode()


def _context(name: str) -> dict[str, Any]:
    whole = document() if name == "v1" else legacy_document()
    return {
        "title": "/api/v1" if name == "v1" else "/api",
        "source": "/api/v1/openapi.json" if name == "v1" else "/api/docs",
        "intro": blocks(whole["info"].get("description", "")),
        "groups": groups_of(whole),
        "objects": objects_of(whole),
    }
