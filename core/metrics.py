"""What the processes of this machine count, in the form of Prometheus.

Each process writes files of its own under `metrics/` in the data folder, by machine, since several may share it; who
is asked adds up those of its own. Names and labels follow the conventions of Prometheus: seconds, labels of few values.
"""

from __future__ import annotations

import contextlib
import os
import socket
from functools import lru_cache
from pathlib import Path

from django.conf import settings

FOLDER: Path = settings.DATA_DIR / "metrics" / socket.gethostname()
# Read by the library when it is imported.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(FOLDER)
FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)

REQUESTS = Histogram(
    "mc_http_request_seconds", "Requests answered, by route", ["method", "route", "status"], buckets=LATENCIES
)
STREAMS = Gauge("mc_streams_open", "Open event streams", ["kind"], multiprocess_mode="livesum")
STREAM_FRAMES = Counter("mc_stream_frames", "Events told to those who listen, once per dialect", ["kind"])
STREAM_DROPS = Counter("mc_stream_drops", "Frames that were dropped because a client took too little", ["kind"])
STREAM_RESYNCS = Counter("mc_stream_resyncs", "Clients that were told to start over", ["kind"])
COMMITS = Histogram("mc_group_commit_size", "Requests written in one transaction", ["kind"], buckets=SIZES)
JOBS = Histogram("mc_job_seconds", "Runs of jobs, by outcome", ["job", "outcome"], buckets=(0.01, 0.1, 1, 10, 60, 600))
DELIVERIES = Histogram(
    "mc_webhook_delivery_seconds", "Attempts to deliver to webhooks, by outcome", ["outcome"], buckets=LATENCIES
)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    _request(method if method in METHODS else "other", route, status).observe(seconds)


@lru_cache(maxsize=4096)
def _request(method: str, route: str, status: int) -> Histogram:
    return REQUESTS.labels(method, route, str(status))


def counted() -> CollectorRegistry:
    """What the processes of this machine have counted."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(FOLDER))  # type: ignore[no-untyped-call]
    return registry


def forget_the_dead() -> None:
    """Remove what processes left behind that are no more. Their counters begin again at zero, as Prometheus expects of
    a restarted server."""
    for path in FOLDER.glob("*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdecimal() and not _is_alive(int(pid)):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
