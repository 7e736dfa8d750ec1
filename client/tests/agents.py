"""A scripted stand-in for an agent: `python agents.py SCRIPT`, a file of JSON lines that say what it does.

{"print": "..."} or {"say": {...}}   a line of output, as it is or as JSON
{"ask": {...}}                       a control_request for a tool; its answer is printed as an assistant's text
{"read": n}                          n lines of input, each printed as an assistant's text
{"wait": "file"}                     until that file is there
{"warn": "..."}, {"exit": n}, {"pause": seconds}, {"ignore": ["SIGINT"]}
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any


def main(path: str) -> None:
    with open(path, encoding="utf-8") as script:
        for line in script:
            for step, what in json.loads(line).items():
                STEPS[step](what)


def write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def say(told: dict[str, Any]) -> None:
    write(json.dumps(told) + "\n")


def text(words: str) -> None:
    say({"type": "assistant", "message": {"role": "assistant", "content": [{"type": "text", "text": words}]}})


def ask(request: dict[str, Any]) -> None:
    id = f"req_{request.get('tool_name')}"
    say({"type": "control_request", "request_id": id, "request": {"subtype": "can_use_tool", **request}})
    while line := sys.stdin.readline():
        answer = json.loads(line)
        if answer.get("type") == "control_response" and answer["response"]["request_id"] == id:
            text(json.dumps(answer["response"]["response"], sort_keys=True))
            return


def read(number: int) -> None:
    for _ in range(number):
        text(f"heard {sys.stdin.readline().strip()}")


def wait(path: str) -> None:
    while not os.path.exists(path):
        time.sleep(0.01)


def ignore(names: list[str]) -> None:
    for name in names:
        signal.signal(
            getattr(signal, name), lambda number, frame: write(f"{signal.Signals(number).name} is not enough\n")
        )


STEPS = {
    "print": lambda what: write(f"{what}\n"),
    "write": write,
    "say": say,
    "ask": ask,
    "read": read,
    "wait": wait,
    "warn": lambda what: print(what, file=sys.stderr, flush=True),
    "pause": time.sleep,
    "exit": sys.exit,
    "ignore": ignore,
}

if __name__ == "__main__":
    main(sys.argv[1])
