"""A placeholder until the reports land."""

from django.http import HttpRequest, HttpResponse


def costs(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


trend = export = budget = costs
