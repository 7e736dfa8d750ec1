"""`manage.py controlchannel`: the process of the TCP control channel. `make run` starts it when it is enabled."""

from __future__ import annotations

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from missioncontrol import logs
from realtime.control.address import NotLoopback
from realtime.control.process import serve


class Command(BaseCommand):
    help = "Serve the TCP control channel on loopback. Only with MC_CONTROL_CHANNEL=1."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.CONTROL_CHANNEL:
            raise CommandError("The control channel is not enabled. Set MC_CONTROL_CHANNEL=1, here and for `make run`.")
        host, port = settings.CONTROL_HOST, settings.CONTROL_PORT
        logs.configure(settings.LOG_FORMAT, settings.LOG_LEVEL)
        try:
            asyncio.run(serve())
        except NotLoopback as error:
            raise CommandError(str(error)) from None
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise CommandError(
                f"Port {port} on {host} cannot be used ({why}). Stop what uses it, or set MC_CONTROL_PORT to another."
            ) from None
