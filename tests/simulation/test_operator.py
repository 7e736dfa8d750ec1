from simulation.operator import Spending


def hour(number: int, cost: float) -> dict:
    return {"timestamp": f"2026-03-04T{number:02}:00:00.000Z", "cost": cost}


def test_what_was_spent_before_the_run_does_not_count():
    spending = Spending()
    spending.note([hour(3, 7), hour(4, 1)])
    spending.note([hour(3, 7), hour(4, 1.5), hour(5, 0.25)])
    assert spending.since_start == 0.75


def test_hours_that_leave_the_window_stay_counted():
    spending = Spending()
    spending.note([hour(1, 1), hour(2, 0)])
    spending.note([hour(2, 3)])
    spending.note([hour(3, 2)])
    assert spending.since_start == 5


def test_a_server_without_figures_spends_nothing():
    spending = Spending()
    spending.note([])
    spending.note([hour(2, 3)])
    assert spending.since_start == 3
