import csv
import io
from datetime import timedelta

from playwright.sync_api import expect

from tests.base import BaseTestCase
from tests.factories import make_task
from tests.server import Server, unique
from tokens.models import Budget
from tokens.services import Report, book

from .conftest import Opener


class CostsPageTests(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        task = make_task(actor=self.alice.as_actor())
        for days, tokens in ((0, 1_000_000), (3, 2_000_000), (20, 4_000_000)):
            report = Report(self.home.id, "claude-sonnet-4-5", "=jordan:main", tokens, 0, task_id=task.id)
            book([report], now=self.now - timedelta(days=days))
        self.client.force_login(self.alice)

    def test_each_span_has_its_sum(self) -> None:
        sums = self.client.get("/costs/").context["sums"]
        assert [spent.line.input_tokens for spent in sums] == [1_000_000, 3_000_000, 7_000_000]

    def test_the_trend_has_a_step_for_every_day_or_hour(self) -> None:
        for span, steps in (("today", 24), ("7", 7), ("30", 30)):
            trend = self.client.get("/costs/trend.json", {"span": span}).json()
            assert len(trend["times"]) == len(trend["dollars"]) == steps
            assert trend["budget"] is None

    def test_the_export_defuses_formulas(self) -> None:
        answer = self.client.get("/costs/export.csv", {"span": "30"})
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert answer["Content-Disposition"].startswith('attachment; filename="costs-30-')
        assert [row["key"] for row in rows if row["dimension"] == "agent"] == ["'=jordan"]
        total = sum(float(row["cost_usd"]) for row in rows if row["dimension"] == "total")
        assert round(total, 6) == sum(float(row["cost_usd"]) for row in rows if row["dimension"] == "model")

    def test_only_admins_set_the_budget(self) -> None:
        assert self.client.post("/costs/budget/", {"dollars": "250.50"}).status_code == 302
        assert Budget.objects.get(workspace=self.home).month_microusd == 250_500_000
        self.client.force_login(self.bob)
        assert self.client.post("/costs/budget/", {"dollars": "1"}).status_code == 403
        assert Budget.objects.get(workspace=self.home).month_microusd == 250_500_000

    def test_a_budget_is_an_amount(self) -> None:
        for wrong in ("", "much", "-4", "nan", "inf", "1e40"):
            answer = self.client.post("/costs/budget/", {"dollars": wrong}, headers={"hx-request": "true"})
            assert answer.status_code == 400, wrong

    def test_another_workspace_sees_nothing_of_it(self) -> None:
        self.client.force_login(self.charlie)
        assert [spent.line.cost_microusd for spent in self.client.get("/costs/").context["sums"]] == [0, 0, 0]


def test_spending_and_budget_on_the_page(visit: Opener, server: Server) -> None:
    page = visit("/costs/")
    model = unique("gpt-5-mini")
    report = {"model": model, "sessionId": "jordan:main", "inputTokens": 9_000_000, "outputTokens": 10_000}
    assert server.ask("POST", "/api/tokens", report)[0] in (200, 201)
    expect(page.get_by_text(model)).to_be_visible(timeout=12_000)
    expect(page.locator(".trend canvas")).to_be_visible()
    page.locator(".month").get_by_role("button", name="budget").click()
    page.get_by_label("Dollars a month").fill("a lot")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_have_text("Write the budget as an amount in dollars, such as 250.")
    page.get_by_label("Dollars a month").fill("250")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("of $250.00")).to_be_visible()
    page.get_by_text("The numbers").click()
    expect(page.get_by_role("region", name="Numbers of the trend").get_by_role("row")).to_have_count(8)
