import random
import re

from simulation.cast import NAMES, fleet
from simulation.stories import FAILURES, FINDINGS, NUDGES, PLANS, PRAISE, REJECTIONS, Storyteller

AGENTS = ["atlas", "juniper"]


def tasks(number: int, seed: int = 1) -> list[dict]:
    teller = Storyteller(random.Random(seed), {"Checkout": 4})
    return [teller.task(AGENTS) for _ in range(number)]


def test_the_same_seed_tells_the_same_stories():
    titles = [task["title"] for task in tasks(20)]
    assert titles == [task["title"] for task in tasks(20)]
    assert titles != [task["title"] for task in tasks(20, seed=2)]


def test_tasks_keep_to_the_contract():
    for task in tasks(500):
        assert 1 <= len(task["title"]) <= 500
        assert len(task["description"]) <= 5000
        assert task["priority"] in {"low", "medium", "high", "critical"}
        assert all(1 <= len(tag) <= 100 for tag in task["tags"])
        assert "{" not in task["title"] + task["description"]


def test_tasks_vary():
    assert len({task["title"] for task in tasks(200)}) > 120


def test_only_agents_that_exist_are_mentioned():
    mentioned = set(re.findall(r"@([\w.-]+)", " ".join(task["description"] for task in tasks(300))))
    assert mentioned == set(AGENTS)


def test_without_agents_nobody_is_mentioned_or_assigned():
    teller = Storyteller(random.Random(1))
    for task in (teller.task([]) for _ in range(100)):
        assert "@" not in task["description"]
        assert "assigned_to" not in task


def test_known_projects_are_used():
    assert {task.get("project_id") for task in tasks(100)} == {None, 4}


def test_every_line_can_be_said():
    teller = Storyteller(random.Random(1))
    for lines in (PLANS, FINDINGS, FAILURES, PRAISE, REJECTIONS, NUDGES):
        for line in lines:
            assert "{" not in teller.say((line,), agent="atlas")


def test_a_fleet_of_any_size_has_unique_names():
    names = [part.name for part in fleet(3 * len(NAMES), random.Random(1))]
    assert len(set(names)) == len(names)
