"""A fleet of pretend agents: the demo, the load generator and the soak test."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from missioncontrol.firstrun import read_api_key
from simulation.main import NO_KEY, run
from simulation.options import Options, add_arguments
from simulation.run import CannotStart


class Command(BaseCommand):
    help = "Let a fleet of pretend agents work on the running server, over real HTTP and event streams."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **given: Any) -> None:
        key = given["key"] or read_api_key()
        if not key:
            raise CommandError(NO_KEY)
        try:
            sys.exit(run(Options.chosen(given, key)))
        except CannotStart as reason:
            raise CommandError(str(reason)) from None
