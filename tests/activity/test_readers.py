from __future__ import annotations

import pytest

from activity import readers
from activity.catalogue import Kind
from activity.models import Event, Reader
from activity.services import fact, record
from core.actors import system
from projects.models import Project
from tests.base import BaseTestCase

NAME = f"{__name__}.listen"
heard: list[int] = []
failures: list[Exception] = []


def listen(page):
    """A reader whose effect is in the database, and which fails as often as it is told to."""
    for event in page:
        Project.objects.create(workspace_id=1, name=str(event.id), slug=f"e{event.id}", ticket_prefix=f"E{event.id}")
    if failures:
        raise failures.pop()
    heard.extend(event.id for event in page)


class ReaderTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        heard.clear(), failures.clear()

    def happen(self, times=1):
        for _ in range(times):
            record(fact(Kind.TASK_DELETED, actor=system(1), subject="task:1", data={"id": 1, "title": "x"}))

    def catch_up(self):
        return readers.catch_up(NAME, now=self.now)

    def test_a_new_reader_hears_what_happens_from_now_on(self):
        self.happen()
        self.catch_up()
        assert heard == []
        self.happen()
        self.catch_up()
        assert len(heard) == 1

    def test_each_event_is_heard_once_and_in_order(self):
        self.catch_up()
        for times in (1, 3, 2):
            self.happen(times)
            self.catch_up(), self.catch_up()
        assert heard == sorted(set(heard))
        assert len(heard) == 6

    def speak(self, times):
        speaker = {"id": 1, "slug": "nova", "name": "Nova"}
        for _ in range(times):
            record(fact(Kind.AGENT_TEXT, actor=system(1), subject="agent:1", data={**speaker, "text": "x"}))

    def position(self):
        return Reader.objects.get(name=NAME).position

    def test_what_is_transient_is_passed_over_and_left_behind(self):
        self.catch_up()
        self.speak(readers.PAGE + 5)
        self.happen()
        self.speak(3)
        assert self.catch_up() is False
        assert len(heard) == 1
        assert self.position() == Event.objects.latest("id").id
        self.speak(1)
        assert self.catch_up() is False
        assert self.position() == Event.objects.latest("id").id
        self.happen()
        self.catch_up()
        assert len(heard) == 2

    def test_a_full_page_means_there_may_be_more(self):
        self.catch_up()
        self.happen(readers.PAGE + 1)
        assert [self.catch_up(), self.catch_up()] == [True, False]
        assert len(heard) == readers.PAGE + 1

    def test_an_error_undoes_the_effects_and_the_page_is_read_again(self):
        self.catch_up()
        self.happen(2)
        failures.append(RuntimeError("boom"))
        with pytest.raises(RuntimeError):
            self.catch_up()
        assert (heard, Project.objects.count()) == ([], 0)
        self.catch_up()
        assert (len(heard), Project.objects.count()) == (2, 2)

    def test_the_cursor_stands_at_the_last_event(self):
        self.catch_up()
        self.happen(2)
        self.catch_up()
        assert Reader.objects.get(name=NAME).position == Event.objects.latest("id").id

    def test_of_two_workers_with_the_same_page_one_reads_it(self):
        self.catch_up()
        self.happen()
        last = Event.objects.latest("id").id
        # Another worker moves the cursor between this one's look and its claim.
        original = Event.objects.settled

        def overtaken():
            Reader.objects.filter(name=NAME).update(position=last)
            return original()

        Event.objects.settled = overtaken
        try:
            self.catch_up()
        finally:
            del Event.objects.settled
        assert heard == []
