"""`python -m bench`: start a fresh server, measure it, print one table."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import uvloop

from bench import report
from bench.sitting import WORKS, Sitting
from bench.wire import NotServed


def arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--command", default="make run", help="what starts the server (%(default)s)")
    add("--only", default="", metavar="WORK,…", help=f"of {', '.join(WORKS)}")
    add("--quick", action="store_true", help="one short run of each instead of the median of three")
    add("--grown", action="store_true", help="once more with 10,000 agents, 100,000 tasks and 1,000,000 usage rows")
    add("--nodes", action="store_true", help="instead: two web processes against one, and appends beside readers")
    add("--json", type=Path, help="write the figures to this file as well")
    given = parser.parse_args()
    given.only = [work for work in given.only.split(",") if work] or list(WORKS)
    if unknown := set(given.only) - set(WORKS):
        parser.error(f"unknown work: {', '.join(sorted(unknown))}")
    return given


def many(given: Namespace) -> int:
    # Loads the tests' databases, which the other measures do without.
    from bench import nodes

    tables = nodes.measure(quick=given.quick)
    if given.json:
        report.write(given.json, tables, 0)
    return 0 if all(figure.good for figures in tables.values() for figure in figures) else 1


def main() -> int:
    given = arguments()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    if given.nodes:
        return many(given)
    sitting = Sitting(given.command, given.only, quick=given.quick)
    try:
        tables = sitting.run(grown=given.grown)
    except NotServed as error:
        print(error, file=sys.stderr)
        return 1
    if given.json:
        report.write(given.json, tables, sitting.limit)
    return 0 if all(figure.good_on(sitting.limit) for figures in tables.values() for figure in figures) else 1


sys.exit(main())
