"""What a command works with: its settings, its client, and a way to answer."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from missioncontrol_client.config import LOG_LEVELS, Settings, load_settings

from .exits import OK, UsageError
from .output import clean

if TYPE_CHECKING:
    from missioncontrol_client.client import MissionControl


class Context:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.json: bool = getattr(args, "json", False)

    @cached_property
    def settings(self) -> Settings:
        flags = {"api_url": "api_url", "agent_id": "agent", "token": "token", "timeout": "timeout"}
        given = {name: getattr(self.args, flag, None) for name, flag in flags.items()}
        settings = load_settings(given, config=getattr(self.args, "config", None))
        for warning in settings.warnings:
            self._say(settings, "warn", warning)
        return settings

    @cached_property
    def client(self) -> MissionControl:
        spare_httpx_its_own_command()
        from missioncontrol_client.client import MissionControl
        from missioncontrol_client.wire import Caller

        log_to_stderr(self.settings)
        return MissionControl.of(replace(Caller.of(self.settings), program="mc"))

    @property
    def key(self) -> str | None:
        key: str | None = getattr(self.args, "idempotency_key", None)
        if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            raise UsageError("--idempotency-key must be 1 to 255 printable ASCII characters")
        return key

    @property
    def me(self) -> str:
        if self.settings.agent_id is None:
            raise UsageError("no agent: use --agent, MC_AGENT_ID or agentId in the configuration file")
        return self.settings.agent_id

    def answer(self, found: Any, human: Callable[[], str]) -> int:
        """Print what the API answered, or what it means."""
        print(json.dumps(found, ensure_ascii=False) if self.json else human())
        return OK

    def warn(self, text: str) -> None:
        self._say(self.settings, "warn", text)

    @staticmethod
    def _say(settings: Settings, level: str, text: str) -> None:
        if LOG_LEVELS.index(level) >= LOG_LEVELS.index(settings.log_level):
            print(f"Warning: {clean(text)}", file=sys.stderr)

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.close()


def spare_httpx_its_own_command() -> None:
    """httpx loads its command line tool with itself, and with it click and pygments: a tenth of our start-up."""
    # None forbids the import, and httpx does without.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


def log_to_stderr(settings: Settings) -> None:
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    log = logging.getLogger("missioncontrol_client")
    log.handlers = [handler]
    log.propagate = False
    log.setLevel({"warn": "WARNING"}.get(settings.log_level, settings.log_level.upper()))
