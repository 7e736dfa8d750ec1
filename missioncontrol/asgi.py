"""The web process: hot paths and streams on the event loop, everything else in Django's synchronous stack."""

from __future__ import annotations

import asyncio
import gc
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "missioncontrol.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402

from activity.lifecycle import tell_of_beginning  # noqa: E402
from api.v1 import together  # noqa: E402
from api.v1.errors import no_database  # noqa: E402
from core import tracing  # noqa: E402
from ingest.gauge import make_gauge  # noqa: E402
from ingest.hotpaths import HotPaths  # noqa: E402
from ingest.polled import Polled  # noqa: E402
from realtime.hub import hub  # noqa: E402
from realtime.sockets import Sockets  # noqa: E402
from realtime.streams import event_stream  # noqa: E402
from realtime.waiting import Waiting, may_wait  # noqa: E402

from . import logs  # noqa: E402
from .bridge import Bridge  # noqa: E402
from .edge import Edge  # noqa: E402
from .orphans import end_with_parent  # noqa: E402
from .socketedge import SocketEdge, only_sockets  # noqa: E402

logs.configure(settings.LOG_FORMAT, settings.LOG_LEVEL)
tracing.begin("web")

bridge = Bridge()
inner = HotPaths(Polled(bridge, make_gauge()), together=[(together.takes, together.answer, no_database)])


async def route(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["path"] == "/api/events" and scope["method"] in ("GET", "HEAD"):
        await event_stream(scope, receive, send)
    elif may_wait(scope):
        await waiting(scope, receive, send)
    else:
        await inner(scope, receive, send)


waiting = Waiting(inner)
edge = Edge(route)
sockets = Sockets()
# The port that was opened for WebSockets serves nothing else.
ONLY_SOCKETS = settings.WS_PORT if settings.WS_PORT != settings.PORT else 0
socket_edge = SocketEdge(sockets)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http" and ONLY_SOCKETS and scope["server"][1] == ONLY_SOCKETS:
        await only_sockets(send)
    elif scope["type"] == "http":
        await edge(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await socket_edge(scope, receive, send)


def _settle_memory() -> None:
    """What is loaded now stays; looking through it for garbage again and again costs a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


async def _lifespan(receive: Any, send: Any) -> None:
    await receive()
    end_with_parent()
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(bridge.pool, hub.start, loop)
    await loop.run_in_executor(bridge.pool, tell_of_beginning, "web")
    await inner.start()
    sockets.start()
    _settle_memory()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    hub.stop()
    sockets.stop()
    await inner.stop()
    tracing.end()
    await send({"type": "lifespan.shutdown.complete"})
