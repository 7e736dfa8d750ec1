"""Where the server is and who asks: flags before environment before file before defaults."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import ConfigError

DEFAULT_FILE = "~/.openclaw/mission-control.json"
DEFAULT_API_URL = "http://localhost:3100"
LOG_LEVELS = ("debug", "info", "warn", "error")

# setting: (environment variable, key in the file)
SOURCES = {
    "api_url": ("MC_API_URL", "apiUrl"),
    "agent_id": ("MC_AGENT_ID", "agentId"),
    "token": ("MC_AGENT_TOKEN", "token"),
    "workspace": ("MC_WORKSPACE", "workspace"),
    "timeout": ("MC_DEFAULT_TIMEOUT", "defaultTimeout"),
    "log_level": ("MC_LOG_LEVEL", "logLevel"),
    "admin_token": ("MC_ADMIN_TOKEN", "adminToken"),
    "session_key": ("MC_SESSION_KEY", "sessionKey"),
}


class Settings(NamedTuple):
    api_url: str = DEFAULT_API_URL
    agent_id: str | None = None
    token: str | None = None
    workspace: str = ""
    timeout_ms: int = 30_000
    log_level: str = "info"
    admin_token: str | None = None
    session_key: str | None = None
    warnings: tuple[str, ...] = ()

    # Tokens stay out of tracebacks and logs.
    def __repr__(self) -> str:
        shown = self._asdict()
        shown.update({name: "***" for name in ("token", "admin_token") if shown[name]})
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def load_settings(
    flags: Mapping[str, Any] | None = None, *, environ: Mapping[str, str] | None = None, config: str | None = None
) -> Settings:
    """Read every source; the names of `flags` are those of SOURCES, and None means not given."""
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    named = config or environ.get("MC_CONFIG") or None
    path = os.path.expanduser(named or DEFAULT_FILE)
    stored, warnings = _read_file(path, must_exist=named is not None)

    found: dict[str, Any] = {}
    for name, (variable, key) in SOURCES.items():
        for value in (given.get(name), environ.get(variable), stored.get(key)):
            if value is not None and value != "":
                found[name] = value
                break
    if "token" in given and "admin_token" not in given:
        found.pop("admin_token", None)  # a token on the command line is meant for this call, whatever it does
    return _checked(found, path, warnings)


def _read_file(path: str, *, must_exist: bool) -> tuple[dict[str, Any], tuple[str, ...]]:
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            stored = json.load(file)
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"configuration file {path} does not exist") from None
        return {}, ()
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"configuration file {path} cannot be read: {error}") from error
    except ValueError as error:
        raise ConfigError(f"configuration file {path} is not valid JSON: {error}") from error
    if not isinstance(stored, dict):
        raise ConfigError(f"configuration file {path} must hold a JSON object")
    exposed = os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH)
    if exposed and (stored.get("token") or stored.get("adminToken")):
        return stored, (f"{path} holds a token and others can read it; run: chmod 600 {path}",)
    return stored, ()


def _checked(found: dict[str, Any], path: str, warnings: tuple[str, ...]) -> Settings:
    for name, value in found.items():
        if name != "timeout" and not isinstance(value, str):
            raise ConfigError(f"{SOURCES[name][1]} in {path} must be a string")
    api_url = str(found.get("api_url", DEFAULT_API_URL)).rstrip("/")
    if not api_url.startswith(("http://", "https://")):
        raise ConfigError(f"the API URL must start with http:// or https://, not {api_url!r}")
    level = str(found.get("log_level", "info")).lower()
    if level not in LOG_LEVELS:
        raise ConfigError(f"the log level must be one of {', '.join(LOG_LEVELS)}, not {level!r}")
    for name in ("token", "admin_token", "agent_id"):
        if not str(found.get(name, "")).isascii() or not str(found.get(name, "x")).isprintable():
            raise ConfigError(f"{SOURCES[name][1]} holds characters that no HTTP header can carry")
    return Settings(
        api_url=api_url,
        agent_id=found.get("agent_id"),
        token=found.get("token"),
        workspace=found.get("workspace") or os.getcwd(),
        timeout_ms=_milliseconds(found.get("timeout", 30_000)),
        log_level=level,
        admin_token=found.get("admin_token"),
        session_key=found.get("session_key") or (f"cli:{found['agent_id']}" if found.get("agent_id") else None),
        warnings=warnings,
    )


def _milliseconds(value: Any) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if number < 1:
        raise ConfigError(f"the timeout must be a whole number of milliseconds above 0, not {value!r}")
    return number
