"""What came out of it: figures for people, figures for programs, and a verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulation.meters import Histogram, Meters
from simulation.streams import EventStream, gaps
from simulation.world import World

STORM_AT_LEAST = 5
STORM_SHARE = 0.01


@dataclass(slots=True)
class Summary:
    """`mismatches` is None when the ledger was not compared with the server."""

    world: World
    streams: list[EventStream]
    mismatches: list[str] | None
    crashes: list[BaseException]
    interrupted: bool

    @property
    def meters(self) -> Meters:
        return self.world.client.meters

    @property
    def exit_code(self) -> int:
        return 1 if self.problems else 0

    @property
    def problems(self) -> list[str]:
        found = [
            _many(self.meters.count(500, 599), "answer was a server error", "answers were server errors"),
            _many(self.storm, "connection error", "connection errors"),
            *(_many(number, f"event {name}", f"events {name}") for name, number in self.stream_faults.items()),
            *(self.mismatches or []),
            *(f"a member of the cast crashed: {error!r}" for error in self.crashes),
        ]
        return [problem for problem in found if problem]

    @property
    def storm(self) -> int:
        """Connection errors, when there are too many of them to be an accident."""
        lost = self.meters.count(0, 0)
        return lost if lost >= max(STORM_AT_LEAST, self.meters.requests * STORM_SHARE) else 0

    @property
    def stream_faults(self) -> dict[str, int]:
        logs = [stream.log for stream in self.streams]
        newest = max((log.last for log in logs if log.last is not None), default=None)
        behind = sum(log.last != newest for log in logs)
        return {
            "missing": gaps(logs),
            "received twice": sum(log.duplicates for log in logs),
            "out of order": sum(log.disordered for log in logs),
            "lost in a resync": sum(log.resyncs for log in logs),
            # After Ctrl-C nobody waits for the streams to catch up.
            "missing at the end": 0 if self.interrupted else behind,
        }

    @property
    def delays(self) -> Histogram:
        delays = Histogram()
        for stream in self.streams:
            delays += stream.delays
        return delays

    def as_json(self) -> dict[str, Any]:
        options, meters = self.world.options, self.meters
        return {
            "agents": options.agents,
            "seconds": round(self.world.elapsed, 1),
            "requests": meters.requests,
            "statuses": {str(status): times for status, times in sorted(meters.statuses.items())},
            "kinds": meters.as_json(),
            "score": dict(self.world.score),
            "tokens": self.world.client.ledger.tokens,
            "dollars": round(self.world.dollars, 4),
            "ledger": self.world.client.ledger.as_json(),
            "ledger_compared": self.mismatches is not None,
            "events": {
                "seen": sum(len(stream.log.ids) for stream in self.streams),
                "streams": len(self.streams),
                "connects": sum(stream.connects for stream in self.streams),
                "faults": self.stream_faults,
                "delay": self.delays.as_json(),
            },
            "problems": self.problems,
        }

    def show(self, console: Console) -> None:
        console.print(self.table())
        for line in self.lines():
            console.print(Text(line), soft_wrap=True)
        for problem in self.problems[:20]:
            console.print(Text("PROBLEM ", style="red").append(problem, style="default"), soft_wrap=True)
        if not self.problems:
            console.print("[green]No problem found.[/]")

    def table(self) -> Table:
        table = Table("request", box=None, header_style="bright_black", pad_edge=False)
        for column in ("count", "p50 ms", "p95 ms", "p99 ms", "max ms", "not 2xx"):
            table.add_column(column, justify="right")
        for name, meter in sorted(self.meters.kinds.items()):
            odd = Counter({code: times for code, times in meter.statuses.items() if not 200 <= code < 300})
            table.add_row(name, f"{meter.statuses.total():,}", *_row(meter.latency), _statuses(odd))
        table.add_row("event delay", f"{self.delays.count:,}", *_row(self.delays), "")
        return table

    def lines(self) -> list[str]:
        meters, score, ledger = self.meters, self.world.score, self.world.client.ledger
        events = sum(len(stream.log.ids) for stream in self.streams)
        reconnects = sum(stream.connects - 1 for stream in self.streams if stream.connects)
        return [
            "",
            f"{meters.requests:,} requests in {self.world.elapsed:.0f} s; answers: {_statuses(meters.statuses)}",
            f"{score['tasks finished']} tasks finished, {score['tasks failed']} failed, {score['sent back']} sent back",
            f"{ledger.comment_count} comments, {score['silences']} times an agent fell silent",
            f"{ledger.tokens:,} tokens in {ledger.reports:,} reports, ${self.world.dollars:,.2f} spent",
            f"{events:,} events on {len(self.streams)} streams with {reconnects} reconnects",
            self.compared(),
            *(f"first {status or 'lost request'}: {text}" for status, text in sorted(meters.samples.items())),
            *self.advice(),
        ]

    def compared(self) -> str:
        if self.mismatches is None:
            return "The acknowledged writes were not compared with the server."
        return f"The acknowledged writes were compared with the server: {len(self.mismatches)} differ."

    def advice(self) -> list[str]:
        if not self.world.client.writes_are_limited:
            return []
        return [
            "The server limits changes to 60 a minute per address, and the fleet kept to that.",
            "For full speed start the server with MC_DISABLE_RATE_LIMIT=1.",
        ]


def _many(number: int, one: str, several: str) -> str:
    return "" if number == 0 else f"{number} {one if number == 1 else several}"


def _row(latency: Histogram) -> list[str]:
    values = [latency.percentile(50), latency.percentile(95), latency.percentile(99), latency.highest]
    return [f"{seconds * 1000:.1f}" for seconds in values]


def _statuses(statuses: Counter[int]) -> str:
    return ", ".join(f"{times:,} × {status or 'lost'}" for status, times in sorted(statuses.items()))
