"""What can go wrong in the domain. Each dialect maps these to its own status and body."""

from __future__ import annotations

from typing import Any, Self


class DomainError(Exception):
    """Base of every error a service raises on purpose; `message` may be shown to the caller. `code` tells programs more
    than the class does, in the dialect that has codes; `extra` is shown with the message."""

    def __init__(self, message: str, *, code: str = "", **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.extra = extra
        # Shown beside the error, in the dialect whose bodies have more to say than the error.
        self.beside: dict[str, Any] = {}


class NotFound(DomainError):
    """The object does not exist, or not in the caller's workspace."""


class Denied(DomainError):
    """The caller is known but may not do this."""


class Unauthenticated(DomainError):
    """Nobody the server knows made this request."""


class Invalid(DomainError):
    """The input cannot be accepted. `details` lists one `<dotted.path>: <message>` per failing field."""

    def __init__(self, message: str = "Validation failed", *, details: list[str] | None = None, **extra: Any) -> None:
        super().__init__(message, **extra)
        self.details = details

    @classmethod
    def fields(cls, *told: str) -> Self:
        """What is wrong with fields of a request, each as `<dotted.path>: <message>`."""
        return cls("The request is not valid", details=list(told))


class Conflict(DomainError):
    """The object is not in the state this change expects."""


class Unavailable(DomainError):
    """What this needs is not connected to this server."""


class Injected(DomainError):
    """The text could take an agent over; `injection` in its extra lists the rules it breaks."""


class TooLarge(DomainError):
    """More than is kept of this."""


class RateLimited(DomainError):
    """Too many requests in the window. `headers` says when to come back."""

    def __init__(self, message: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(message, **extra)
        self.headers = headers or {}
