"""An agent as a child process: its lines, its end, and the ways to pause and stop it."""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from missioncontrol_client.errors import MissionControlError

log = logging.getLogger("missioncontrol_client")
CHUNK = 64 * 1024
# A line that has no end is handed on in pieces of this size.
LONGEST_LINE = 8 * 1024 * 1024
TAIL = 4 * 1024
# Seconds from one signal to the next, harder one.
GRACE = (5.0, 5.0)
# How long what the process has started may hold its output open after it.
LINGER = 2.0


class CannotStart(MissionControlError):
    code = "CANNOT_START"

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Outcome:
    """`code` as a shell tells it: 128 and the signal's number for a process that a signal ended."""

    code: int
    signal: str | None
    stopped: str | None
    tail: str

    @property
    def is_good(self) -> bool:
        return self.code == 0 and self.stopped is None

    @property
    def told(self) -> str:
        if self.stopped:
            return f"stopped: {self.stopped}"
        what = f"ended by {self.signal}" if self.signal else f"ended with code {self.code}"
        return f"{what}: {self.tail.strip()}" if self.tail.strip() else what


class Process:
    """`on_line` gets each line of the output without its end; `echo` and `echo_errors` get what comes, as it comes."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        on_line: Callable[[str], None],
        echo: Callable[[bytes], None] | None = None,
        echo_errors: Callable[[bytes], None] | None = None,
        has_input: bool = False,
        environment: Mapping[str, str] | None = None,
        grace: tuple[float, float] = GRACE,
    ) -> None:
        self.command, self._on_line, self._grace = list(command), on_line, grace
        self._echo, self._echo_errors = echo, echo_errors
        self._input = subprocess.PIPE if has_input else None
        self._environment = dict(environment) if environment is not None else None
        self._tail = b""
        self._written: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._hears = has_input
        self._stop_lock = threading.Lock()
        self._hurry = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._is_paused = False
        self.stopped: str | None = None

    def start(self) -> None:
        if self.stopped is not None:
            raise CannotStart(f"{self.command[0]} is not started: {self.stopped}", 1)
        try:
            self._child = subprocess.Popen(
                self.command,
                stdin=self._input,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                # A group of its own: the terminal's Ctrl-C reaches us alone, and signals reach all that it starts.
                start_new_session=True,
            )
        except OSError as error:
            code = 127 if isinstance(error, FileNotFoundError) else 126
            raise CannotStart(f"cannot run {self.command[0]}: {error.strerror or error}", code) from error
        self._readers = [
            threading.Thread(target=self._read_output, args=(self._child.stdout,), name="agent-output", daemon=True),
            threading.Thread(target=self._read_errors, args=(self._child.stderr,), name="agent-errors", daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        if self._child.stdin is not None:
            threading.Thread(target=self._feed, args=(self._child.stdin,), name="agent-input", daemon=True).start()
        if self._is_paused:
            self.pause()

    def wait(self) -> Outcome:
        assert self._child is not None
        code = self._child.wait()
        self._written.put(None)
        for reader in self._readers:
            reader.join(LINGER)
        name = None
        if code < 0:
            with suppress(ValueError):
                name = signal.Signals(-code).name
            name = name or f"signal {-code}"
        tail = self._tail.decode(errors="replace")
        return Outcome(128 - code if code < 0 else code, name, self.stopped, tail)

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def write(self, line: str) -> bool:
        """A line for its input, whenever it reads it; false when it does not read any more."""
        if self._hears and self.is_running:
            self._written.put(line.encode(errors="replace") + b"\n")
            return True
        return False

    def close_input(self) -> None:
        """It hears that nothing more will come."""
        self._hears = False
        self._written.put(None)

    def pause(self) -> None:
        self._is_paused = True
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._is_paused = False
        self._signal(signal.SIGCONT)

    def stop(self, why: str, *, first: signal.Signals = signal.SIGINT) -> None:
        """Ask it to end, harder each time it does not. Called again, it is not given more time. Returns at once."""
        with self._stop_lock:
            if self.stopped is not None:
                self._hurry.set()
                return
            self.stopped = why
        threading.Thread(target=self._stop, args=(first,), name="agent-stop", daemon=True).start()

    def _stop(self, first: signal.Signals) -> None:
        ways = (first, signal.SIGTERM, signal.SIGKILL)
        for way, patience in zip(ways, (*self._grace, None), strict=True):
            self._signal(way)
            # A process that is paused hears it once it goes on.
            self._signal(signal.SIGCONT)
            if patience is None or self._ends_within(patience):
                return

    def _ends_within(self, seconds: float) -> bool:
        self._hurry.clear()
        waited = 0.0
        while waited < seconds and self.is_running and not self._hurry.wait(0.05):
            waited += 0.05
        return not self.is_running

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None and self.is_running:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)

    def _feed(self, stream: IO[bytes]) -> None:
        """In a thread of its own: an agent that does not read must not hold up who has an order for it."""
        with suppress(OSError), stream:
            while (line := self._written.get()) is not None:
                stream.write(line)
                stream.flush()
        self._hears = False

    def _read_output(self, stream: IO[bytes] | None) -> None:
        lines = Lines()
        for chunk in _chunks(stream):
            if self._echo is not None:
                self._echo(chunk)
            self._hand_on(lines.feed(chunk))
        self._hand_on(lines.end())

    def _hand_on(self, lines: list[str]) -> None:
        for line in lines:
            try:
                self._on_line(line)
            except Exception:
                # An agent whose output nobody reads would stand still.
                log.exception("a line of output could not be understood")

    def _read_errors(self, stream: IO[bytes] | None) -> None:
        for chunk in _chunks(stream):
            if self._echo_errors is not None:
                self._echo_errors(chunk)
            self._tail = (self._tail + chunk)[-TAIL:]


class Lines:
    """Lines out of chunks, whatever the chunks are."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        *whole, rest = chunk.split(b"\n")
        found = []
        for line in whole:
            self._add(line)
            found.append(self._take().removesuffix("\r"))
        self._add(rest)
        if self._size > self._longest:
            found.append(self._take())
        return found

    def end(self) -> list[str]:
        return [self._take()] if self._size else []

    def _add(self, part: bytes) -> None:
        if part:
            self._parts.append(part)
            self._size += len(part)

    def _take(self) -> str:
        line = b"".join(self._parts).decode(errors="replace")
        self._parts, self._size = [], 0
        return line


def _chunks(stream: IO[bytes] | None) -> Iterator[bytes]:
    """What comes, as soon as it comes."""
    assert stream is not None
    while chunk := os.read(stream.fileno(), CHUNK):
        yield chunk
