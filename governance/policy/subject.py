"""What an action is about: every command, path and address in it, whichever field carries it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from . import tools
from .types import Action, ActionType

_COMMAND_KEYS = ("command", "cmd", "commands", "argv")
_PATH_KEYS = ("path", "file", "filename", "file_path", "filepath", "filePath", "paths", "directory", "dir")
_MOVING_KEYS = (
    "from",
    "to",
    "source",
    "target",
    "destination",
    "dest",
    "src",
    "old_path",
    "new_path",
    "oldPath",
    "newPath",
)
_URL_KEYS = ("url", "uri", "urls", "domain", "host")
MOST_VALUES = 5_000


@dataclass(frozen=True)
class Subject:
    action: Action

    @cached_property
    def tool(self) -> str | None:
        return tools.canonical(self.action.tool)

    @property
    def is_spawn(self) -> bool:
        return self.action.type == ActionType.SPAWN or self.tool == tools.SPAWNING

    @property
    def writes_files(self) -> bool:
        return self.action.type == ActionType.FILE_WRITE or self.tool in tools.WRITING

    @cached_property
    def commands(self) -> tuple[str, ...]:
        # To other tools a script is something of their own: a page's, a play's.
        own = ("script", "code") if self.tool == "exec" else ()
        return self._gather(self.action.command, (*_COMMAND_KEYS, *own))

    @cached_property
    def paths(self) -> tuple[str, ...]:
        moving = _MOVING_KEYS if self.writes_files else ()
        return self._gather(self.action.path, (*_PATH_KEYS, *moving))

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        return self._gather(self.action.domain, _URL_KEYS)

    def _gather(self, named: str | None, keys: tuple[str, ...]) -> tuple[str, ...]:
        found = [named] if named is not None else []
        args = self.action.args
        for key in keys:
            if key in args:
                found.extend(_texts(key, args[key]))
        return tuple(dict.fromkeys(found))

    @cached_property
    def carried(self) -> str:
        """All that the action would hand over, as text in which secrets can be looked for."""
        action = self.action
        own = [text for text in (action.command, action.path, action.domain) if text]
        said = (
            f"{key}={value}" for key, value in _values(action.args) if not isinstance(value, Mapping | list | tuple)
        )
        return "\n".join((*own, *said))

    @cached_property
    def is_readable(self) -> bool:
        return sum(1 for _ in _values(self.action.args)) < MOST_VALUES


def _texts(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        words = [str(each) for each in value]
        yield from [shlex.join(words)] if key == "argv" else words
        if key in ("command", "cmd"):
            yield shlex.join(words)


def _values(args: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Everything in the arguments under its nearest key, at whatever depth, as far as is looked."""
    waiting: list[tuple[str, Any]] = list(args.items())
    for _ in range(MOST_VALUES):
        if not waiting:
            return
        key, value = waiting.pop()
        yield key, value
        if isinstance(value, Mapping):
            waiting.extend(value.items())
        elif isinstance(value, list | tuple):
            waiting.extend((key, each) for each in value)
