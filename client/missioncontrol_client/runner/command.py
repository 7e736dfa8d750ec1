"""Runs a command as an agent: its output goes to the runner, what the runner hears goes to it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from missioncontrol_client.watching import RunnerControl, RunnerMessage

from .adapters import ADAPTERS
from .adapters.base import Line
from .asking import Decision
from .process import GRACE, Outcome, Process
from .runner import Runner

# What an agent's command line says when it reads messages from its input.
READS_MESSAGES = "stream-json"
# How long an agent that has answered may take to begin with the next message.
SILENCE = 15.0
DEAF = "[runner] This agent takes no messages while it works."


class Command:
    """One run of a command. `quiet`: its output is not shown here as well."""

    def __init__(
        self,
        runner: Runner,
        command: Sequence[str],
        *,
        format: str = "auto",
        model: str | None = None,
        messages: bool | None = None,
        stays: bool = False,
        prompt: str | None = None,
        quiet: bool = False,
        permission_timeout: int = 300,
        grace: tuple[float, float] = GRACE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._runner, self._permission_timeout = runner, permission_timeout
        self._takes_messages = reads_messages(command) if messages is None else messages
        self.wants_restart = False
        self.process = Process(
            command,
            on_line=self._hear,
            echo=None if quiet else _to(sys.stdout),
            echo_errors=_to(sys.stderr),
            has_input=self._takes_messages,
            environment={**os.environ, **(environment or {}), **self._told_to_the_agent()},
            grace=grace,
        )
        self._adapter = ADAPTERS[format](
            Line(
                voice=runner,
                write=self.process.write,
                finish_input=self._finish_input,
                ask=self._ask,
                withdraw=runner.withdraw,
                model=model,
                stays=stays,
            )
        )
        self._early: list[str] | None = [prompt] if prompt is not None else []
        self._unanswered = 0
        self._closing: threading.Timer | None = None
        self._lock = threading.Lock()
        runner.on_message, runner.on_control = self._message, self._control

    def run(self) -> Outcome:
        # Before its first line can come.
        self._runner.working()
        self._adapter.begin()
        self.process.start()
        if self._takes_messages:
            self._tell_what_came_early()
            threading.Thread(target=self._pass_input_on, name="agent-input", daemon=True).start()
        outcome = self.process.wait()
        self._adapter.end(outcome)
        return outcome

    def _told_to_the_agent(self) -> dict[str, str]:
        """For `mc` commands and the MCP server that the agent starts itself."""
        task = {"MC_TASK_ID": self._runner.task_id} if self._runner.task_id else {}
        return {**task, "MC_PERMISSION_TIMEOUT": f"{self._permission_timeout}"}

    def interrupt(self, number: int) -> None:
        """As a signal to us: it ends, and is given less time at each repetition."""
        first = signal.SIGTERM if number == signal.SIGTERM else signal.SIGINT
        self.process.stop(
            "interrupted at its terminal" if number == signal.SIGINT else "ended with its runner", first=first
        )

    def _hear(self, line: str) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        self._adapter.hear(line)

    def _ask(self, tool: str, input: dict[str, Any], tool_use_id: str | None) -> Decision:
        return self._runner.ask(tool, input, tool_use_id=tool_use_id, timeout=self._permission_timeout)

    def _message(self, message: RunnerMessage) -> None:
        with self._lock:
            if self._early is not None and self._takes_messages:
                self._early.append(message["text"])
                return
        if not self._takes_messages or not self._tell(message["text"]):
            self._runner.text(f"{DEAF}\n")

    def _tell_what_came_early(self) -> None:
        """What it was told before it had started; its prompt stands first."""
        with self._lock:
            early, self._early = self._early or [], None
        for text in early:
            self._tell(text)

    def _tell(self, text: str) -> bool:
        line = self._adapter.message(text)
        if line is None:
            return False
        with self._lock:
            self._unanswered += 1
        return self.process.write(line)

    def _finish_input(self) -> None:
        """After an answer. One that has been told more, and has not answered that already, is given time to go on."""
        with self._lock:
            self._unanswered = max(0, self._unanswered - 1)
        if not self._unanswered:
            self.process.close_input()
            return
        self._closing = threading.Timer(SILENCE, self.process.close_input)
        self._closing.daemon = True
        self._closing.start()

    def _control(self, control: RunnerControl) -> None:
        action, why = control["action"], control.get("reason") or control["action"].lower()
        if action == "PAUSE":
            self.process.pause()
        elif action == "RESUME":
            self.process.resume()
        elif action == "DRAIN":
            self.process.close_input()
        elif action in ("QUARANTINE", "STOP"):
            self.process.stop(why)
        elif action == "RESTART":
            self.wants_restart = True
            self.process.stop(f"to be started again ({why})")

    def _pass_input_on(self) -> None:
        """What comes in here is the agent's as well, unless somebody sits there."""
        stream = sys.stdin
        if stream is None or stream.closed or stream.isatty():
            return
        has_come = False
        with suppress(OSError, ValueError):
            for line in stream:
                if line.strip():
                    has_come = True
                    with self._lock:
                        self._unanswered += self._adapter.is_message(line)
                    self.process.write(line.rstrip("\n"))
        # An input that was empty from the first says nothing about what operators will say.
        if has_come:
            self._adapter.hears_no_more()


def reads_messages(command: Sequence[str]) -> bool:
    """Whether the command line says that the agent reads messages from its input."""
    pairs = zip(command, command[1:], strict=False)
    named = any(pair == ("--input-format", READS_MESSAGES) for pair in pairs)
    return named or f"--input-format={READS_MESSAGES}" in command


def _to(stream: Any) -> Any:
    """Show bytes as they are; whoever reads them may have gone."""
    descriptor = stream.fileno()

    def show(chunk: bytes) -> None:
        rest = memoryview(chunk)
        with suppress(OSError):
            while rest:
                rest = rest[os.write(descriptor, rest) :]

    return show
