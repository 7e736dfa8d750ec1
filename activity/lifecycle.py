"""Processes of the server say when they begin; told only where the control channel could pass it on."""

from __future__ import annotations

import os

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.ids import ref

from .catalogue import Kind
from .models import Event
from .services import record


@transaction.atomic
def tell_of_beginning(process: str) -> None:
    if not settings.CONTROL_CHANNEL:
        return
    pid = os.getpid()
    data = {"process": process, "state": "starting", "pid": pid}
    record(Event(kind=Kind.SYSTEM_LIFECYCLE, actor="system", subject=ref("process", pid), data=data), at=timezone.now())
