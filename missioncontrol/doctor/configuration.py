"""Settings that cannot mean what was meant."""

from __future__ import annotations

import difflib
import importlib.util
import os
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from core import tracing
from governance.days import zone
from missioncontrol import env

from .finding import Finding, Verdict, judged

PREFIX = "MC_"
# Read by the command line client, which may run in the same environment.
OF_CLIENTS = {
    "MC_ADMIN_TOKEN", "MC_AGENT_ID", "MC_AGENT_TOKEN", "MC_API_URL", "MC_CONFIG", "MC_DEFAULT_TIMEOUT",
    "MC_SESSION_KEY", "MC_WORKSPACE",
}  # fmt: skip


def examine(now: datetime) -> Iterator[Finding]:
    yield from _unknown_names()
    yield _time_zone()
    yield _keys()
    yield from _traces()


def _unknown_names() -> Iterator[Finding]:
    known = env.ASKED_FOR | OF_CLIENTS
    unknown = [
        name for name in sorted(os.environ) if name.startswith(PREFIX) and name.removesuffix("_FILE") not in known
    ]
    for name in unknown:
        meant = difflib.get_close_matches(name, known, n=1)
        fix = f"Did you mean {meant[0]}?" if meant else "Remove it, or look up its name in docs/configuration.md."
        yield Finding("Environment", Verdict.DOUBTFUL, f"{name} is set, and nothing reads it", fix)
    if not unknown:
        yield Finding("Environment", Verdict.GOOD, f"every {PREFIX}* name is known")


def _time_zone() -> Finding:
    name, used = settings.LOCAL_TIME_ZONE, zone().key
    return judged(
        "Time zone",
        f"days begin at midnight in {used}" + ("" if used == name else f": MC_TIMEZONE is {name}, which is none"),
        unless=used != name,
        fix="Set a name such as Europe/Berlin.",
    )


def _traces() -> Iterator[Finding]:
    if not tracing.is_wanted():
        return
    missing = importlib.util.find_spec("opentelemetry") is None or not importlib.util.find_spec("opentelemetry.sdk")
    yield judged(
        "Traces",
        "wanted by the OTEL_* variables, and the packages for them are missing" if missing else "sent by OpenTelemetry",
        unless=missing,
        fix=tracing.MISSING,
    )


def _keys() -> Finding:
    pairs = env.words("MC_API_KEYS")
    junk = [pair for pair in pairs if pair.partition(":")[0] not in {"viewer", "operator", "admin"} or ":" not in pair]
    return judged(
        "Keys of the environment",
        f"{len(junk)} of {len(pairs)} in MC_API_KEYS cannot be read" if junk else f"{len(pairs)} in MC_API_KEYS",
        unless=bool(junk),
        fix="Write each as role:key, with the role viewer, operator or admin.",
    )
