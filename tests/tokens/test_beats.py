from __future__ import annotations

from activity.models import Event
from agents.models import Agent
from core.errors import Denied
from tests.base import BaseTestCase, actor_of
from tests.factories import make_agent, make_task
from tokens.beats import Beat, Spent, take_beats
from tokens.models import TokenUsage


class TakeBeatsTests(BaseTestCase):
    """Beats of a whole fleet, written at once."""

    def setUp(self):
        super().setUp()
        self.nova, self.other = make_agent("nova"), make_agent("other")
        self.theirs = make_agent("nova", actor=actor_of(self.charlie))
        self.mine, self.foreign = actor_of(self.bob), actor_of(self.charlie)

    def take(self, *beats):
        return take_beats(beats, now=self.now)

    def test_each_beat_has_its_outcome_in_order(self):
        bound = self.mine.speaking_as("nova")
        answers = self.take(
            Beat(self.mine, "nova"),
            Beat(self.mine, "nobody"),
            Beat(bound, "other"),
            Beat(self.foreign, "nova"),
            Beat(self.mine, str(self.other.pk)),
        )
        assert [answer and not isinstance(answer, Denied) and answer.agent.pk for answer in answers] == [
            self.nova.pk,
            None,
            False,
            self.theirs.pk,
            self.other.pk,
        ]

    def test_each_change_names_who_made_it(self):
        self.take(Beat(self.mine, "nova"), Beat(self.foreign, "nova"), Beat(actor_of(self.alice), "other"))
        facts = Event.objects.filter(kind="agent.presence_changed")
        assert {(event.agent_id, event.workspace_id, event.actor) for event in facts} == {
            (self.nova.pk, self.home.pk, f"user:{self.bob.pk}"),
            (self.theirs.pk, self.elsewhere.pk, f"user:{self.charlie.pk}"),
            (self.other.pk, self.home.pk, f"user:{self.alice.pk}"),
        }

    def test_the_same_agent_may_beat_twice_in_one_batch(self):
        spent = Spent("claude-sonnet-4", 1500, 800)
        first, second = self.take(Beat(self.mine, "nova", spent=spent), Beat(self.mine, str(self.nova.pk), spent=spent))
        assert (first.token_recorded, second.token_recorded) == (True, True)
        assert TokenUsage.objects.filter(session_id="nova:cli").count() == 2
        assert Event.objects.filter(kind="agent.presence_changed").count() == 1

    def test_work_shows_in_the_pulse(self):
        self.take(Beat(self.mine, "nova", spent=Spent("m", 1, 1)), Beat(self.mine, "other"))
        ticks = [Agent.objects.get(pk=agent.pk).pulse(self.now)[-1] for agent in (self.nova, self.other)]
        assert ticks == ["work", "beat"]

    def test_each_agent_hears_of_its_own_work(self):
        make_task("a", assigned_to="nova"), make_task("b", assigned_to="other")
        make_task("c", assigned_to="nova", actor=self.foreign)
        answers = self.take(Beat(self.mine, "nova"), Beat(self.mine, "other"), Beat(self.foreign, "nova"))
        assert [[item["title"] for item in answer.waiting.tasks] for answer in answers] == [["a"], ["b"], ["c"]]

    def test_a_hundred_beats_take_no_more_queries_than_one(self):
        beats = [Beat(self.mine, make_agent(f"agent-{n}").name) for n in range(100)]
        self.take(*beats)
        for batch in (beats[:1], beats):
            with self.assertNumQueries(9):
                self.take(*batch)
