"""The `mc` command that is installed beside the tests' interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MC = str(Path(sys.executable).parent / "mc")


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mc = Callable[..., Ended]
# The command line of an agent that does these steps, and `mc` in the background.
Script = Callable[..., list[str]]
Started = Callable[..., subprocess.Popen[str]]
