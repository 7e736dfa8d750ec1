"""The worker: Celery with its beat, and the reader loop of the log.

Queues carry hints only: whatever waits is a row with a due time, so the embedded broker may live in memory. Without
`REDIS_URL` the worker runs its own beat in a thread; with it, run any number of workers and one `celery beat`.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "missioncontrol.settings")

from celery import Celery, bootsteps
from celery.beat import Service
from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, task_postrun, task_prerun
from django.conf import settings
from prometheus_client import start_http_server

from core import tracing
from core.metrics import JOBS, counted, forget_the_dead

# Containers run as root; no pickled message is ever accepted, which is what the warning is about.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("missioncontrol")
app.conf.update(
    broker_url=settings.REDIS_URL or "memory://",
    task_ignore_result=True,
    task_default_queue="missioncontrol",
    worker_enable_remote_control=bool(settings.REDIS_URL),
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    # More than jobs that take their time: a tick runs what no other one is at.
    worker_concurrency=6,
    worker_pool="missioncontrol.threads:Threads",
    worker_consumer="missioncontrol.consumer:Consumer",
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A Redis that hangs, or whose machine vanished, is left after some seconds.
    broker_transport_options=(
        {"socket_timeout": 5, "socket_connect_timeout": 2, "health_check_interval": 3} if settings.REDIS_URL else {}
    ),
    beat_scheduler="missioncontrol.beat:OneOfMany",
    beat_max_loop_interval=min(5, settings.SWEEP_SECONDS),
    timezone="UTC",
    beat_schedule={
        "tell-that-the-worker-lives": {
            "task": "activity.jobs.tell_that_the_worker_lives",
            "schedule": 10.0,
        },
        # A tick: what is due then stands in system/schedule.py. Those that nobody took at once are worth nothing.
        "run-what-is-due": {"task": "system.jobs.run_what_is_due", "schedule": 1.0, "options": {"expires": 5}},
        # Of each process that holds the file, so it needs no lease and leaves no trace.
        "fold-back": {"task": "activity.jobs.fold_back_the_write_ahead_log", "schedule": 3.0},
    },
)
app.autodiscover_tasks(related_name="jobs")


@setup_logging.connect
def _log_like_the_web(**_: Any) -> None:
    from . import logs

    logs.configure(settings.LOG_FORMAT, settings.LOG_LEVEL)


_began: dict[str, float] = {}


@task_prerun.connect
def _note_beginning(task_id: str, **_: Any) -> None:
    _began[task_id] = time.perf_counter()


@task_postrun.connect
def _count_run(task_id: str, task: Any, state: str, **_: Any) -> None:
    took = time.perf_counter() - _began.pop(task_id, time.perf_counter())
    JOBS.labels(task.name, (state or "unknown").lower()).observe(took)


class Figures(bootsteps.StartStopStep):
    """Tells Prometheus what was counted on a machine without web processes. It asks for no key."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.enabled = settings.METRICS_PORT > 0

    def start(self, parent: Any) -> None:
        forget_the_dead()
        start_http_server(settings.METRICS_PORT, settings.HOST, counted())


class Traces(bootsteps.StartStopStep):
    """Where the environment asks for them."""

    def start(self, parent: Any) -> None:
        tracing.begin("worker")

    def stop(self, parent: Any) -> None:
        tracing.end()


class ReaderLoop(bootsteps.StartStopStep):
    """Runs the durable readers of the log in a thread of the worker."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._stop = threading.Event()

    def start(self, parent: Any) -> None:
        from activity import lifecycle, readers

        lifecycle.tell_of_beginning("worker")
        threading.Thread(target=readers.run, args=(self._stop,), name="readers", daemon=True).start()

    def stop(self, parent: Any) -> None:
        self._stop.set()


class WebhookSender(bootsteps.StartStopStep):
    """Sends what waits for webhooks, in a thread of the worker."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._stop = threading.Event()

    def start(self, parent: Any) -> None:
        from webhooks import sender

        self._thread = threading.Thread(target=sender.run, args=(self._stop,), name="webhooks", daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:
        self._stop.set()
        # It waits a moment for endpoints that are being told.
        self._thread.join(5)


class EmbeddedBeat(bootsteps.StartStopStep):
    """Beat in the worker's own process, since a broker in memory reaches no other one."""

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.enabled = not settings.REDIS_URL
        self._service: Service | None = None

    def start(self, parent: Any) -> None:
        self._service = Service(parent.app, scheduler_cls=app.conf.beat_scheduler)
        threading.Thread(target=self._service.start, name="beat", daemon=True).start()

    def stop(self, parent: Any) -> None:
        if self._service is not None:
            self._service.stop()


app.steps["worker"].update({Figures, Traces, ReaderLoop, WebhookSender, EmbeddedBeat})
