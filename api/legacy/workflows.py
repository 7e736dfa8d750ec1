"""Templates of work: a prompt, and the model it is for."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import TEXT, WHOLE, has, many, maybe
from core.errors import Invalid
from realtime.wire.legacy_in import id_in
from workflows import services
from workflows.models import WorkflowTemplate

from .base import LegacyView
from .docs import describe
from .fields import Items, Shape, Text, Whole

LARGEST_TIMEOUT = 2**31 - 1
TEMPLATE = has(
    id=WHOLE,
    name=TEXT,
    description=maybe(TEXT),
    model=TEXT,
    task_prompt=TEXT,
    timeout_seconds=WHOLE,
    agent_role=maybe(TEXT),
    tags=many(TEXT),
    created_by=TEXT,
    created_at=WHOLE,
    updated_at=WHOLE,
    last_used_at=maybe(WHOLE),
    use_count=WHOLE,
    workspace_id=WHOLE,
)


class TemplateFields(Shape):
    name = Text(1, 200, required=True)
    task_prompt = Text(1, 10_000, required=True)
    description = Text(0, 5000)
    model = Text(0, 100)
    timeout_seconds = Whole(10, 3600)
    agent_role = Text(0, 100)
    tags = Items(Text(1, 100, required=True), 0, 50)


class TemplateChanges(Shape):
    """Looser than the fields of a new one: only the types are looked at, since clients send whole rows back."""

    name = Text()
    task_prompt = Text()
    description = Text(allow_null=True)
    model = Text()
    timeout_seconds = Whole(0, LARGEST_TIMEOUT)
    agent_role = Text(allow_null=True)
    tags = Items(Text(required=True), 0, 1000)


FIELDS, CHANGES = TemplateFields(), TemplateChanges()


class Workflows(LegacyView):
    route = "workflows"
    limited = frozenset({"POST", "PUT", "DELETE"})

    @describe("Templates, the most used first.", answers={200: has(templates=many(TEMPLATE))})
    def get(self, request: Request) -> Response:
        rows = WorkflowTemplate.objects.in_workspace(self.actor.workspace_id).most_used()
        return Response({"templates": [row.as_row() for row in rows]})

    @describe("Add a template.", body=TemplateFields, answers={201: has(template=TEMPLATE)})
    def post(self, request: Request) -> Response:
        template = services.create_template(actor=self.actor, now=self.now, **self.read(FIELDS))
        return Response({"template": template.as_row()}, status=201)

    @describe(
        "Change a template; with the id alone, count a use of it.",
        body=has("name", id=WHOLE, name=TEXT),
        answers={200: has(template=TEMPLATE)},
    )
    def put(self, request: Request) -> Response:
        template = self._template("Invalid request body")
        changed = services.change_template(
            template=template, actor=self.actor, now=self.now, changes=self.read(CHANGES)
        )
        return Response({"template": changed.as_row()})

    @describe("Remove a template; pipelines keep their steps.", body=has(id=WHOLE), answers={200: "Success"})
    def delete(self, request: Request) -> Response:
        services.delete_template(template=self._template("Request body required"), actor=self.actor, now=self.now)
        return Response({"success": True})

    def _template(self, no_body: str) -> WorkflowTemplate:
        sent = self.sent_object(no_body)
        if not sent.get("id"):
            raise Invalid("Template ID is required")
        return services.find_template(actor=self.actor, id=id_in(sent["id"]) or 0)
