"""The conversation on a task, as a tree."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from realtime.wire import legacy
from realtime.wire.legacy_in import parse
from tasks import services
from tasks.models import Comment

from . import shapes
from .base import LegacyView
from .docs import describe
from .tasks import task_id

CREATE = shapes.CommentFields()
DEEPEST = 100


class Comments(LegacyView):
    route = "task-comments"
    limited = frozenset({"POST"})

    @describe("Comments with their replies, oldest first.", answers={200: "Comments"})
    def get(self, request: Request, key: str) -> Response:
        task = services.find_task(actor=self.actor, id=task_id(key))
        rows = [_out(comment) for comment in Comment.objects.filter(task=task).order_by("created_at", "id")]
        return Response({"comments": _tree(rows), "total": len(rows)})

    @describe("Say something on a task.", body=shapes.CommentFields, answers={201: "CommentAnswer"})
    def post(self, request: Request, key: str) -> Response:
        want = self.read(CREATE)
        task = services.find_task(actor=self.actor, id=task_id(key))
        comment, assigned = services.add_comment(
            task=task,
            actor=self.actor,
            now=self.now,
            content=_readable(want["content"]),
            parent_id=want.get("parent_id"),
        )
        answer: dict[str, Any] = {"comment": _out(comment)}
        if assigned:
            answer["auto_assigned_to"] = assigned
        return Response(answer, status=201)


def _out(comment: Comment) -> dict[str, Any]:
    return {**legacy.comment(comment.as_row()), "replies": []}


def _tree(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replies below their parents. A very long exchange goes on side by side: no client reads JSON of any depth."""
    place: dict[int, tuple[int, list[dict[str, Any]]]] = {}  # depth of a comment, and where its replies go
    roots: list[dict[str, Any]] = []
    for row in rows:
        depth, siblings = place.get(row["parent_id"], (0, roots))
        siblings.append(row)
        place[row["id"]] = (depth + 1, row["replies"] if depth + 1 < DEEPEST else siblings)
    return roots


def _readable(content: str) -> str:
    """An agent's raw result (JSON with `payloads`) becomes its texts and a line of figures."""
    result = parse(content.encode("utf-8", "replace")) if content.lstrip().startswith("{") else None
    if not isinstance(result, dict) or not isinstance(payloads := result.get("payloads"), list):
        return content
    texts = [item["text"] for item in payloads if isinstance(item, dict) and isinstance(item.get("text"), str)]
    texts = [text.strip() for text in texts if text.strip()]
    if not texts:
        return content
    figures = _figures(result["meta"]) if isinstance(result.get("meta"), dict) else ""
    return "\n\n".join([*texts, *([figures] if figures else [])])


def _figures(meta: dict[str, Any]) -> str:
    """`model · 1234 tokens · 5.6s`, of what is known; agents write it plainly or inside `agentMeta`."""
    inner = {**meta, **(meta["agentMeta"] if isinstance(meta.get("agentMeta"), dict) else {})}
    usage = inner["usage"] if isinstance(inner.get("usage"), dict) else {}
    tokens = _number(inner.get("tokens")) or _number(usage.get("total"))
    tokens = tokens or (_number(usage.get("input")) or 0) + (_number(usage.get("output")) or 0)
    spent = _number(inner.get("seconds")) or (_number(inner.get("durationMs")) or 0) / 1000
    parts = [inner["model"]] if isinstance(inner.get("model"), str) and inner["model"] else []
    parts += [f"{tokens:.0f} tokens"] if tokens else []
    parts += [f"{spent:.1f}s"] if spent else []
    return " · ".join(parts)


def _number(value: Any) -> float | None:
    return value if type(value) in (int, float) and value > 0 else None
