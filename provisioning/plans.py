"""What would be done on a tenant's machine, step by step: shown to who approves, run by the step runner."""

from __future__ import annotations

from typing import Any

from accounts.models import Tenant

Step = dict[str, Any]
MINUTE = 60_000


def bootstrap(tenant: Tenant, *, template: str) -> list[Step]:
    user, home, root = tenant.linux_user or "", tenant.openclaw_home, tenant.workspace_root
    gateway = f"openclaw-gateway@{user}.service"
    return [
        _step("create-user", "Create the Linux user", "useradd", "--create-home", "--shell", "/bin/bash", user),
        _step("create-state", "Create the state folder", "install", "-d", "-m", "0700", "-o", user, home),
        _step("create-workspace", "Create the workspace", "install", "-d", "-m", "0750", "-o", user, root),
        _step(
            "write-config", "Install the configuration",
            "install", "-m", "0600", "-o", user, template, f"{home}/openclaw.json",
        ),
        _step("start-gateway", "Start the gateway", "systemctl", "enable", "--now", gateway, minutes=3),
    ]  # fmt: skip


def decommission(tenant: Tenant, *, remove_user: bool, remove_state: bool) -> list[Step]:
    user = tenant.linux_user or ""
    gateway = f"openclaw-gateway@{user}.service"
    steps = [_step("stop-gateway", "Stop the gateway", "systemctl", "disable", "--now", gateway, minutes=3)]
    if remove_state and tenant.openclaw_home and tenant.workspace_root:
        folders = (tenant.openclaw_home, tenant.workspace_root)
        steps.append(_step("remove-state", "Remove state and workspace", "rm", "-rf", "--", *folders))
    if remove_user and user:
        steps.append(_step("remove-user", "Remove the Linux user", "userdel", user))
    return steps


def _step(key: str, title: str, *command: str, minutes: int = 1) -> Step:
    return {
        "key": key,
        "title": title,
        "command": list(command),
        "requires_root": True,
        "timeout_ms": minutes * MINUTE,
    }
