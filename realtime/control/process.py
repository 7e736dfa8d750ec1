"""The process of the control channel: listens, tells what the log tells, and ends when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal

import structlog
from django.conf import settings

from realtime.wire import control as wire

from .methods import Methods
from .server import ControlServer
from .snapshot import Probes

log = structlog.get_logger(__name__)


async def serve() -> None:
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, over.set)
    probes = Probes()
    methods = Methods(probes, lambda: None)
    server = ControlServer(
        answer=methods.answer,
        greeting=lambda: [wire.gateway_status("running", pid=os.getpid())],
        token=settings.CONTROL_TOKEN,
    )
    await server.start(settings.CONTROL_HOST, settings.CONTROL_PORT)
    try:
        await over.wait()
    finally:
        await server.stop()
        probes.stop()
