"""The web process: `python -m missioncontrol.web`."""

from __future__ import annotations

import os
import socket
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "missioncontrol.settings")

import uvicorn  # noqa: E402
from uvicorn.supervisors import Multiprocess  # noqa: E402

from core import pins  # noqa: E402
from core.metrics import forget_the_dead  # noqa: E402

from . import env  # noqa: E402

LARGEST_MESSAGE = 64 * 1024
STARTUP_FAILURE = 3


def config() -> uvicorn.Config:
    return uvicorn.Config(
        "missioncontrol.asgi:application",
        host=env.text("HOST", "127.0.0.1"),
        port=env.number("PORT", 3000),
        workers=max(1, env.number("WEB_CONCURRENCY", os.cpu_count() or 1)),
        loop="uvloop",
        http="httptools",
        ws="missioncontrol.sockets:SocketProtocol",
        ws_max_size=LARGEST_MESSAGE,
        ws_ping_interval=max(1, env.number("MC_WS_PING_SECONDS", 30)),
        ws_ping_timeout=max(1, env.number("MC_WS_PONG_SECONDS", 10)),
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=4096,
    )


def listeners(chosen: uvicorn.Config) -> list[socket.socket]:
    """The main port, and the one for WebSockets alone where there is one."""
    ports = dict.fromkeys((chosen.port, env.number("MC_WS_PORT", 0) or chosen.port))
    return [uvicorn.Config("", host=chosen.host, port=port, log_level="warning").bind_socket() for port in ports]


def warn_of_short_pin() -> None:
    if 0 < len(env.text("MC_WS_PIN")) < pins.WEAK_BELOW:
        print(f"MC_WS_PIN is short: use {pins.WEAK_BELOW} characters or more.", file=sys.stderr, flush=True)


def main() -> None:
    forget_the_dead()
    warn_of_short_pin()
    chosen = config()
    sockets = listeners(chosen)
    if chosen.workers > 1:
        Multiprocess(chosen, sockets=sockets).run()
        return
    chosen.load_app()
    server = uvicorn.Server(chosen)
    server.run(sockets=sockets)
    if not server.started:
        sys.exit(STARTUP_FAILURE)


if __name__ == "__main__":
    main()
