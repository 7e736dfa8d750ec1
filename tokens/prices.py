"""What a token costs. The public price list is genai-prices' bundled data; deployments may override it."""

from __future__ import annotations

import os
import re
import threading
import time
from functools import lru_cache

from django.conf import settings
from genai_prices import Usage, calc_price
from genai_prices.data import providers

from core.money import MICRO

from .models import LARGEST_SUM, PriceOverride

# Micro-dollars per million tokens in and out for a model that nobody knows: never free, never absurd.
UNKNOWN = (3 * MICRO, 15 * MICRO)
# In hundredths of the price of input.
CACHE_READ, CACHE_WRITE = 10, 125
# Prices hold for a context of ordinary size; the list's tiers for huge prompts are not applied.
SAMPLE = 1000
MAKERS = {"anthropic", "openai", "google", "mistral", "deepseek", "moonshotai", "minimax", "x-ai"}
SHORTEST_KNOWN = 5
OVERRIDES_READ_EVERY = 30.0
PROVIDER_OF_PREFIX = {"claude": "anthropic", "gpt": "openai", "o1": "openai", "o3": "openai"}
SUBSCRIPTION = re.compile(r"MC_(.+?)_SUBSCRIPTION(?:_TYPE)?|(?!MC_)(.+)_SUBSCRIPTION_TYPE")
NOT_SUBSCRIBED = {"none", "no", "false", "free", "unknown", "api_key"}

Rates = tuple[int, int]


def cost_microusd(model: str, input_tokens: int, output_tokens: int) -> int:
    """Whole micro-dollars, rounded half up."""
    return min(priced(rates(model), input=input_tokens, output=output_tokens), LARGEST_SUM)


def priced(at: Rates, *, input: int, output: int, cache_read: int = 0, cache_write: int = 0) -> int:
    """Whole micro-dollars for these tokens, rounded half up. What comes from the cache costs a tenth of the price of
    input, what goes into it a quarter more than it."""
    rate_in, rate_out = at
    hundredths = (100 * input + CACHE_READ * cache_read + CACHE_WRITE * cache_write) * rate_in + 100 * output * rate_out
    return (hundredths + 50 * MICRO) // (100 * MICRO)


def rates(model: str, *, unknown: Rates = UNKNOWN) -> Rates:
    """Micro-dollars per million tokens, in and out; `unknown` for a model that nobody knows."""
    name = model.strip().lower()
    overrides = _overrides()
    exact = overrides.get(name) or _listed(name)
    if exact is not None:
        return exact
    part = next((rates for known, rates in overrides.items() if known.rpartition("/")[2] in name), None)
    return part or _price_of_known_part(name) or unknown


@lru_cache(maxsize=4096)
def _listed(name: str) -> Rates | None:
    if _provider(name) in subscribed():
        return (0, 0)
    if name.startswith("ollama/"):
        return (0, 0)  # runs on one's own machine
    provider, slash, model = name.partition("/")
    guesses = [(name, None), (model, provider), (model, None)] if slash else [(name, None)]
    for ref, provider_id in guesses:
        found = _public_price(ref, provider_id)
        if found:
            return found
    return None


@lru_cache(maxsize=4096)
def _price_of_known_part(name: str) -> Rates | None:
    """A name of one's own for a known model usually contains its name; the longest one says most."""
    known = [id for id in _known_models() if id in name]
    return _public_price(max(known, key=len), None) if known else None


@lru_cache(maxsize=1)
def _known_models() -> list[str]:
    ids = (model.id.lower() for provider in providers if provider.id in MAKERS for model in provider.models)
    return sorted({id for id in ids if len(id) >= SHORTEST_KNOWN and "/" not in id})


def _public_price(model: str, provider: str | None) -> Rates | None:
    try:
        price_in = calc_price(Usage(input_tokens=SAMPLE), model_ref=model, provider_id=provider).total_price
        price_out = calc_price(Usage(output_tokens=SAMPLE), model_ref=model, provider_id=provider).total_price
    except LookupError:
        return None
    return round(price_in * MICRO * MICRO / SAMPLE), round(price_out * MICRO * MICRO / SAMPLE)


def _provider(name: str) -> str:
    head = name.split("/", 1)[0]
    if ":" in head:
        head = name
    return PROVIDER_OF_PREFIX.get(head, head)


def subscribed() -> set[str]:
    """Providers that are paid by subscription, so that their tokens cost nothing more."""
    found = {name.lower() for name in settings.SUBSCRIBED_PROVIDERS}
    for variable, value in os.environ.items():
        named = SUBSCRIPTION.fullmatch(variable)
        if named and value.strip() and value.strip().lower() not in NOT_SUBSCRIBED:
            found.add((named[1] or named[2]).lower())
    return found


_read: tuple[float, dict[str, Rates]] = (0.0, {})
_reading = threading.Lock()


def _overrides() -> dict[str, Rates]:
    global _read
    with _reading:
        until, known = _read
        if time.monotonic() > until:
            rows = PriceOverride.objects.values_list("model", "input_microusd", "output_microusd")
            known = {model.lower(): (rate_in, rate_out) for model, rate_in, rate_out in rows}
            _read = (time.monotonic() + OVERRIDES_READ_EVERY, known)
        return known
