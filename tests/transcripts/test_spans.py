from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from transcripts.spans import MOST, Spans, add, holds


@given(st.lists(st.integers(0, 60), max_size=120))
def test_each_number_is_new_once(numbers: list[int]) -> None:
    spans: Spans = []
    seen: set[int] = set()
    for n in numbers:
        assert holds(spans, n) == (n in seen)
        assert add(spans, n) == (n not in seen)
        seen.add(n)
    assert {n for first, last in spans for n in range(first, last + 1)} == seen
    assert all(before[1] + 1 < after[0] for before, after in zip(spans, spans[1:], strict=False))


def test_numbers_in_any_order_become_one_span() -> None:
    numbers = list(range(MOST))
    random.Random(7).shuffle(numbers)
    spans: Spans = []
    for n in numbers:
        add(spans, n)
    assert spans == [[0, MOST - 1]]


def test_of_too_many_gaps_the_oldest_are_given_up() -> None:
    spans: Spans = []
    for n in range(0, 4 * MOST, 2):
        assert add(spans, n)
    assert len(spans) == MOST
    assert not add(spans, 1)
    assert add(spans, 4 * MOST - 3)
