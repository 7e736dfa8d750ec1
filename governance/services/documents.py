"""Files of tasks: each is kept once per version, without secrets."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import fact, record
from agents.models import Agent
from core.actors import Actor
from core.ids import ref
from core.secrets import redact
from tasks.models import Document, Task

TEXT, BYTES = "text/plain", "application/octet-stream"
OURS = {".md": "text/markdown", ".markdown": "text/markdown", ".yaml": "application/yaml", ".yml": "application/yaml"}
Artifact = dict[str, Any]


@transaction.atomic
def keep_artifacts(
    *, task: Task, actor: Actor, agent: Agent | None, now: datetime, artifacts: Sequence[Artifact]
) -> list[Artifact]:
    """The artifacts as they are shown from now on; those with a text or an address are documents now. One that has
    neither means the newest document of its name. `task` must be locked: versions are counted."""
    kept, events = [], []
    for artifact in artifacts:
        document, is_new = _document(task, actor, agent, now, artifact)
        if document is not None and is_new:
            events.append(_created(document, actor))
        kept.append(_shown(artifact, document))
    if events:
        record(*events, at=now)
    return kept


@transaction.atomic
def keep_report(*, name: str, content: str, actor: Actor, now: datetime) -> Document:
    """A report about the whole workspace, of no task."""
    content, found = redact(content)
    raw = content.encode()
    document = Document.objects.create(
        workspace_id=actor.workspace_id,
        name=name,
        type=Document.Type.REPORT,
        mime_type=mime_type_of(name, is_text=True),
        content=content,
        size_bytes=len(raw),
        checksum=hashlib.sha256(raw).hexdigest(),
        redaction_note=_taken_out(found),
        created_at=now,
    )
    record(_created(document, actor), at=now)
    return document


def _taken_out(found: list[str]) -> str | None:
    return f"Taken out: {', '.join(found)}"[:200] if found else None


def _document(
    task: Task, actor: Actor, agent: Agent | None, now: datetime, artifact: Artifact
) -> tuple[Document | None, bool]:
    newest = Document.objects.filter(task=task, name=artifact["name"]).order_by("-version").first()
    if artifact.get("documentId"):
        return Document.objects.filter(task=task, pk=int(artifact["documentId"].partition("_")[2])).first(), False
    content, url = artifact.get("content"), artifact.get("url")
    if content is None and url is None:
        return newest, False
    content, found = redact(content) if content is not None else (None, [])
    url, found_in_url = redact(url) if url is not None else (None, [])
    raw = None if content is None else content.encode()
    document = Document.objects.create(
        workspace_id=task.workspace_id,
        task=task,
        agent=agent,
        name=artifact["name"],
        type=artifact["type"],
        mime_type=artifact.get("mimeType") or mime_type_of(artifact["name"], is_text=content is not None),
        content=content,
        storage_url=url,
        size_bytes=None if raw is None else len(raw),
        checksum=None if raw is None else hashlib.sha256(raw).hexdigest(),
        redaction_note=_taken_out(list(dict.fromkeys([*found, *found_in_url]))),
        version=newest.version + 1 if newest else 1,
        previous=newest,
        created_at=now,
    )
    return document, True


def mime_type_of(name: str, *, is_text: bool) -> str:
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    guess = OURS.get(ending) or mimetypes.guess_type(name)[0]
    return guess or (TEXT if is_text else BYTES)


def _shown(artifact: Artifact, document: Document | None) -> Artifact:
    shape = {name: artifact.get(name) for name in ("name", "type", "content", "url", "mimeType")}
    shape |= {"documentId": None, "sizeBytes": None, "checksum": None}
    if document is None:
        return shape
    if shape["content"] is not None:
        shape["content"] = document.content
    if shape["url"] is not None:
        shape["url"] = document.storage_url
    return shape | {
        "mimeType": document.mime_type,
        "documentId": f"doc_{document.pk}",
        "sizeBytes": document.size_bytes,
        "checksum": document.checksum,
    }


def _created(document: Document, actor: Actor) -> Event:
    return fact(
        Kind.DOCUMENT_CREATED,
        actor=actor,
        subject=ref("document", document.pk),
        task_id=document.task_id,
        agent_id=document.agent_id,
        data={"document": document.facts()},
    )


def with_originals(clean: Sequence[Artifact], given: Sequence[Artifact]) -> list[Artifact]:
    """For keeping: the documents take out the secrets of their texts themselves, and say so."""
    return [
        {**artifact, "content": original.get("content"), "url": original.get("url")}
        for artifact, original in zip(clean, given, strict=True)
    ]


def without_content(artifacts: Sequence[Artifact]) -> list[Artifact]:
    """For where the documents themselves are at hand."""
    return [{**artifact, "content": None} for artifact in artifacts]
