"""Figures of this machine and this process, as the operating system gives them."""

from __future__ import annotations

import math
import os
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
KIB, MIB = 1024, 1024 * 1024
UNITS = "KMGTPE"
# Command words by which the processes of a gateway are known.
GATEWAY_PROGRAMS = {"openclaw", "openclaw-gateway", "clawdbot", "clawdbot-gateway"}
SHOWN_WORDS = 3
PROBE_SECONDS = 0.25
PROBE_REMEMBERED = 5.0
STARTED = time.monotonic()


@dataclass(frozen=True, slots=True)
class Memory:
    total: int
    available: int

    @property
    def used(self) -> int:
        return self.total - self.available

    @property
    def percent(self) -> float:
        return 100 * self.used / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Disk:
    """`available` is what a program may still write; the rest of the free space is the administrator's."""

    total: int
    used: int
    available: int

    @property
    def percent(self) -> int:
        room = self.used + self.available
        return math.ceil(100 * self.used / room) if room else 0


@dataclass(frozen=True, slots=True)
class Process:
    """Bytes of this process: resident, of its own making, and reserved for it."""

    rss: int
    used: int
    reserved: int


def memory() -> Memory:
    facts = _facts(PROC / "meminfo")
    if "MemTotal" in facts:
        return Memory(facts["MemTotal"], facts.get("MemAvailable", facts.get("MemFree", 0)))
    page = os.sysconf("SC_PAGE_SIZE")
    return Memory(page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES"))


def disk(folder: Path) -> Disk:
    found = os.statvfs(folder)
    size = found.f_frsize
    return Disk(found.f_blocks * size, (found.f_blocks - found.f_bfree) * size, found.f_bavail * size)


def process() -> Process:
    facts = _facts(PROC / "self" / "status")
    rss = facts.get("VmRSS", 0)
    return Process(rss, facts.get("RssAnon", rss), facts.get("VmData", rss))


def uptime() -> float:
    """Seconds since the machine was started."""
    try:
        return float((PROC / "uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return time.monotonic()


def process_uptime() -> float:
    """Seconds since this process began to serve."""
    return time.monotonic() - STARTED


def human(size: int) -> str:
    """As `df -h` writes it: `50G`, `9.5M`, rounded up."""
    figure, unit = float(size), ""
    for letter in UNITS:
        if figure < KIB:
            break
        figure, unit = figure / KIB, letter
    tenths = math.ceil(figure * 10)
    return f"{tenths / 10:.1f}{unit}" if unit and tenths < 100 else f"{math.ceil(figure)}{unit}"


def gateway_processes() -> list[tuple[str, str]]:
    """(process id, first words of the command). The rest of a command may hold secrets."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        words = _command(folder)
        if any(Path(word).name in GATEWAY_PROGRAMS for word in words[:2]):
            found.append((folder.name, " ".join(words[:SHOWN_WORDS])))
    return sorted(found, key=lambda row: int(row[0]))


def is_listening(host: str, port: int) -> bool:
    """Whether somebody takes connections there; looked up at most every few seconds, since anybody may ask."""
    known = _probes.get((host, port))
    if known and time.monotonic() - known[0] < PROBE_REMEMBERED:
        return known[1]
    try:
        socket.create_connection((host, port), timeout=PROBE_SECONDS).close()
        answer = True
    except (OSError, OverflowError, UnicodeError):
        answer = False
    _probes[host, port] = (time.monotonic(), answer)
    return answer


_probes: dict[tuple[str, int], tuple[float, bool]] = {}


def is_container() -> bool:
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()


def has_program(name: str) -> bool:
    return shutil.which(name) is not None


def _command(folder: Path) -> list[str]:
    try:
        raw = (folder / "cmdline").read_bytes()
    except OSError:
        return []  # it has ended meanwhile
    return [word.decode("utf-8", "replace") for word in raw.split(b"\0") if word]


def _facts(file: Path) -> dict[str, int]:
    """Lines such as `VmRSS:   1234 kB`, in bytes."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    facts = {}
    for line in lines:
        name, _, rest = line.partition(":")
        figure, _, unit = rest.strip().partition(" ")
        if unit == "kB" and figure.isdigit():
            facts[name] = int(figure) * KIB
    return facts
