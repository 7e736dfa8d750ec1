from __future__ import annotations

from tasks.models import Task
from tasks.services import place_between
from tests.base import BaseTestCase
from tests.factories import make_task


class PlacingTests(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cards = [make_task(f"card {n}") for n in range(3)]
        for n, card in enumerate(self.cards):
            Task.objects.filter(pk=card.pk).update(position=float(n))

    def place(self, above: Task | None, below: Task | None) -> float | None:
        ids = [card and card.pk for card in (above, below)]
        return place_between(workspace_id=self.home.pk, above=ids[0], below=ids[1])

    def order(self) -> list[int]:
        return list(Task.objects.order_by("position", "id").values_list("pk", flat=True))

    def test_between_two_cards_is_half_way(self) -> None:
        assert self.place(self.cards[0], self.cards[1]) == 0.5

    def test_at_an_end_is_one_step_beside_the_neighbour(self) -> None:
        assert self.place(self.cards[2], None) == 3
        assert self.place(None, self.cards[0]) == -1

    def test_without_neighbours_there_is_no_place(self) -> None:
        assert self.place(None, None) is None

    def test_cards_at_one_position_are_spread_out_in_their_order(self) -> None:
        Task.objects.update(position=-1.5)
        place = self.place(self.cards[1], self.cards[2])
        first, second, third = Task.objects.order_by("id").values_list("position", flat=True)
        assert place is not None
        assert first < second < place < third

    def test_a_spot_takes_any_number_of_drops(self) -> None:
        above, below = self.cards[0], self.cards[1]
        for n in range(120):
            moved = make_task(f"moved {n}")
            Task.objects.filter(pk=moved.pk).update(position=self.place(above, below))
            below = moved
            assert self.order()[:2] == [above.pk, moved.pk]
