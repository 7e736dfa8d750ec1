from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks.models import PRIORITIES, Tally, Task
from tasks.services import find_task
from tests.base import BaseTestCase
from tests.factories import make_agent, make_task
from tokens.services import Report, book

FRAGMENT = {"hx-request": "true"}


class BoardPageTests(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.bob)

    def test_ten_thousand_tasks_are_a_small_page_of_few_queries(self) -> None:
        first = make_task("x" * 500)
        statuses = Task.Status.values
        Task.objects.bulk_create(
            Task(
                workspace=self.home,
                project=first.project,
                number=number,
                title="A long title " * 38,
                status=statuses[number % len(statuses)],
                priority=number % 4 + 1,
                assigned_to="an-agent-with-a-long-name",
                comment_count=number % 7,
                position=number,
            )
            for number in range(2, 10_001)
        )
        Tally.objects.all().delete()
        Tally.objects.bulk_create(
            Tally(workspace=self.home, project=first.project, status=status, priority=level, n=n)
            for status in statuses
            for level in PRIORITIES
            if (n := Task.objects.filter(status=status, priority=level).count())
        )
        for number in range(200):
            make_agent(f"agent-{number}")
        with CaptureQueriesContext(connection) as queries:
            answer = self.client.get("/")
        assert len(answer.content) <= 300_000
        assert answer.content.count(b'class="card"') == 6 * 50
        assert sum(lane.count for lane in answer.context["lanes"]) == 10_000
        assert len(queries) < 30

    def test_counts_agree_with_and_without_tallies(self) -> None:
        make_task("One", assigned_to="jordan")
        make_task("Two")
        tallied = {lane.column: lane.count for lane in self.client.get("/").context["lanes"]}
        counted = {lane.column: lane.count for lane in self.client.get("/?q=o").context["lanes"]}
        assert tallied == counted
        assert (tallied["todo"], tallied["inbox"]) == (1, 1)

    def test_a_ticket_finds_its_task(self) -> None:
        task = make_task("Nothing in common with its ticket")
        make_task("Another")
        answer = self.client.get("/", {"q": task.ticket_ref.lower()})
        assert [card.task.pk for lane in answer.context["lanes"] for card in lane.cards] == [task.pk]

    def test_a_card_shows_what_its_task_has_cost(self) -> None:
        task = make_task()
        book([Report(self.home.id, "claude-sonnet-4-5", "jordan:main", 1_000_000, 0, task_id=task.pk)], now=self.now)
        assert "$3.00" in self.client.get(f"/board/cards/{task.pk}/").content.decode()
        assert self.client.get(f"/tasks/{task.pk}/").context["cost"] == 3_000_000

    def test_odd_filters_ask_for_nothing(self) -> None:
        for query in ("project=x", "project=99999999999999999999999", "priority=11", "agent=%00", "q=%00", "q=-9"):
            assert self.client.get(f"/?{query}").status_code == 200, query

    def test_only_the_changed_card_is_sent(self) -> None:
        one, other = make_task("One"), make_task("Two")
        answer = self.client.get(f"/board/cards/{one.pk}/", headers=FRAGMENT).content.decode()
        assert f'id="card-{one.pk}"' in answer
        assert f'id="card-{other.pk}"' not in answer
        assert "<html" not in answer

    def test_a_viewer_may_look_but_not_move(self) -> None:
        task = make_task()
        self.client.force_login(self.vera)
        assert b"data-new" not in self.client.get("/").content
        answer = self.client.post(f"/board/cards/{task.pk}/move/", {"column": "review"}, headers=FRAGMENT)
        assert answer.status_code == 403
        assert find_task(actor=self.vera.as_actor(), id=task.pk).status == Task.Status.INBOX

    def test_another_workspace_sees_and_moves_nothing(self) -> None:
        task = make_task("Secret")
        self.client.force_login(self.charlie)
        assert b"Secret" not in self.client.get("/").content
        assert b"Secret" not in self.client.get(f"/board/cards/{task.pk}/").content
        assert self.client.get(f"/tasks/{task.pk}/").status_code == 404
        move = self.client.post(f"/board/cards/{task.pk}/move/", {"column": "review"}, headers=FRAGMENT)
        assert move.status_code == 404

    def test_bad_input_is_refused_in_words(self) -> None:
        task = make_task()
        cases = [
            (f"/board/cards/{task.pk}/move/", {"column": "nowhere"}),
            ("/board/new/", {"title": " "}),
            ("/board/new/", {"title": "x" * 501}),
            ("/board/new/", {"title": "x", "priority": "9"}),
            ("/board/new/", {"title": "x", "column": "done"}),
            (f"/tasks/{task.pk}/change/", {"title": ""}),
            (f"/tasks/{task.pk}/change/", {"due": "2031-02-31"}),
            (f"/tasks/{task.pk}/comments/", {"content": "  "}),
            (f"/tasks/{task.pk}/comments/", {"content": "@nobody-at-all"}),
        ]
        for path, sent in cases:
            answer = self.client.post(path, sent, headers=FRAGMENT)
            assert answer.status_code == 400, (path, sent)
            assert answer["Content-Type"].startswith("text/plain")

    def test_a_stranger_is_sent_to_the_sign_in(self) -> None:
        self.client.logout()
        assert self.client.get("/agents/?sort=name")["Location"] == "/login/?next=/agents/%3Fsort%3Dname"
        assert self.client.get("/board/cards/1/", headers=FRAGMENT).status_code == 401
