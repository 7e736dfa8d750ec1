"""Templates of souls: those that come with the product, or those of a directory of the deployment's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from core.clock import iso
from core.errors import Invalid, NotFound

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
BUILT_IN = Path(__file__).parent / "templates" / "souls"
LARGEST = 1024 * 1024


class NoTemplates(Exception):
    """The directory that the deployment names is not there."""


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    description: str
    size: int


def directory() -> Path:
    """Raises NoTemplates when the configured directory does not exist."""
    path = Path(settings.SOUL_TEMPLATES_DIR) if settings.SOUL_TEMPLATES_DIR else BUILT_IN
    if not path.is_dir():
        raise NoTemplates
    return path


def names() -> list[str]:
    """In alphabetical order; none when there is no directory."""
    try:
        return sorted(file.stem for file in directory().glob("*.md") if NAME.fullmatch(file.stem) and file.is_file())
    except NoTemplates:
        return []


def listed() -> list[Template]:
    templates = []
    for name in names():
        content = read(name)
        first = next((line for line in content.splitlines() if line.strip()), "")
        templates.append(Template(name, first.lstrip("# ").strip(), len(content.encode())))
    return templates


def read(name: str) -> str:
    """The template as it was written. Raises Invalid for what can be no name, NotFound, NoTemplates."""
    if not NAME.fullmatch(name):
        raise Invalid("Invalid template name")
    try:
        with (directory() / f"{name}.md").open("rb") as file:
            return file.read(LARGEST).decode("utf-8", "replace").replace("\0", "\ufffd")
    except OSError:
        raise NotFound("Template not found") from None


def filled(content: str, *, name: str, role: str, now: datetime) -> str:
    values = {"AGENT_NAME": name, "AGENT_ROLE": role, "TIMESTAMP": iso(now)}
    return re.sub(r"\{\{(AGENT_NAME|AGENT_ROLE|TIMESTAMP)\}\}", lambda found: values[found[1]], content)
