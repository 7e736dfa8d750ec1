"""Tasks: the list, new ones, and one with all that belongs to it."""

from __future__ import annotations

from typing import Annotated

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from pydantic import AfterValidator, Field
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.limits import V1_TASKS
from agents.models import Agent
from api.schemas import FLAG, TEXT, has, many
from core.errors import Invalid, NotFound
from governance.services.creating import create_task
from governance.states import STATUSES
from tasks.labels import SomeLabel
from tasks.models import Brief, Task, TaskQuerySet

from .base import Made, V1View
from .body import Bag, Dollars, Moment, Shape, Text, Whole, Words, micro
from .docs.schema import COUNT, one_of, ref
from .docs.words import PAGED, TASK_ID, describe, listed, text
from .ids import row_id
from .listing import page_of, several, word, words
from .out import task_out, tasks_out
from .pieces import TaskType

ORDERS = {"createdAt": "created_at", "updatedAt": "updated_at", "priority": "priority", "dueAt": "due_at"}
TYPES = tuple(Task.Type.values)
PRIORITIES, DIRECTIONS = ("1", "2", "3", "4"), ("asc", "desc")
DEEPEST = 5
LONGEST_SEARCH = 200
# Canonical statuses behind each one shown.
BEHIND = {
    "INBOX": ["INBOX", "BACKLOG"],
    "REVIEW": ["REVIEW", "QUALITY_REVIEW"],
    "BLOCKED": ["BLOCKED", "AWAITING_OWNER", "FAILED"],
}
Title = Annotated[Words, AfterValidator(str.strip), Field(min_length=1, max_length=500)]
Label = Annotated[Words, Field(min_length=1, max_length=50)]
Labels = Annotated[list[Label], Field(max_length=20)]
Slugs = Annotated[list[Text], Field(max_length=10)]
Description = Annotated[Text, Field(max_length=50_000)]
Priority = Annotated[Whole, Field(ge=1, le=4)]


class NewTask(Shape):
    title: Title
    type: TaskType
    description: Description | None = None
    priority: Priority = 3
    assignee_ids: Slugs = []
    parent_task_id: Text | None = None
    labels: Labels = []
    due_at: Moment | None = None
    estimated_cost: Dollars | None = None
    metadata: Bag = {}


def find_task(view: V1View, id: str) -> Task:
    here = Task.objects.in_workspace(view.actor.workspace_id).select_related("project")
    task = here.filter(pk=row_id("task", id)).first()
    if task is None:
        raise NotFound(f"There is no task {id[:80]}")
    return task


def find_agents(view: V1View, slugs: list[str], field: str) -> list[Agent]:
    """The agents with these slugs, in this order, each once. Raises Invalid for those that are not there."""
    wanted = list(dict.fromkeys(slugs))
    found = {row.slug: row for row in Agent.objects.in_workspace(view.actor.workspace_id).filter(slug__in=wanted)}
    missing = [slug for slug in wanted if slug not in found]
    if missing:
        raise Invalid.fields(f"{field}: there is no agent {missing[0][:80]}")
    return [found[slug] for slug in wanted]


class Tasks(V1View):
    route = "tasks"
    limit = V1_TASKS
    makes = Brief

    @describe(
        "Find tasks.",
        query={
            "status": listed(STATUSES),
            "type": listed(TYPES),
            "assigneeId": text("An agent's id, or `me` for the agent that asks."),
            "creatorId": text("Who made them: an agent's id, or `user_3`."),
            "priority": listed(PRIORITIES),
            "parentTaskId": TASK_ID,
            "labels": {"type": "array", "items": TEXT, "description": "All of them."},
            "search": text("Part of the title, the description or a label.", maxLength=LONGEST_SEARCH),
            "orderBy": {**one_of(ORDERS), "default": "createdAt"},
            "orderDir": {**one_of(DIRECTIONS), "default": "desc"},
            **PAGED,
        },
        answers={200: has(tasks=many(ref("Task")), total=COUNT, hasMore=FLAG)},
        codes="NOT_FOUND",
    )
    def get(self, request: Request) -> Response:
        page = page_of(request.query_params)
        rows = self._ordered(self._filtered())
        total = rows.count()
        shown_rows = list(rows.select_related("project")[page.offset : page.offset + page.limit])
        more = page.has_more(len(shown_rows), total)
        return Response({"tasks": tasks_out(shown_rows), "total": total, "hasMore": more})

    def _filtered(self) -> QuerySet[Task]:
        query = self.request.query_params
        rows = Task.objects.in_workspace(self.actor.workspace_id)
        if statuses := words(query, "status", STATUSES):
            rows = self._shown_as(rows, statuses)
        if types := words(query, "type", TYPES):
            rows = rows.filter(type__in=types)
        if priorities := words(query, "priority", PRIORITIES):
            rows = rows.filter(priority__in=priorities)
        if slug := query.get("assigneeId", ""):
            agent = self._assignee(slug)
            rows = rows.filter(Q(assigned_to=agent.name) | Q(pk__in=agent.assignments.values("task_id")))
        if creator := query.get("creatorId", ""):
            rows = rows.filter(self._created_by(creator))
        if parent := query.get("parentTaskId", ""):
            rows = rows.filter(parent_id=row_id("task", parent))
        for label in several(query, "labels"):
            rows = rows.filter(SomeLabel(label))
        if text := query.get("search", ""):
            if len(text) > LONGEST_SEARCH:
                raise Invalid.fields(f"search: must have at most {LONGEST_SEARCH} characters")
            rows = rows.filter(Q(title__anycase=text) | Q(description__anycase=text) | Q(SomeLabel(text, part=True)))
        return rows

    @staticmethod
    def _shown_as(rows: TaskQuerySet, statuses: list[str]) -> TaskQuerySet:
        """What is assigned to nobody is shown in the inbox."""
        behind = [own for status in statuses for own in BEHIND.get(status, [status]) if own != "ASSIGNED"]
        found = Q(status__in=behind)
        agents = Agent.objects.filter(workspace_id=OuterRef("workspace_id"), name=OuterRef("assigned_to"))
        if "ASSIGNED" in statuses:
            found |= Q(status="ASSIGNED") if "INBOX" in statuses else Q(Exists(agents), status="ASSIGNED")
        elif "INBOX" in statuses:
            found |= Q(~Exists(agents), status="ASSIGNED")
        return rows.filter(found)

    def _assignee(self, slug: str) -> Agent:
        if slug == "me":
            if self.actor.kind != "agent":
                raise Invalid.fields("assigneeId: only agents are `me`")
            return self.agent
        return find_agents(self, [slug], "assigneeId")[0]

    @staticmethod
    def _created_by(creator: str) -> Q:
        prefix, _, digits = creator.partition("_")
        if prefix == "user" and digits.isdigit():
            return Q(brief__creator_user_id=row_id("user", creator))
        return Q(brief__creator_agent__slug=creator)

    def _ordered(self, rows: QuerySet[Task]) -> QuerySet[Task]:
        query = self.request.query_params
        column = F(ORDERS[word(query, "orderBy", tuple(ORDERS), "createdAt")])
        if word(query, "orderDir", DIRECTIONS, "desc") == "asc":
            return rows.order_by(column.asc(nulls_last=True), "id")
        return rows.order_by(column.desc(nulls_last=True), "-id")

    @describe(
        "Create a task.",
        body=NewTask,
        answers=dict.fromkeys((200, 201), has(task=ref("Task"), created=FLAG)),
        codes="NOT_FOUND POLICY_VIOLATION AGENT_PAUSED",
        note="Only leads name others as assignees, and interns nobody. 200 is the answer to a repeated key.",
    )
    def post(self, request: Request) -> Response:
        if "status" in self.sent:
            raise Invalid.fields("status: a new task is in the inbox; move it with POST /tasks/{id}/transition")
        want = self.read(NewTask)
        assignees = find_agents(self, want.assignee_ids, "assigneeIds")
        task = create_task(
            actor=self.actor,
            now=self.now,
            title=want.title,
            type=want.type,
            description=want.description,
            priority=want.priority,
            labels=want.labels,
            due_at=want.due_at,
            metadata=want.metadata,
            estimated_cost_microusd=micro(want.estimated_cost),
            parent=self._parent(want.parent_task_id),
            assignees=assignees,
            creator=self.acting_agent,
        )
        self.made = Brief(pk=task.pk)
        return Response({"task": task_out(task), "created": True}, status=201)

    def again(self, made: Made) -> Response:
        return Response({"task": task_out(find_task(self, f"task_{made.pk}")), "created": False})

    def _parent(self, id: str | None) -> Task | None:
        if id is None:
            return None
        parent = find_task(self, id)
        depth, above = 1, parent
        while above.parent_id is not None and depth < DEEPEST:
            depth, above = depth + 1, Task.objects.only("parent_id").get(pk=above.parent_id)
        if depth == DEEPEST:
            raise Invalid.fields(f"parentTaskId: tasks nest {DEEPEST} deep at most")
        return parent
