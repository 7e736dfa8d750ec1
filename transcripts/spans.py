"""Sets of whole numbers that mostly come in order, as spans `[first, last]`."""

from __future__ import annotations

from bisect import bisect_right

Spans = list[list[int]]
# Beyond these the oldest gap counts as filled: nobody sends again what is so long ago.
MOST = 200


def holds(spans: Spans, n: int) -> bool:
    place = bisect_right(spans, n, key=lambda span: span[0])
    return place > 0 and n <= spans[place - 1][1]


def add(spans: Spans, n: int) -> bool:
    """Put the number in; false when it is there already."""
    place = bisect_right(spans, n, key=lambda span: span[0])
    before = spans[place - 1] if place else None
    if before is not None and n <= before[1]:
        return False
    after = spans[place] if place < len(spans) else None
    joins_before, joins_after = before is not None and before[1] + 1 == n, after is not None and after[0] - 1 == n
    if before is not None and after is not None and joins_before and joins_after:
        before[1] = after[1]
        del spans[place]
    elif before is not None and joins_before:
        before[1] = n
    elif after is not None and joins_after:
        after[0] = n
    else:
        spans.insert(place, [n, n])
    if len(spans) > MOST:
        spans[:2] = [[spans[0][0], spans[1][1]]]
    return True
