import math

from bench.figures import Figure, failed, median_of, percentile


def rate(value: float, fault: str = "") -> Figure:
    return Figure("create task", value, "/s", fault=fault)


def test_the_median_of_three_runs_counts():
    middle = median_of([rate(900), rate(100), rate(800)])
    assert middle.value == 800
    assert middle.detail["runs"] == [900, 100, 800]


def test_one_faulty_run_spoils_the_figure():
    spoiled = median_of([rate(900), rate(950, fault="3 answers were not 2xx"), rate(800)])
    assert spoiled.fault
    assert not spoiled.good


def test_a_goal_is_met_from_above_or_from_below():
    assert rate(700).good
    assert not rate(699).good
    assert Figure("board page", 150, "ms").good
    assert not Figure("board page", 151, "ms").good


def test_on_a_slower_machine_a_goal_is_met_in_proportion():
    assert rate(350).good_on(20_000)
    assert not rate(349).good_on(20_000)
    assert not rate(699).good_on(80_000)
    assert Figure("board page", 300, "ms").good_on(20_000)
    assert not Figure("memory of the worker", 151, "MiB").good_on(20_000)


def test_what_could_not_be_measured_is_not_good():
    assert not failed("board page", "ms", "no answer").good
    assert math.isnan(failed("board page", "ms", "no answer").value)


def test_only_rates_have_a_share_of_the_limit():
    assert rate(4000).share_of(40_000) == "10.0 %"
    assert Figure("board page", 10, "ms").share_of(40_000) == ""


def test_percentiles_are_values_that_occurred():
    assert percentile([5, 1, 3], 50) == 3
    assert percentile(range(1, 101), 95) == 95
    assert math.isnan(percentile([], 95))
