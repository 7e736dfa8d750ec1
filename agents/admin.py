"""API keys in the admin site. It stands here, above agents, because a key may be bound to one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.services import issue_key, revoke_key
from core.actors import Actor, Role

from .models import Agent


class NewKeyForm(forms.ModelForm):
    """What a key is limited to: role, workspace, one agent, an expiry."""

    agent = forms.ModelChoiceField(
        Agent.objects.order_by("name"),
        required=False,
        help_text="Only this agent may use the key. Leave empty for a program that speaks for several.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "role", "workspace", "expires_at")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        agent, workspace = cleaned.get("agent"), cleaned.get("workspace")
        if agent and workspace and agent.workspace_id != workspace.pk:
            self.add_error("agent", f"{agent.name} is not in {workspace.name}.")
        if (expires := cleaned.get("expires_at")) and expires <= timezone.now():
            self.add_error("expires_at", "This moment has passed; the key would be dead at once.")
        return cleaned


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    """Made here, shown once, revoked here; never edited or deleted, so that its traces keep their meaning."""

    list_display = ("name", "prefix", "role", "workspace", "agent_name", "state", "last_used_at", "created_by")
    list_filter = ("role", "workspace")
    search_fields = ("name", "prefix", "agent_name")
    ordering = ("-id",)
    actions = ("revoke",)

    def get_form(self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=forms.ModelForm if obj else NewKeyForm, **kwargs)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        made = ("name", "role", "workspace", "agent", "expires_at")
        shown = ("name", "prefix", "role", "workspace", "agent_name", "expires_at", "last_used_at", "revoked_at")
        return shown if obj else made

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"workspace": _actor(request).workspace_id}

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        want = form.cleaned_data
        agent: Agent | None = want["agent"]
        key, secret = issue_key(
            actor=_actor(request),
            name=want["name"],
            role=Role.named(want["role"]),
            workspace=want["workspace"],
            agent=(agent.pk, agent.name) if agent else None,
            expires_at=want["expires_at"],
        )
        obj.pk = key.pk
        messages.success(request, f"The key is {secret} - copy it now, it is shown only this once.")

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return "revoked"
        return "expired" if key.expires_at and key.expires_at <= timezone.now() else "active"

    @admin.action(description="Revoke the selected keys, at once and for good")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        now = timezone.now()
        for key in keys:
            revoke_key(key=key, actor=_actor(request), now=now)
        messages.success(request, f"Revoked {len(keys)} of the keys. Programs that use them are refused from now on.")


def _actor(request: HttpRequest) -> Actor:
    assert isinstance(request.user, User)
    return request.user.as_actor()
