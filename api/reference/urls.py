"""`/docs/`."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.v1, name="reference"),
    path("api/", views.legacy, name="reference-legacy"),
    path("states/", views.states, name="reference-states"),
]
