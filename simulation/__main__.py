"""`python -m simulation`: the same as `manage.py simulate`, for a machine that has only the client side."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser

from simulation.main import NO_KEY, run
from simulation.options import Options, add_arguments
from simulation.run import CannotStart

parser = ArgumentParser(prog="python -m simulation", description="A fleet of pretend agents for a running server.")
add_arguments(parser)
given = vars(parser.parse_args())
key = given["key"] or os.environ.get("API_KEY", "")
if not key:
    sys.exit(NO_KEY)
try:
    sys.exit(run(Options.chosen(given, key)))
except CannotStart as reason:
    sys.exit(str(reason))
