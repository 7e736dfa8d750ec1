"""People in the admin site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from core.errors import DomainError

from .credentials import digest
from .models import AccessRequest, Session, User, Workspace
from .services import PASSWORD_LENGTH, access_changed, approve_request, reject_request


class PersonForm(forms.ModelForm):
    new_password = forms.CharField(
        required=False,
        min_length=PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=f"At least {PASSWORD_LENGTH} characters. Leave empty to keep the present one.",
    )

    class Meta:
        model = User
        fields = ("username", "display_name", "email", "role", "workspace", "is_approved", "is_active")

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        if password:
            validate_password(password, self.instance)
        elif not self.instance.pk:
            raise forms.ValidationError("A new person needs a password.")
        return password


# Roles are three words on the person; there are no groups.
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    form = PersonForm
    list_display = (
        "username",
        "display_name",
        "role",
        "workspace",
        "provider",
        "is_approved",
        "is_active",
        "last_login",
    )
    list_filter = ("role", "workspace", "provider", "is_approved", "is_active")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        password = form.cleaned_data.get("new_password")
        if password:
            obj.set_password(password)
        super().save_model(request, obj, form, change)
        if password or not obj.may_sign_in:
            Session.objects.filter(user=obj).exclude(pk=_own_session(request, obj)).delete()
        assert isinstance(request.user, User)
        access_changed(actor=request.user.as_actor(), what="user", id=obj.pk)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        assert isinstance(request.user, User)
        return {"workspace": request.user.workspace_id}

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return obj != request.user and super().has_delete_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        id = obj.pk
        super().delete_model(request, obj)
        assert isinstance(request.user, User)
        access_changed(actor=request.user.as_actor(), what="user", id=id)


def _own_session(request: HttpRequest, user: User) -> str:
    """An administrator who changes their own password stays signed in where they did it."""
    return digest(request.session.session_key or "") if request.user.pk == user.pk else ""


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "tenant")
    ordering = ("id",)

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return False


@admin.register(AccessRequest)
class AccessRequestAdmin(admin.ModelAdmin):
    """Made by those who ask; answered here, never edited."""

    list_display = ("email", "display_name", "status", "attempt_count", "last_attempt_at", "reviewed_by", "workspace")
    list_filter = ("status", "workspace")
    search_fields = ("email", "display_name")
    ordering = ("-last_attempt_at",)
    actions = ("approve", "reject")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AccessRequest | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: AccessRequest | None = None) -> bool:
        return False

    @admin.action(description="Let the selected people in, as viewers")
    def approve(self, request: HttpRequest, requests: QuerySet[AccessRequest]) -> None:
        assert isinstance(request.user, User)
        for asked in requests:
            try:
                user = approve_request(request=asked, actor=request.user.as_actor(), now=timezone.now())
            except DomainError as error:
                messages.error(request, f"{asked.email}: {error.message}.")
            else:
                messages.success(request, f"{asked.email} is in as {user.username}.")

    @admin.action(description="Reject the selected requests")
    def reject(self, request: HttpRequest, requests: QuerySet[AccessRequest]) -> None:
        assert isinstance(request.user, User)
        for asked in requests:
            reject_request(request=asked, actor=request.user.as_actor(), now=timezone.now())
        messages.success(request, f"Rejected {len(requests)} of the requests.")
