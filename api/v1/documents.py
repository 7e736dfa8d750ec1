"""Files of tasks."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import has
from core.rows import find
from tasks.models import Document

from .base import V1View
from .docs.schema import ref
from .docs.words import describe
from .ids import row_id
from .out import document_out


class OneDocument(V1View):
    route = "document"

    @describe("One file of a task, with its content.", answers={200: has(document=ref("Document"))})
    def get(self, request: Request, id: str) -> Response:
        rows = Document.objects.filter(workspace_id=self.actor.workspace_id).select_related("agent")
        document = find(rows, row_id("doc", id), f"There is no document {id[:80]}")
        return Response({"document": document_out(document, with_content=True)})
