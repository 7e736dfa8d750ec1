"""What the control channel says of the server as a whole, from what is found when somebody looks."""

from __future__ import annotations

from realtime.control.state import Gateway, Seen

WELL, ALONE, LINKED = Seen(worker=True, linked=False), Seen(worker=False, linked=False), Seen(worker=True, linked=True)


def words(gateway, *looks):
    """The new states, each with its reason; a look is (what was seen, when)."""
    found = [gateway.look(seen, now) for seen, now in looks]
    return [(state.word, state.reason) if state else None for state in found]


def test_it_starts_until_the_worker_was_seen():
    assert words(Gateway(0), (ALONE, 1), (ALONE, 59), (WELL, 60), (WELL, 61)) == [None, None, ("running", None), None]


def test_a_worker_that_never_comes_or_goes_is_a_failure():
    silent = ("failed", "the worker was not seen for 60 s")
    assert words(Gateway(0), (ALONE, 1), (ALONE, 61), (ALONE, 62)) == [None, silent, None]
    assert words(Gateway(0), (WELL, 1), (ALONE, 2), (WELL, 3)) == [("running", None), silent, ("running", None)]


def test_a_database_that_does_not_answer_is_a_failure():
    away = ("failed", "the database does not answer")
    assert words(Gateway(0), (WELL, 1), (None, 2), (None, 3), (WELL, 4)) == [
        ("running", None), away, None, ("running", None),
    ]  # fmt: skip


def test_the_first_to_connect_and_the_last_to_leave_are_told():
    assert words(Gateway(0), (WELL, 1), (LINKED, 2), (LINKED, 3), (WELL, 4), (WELL, 5)) == [
        ("running", None), ("running", "agents are connected"), None, ("running", "no agent is connected"), None,
    ]  # fmt: skip


def test_a_process_that_begins_anew_is_told_while_all_is_well():
    gateway = Gateway(0)
    assert gateway.began_anew("worker", 7) is None
    gateway.look(WELL, 1)
    state = gateway.began_anew("worker", 7)
    assert (state.word, state.pid, state.reason) == ("restarting", 7, "the worker process begins anew")
    assert words(gateway, (WELL, 2)) == [("running", None)]
