from simulation.meters import Histogram, Meters


def test_percentiles_are_right_to_one_percent():
    values = [i / 1000 for i in range(1, 1001)]
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    for percent in (50, 95, 99):
        assert abs(histogram.percentile(percent) - percent / 100) < percent / 100 * 0.011


def test_no_percentile_exceeds_the_highest_value():
    histogram = Histogram()
    histogram.add(0.2)
    assert histogram.percentile(99) <= 0.2
    assert histogram.highest == 0.2


def test_an_empty_histogram_says_zero():
    assert Histogram().percentile(50) == 0
    assert Histogram().as_json()["count"] == 0


def test_histograms_add_up():
    one, two = Histogram(), Histogram()
    one.add(0.001)
    two.add(0.1)
    one += two
    assert one.count == 2
    assert one.highest == 0.1


def test_lost_requests_are_counted_but_not_timed():
    meters = Meters()
    meters.add("beat", 200, 0.01)
    meters.add("beat", 0, 5)
    assert meters.requests == 2
    assert meters.kinds["beat"].latency.count == 1
    assert meters.count(0, 0) == 1


def test_a_rate_limit_is_no_failure():
    meters = Meters()
    for status in (200, 429, 404, 500, 0):
        meters.add("claim", status, 0.01)
    assert meters.kinds["claim"].failed == 3


def test_the_first_sample_of_a_status_is_kept():
    meters = Meters()
    meters.keep_sample(500, "first")
    meters.keep_sample(500, "second")
    assert meters.samples == {500: "first"}
