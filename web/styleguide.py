"""Every component in every state, to look at before and after a change."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from . import samples
from .gate import PageRequest, page

SURFACES = ("ground", "panel", "raised", "hover", "well", "signal", "wash")


@require_GET
@page()
def styleguide(request: PageRequest) -> HttpResponse:
    context = {
        "surfaces": SURFACES,
        "signs": samples.signs(),
        "presences": samples.presences(),
        "strips": samples.strips(),
        "uses": samples.uses(),
        "cards": samples.cards(),
        "stories": samples.stories(),
    }
    return render(request, "styleguide/page.html", context)
