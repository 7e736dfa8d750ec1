"""Mission Control for programs: `MissionControl` and `AsyncMissionControl` speak `/api/v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .aio import AsyncMissionControl as AsyncMissionControl
    from .client import MissionControl as MissionControl
    from .config import Settings as Settings
    from .config import load_settings as load_settings
    from .errors import ApiError as ApiError
    from .errors import BadRequest as BadRequest
    from .errors import ConfigError as ConfigError
    from .errors import Conflict as Conflict
    from .errors import Forbidden as Forbidden
    from .errors import MissionControlError as MissionControlError
    from .errors import NetworkError as NetworkError
    from .errors import NotFound as NotFound
    from .errors import PolicyViolation as PolicyViolation
    from .errors import RateLimited as RateLimited
    from .errors import RequestTimeout as RequestTimeout
    from .errors import ServerError as ServerError
    from .errors import Unauthorized as Unauthorized
    from .retry import Retry as Retry
    from .runner.aio import AsyncRunner as AsyncRunner
    from .runner.runner import Runner as Runner
    from .stream import Event as Event

__version__ = "0.1.0"

_HOMES = {
    "AsyncMissionControl": "aio",
    "MissionControl": "client",
    "Settings": "config",
    "load_settings": "config",
    "Retry": "retry",
    "AsyncRunner": "runner.aio",
    "Runner": "runner.runner",
    "Event": "stream",
    "ApiError": "errors",
    "BadRequest": "errors",
    "ConfigError": "errors",
    "Conflict": "errors",
    "Forbidden": "errors",
    "MissionControlError": "errors",
    "NetworkError": "errors",
    "NotFound": "errors",
    "PolicyViolation": "errors",
    "RateLimited": "errors",
    "RequestTimeout": "errors",
    "ServerError": "errors",
    "Unauthorized": "errors",
}
__all__ = sorted([*_HOMES, "__version__"])


# `mc` imports this package for every command: the HTTP library is loaded when a client is asked for, not before.
def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return __all__
