"""How people are told, in the admin site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import validate_email
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User

from .models import Preference
from .preferences import is_set_up, prefer

Way = Preference.Way


class PreferenceForm(forms.ModelForm):
    class Meta:
        model = Preference
        fields = ("user", "channel", "address")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        channel, address = cleaned.get("channel", ""), cleaned.get("address", "")
        if channel in (Way.TELEGRAM, Way.SLACK, Way.EMAIL) and not is_set_up(channel):
            self.add_error("channel", f"{Way(channel).label} is not set up in this deployment.")
        if channel == Way.EMAIL and address:
            try:
                validate_email(address)
            except forms.ValidationError as error:
                self.add_error("address", error)
        user = cleaned.get("user") or self.instance.user
        if channel == Way.EMAIL and not address and not user.email:
            self.add_error("address", f"{user} has no e-mail address.")
        return cleaned


@admin.register(Preference)
class PreferenceAdmin(admin.ModelAdmin):
    form = PreferenceForm
    list_display = ("user", "channel", "address")
    list_filter = ("channel",)
    search_fields = ("user__username",)
    ordering = ("user__username",)

    def get_readonly_fields(self, request: HttpRequest, obj: Preference | None = None) -> tuple[str, ...]:
        return ("user",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Preference, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        actor, now = request.user.as_actor(), timezone.now()
        prefer(user=obj.user, channel=obj.channel, address=obj.address, actor=actor, now=now)
