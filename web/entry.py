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
from accounts.access.rates import check_rate
from accounts.models import User
from accounts.scopes import ip_in
from accounts.services import note_failed_sign_in, note_sign_in, note_sign_out
from activity.audit import Origin
from core.errors import RateLimited


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "Name or password is wrong.",
        "inactive": "This account is switched off.",
        "unapproved": "This account waits for an administrator's approval.",
    }

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        if user.provider != "local":
            raise self.get_invalid_login_error()
        if not user.may_sign_in:
            raise ValidationError(self.error_messages["unapproved"], code="unapproved")


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    target = _next(request)
    if request.method == "GET" and request.user.is_authenticated:
        return HttpResponseRedirect(target)
    if request.method == "POST" and _is_too_fast(request):
        context = {"form": SignInForm(request), "next": target, "throttled": True}
        return render(request, "registration/login.html", context, status=429)
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.get_user()
        login(request, user)
        note_sign_in(user=user, now=timezone.now(), origin=origin_of(request))
        return HttpResponseRedirect(target)
    if request.method == "POST":
        name = request.POST.get("username", "").replace("\0", "\ufffd")
        note_failed_sign_in(username=name, now=timezone.now(), origin=origin_of(request))
    status = 401 if request.method == "POST" else 200
    return render(request, "registration/login.html", {"form": form, "next": target}, status=status)


def _is_too_fast(request: HttpRequest) -> bool:
    try:
        check_rate(limits.LOGIN, ip_in(request), actor=None, ip=ip_in(request), now=timezone.now())
    except RateLimited:
        return True
    return False


def origin_of(request: HttpRequest) -> Origin:
    return Origin(ip_in(request), request.META.get("HTTP_USER_AGENT"))


def _next(request: HttpRequest) -> str:
    """Only addresses of this server are followed."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        note_sign_out(actor=request.user.as_actor(), now=timezone.now(), origin=origin_of(request))
    logout(request)
    return redirect("sign-in")
