"""Addresses of machines, one by one or by the network."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network


class Networks:
    """`"10.1.2.3" in Networks(["10.1.0.0/16", "proxy.example"])`. Names match as they are written."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = set(words)
        self._networks = []
        for word in self._words:
            try:
                self._networks.append(ip_network(word, strict=False))
            except ValueError:
                continue
        self._holds = lru_cache(maxsize=4096)(self._look)

    def __contains__(self, address: object) -> bool:
        return bool(self._words) and isinstance(address, str) and self._holds(address)

    def __bool__(self) -> bool:
        return bool(self._words)

    def _look(self, text: str) -> bool:
        if text in self._words:
            return True
        try:
            address = ip_address(text)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any(known in network for network in self._networks for known in (address, mapped) if known)
