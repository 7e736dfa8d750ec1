"""Rows for tests: plain functions that call the product's own services."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from agents.models import Agent
from agents.services import create_agent
from core.actors import Actor, system
from tasks.models import Task
from tasks.services import create_task


def make_agent(name: str = "jordan", *, actor: Actor | None = None, **fields: Any) -> Agent:
    fields.setdefault("role", "coder")
    return create_agent(actor=actor or system(1), now=timezone.now(), name=name, **fields)


def make_task(title: str = "Fix login", *, actor: Actor | None = None, **fields: Any) -> Task:
    return create_task(actor=actor or system(1), now=timezone.now(), title=title, **fields)
