"""The web process: `python -m missioncontrol.web`."""

from __future__ import annotations

import os

import uvicorn

from . import env

if __name__ == "__main__":
    workers = max(1, env.number("WEB_CONCURRENCY", os.cpu_count() or 1))
    uvicorn.run(
        "missioncontrol.asgi:application",
        host=env.text("HOST", "127.0.0.1"),
        port=env.number("PORT", 3000),
        workers=workers,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
