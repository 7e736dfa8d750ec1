from __future__ import annotations

import os
from unittest import mock

from tests.base import BaseTestCase
from tokens import prices
from tokens.models import PriceOverride


class PriceTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        self.forget()
        self.addCleanup(self.forget)

    def forget(self):
        prices._listed.cache_clear()
        prices._read = (0.0, {})

    def dollars(self, model):
        """Per million tokens in and out."""
        return tuple(rate / 1_000_000 for rate in prices.rates(model))

    def test_known_models_cost_what_their_makers_say(self):
        for model, rates in (
            ("claude-sonnet-4", (3, 15)),
            ("anthropic/claude-sonnet-4-20250514", (3, 15)),
            ("  Claude-Sonnet-4-5 ", (3, 15)),
            ("claude-haiku-4-5", (1, 5)),
            ("claude-opus-4-1-20250805", (15, 75)),
            ("claude-opus-4-5", (5, 25)),
            ("gpt-4.1", (2, 8)),
            ("ollama/deepseek-r1:14b", (0, 0)),
        ):
            with self.subTest(model=model):
                assert self.dollars(model) == rates

    def test_a_model_that_nobody_knows_is_neither_free_nor_absurd(self):
        for model in ("nobody knows", "", "/", "x" * 200, "\ufffd"):
            with self.subTest(model=model):
                assert self.dollars(model) == (3, 15)

    def test_a_name_of_ones_own_costs_what_the_model_in_it_costs(self):
        assert self.dollars("team/claude-opus-4-5-tuned") == (5, 25)
        assert self.dollars("my-gpt-4.1-mini") == (0.4, 1.6)
        PriceOverride.objects.create(model="house/tuned", input_microusd=1_000_000, output_microusd=0)
        self.forget()
        assert self.dollars("my-tuned-model") == (1, 0)

    def test_the_example_of_the_contract(self):
        assert prices.cost_microusd("claude-sonnet-4", 1500, 800) == 16_500

    def test_money_is_whole_and_rounded_half_up(self):
        PriceOverride.objects.create(model="half", input_microusd=500_000, output_microusd=0)
        assert [prices.cost_microusd("half", n, 0) for n in (0, 1, 2, 3)] == [0, 1, 1, 2]

    def test_an_override_wins_whatever_its_case(self):
        PriceOverride.objects.create(model="Claude-Sonnet-4", input_microusd=1_000_000, output_microusd=2_000_000)
        assert self.dollars("claude-sonnet-4") == (1, 2)

    def test_a_subscribed_provider_costs_nothing_more(self):
        with self.settings(SUBSCRIBED_PROVIDERS=["anthropic"]):
            assert self.dollars("anthropic/claude-sonnet-4") == (0, 0)
            assert self.dollars("gpt-4.1") == (2, 8)

    def test_a_subscription_may_be_named_in_the_environment(self):
        for value, rates in (("max", (0, 0)), ("none", (3, 15)), ("api_key", (3, 15)), (" ", (3, 15))):
            self.forget()
            with self.subTest(value=value), mock.patch.dict(os.environ, {"MC_ANTHROPIC_SUBSCRIPTION_TYPE": value}):
                assert self.dollars("anthropic/claude-sonnet-4") == rates

    def test_all_names_of_a_subscription(self):
        for variable, counts in (
            ("MC_ANTHROPIC_SUBSCRIPTION", True),
            ("MC_ANTHROPIC_SUBSCRIPTION_TYPE", True),
            ("ANTHROPIC_SUBSCRIPTION_TYPE", True),
            ("ANTHROPIC_SUBSCRIPTION", False),
        ):
            for value in ("max", "none", "no", "false", "FREE", "unknown", "api_key", ""):
                self.forget()
                with self.subTest(variable=variable, value=value), mock.patch.dict(os.environ, {variable: value}):
                    free = counts and value == "max"
                    assert self.dollars("anthropic/claude-sonnet-4") == ((0, 0) if free else (3, 15))
                    assert self.dollars("claude/sonnet-4")[0] == (0 if free else 3)
                    assert self.dollars("claude-sonnet-4") == (3, 15)
