"""How this server and its machine fare: what the status page, monitors and supervisors ask for."""

from __future__ import annotations

import getpass
import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error

from core.rows import probe
from tokens.prices import subscribed

from . import lookup, machine

WARNING_PERCENT, CRITICAL_PERCENT = 90, 95
WARNING_RSS, CRITICAL_RSS = 400 * machine.MIB, 800 * machine.MIB
SLOW_SECONDS = 1.0
SEVERITY = {"healthy": 0, "unhealthy": 0, "warning": 1, "degraded": 2, "critical": 3, "error": 3}
OVERALL = ("healthy", "warning", "degraded", "unhealthy")
SUBSCRIPTION_TYPE = "subscription"
GATEWAY = ("127.0.0.1", 18789)
OURSELVES = ("127.0.0.1", "localhost", "::1")

Facts = dict[str, Any]


def overview(*, sessions: Facts, now_ms: int) -> Facts:
    """Machine, sessions, gateway. `sessions` is {total, active} of the caller's workspace."""
    memory, disk = machine.memory(), machine.disk(settings.DATA_DIR)
    return {
        "timestamp": now_ms,
        "uptime": int(machine.uptime() * 1000),
        "memory": {
            "total": memory.total // machine.MIB,
            "used": memory.used // machine.MIB,
            "available": memory.available // machine.MIB,
        },
        "disk": {
            "total": machine.human(disk.total),
            "used": machine.human(disk.used),
            "available": machine.human(disk.available),
            "usage": f"{disk.percent}%",
        },
        "sessions": sessions,
        "processes": [{"pid": pid, "command": command} for pid, command in machine.gateway_processes()],
    }


def gateway_address() -> tuple[str, int]:
    """Where a gateway would listen; the health is told without the database, too."""
    try:
        return lookup.value("gateway.host"), lookup.number("gateway.port", low=1, high=65535)
    except Error:
        return GATEWAY


def gateway_listens(host: str, port: int) -> bool:
    """The control channel has the port that gateways usually have, and is none."""
    is_ours = settings.CONTROL_CHANNEL and port == settings.CONTROL_PORT and host in OURSELVES
    return not is_ours and machine.is_listening(host, port)


def gateway() -> Facts:
    processes = machine.gateway_processes()
    host, port = gateway_address()
    listening = gateway_listens(host, port)
    return {
        "running": listening or bool(processes),
        "port": port,
        "pid": processes[0][0] if processes else None,
        "uptime": 0,
        "version": "unknown",
        "connections": 0,
        "port_listening": listening,
    }


def health(*, now_ms: int) -> Facts:
    """Five checks, always in this order. The gateway and the database do not spoil the whole: each has its own line."""
    checks = [_database(), _process(), _gateway(), _disk(), _memory()]
    worst = max(SEVERITY[check["status"]] for check in checks)
    return {
        "status": OVERALL[worst],
        "version": settings.VERSION,
        "uptime": machine.process_uptime(),
        "checks": checks,
        "timestamp": now_ms,
    }


def capabilities(*, claude_sessions: int) -> Facts:
    hermes = Path.home() / ".hermes"
    providers = {name: {"provider": name, "type": SUBSCRIPTION_TYPE, "source": "env"} for name in sorted(subscribed())}
    first = next(iter(providers.values()), None)
    return {
        "gateway": gateway_listens(*gateway_address()),
        "openclawHome": settings.OPENCLAW_HOME.is_dir(),
        "claudeHome": settings.CLAUDE_HOME.is_dir(),
        "claudeSessions": claude_sessions,
        "hermesInstalled": hermes.is_dir() or machine.has_program("hermes"),
        "hermesSessions": sum(1 for _ in (hermes / "sessions").glob("*.json*")),
        "subscription": first and {"type": first["type"], "provider": first["provider"]},
        "subscriptions": providers,
        "processUser": _user(),
        "interfaceMode": "full" if lookup.value("general.interface_mode") == "full" else "essential",
        "dashboardRegistration": None,
        "isDocker": machine.is_container(),
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # a container may run under a number that has no name


def _check(name: str, status: str, message: str, **rest: Any) -> Facts:
    return {"name": name, "status": status, "message": message, **rest}


def _database() -> Facts:
    began = time.perf_counter()
    try:
        probe()
    except Error:
        return _check("Database", "unhealthy", "The database does not answer")
    took = time.perf_counter() - began
    text = f"The database answered in {took * 1000:.0f} ms"
    return _check("Database", "degraded" if took > SLOW_SECONDS else "healthy", text)


def _process() -> Facts:
    figures = machine.process()
    detail = {"rss": figures.rss, "heapUsed": figures.used, "heapTotal": figures.reserved}
    text = f"{figures.rss // machine.MIB} MiB resident"
    return _check("Process Memory", _level(figures.rss, WARNING_RSS + 1, CRITICAL_RSS + 1), text, detail=detail)


def _gateway() -> Facts:
    host, port = gateway_address()
    if gateway_listens(host, port):
        return _check("Gateway", "healthy", f"A gateway listens on port {port}")
    return _check("Gateway", "unhealthy", f"No gateway listens on port {port}")


def _disk() -> Facts:
    try:
        percent = machine.disk(settings.DATA_DIR).percent
    except OSError:
        return _check("Disk Space", "error", "The data folder cannot be looked at")
    return _check("Disk Space", _level(percent, WARNING_PERCENT, CRITICAL_PERCENT), f"{percent}% of the disk is used")


def _memory() -> Facts:
    percent = machine.memory().percent
    text = f"{percent:.0f}% of the memory is used"
    return _check("Memory Usage", _level(percent, WARNING_PERCENT, CRITICAL_PERCENT), text)


def _level(figure: float, warning: float, critical: float) -> str:
    if figure >= critical:
        return "critical"
    return "warning" if figure >= warning else "healthy"
