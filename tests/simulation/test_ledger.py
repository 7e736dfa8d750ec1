from simulation.ledger import FOREVER, Ledger, TaskWrite, Usage, possible_last


def test_acknowledged_tokens_are_sure_and_others_are_bounds():
    ledger = Ledger()
    ledger.used_tokens(Usage("atlas", "gpt-4.1", 100, 10))
    ledger.used_tokens(Usage("atlas", "gpt-4.1", 5, 5, acknowledged=False))
    assert (ledger.spent["atlas"].sure, ledger.spent["atlas"].unsure) == (110, 10)
    assert ledger.tokens == 110
    assert ledger.reports == 1


def test_of_writes_one_after_the_other_the_last_one_stands():
    assert possible_last([TaskWrite("review", 1, 2), TaskWrite("done", 3, 4)]) == {"done"}


def test_of_overlapping_writes_any_may_stand():
    assert possible_last([TaskWrite("review", 1, 4), TaskWrite("done", 3, 5)]) == {"review", "done"}


def test_a_write_without_answer_may_stand_and_rules_out_nothing():
    writes = [TaskWrite("in_progress", 1, 2), TaskWrite("review", 3, FOREVER)]
    assert possible_last(writes) == {"in_progress", "review"}


def test_an_acknowledged_write_does_not_rule_out_a_lost_one_before_it():
    assert possible_last([TaskWrite("review", 1, FOREVER), TaskWrite("failed", 3, 4)]) == {"review", "failed"}


def test_the_ledger_remembers_what_was_created():
    ledger = Ledger()
    ledger.created_task(7, "Fix login", "inbox", sent=1.0)
    ledger.commented(7, 9, "on it")
    assert ledger.titles == {7: "Fix login"}
    assert ledger.possible_statuses(7) == {"inbox"}
    assert ledger.as_json() == {"token_reports": 0, "tokens": 0, "tasks_created": 1, "task_writes": 1, "comments": 1}
