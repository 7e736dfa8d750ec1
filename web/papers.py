"""The documents of a task and the text of its deliverable: in lists without their content, which is read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from tasks.models import Document, Task

from .handing import is_web
from .history import Page

KINDS = {"DELIVERABLE": "deliverable", "EVIDENCE": "evidence", "CHECKLIST": "checklist", "REPORT": "report"}
VERSIONS = 50


@dataclass(frozen=True, slots=True)
class Paper:
    """A document, or what an artifact says of one. `id` is 0 for what was only named."""

    id: int
    name: str
    kind: str
    size: int | None
    url: str
    version: int = 0
    document: Document | None = None

    @property
    def is_here(self) -> bool:
        return bool(self.id) and not self.url

    @property
    def weight(self) -> str:
        if self.size is None:
            return ""
        return f"{self.size} B" if self.size < 1024 else f"{self.size / 1024:.1f} KiB"


def papers_of(task: Task, *, before: int = 0) -> Page:
    """The newest version of each name."""
    newest = task.documents.order_by().values("name").annotate(newest=Max("id")).values("newest")
    rows = Document.objects.filter(pk__in=newest).select_related("agent").defer("content")
    page = Page.of(rows, before)
    return Page([paper_of(row) for row in page.rows], page.older)


def paper_of(row: Document) -> Paper:
    url = row.storage_url or ""
    kind = KINDS.get(row.type, row.type.lower())
    return Paper(row.pk, row.name, kind, row.size_bytes, url if is_web(url) else "", row.version, row)


def versions_of(document: Document) -> list[Document]:
    """All that bear its name, the newest first."""
    rows = Document.objects.filter(task=document.task, name=document.name).select_related("agent")
    return list(rows.defer("content").order_by("-version")[:VERSIONS])


def artifacts_of(artifacts: Any) -> Sequence[Paper]:
    """As they stand in a deliverable or beside a message."""
    return [_artifact(each) for each in artifacts or [] if isinstance(each, dict)]


def _artifact(artifact: dict[str, Any]) -> Paper:
    id = str(artifact.get("documentId") or "").removeprefix("doc_")
    url = str(artifact.get("url") or "")
    return Paper(
        id=int(id) if id.isascii() and id.isdigit() and len(id) < 19 else 0,
        name=str(artifact.get("name") or ""),
        kind=KINDS.get(str(artifact.get("type")), ""),
        size=artifact.get("sizeBytes"),
        url=url if is_web(url) else "",
    )
