"""What the person who started the simulation sees while it runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulation.streams import EventStream
from simulation.world import World

STATES = {"busy": "green", "idle": "cyan", "away": "bright_black", "silent": "yellow"}
SECONDS_BETWEEN_LINES = 10
SECONDS_BETWEEN_FRAMES = 0.5


class Screen:
    """A live panel on a terminal; one plain line every ten seconds anywhere else."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.console = Console(highlight=False)
        self.live = Live(console=self.console, auto_refresh=False, transient=True) if self.console.is_terminal else None
        self.seen_requests = 0
        self.pace = 0.0

    def __enter__(self) -> Self:
        options = self.world.options
        self.console.print(
            f"{options.agents} agents on {options.url} for {options.minutes:g} min. Ctrl-C ends it early."
        )
        if self.world.client.writes_are_limited:
            self.console.print("The server limits changes to 60 a minute, and the fleet keeps to that.")
        if self.live:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.live.stop()

    async def keep_drawing(self, streams: list[EventStream]) -> None:
        seconds = SECONDS_BETWEEN_FRAMES if self.live else SECONDS_BETWEEN_LINES
        while True:
            await asyncio.sleep(seconds)
            self.measure_pace(seconds)
            if self.live:
                self.live.update(self.panel(streams), refresh=True)
            else:
                self.console.print(self.line(streams), soft_wrap=True)

    def measure_pace(self, seconds: float) -> None:
        requests = self.world.client.meters.requests
        self.pace += 0.3 * ((requests - self.seen_requests) / seconds - self.pace) if self.pace else requests / seconds
        self.seen_requests = requests

    def figures(self, streams: list[EventStream]) -> dict[str, str]:
        world, meters = self.world, self.world.client.meters
        return {
            "requests": f"{meters.requests:,} ({self.pace:.0f}/s)",
            "errors": f"{meters.count(0, 0) + meters.count(400, 599) - meters.count(429, 429)}",
            "limited": f"{meters.count(429, 429)}",
            "tasks": f"{world.score['tasks finished']} done, {world.score['tasks failed']} failed",
            "tokens": f"{world.client.ledger.tokens:,}",
            "spent": f"${world.dollars:,.2f}",
            "events": f"{sum(len(stream.log.ids) for stream in streams):,} on {len(streams)} streams",
        }

    def line(self, streams: list[EventStream]) -> str:
        figures = ", ".join(f"{name} {value}" for name, value in self.figures(streams).items())
        return f"{self.world.elapsed:4.0f} s  {figures}"

    def panel(self, streams: list[EventStream]) -> RenderableType:
        options = self.world.options
        table = Table.grid(padding=(0, 2))
        for name, value in self.figures(streams).items():
            table.add_row(Text(name, style="bright_black"), value)
        left = max(options.seconds - self.world.elapsed, 0)
        bar = ProgressBar(total=options.seconds, completed=min(self.world.elapsed, options.seconds), width=50)
        return Group(self.strip(), bar, Text(f"{left:.0f} s left", style="bright_black"), table)

    def strip(self) -> Text:
        """One square per agent, in the colour of what it does."""
        strip = Text()
        for agent in self.world.known_agents:
            strip.append("■ ", style=STATES[self.world.states[agent]])
        counted = Counter(self.world.states.values())
        return strip.append("\n" + "  ".join(f"{counted[state]} {state}" for state in STATES), style="bright_black")
