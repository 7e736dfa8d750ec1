"""What can go wrong, one class for each thing that a caller may want to tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class MissionControlError(Exception):
    """The base of every error this package raises."""

    code = "ERROR"

    @property
    def message(self) -> str:
        return str(self)

    def envelope(self) -> dict[str, Any]:
        """The error in the shape in which the API tells its own."""
        return {"error": {"code": self.code, "message": self.message}}


class ConfigError(MissionControlError):
    code = "CONFIG"


class NetworkError(MissionControlError):
    """No answer came: the server could not be reached, or the connection broke."""

    code = "NETWORK_ERROR"


class RequestTimeout(NetworkError):
    code = "TIMEOUT"


class ApiError(MissionControlError):
    """The server answered with an error."""

    def __init__(self, status: int, body: Mapping[str, Any], *, retry_after: float | None = None) -> None:
        error = body.get("error")
        known: Mapping[str, Any] = error if isinstance(error, Mapping) else {"message": error}
        super().__init__(str(known.get("message") or f"the server answered {status}"))
        self.status = status
        self.code = str(known.get("code") or f"HTTP_{status}")
        self.details: Any = known.get("details")
        self.request_id: str | None = known.get("requestId")
        self.body = dict(body)
        self.retry_after = retry_after

    @property
    def errors(self) -> list[dict[str, str]]:
        """The fields that were refused, each with its message."""
        found = self.body.get("errors")
        if found is None and isinstance(self.details, Mapping):
            found = self.details.get("errors")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    @property
    def allowed_transitions(self) -> list[str] | None:
        """Where the task may go instead, when a transition was refused."""
        found = self.body.get("allowedTransitions")
        return [str(item) for item in found] if isinstance(found, list) else None

    def envelope(self) -> dict[str, Any]:
        return self.body if isinstance(self.body.get("error"), Mapping) else super().envelope()


class BadRequest(ApiError):
    pass


class Unauthorized(ApiError):
    pass


class Forbidden(ApiError):
    pass


class PolicyViolation(Forbidden):
    """Refused now; an approval or a change of policy could make it possible."""


class NotFound(ApiError):
    pass


class Conflict(ApiError):
    pass


class RateLimited(ApiError):
    pass


class ServerError(ApiError):
    pass


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def error_for(status: int, body: Mapping[str, Any], *, retry_after: float | None = None) -> ApiError:
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
    error = kind(status, body, retry_after=retry_after)
    if kind is Forbidden and error.code == "POLICY_VIOLATION":
        return PolicyViolation(status, body, retry_after=retry_after)
    return error
