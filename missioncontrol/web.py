"""The web process: `python -m missioncontrol.web`."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "missioncontrol.settings")

import uvicorn  # noqa: E402

from core.metrics import forget_the_dead  # noqa: E402

from . import env  # noqa: E402

if __name__ == "__main__":
    forget_the_dead()
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
