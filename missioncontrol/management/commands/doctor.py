"""`manage.py doctor`: what is wrong with this deployment, and how to mend it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from missioncontrol.doctor import examine
from missioncontrol.doctor.finding import Finding, Verdict


class Command(BaseCommand):
    help = "Look at configuration, database, processes, machine and safety. Exits with 1 when something is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        found: list[tuple[str, Finding]] = []
        for area, finding in examine(timezone.now()):
            if not json:
                self._show(area, finding, is_first=not found or found[-1][0] != area)
            found.append((area, finding))
        if json:
            self.stdout.write(_document(found))
        else:
            self.stdout.write("\n" + _summary([finding for _, finding in found]))
        if any(finding.verdict == Verdict.BAD for _, finding in found):
            raise SystemExit(1)

    def _show(self, area: str, finding: Finding, *, is_first: bool) -> None:
        styles = {Verdict.GOOD: self.style.SUCCESS, Verdict.DOUBTFUL: self.style.WARNING, Verdict.BAD: self.style.ERROR}
        if is_first:
            self.stdout.write(f"\n{self.style.MIGRATE_HEADING(area.capitalize())}")
        verdict = styles[finding.verdict](f"{finding.verdict:8}")
        self.stdout.write(f"  {verdict} {finding.name}: {finding.detail}")
        if finding.fix:
            self.stdout.write(f"           → {finding.fix}")


def _document(found: list[tuple[str, Finding]]) -> str:
    lines = [
        {"area": area, "name": f.name, "verdict": f.verdict, "detail": f.detail, "fix": f.fix or None}
        for area, f in found
    ]
    return json.dumps({"findings": lines, "verdict": _worst([f for _, f in found])}, indent=2)


def _worst(findings: list[Finding]) -> Verdict:
    order = list(Verdict)
    return max((finding.verdict for finding in findings), key=order.index, default=Verdict.GOOD)


def _summary(findings: list[Finding]) -> str:
    bad = sum(finding.verdict == Verdict.BAD for finding in findings)
    doubtful = sum(finding.verdict == Verdict.DOUBTFUL for finding in findings)
    if not bad and not doubtful:
        return f"All {len(findings)} checks are good."
    return f"{len(findings)} checks: {bad} to mend, {doubtful} to think about."
