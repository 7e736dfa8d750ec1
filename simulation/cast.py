"""Who is in the fleet: names, roles, tools, and the models they think with."""

from __future__ import annotations

import random
from dataclasses import dataclass

NAMES = (
    "atlas", "juniper", "kepler", "marlow", "sable", "orin", "wren", "tycho", "isolde", "bramble", "calder", "dune",
    "ember", "fenwick", "gale", "harrow", "indigo", "jasper", "koda", "lumen", "mistral", "nyx", "onyx", "piper",
    "quill", "rowan", "saffron", "thistle", "umber", "vesper", "willow", "xenia", "yarrow", "zephyr", "aster", "birch",
    "clover", "delta", "elm", "flint", "grove", "heron", "iris", "jade", "kestrel", "linden", "moss", "north", "opal",
    "pine",
)  # fmt: skip
ROLES = ("coder", "coder", "coder", "tester", "researcher", "devops", "writer")
TOOLS = (("claude-code", "2.1.0"), ("codex-cli", "0.48.0"), ("gemini-cli", "0.9.1"), ("mc", "0.1.0"))


@dataclass(frozen=True, slots=True)
class Model:
    """A model and what one call of it typically reads and writes, in tokens."""

    name: str
    reads: tuple[int, int]
    writes: tuple[int, int]


MODELS = (
    Model("claude-sonnet-4-5", (4_000, 60_000), (300, 3_500)),
    Model("claude-opus-4-5", (6_000, 90_000), (500, 5_000)),
    Model("claude-haiku-4-5", (1_500, 20_000), (150, 1_500)),
    Model("gpt-4.1", (3_000, 40_000), (250, 2_500)),
    Model("gpt-4.1-mini", (1_000, 15_000), (100, 1_200)),
    Model("gemini-2.5-pro", (5_000, 80_000), (400, 4_000)),
    Model("gemini-2.5-flash", (2_000, 30_000), (200, 2_000)),
)
SHARES = (32, 12, 20, 10, 8, 8, 10)


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the fleet. The same seed gives the same fleet."""

    name: str
    role: str
    tool: str
    version: str
    model: Model


def fleet(size: int, rng: random.Random) -> list[Part]:
    return [_part(number, rng) for number in range(size)]


def reviewer() -> Part:
    return Part("aegis", "reviewer", "mc", "0.1.0", MODELS[0])


def _part(number: int, rng: random.Random) -> Part:
    round_, position = divmod(number, len(NAMES))
    name = NAMES[position] if round_ == 0 else f"{NAMES[position]}-{round_ + 1}"
    tool, version = rng.choice(TOOLS)
    return Part(name, rng.choice(ROLES), tool, version, rng.choices(MODELS, SHARES)[0])
