"""Many reports of runs in one transaction: those that move figures and lead to nothing else.

While the mandates and tasks that they count on are locked, nobody else books there. So it is known of each report,
before anything is written, what the sums will be, and whether somebody must hear of it: a limit reached, an agent to
be stopped, a streak of errors, a new day. Such a report is left out, and so is one that cannot be taken; whoever asks
has it booked, or refused, alone (`booking`). What is left out changes nothing for those that follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from activity.catalogue import Kind
from activity.models import Event
from activity.services import record
from agents.models import Agent, Mandate
from core.actors import Actor
from core.cause import Cause
from core.errors import DomainError
from core.rows import insert
from governance.models import Policy
from tasks.models import Brief
from tokens.models import Run, TokenUsage
from tokens.services import store_usage
from tokens.spending import NOTHING, Figures, figures_of, usage_of

from . import budgets
from .allowances import Allowance, allowance_by, has_own_figures
from .booking import CORRECTED, Booked, Report, correct, draft, told
from .booking_rows import Costed, copy_of, keys_known, locked_mandates, locked_tasks, runs_of, stored, write
from .policies import active_policies, has_policies, nearest_of

Control = Mandate.Control
# Agents of whose reports more follows than figures.
AWAY = (Control.QUARANTINED, Control.OFFLINE)


@dataclass(frozen=True, slots=True)
class New:
    """A run that nobody has told of. `report.task` is not read: `task_id` names the task."""

    actor: Actor
    agent: str  # slug
    task_id: int | None
    report: Report
    # Who the caller says it is, by its slug, where it says so.
    speaks_as: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    actor: Actor
    run_id: int
    changes: dict[str, Any]
    cost_microusd: int | None
    speaks_as: str = ""
    cause: Cause | None = None


@transaction.atomic(savepoint=False)
def book_together(reports: Sequence[New | Correction], *, now: datetime) -> list[Booked | None]:
    """One outcome for each; None for those that are to be booked alone."""
    desk = Desk(reports, now)
    outcomes = [desk.take(report) for report in reports]
    desk.write()
    return outcomes


@dataclass
class Desk:
    """What the reports of one transaction are checked against, and what they make of it."""

    reports: Sequence[New | Correction]
    now: datetime
    runs: dict[int, Run] = field(default_factory=dict)
    new: list[Run] = field(default_factory=list)
    changed: dict[int, Run] = field(default_factory=dict)
    spenders: dict[int, Mandate] = field(default_factory=dict)
    events: list[tuple[Run, Kind, New | Correction]] = field(default_factory=list)
    spent: list[tuple[Run, Figures]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Mandates before tasks, each by their ids: the order in which everybody locks them."""
        corrected = runs_of([report.run_id for report in self.reports if isinstance(report, Correction)])
        self.mandates = locked_mandates({*_agents_of(self.reports), *(run.agent_id for run in corrected)})
        # Read again: who changes a run holds the mandate of its agent.
        self.runs = {run.pk: run for run in runs_of([run.pk for run in corrected])}
        self.slugs = {(held.agent.workspace_id, held.agent.slug): held for held in self.mandates.values()}
        self.tasks = locked_tasks(self._tasks_named())
        self.policies: dict[int, list[Policy]] = {}
        self.known = keys_known(_keys(self.reports))
        self.levels: dict[int, set[int]] = {}
        self.overspent: dict[int, bool] = {}

    def _tasks_named(self) -> set[int]:
        named = {report.task_id for report in self.reports if isinstance(report, New)}
        named |= {run.task_id for run in self.runs.values()}
        named |= {held.parent_task_id for held in self.mandates.values()}
        return {id for id in named if id is not None}

    def take(self, report: New | Correction) -> Booked | None:
        try:
            return self._begin(report) if isinstance(report, New) else self._correct(report)
        except DomainError:  # to be told by whoever books it alone
            return None

    def _begin(self, report: New) -> Booked | None:
        actor, said = report.actor, report.report
        mandate = self.slugs.get((actor.workspace_id, report.agent))
        if mandate is None or (said.key is not None and (str(actor), said.key) in self.known):
            return None
        if report.task_id is not None and (actor.workspace_id, report.task_id) not in self.tasks:
            return None
        run = draft(agent=mandate.agent, report=said, actor=actor, now=self.now)
        run.task_id = report.task_id
        booked = self._book(run, NOTHING, mandate, report)
        if booked is None:
            return None
        if said.key is not None:
            self.known.add((str(actor), said.key))
        self.new.append(run)
        self.events.append((run, Kind.RUN_COMPLETED if run.is_final else Kind.RUN_STARTED, report))
        return booked

    def _correct(self, report: Correction) -> Booked | None:
        found = self.runs.get(report.run_id)
        mandate = self.mandates.get(found.agent_id) if found else None
        if found is None or mandate is None or found.workspace_id != report.actor.workspace_id:
            return None
        run = copy_of(found, mandate.agent)
        correct(run, changes=report.changes, cost_microusd=report.cost_microusd, now=self.now)
        booked = self._book(run, figures_of(found), mandate, report)
        if booked is None:
            return None
        self.runs[run.pk] = self.changed[run.pk] = run
        if run.is_final and not found.is_final:
            self.events.append((run, Kind.RUN_COMPLETED, report))
        return booked

    def _book(self, run: Run, before: Figures, mandate: Mandate, report: New | Correction) -> Booked | None:
        """Add to the sums, unless something follows."""
        if not self._is_at_work(mandate, report) or not _is_smooth(run, before, mandate):
            return None
        difference = run.cost_microusd - before.cost_microusd
        spent = max(mandate.spend_today_microusd + difference, 0) if difference else mandate.spend_today_microusd
        allowance = self._allowance(mandate, run.task_id)
        over_cap = run.cost_microusd > allowance.per_run
        if over_cap and before.cost_microusd <= allowance.per_run:
            return None
        levels = partial(self._levels, mandate.agent)
        if not budgets.is_known(mandate=mandate, spent=spent, allowance=allowance, told=levels):
            return None
        tasks = self._charged(run, mandate, difference)
        if tasks is None:
            return None
        for task in tasks:
            task.spent, task.is_touched = max(task.spent + difference, 0), True
        if difference:
            mandate.spend_today_microusd = spent
            self.spenders[mandate.pk] = mandate
        self.spent.append((run, before))
        return Booked(run, budgets.warning_of(spent, allowance, over_cap))

    def _is_at_work(self, mandate: Mandate, report: New | Correction) -> bool:
        """Agents speak for themselves, those who are away come back first, and nobody's day has ended."""
        if report.actor.kind == "agent":
            is_own = mandate.pk == report.actor.agent_id and report.speaks_as in ("", mandate.agent.slug)
            if not is_own or mandate.control in AWAY:
                return False
        return mandate.spend_reset_at is not None and not mandate.is_reset_due(self.now)

    def _charged(self, run: Run, mandate: Mandate, difference: int) -> list[Costed] | None:
        """The tasks that this counts on; None when one of them has never cost anything, or comes to cost too much."""
        if not difference:
            return []
        named = {run.task_id, mandate.parent_task_id}
        tasks = [task for id in named if id is not None and (task := self.tasks.get((run.workspace_id, id)))]
        is_fine = all(task.has_brief and self._is_within(task, task.spent + difference) for task in tasks)
        return tasks if is_fine else None

    def _is_within(self, task: Costed, spent: int) -> bool:
        if spent <= budgets.limit_of(task.type, task.estimate):
            return True
        if task.id not in self.overspent:
            self.overspent[task.id] = budgets.is_told_of(task.id)
        return self.overspent[task.id]

    def _allowance(self, mandate: Mandate, task_id: int | None) -> Allowance:
        if has_own_figures(mandate):
            return allowance_by(mandate, None)
        agent = mandate.agent
        if agent.workspace_id not in self.policies:
            is_any = has_policies(agent.workspace_id)
            self.policies[agent.workspace_id] = list(active_policies(agent.workspace_id)) if is_any else []
        rows = self.policies[agent.workspace_id]
        if not rows:
            return allowance_by(mandate, None)
        task = self.tasks.get((agent.workspace_id, task_id)) if task_id else None
        return allowance_by(mandate, nearest_of(rows, agent=agent.slug, task_type=task.type if task else None))

    def _levels(self, agent: Agent) -> set[int]:
        if agent.pk not in self.levels:
            self.levels[agent.pk] = budgets.levels_told(agent, self.now)
        return self.levels[agent.pk]

    def write(self) -> None:
        """Runs first, for their ids; last the sums of usage, where everybody meets."""
        insert(self.new)
        write(Run, CORRECTED, ((stored(run, CORRECTED), run.pk) for run in self.changed.values()))
        spends = sorted((held.pk, held.spend_today_microusd) for held in self.spenders.values())
        write(Mandate, ["spend_today_microusd"], (([spend], id) for id, spend in spends))
        touched = [task for task in self.tasks.values() if task.is_touched]
        write(Brief, ["actual_cost_microusd"], (([task.spent], task.id) for task in touched))
        if self.events:
            record(*self._told(), at=self.now)
        rows = [row for run, before in self.spent if (row := self._usage(run, before))]
        if rows:
            store_usage(rows, now=self.now)

    def _told(self) -> list[Event]:
        events = [told(run, kind, report.actor) for run, kind, report in self.events]
        for event, (_, _, report) in zip(events, self.events, strict=True):
            event.because_of(report.cause)
        return events

    def _usage(self, run: Run, before: Figures) -> TokenUsage | None:
        task = self.tasks.get((run.workspace_id, run.task_id)) if run.task_id else None
        return usage_of(run, before=before, project_id=task.project_id if task else None, now=self.now)


def _is_smooth(run: Run, before: Figures, mandate: Mandate) -> bool:
    """Whether it is going well, as it was before."""
    ends = run.is_final and not before.is_final
    return not ends or (run.status == Run.Status.COMPLETED and mandate.error_streak == 0)


def _agents_of(reports: Sequence[New | Correction]) -> set[int]:
    """Of those that report for themselves, and those that people report for."""
    own = {report.actor.agent_id for report in reports if report.actor.kind == "agent"}
    named = [report for report in reports if isinstance(report, New) and report.actor.kind != "agent"]
    ids = {id for id in own if id is not None}
    for workspace_id in {report.actor.workspace_id for report in named}:
        slugs = [report.agent for report in named if report.actor.workspace_id == workspace_id]
        ids.update(Agent.objects.in_workspace(workspace_id).filter(slug__in=slugs).values_list("pk", flat=True))
    return ids


def _keys(reports: Sequence[New | Correction]) -> list[tuple[Actor, str]]:
    return [(each.actor, each.report.key) for each in reports if isinstance(each, New) and each.report.key is not None]
