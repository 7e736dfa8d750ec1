"""Where webhooks may go: nowhere inside. Checked when an address is given, and against what is really connected to."""

from __future__ import annotations

import re
import socket
import unicodedata
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from core.errors import Invalid

BLOCKED = "Webhook URL cannot point to internal or private services"
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f\\]")
# What the C library reads as an IPv4 address: 127.1, 0x7f000001, 2130706433, 0177.0.0.1.
NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}")
LOCAL_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"}
METADATA_NAMES = {
    "metadata", "metadata.internal", "metadata.google.internal", "metadata.goog", "metadata.azure.com",
    "metadata.azure.internal", "metadata.packet.net", "metadata.tencentyun.com", "instance-data",
    "instance-data.ec2.internal",
}  # fmt: skip
# IPv6 networks whose addresses end in an IPv4 address that packets may be led to.
CARRIES_IPV4 = [
    IPv6Network("::/96"), IPv6Network("::ffff:0:0:0/96"), IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"),
]  # fmt: skip
# The only part of IPv6 that is routed between networks.
GLOBAL_IPV6 = IPv6Network("2000::/3")
# Looks public, and is a cloud's own: its metadata, relays, documentation, benchmarks.
NOT_PUBLIC: list[IPv4Network | IPv6Network] = [
    *map(IPv4Network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24")),
    *map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")),
]  # fmt: skip
# The second half of an address that a tunnel leads to the IPv4 address at its end.
ISATAP = (0x0000_5EFE, 0x0200_5EFE)
Address = IPv4Address | IPv6Address


def check_url(url: str) -> None:
    """Raise Invalid when this is no URL, or one whose own text says that it leads inside."""
    parts = _split(url)
    if parts.scheme not in ("http", "https"):
        raise Invalid(BLOCKED)
    host = plain(parts.hostname or "")
    address = literal(host)
    if address is not None:
        if not may_connect(address):
            raise Invalid(BLOCKED)
    elif _is_inside(host):
        raise Invalid(BLOCKED)


def check_resolved(url: str) -> None:
    """Raise Invalid when its name leads inside now. What leads nowhere yet may: every call looks again."""
    host = plain(urlsplit(url).hostname or "")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return
    if not all(may_connect(ip_address(str(place[0]).partition("%")[0])) for *_, place in found):
        raise Invalid(BLOCKED)


def is_url(url: str) -> bool:
    try:
        _split(url)
    except Invalid:
        return False
    return True


def _split(url: str) -> SplitResult:
    if UNPRINTABLE.search(url) or not SCHEME.match(url):
        raise Invalid("Invalid URL")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Invalid("Invalid URL") from None
    if parts.scheme in ("http", "https") and not plain(parts.hostname or ""):
        raise Invalid("Invalid URL")
    return parts


def plain(host: str) -> str:
    """As a resolver would read it: full-width and escaped characters folded, no dot at the end."""
    return unicodedata.normalize("NFKC", unquote(host)).lower().replace("\u3002", ".").rstrip(".")


def literal(host: str) -> Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not NUMERIC.fullmatch(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_inside(host: str) -> bool:
    if host in LOCAL_NAMES or host.endswith(".localhost"):
        return not may_connect(IPv4Address("127.0.0.1"))
    return host in METADATA_NAMES or host == "local" or host.endswith(".local")


def may_connect(address: Address) -> bool:
    """Whether a request may go to this address: a public one, or one in a network that the settings name."""
    shown = _carried(address) or address
    if any(shown in network or address in network for network in _allowed()):
        return True
    return all(_is_public(part) for part in {address, shown} if not _is_wrapper(part))


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in GLOBAL_IPV6:
        return False
    special = address.is_multicast or address.is_reserved or any(address in network for network in NOT_PUBLIC)
    return address.is_global and not special


def _is_wrapper(address: Address) -> bool:
    """An IPv6 address that stands for an IPv4 address, which decides alone."""
    return isinstance(address, IPv6Address) and _carried(address) is not None


def _carried(address: Address) -> IPv4Address | None:
    if not isinstance(address, IPv6Address) or address in (IPv6Address("::"), IPv6Address("::1")):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in network for network in CARRIES_IPV4) or int(address) >> 32 & 0xFFFF_FFFF in ISATAP:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def _allowed() -> list[IPv4Network | IPv6Network]:
    return [ip_network(text, strict=False) for text in settings.WEBHOOK_ALLOWED_NETWORKS]
