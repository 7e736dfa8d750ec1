"""The text format of server-sent events, read piece by piece as it comes off the wire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Frame:
    data: str = ""
    id: str | None = None
    event: str = ""
    retry: int | None = None
    comment: bool = False


@dataclass(slots=True)
class Parser:
    """`feed` takes bytes as they arrive and yields every frame they complete."""

    rest: bytes = b""
    lines: list[str] = field(default_factory=list)

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        # A chunk may end between the two halves of a CRLF: keep the CR until its LF is here.
        self.rest = (self.rest + chunk).replace(b"\r\n", b"\n")
        held = b"\r" if self.rest.endswith(b"\r") else b""
        *complete, self.rest = self.rest.removesuffix(held).replace(b"\r", b"\n").split(b"\n")
        self.rest += held
        for line in complete:
            if line:
                self.lines.append(line.decode("utf-8", "replace"))
            elif self.lines:
                yield frame_of(self.lines)
                self.lines = []


def frame_of(lines: list[str]) -> Frame:
    values: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        values.setdefault(name, []).append(value.removeprefix(" "))
    retry = values.get("retry", [""])[-1]
    return Frame(
        data="\n".join(values.get("data", [])),
        id=values["id"][-1] if "id" in values else None,
        event=values.get("event", [""])[-1],
        retry=int(retry) if retry.isdigit() else None,
        comment=set(values) == {""},
    )
