"""The board: columns of cards, moved by hand or by what agents do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from agents.models import Agent
from core.actors import Role
from core.errors import Invalid
from projects.models import Project
from tasks.models import COLUMN_OF, PRIORITIES, STATUS_OF_COLUMN, Task
from tasks.services import create_task, find_task, move_task, place_between

from .gate import PageRequest, page
from .lanes import NOBODY, BoardFilter, Lane, cards_of, lanes

MANY = 100
AGENTS_OFFERED = 300


@require_GET
@page()
def board(request: PageRequest) -> HttpResponse:
    filter = BoardFilter.read(request.GET, request.actor.workspace_id)
    context = {"filter": filter, "lanes": lanes(filter)}
    if request.htmx:
        return render(request, "board/page.html#columns", context)
    return render(request, "board/page.html", context | choices(request.actor.workspace_id))


def choices(workspace_id: int, *, at_most: int = AGENTS_OFFERED) -> dict[str, object]:
    """What the selects of the board and of a task offer."""
    agents = Agent.objects.in_workspace(workspace_id).visible().order_by("name")
    return {
        "projects": Project.objects.in_workspace(workspace_id).active().order_by("name"),
        "agents": list(agents.values_list("name", flat=True)[:at_most]),
        "priorities": PRIORITIES,
        "nobody": NOBODY,
    }


@require_GET
@page()
def column(request: PageRequest, column: str) -> HttpResponse:
    """The cards below `after=<place>,<id>`."""
    place, _, id = request.GET.get("after", "").partition(",")
    try:
        after = (float(place), int(id))
    except ValueError as error:
        raise Invalid("after must be a place and an id") from error
    filter = BoardFilter.read(request.GET, request.actor.workspace_id)
    return render(request, "board/_cards.html", {"lane": Lane(column, filter, after=after)})


@require_GET
@page()
def cards(request: PageRequest, ids: list[int]) -> HttpResponse:
    """Those of the cards that the filter shows, and how many each column holds now."""
    return _changed_cards(request, ids)


def _changed_cards(request: HttpRequest, ids: list[int]) -> HttpResponse:
    filter = BoardFilter.read(request.GET, request.actor.workspace_id)  # type: ignore[attr-defined]
    tasks = list(filter.tasks().filter(id__in=ids[:MANY]))
    context = {"cards": cards_of(tasks, filter.workspace_id), "counts": filter.counts()}
    return render(request, "board/_changed.html", context)


@require_POST
@page(Role.OPERATOR)
def move(request: PageRequest, id: int) -> HttpResponse:
    """Land a card in a column between two neighbours, or at its top."""
    to = request.POST.get("column", "")
    if to not in STATUS_OF_COLUMN:
        raise Invalid("That column does not exist.")
    task = find_task(actor=request.actor, id=id)
    status = task.status if COLUMN_OF[task.status] == to else STATUS_OF_COLUMN[to]
    position = place_between(
        workspace_id=request.actor.workspace_id,
        above=_number(request.POST.get("above")),
        below=_number(request.POST.get("below")),
    )
    move_task(task=task, actor=request.actor, now=timezone.now(), to=status, position=position)
    return _changed_cards(request, [id])


@require_POST
@page(Role.OPERATOR)
def new(request: PageRequest) -> HttpResponse:
    """Write a task; the answer is its card."""
    title = request.POST.get("title", "").strip()
    if not title or len(title) > 500:
        raise Invalid("A title has 1 to 500 characters.")
    priority = _number(request.POST.get("priority")) or 3
    to = request.POST.get("column", Task.Column.INBOX)
    if to not in STATUS_OF_COLUMN or to == Task.Column.DONE or priority not in PRIORITIES:
        raise Invalid("That column or priority does not exist.")
    task = create_task(
        actor=request.actor,
        now=timezone.now(),
        project_id=_number(request.POST.get("project")),
        title=title,
        description=request.POST.get("description", "").strip()[:5000] or None,
        priority=priority,
        status=STATUS_OF_COLUMN[to],
        assigned_to=request.POST.get("assigned_to", "")[:100] or None,
    )
    return _changed_cards(request, [task.pk])


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
