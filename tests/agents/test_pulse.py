from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agents.pulse import Pulse

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def after(minutes):
    return NOON + timedelta(minutes=minutes)


def test_an_untouched_pulse_is_an_hour_of_silence():
    assert Pulse().ticks(NOON) == ["silent"] * 60


def test_a_beat_is_the_newest_minute():
    assert Pulse().beat(NOON).ticks(NOON)[-2:] == ["silent", "beat"]


def test_minutes_without_a_beat_are_silent():
    pulse = Pulse().beat(NOON).beat(after(2))
    assert pulse.ticks(after(3))[-4:] == ["beat", "silent", "beat", "silent"]


def test_work_shows_over_beats_and_errors_over_work():
    pulse = Pulse().beat(NOON).beat(NOON, working=True).beat(after(1), working=True).beat(after(1), failed=True)
    assert pulse.ticks(after(1))[-2:] == ["work", "error"]


def test_an_hour_later_everything_is_forgotten():
    assert Pulse().beat(NOON).ticks(after(59))[0] == "beat"
    assert Pulse().beat(NOON).ticks(after(60)) == ["silent"] * 60


def test_a_clock_that_went_back_changes_nothing():
    pulse = Pulse().beat(after(5))
    assert pulse.beat(NOON) == pulse


def test_all_bits_fit_a_signed_64_bit_column():
    pulse = Pulse()
    for minute in range(200):
        pulse = pulse.beat(after(minute), working=True, failed=True)
    assert max(pulse.beats, pulse.work, pulse.errors) < 2**63
