"""Quality reviews: verdicts on a task's result."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from core.clock import seconds
from core.errors import Invalid
from core.ids import LARGEST_ID
from core.rows import find
from tasks import services
from tasks.models import Review, Task

from . import shapes
from .base import LegacyView, whole
from .docs import describe

REVIEW = shapes.ReviewFields()


class Reviews(LegacyView):
    route = "quality-review"
    limited = frozenset({"POST"})

    @describe("Reviews of one task, or the newest of several.", query=("taskId", "taskIds"), answers={200: "Reviews"})
    def get(self, request: Request) -> Response:
        here = Review.objects.filter(workspace_id=self.actor.workspace_id).order_by("-created_at", "-id")
        if many := self.query("taskIds"):
            ids = [int(word) for word in many.split(",") if word.strip().isdecimal() and len(word) < 19][:1000]
            if not ids:
                raise Invalid("taskIds must include at least one numeric id")
            latest: dict[str, Any] = {str(id): None for id in ids}
            for review in here.filter(task_id__in=ids).reverse():
                latest[str(review.task_id)] = _verdict(review)
            return Response({"latest": latest})
        id = whole(self.query("taskId"), 0)
        if not 0 < id <= LARGEST_ID:
            raise Invalid("taskId is required")
        return Response({"reviews": [_review(review) for review in here.filter(task_id=id)[:10]]})

    @describe("Approve or reject a task's result.", body=shapes.ReviewFields, answers={200: "ReviewStored"})
    def post(self, request: Request) -> Response:
        want = self.read(REVIEW)
        task = find(Task.objects.in_workspace(self.actor.workspace_id), want["taskId"], "Task not found")
        review = services.review_task(
            task=task,
            actor=self.actor,
            now=self.now,
            reviewer=want.get("reviewer") or Review.GATEKEEPER,
            verdict=want["status"],
            notes=want["notes"],
        )
        return Response({"success": True, "id": review.pk})


def _verdict(review: Review) -> dict[str, Any]:
    return {"status": review.status, "reviewer": review.reviewer, "created_at": seconds(review.created_at)}


def _review(review: Review) -> dict[str, Any]:
    return {
        "id": review.pk,
        "task_id": review.task_id,
        "reviewer": review.reviewer,
        "status": review.status,
        "notes": review.notes,
        "created_at": seconds(review.created_at),
        "workspace_id": review.workspace_id,
    }
