from __future__ import annotations

import pytest

from core.http import client_ip
from core.networks import Networks

PROXIES = Networks(["127.0.0.1", "10.1.0.0/16", "fd00::/8", "proxy"])


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.255.7", "fd12::1", "::ffff:10.1.0.1", "proxy"])
def test_known_addresses(address):
    assert address in PROXIES


@pytest.mark.parametrize(
    "address", ["127.0.0.2", "10.2.0.1", "fe80::1", "::ffff:10.2.0.1", "unknown", "", "10.1.0.0/16x"]
)
def test_strangers(address):
    assert address not in PROXIES


def test_nothing_is_in_no_networks():
    assert not Networks([]) and "127.0.0.1" not in Networks([])


def test_the_right_most_stranger_behind_a_network_of_proxies_is_the_caller():
    def caller(peer: str, forwarded: str) -> str:
        return client_ip(peer, forwarded_for=forwarded, real_ip="", trusted=PROXIES)

    assert caller("10.1.0.9", "6.6.6.6, 203.0.113.5, 10.1.0.8") == "203.0.113.5"
    assert caller("203.0.113.9", "6.6.6.6") == "203.0.113.9"
