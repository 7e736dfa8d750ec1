"""Which hosts are allowed, judged on the parsed address and never on a part of its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    host: str
    port: int | None
    scheme: str | None

    @property
    def on_default_port(self) -> bool:
        return self.port in (None, 80, 443) if self.scheme is None else self.port in (None, _PORTS[self.scheme])


def parse(text: str) -> Address | None:
    """The address behind a host, a host with port or a URL; None when it cannot be trusted to be that."""
    if not text.isascii() or not text.isprintable() or any(char in text for char in ' \\"<>^`'):
        return None
    try:
        parts = urlsplit(text if _SCHEME.match(text) else f"//{text}")
        return _address(parts)
    except ValueError:
        return None


def _address(parts: SplitResult) -> Address | None:
    if parts.scheme not in ("", "http", "https") or "@" in parts.netloc or parts.netloc.endswith(":"):
        return None
    host = parts.hostname or ""
    if not _NAME.fullmatch(host) or len(host) > 253:
        return None
    return Address(host.rstrip("."), parts.port, parts.scheme or None)


def is_allowed(text: str, allowlist: tuple[str, ...]) -> bool:
    address = parse(text)
    return address is not None and any(_covers(rule, address) for rule in _rules(allowlist))


@dataclass(frozen=True)
class _Rule:
    host: str
    itself: bool
    subdomains: bool
    port: str


@lru_cache(maxsize=256)
def _rules(allowlist: tuple[str, ...]) -> tuple[_Rule, ...]:
    return tuple(_rule(entry.strip().casefold()) for entry in allowlist if entry.strip())


def _rule(entry: str) -> _Rule:
    host, _, port = entry.partition(":")
    wild = host.startswith("*.")
    bare = not port and not wild and not host.replace(".", "").isdigit()
    return _Rule(host.removeprefix("*.").rstrip("."), itself=not wild, subdomains=wild or bare, port=port)


def _covers(rule: _Rule, address: Address) -> bool:
    named = rule.itself and address.host == rule.host
    if not named and not (rule.subdomains and address.host.endswith(f".{rule.host}")):
        return False
    if rule.port:
        return rule.port in ("*", str(address.port))
    return address.on_default_port
