"""What the routes that decide about people have in common: administrators only, in words and with a limit of their
own."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request

from accounts.access import limits
from accounts.access.rates import identity_key
from core.errors import Denied, Unauthenticated

from .base import LegacyView


class IdentityView(LegacyView):
    """`domain` names what is changed; each has a budget of its own."""

    limit = limits.IDENTITY
    domain: ClassVar[str]

    @property
    def rate_key(self) -> str:
        return identity_key(self.actor, self.domain)


class AdminsOnly(IdentityView):
    """These routes have no gate, and their refusals read alike, whoever asks; only a stranger's GET is a 401."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        try:
            super().initial(request, *args, **kwargs)
        except Unauthenticated:
            if request.method in ("GET", "HEAD"):
                raise
            raise Denied("Admin access required") from None
        except Denied:
            raise Denied("Admin access required") from None
