"""Run, show, write: what both command lines do once they know the options."""

from __future__ import annotations

import json

from rich.console import Console

from simulation.options import Options
from simulation.run import simulate

NO_KEY = "No API key: give one with --key, or set API_KEY."


def run(options: Options) -> int:
    summary = simulate(options)
    summary.show(Console(highlight=False))
    if options.json:
        options.json.write_text(json.dumps(summary.as_json(), indent=2) + "\n")
    return summary.exit_code
