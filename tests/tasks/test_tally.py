"""The tally is what counting would say, after whatever happened."""

from __future__ import annotations

import contextlib
import random

from django.db.models import Count

from core.actors import Actor
from core.errors import DomainError
from projects.services import create_project
from tasks import services
from tasks.models import Tally, Task
from tests.base import BaseTestCase, actor_of
from tests.factories import make_agent, make_task

STATUSES = list(Task.Status.values)


class TallyTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(7)
        self.actors = [actor_of(self.alice), actor_of(self.charlie)]
        for actor in self.actors:
            make_agent("nova", actor=actor)
            for n in range(2):
                create_project(actor=actor, name=f"Project {n}", prefix=f"P{n}")

    def counted(self):
        rows = Task.objects.values_list("workspace_id", "project_id", "status", "priority").annotate(Count("id"))
        return {tuple(row[:4]): row[4] for row in rows}

    def tallied(self):
        rows = Tally.objects.exclude(n=0).values_list("workspace_id", "project_id", "status", "priority", "n")
        return {tuple(row[:4]): row[4] for row in rows}

    def test_it_equals_the_count_after_every_step_of_a_long_walk(self):
        steps = [
            self.create, self.create, self.update, self.update, self.move, self.bulk, self.comment, self.claim,
            self.review, self.delete,
        ]  # fmt: skip
        for n in range(300):
            actor = self.dice.choice(self.actors)
            step = self.dice.choice(steps)
            # A step that is refused must leave everything as it is.
            with contextlib.suppress(DomainError):
                step(actor)
            if n % 5 == 0:
                assert self.tallied() == self.counted(), step
        assert self.tallied() == self.counted()
        assert not Tally.objects.filter(n__lt=0).exists()

    def any_task(self, actor: Actor) -> Task:
        ids = list(Task.objects.in_workspace(actor.workspace_id).values_list("id", flat=True))
        return services.find_task(actor=actor, id=self.dice.choice(ids)) if ids else self.create(actor)

    def any_project(self, actor: Actor) -> int:
        from projects.models import Project

        return self.dice.choice(list(Project.objects.values_list("id", flat=True)))

    def create(self, actor: Actor) -> Task:
        return make_task(
            actor=actor,
            status=self.dice.choice(STATUSES),
            priority=self.dice.randint(1, 4),
            project_id=self.any_project(actor),
            assigned_to=self.dice.choice(["", "nova"]),
        )

    def update(self, actor: Actor) -> None:
        changes = {
            "status": self.dice.choice(STATUSES),
            "priority": self.dice.randint(1, 4),
            "project_id": self.any_project(actor),
            "assigned_to": self.dice.choice(["", "nova"]),
        }
        chosen = {name: changes[name] for name in self.dice.sample(sorted(changes), self.dice.randint(1, 4))}
        services.update_task(task=self.any_task(actor), actor=actor, now=self.now, changes=chosen, sent={})

    def move(self, actor: Actor) -> None:
        task = self.any_task(actor)
        was = self.dice.choice(["", task.status, "INBOX"])
        services.move_task(task=task, actor=actor, now=self.now, to=self.dice.choice(STATUSES), was=was)

    def bulk(self, actor: Actor) -> None:
        wanted = [(self.any_task(actor).pk, self.dice.choice(STATUSES)) for _ in range(4)]
        services.set_statuses(actor=actor, now=self.now, wanted=wanted)

    def comment(self, actor: Actor) -> None:
        content = self.dice.choice(["hello", "@nova please", "@ghost"])
        services.add_comment(task=self.any_task(actor), actor=actor, now=self.now, content=content)

    def claim(self, actor: Actor) -> None:
        services.claim_next(actor=actor, now=self.now, agent_name="nova", capacity=self.dice.randint(1, 20))

    def review(self, actor: Actor) -> None:
        services.review_task(
            task=self.any_task(actor),
            actor=actor,
            now=self.now,
            reviewer=self.dice.choice(["aegis", "alice"]),
            verdict=self.dice.choice(["approved", "rejected"]),
            notes="n",
        )

    def delete(self, actor: Actor) -> None:
        services.delete_task(task=self.any_task(actor), actor=actor, now=self.now)
