"""What the views of every dialect share: no sign-in and no negotiation of REST framework's own, and where a request
comes from."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.views import APIView

from accounts.scopes import ip_in
from activity.audit import Origin
from core.actors import Actor

from .rendering import AnyJson, JsonRenderer


class JsonView(APIView):
    """One route of a dialect. `route` names its row in the dialect's table of access."""

    route: ClassVar[str]
    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = AnyJson
    renderer_classes = (JsonRenderer,)
    actor: Actor

    @property
    def default_response_headers(self) -> dict[str, str]:
        """None: `Allow` belongs to OPTIONS and 405 alone."""
        return {}

    @property
    def ip(self) -> str:
        return ip_in(self.request._request)

    @property
    def origin(self) -> Origin:
        """For the audit log."""
        return Origin(self.ip, self.request._request.META.get("HTTP_USER_AGENT"))
