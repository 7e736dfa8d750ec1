"""In and out."""

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import limits
from accounts.models import User
from accounts.scopes import ip_in
from accounts.services import note_failed_sign_in


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "Name or password is wrong.",
        "inactive": "This account is switched off.",
        "unapproved": "This account waits for an administrator's approval.",
    }

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if not user.may_sign_in:
            raise ValidationError(self.error_messages["unapproved"], code="unapproved")


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    target = _next(request)
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(target)
    if request.method == "POST" and limits.limiter().check(limits.LOGIN, ip_in(request)) is not None:
        context = {"form": SignInForm(request), "next": target, "throttled": True}
        return render(request, "registration/login.html", context, status=429)
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return HttpResponseRedirect(target)
    if request.method == "POST":
        note_failed_sign_in(username=request.POST.get("username", ""), now=timezone.now())
    status = 401 if request.method == "POST" else 200
    return render(request, "registration/login.html", {"form": form, "next": target}, status=status)


def _next(request: HttpRequest) -> str:
    """Only addresses of this server are followed."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")
