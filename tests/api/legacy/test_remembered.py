"""What is remembered of lists stays right, and stays small."""

import orjson

from api.legacy.remembered import LARGEST, Remembered


def test_each_key_is_encoded_once():
    asked = []
    memory = Remembered(lambda key: asked.append(key) or {"id": key[0]})
    assert orjson.dumps([memory[1, "a"], memory[2, "a"], memory[1, "a"]]) == b'[{"id":1},{"id":2},{"id":1}]'
    assert asked == [(1, "a"), (2, "a")]


def test_it_starts_over_before_it_grows_too_large():
    memory = Remembered(lambda key: "x" * (LARGEST // 10))
    for n in range(100):
        assert memory[n]
        assert len(memory) < 10


def test_what_is_too_large_is_answered_and_not_kept():
    memory = Remembered(lambda key: "x" * key)
    assert memory[10]
    assert len(orjson.dumps(memory[LARGEST])) > LARGEST
    assert list(memory) == [10]
