"""Where a URL leads, read once: what is checked and what is connected to cannot differ."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from . import addresses

PORTS = {"http": 80, "https": 443}
# What may stand in a path or a query as it is; the rest is escaped.
AS_IT_IS = "/?:@!$&'()*+,;=%-._~"


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str
    port: int
    path: str
    # The value of an Authorization header, for addresses with a name and a password in them.
    authorization: str = ""

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Raises Invalid for what must not be called, and UnicodeError for what is no name."""
    addresses.check_url(url)
    parts = urlsplit(url)
    host = addresses.plain(parts.hostname or "")
    if addresses.literal(host) is None:
        host = host.encode("idna").decode("ascii")
    path = quote(parts.path or "/", safe=AS_IT_IS) + (f"?{quote(parts.query, safe=AS_IT_IS)}" if parts.query else "")
    return Target(parts.scheme, host, parts.port or PORTS[parts.scheme], path, _basic(parts.username, parts.password))


def told(name: str) -> str:
    """A webhook's name as others may read it: of an address, which the v1 dialect names webhooks by, without the
    password and the query that may be in it."""
    if not name.startswith(("http://", "https://")):
        return name
    parts = urlsplit(name)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _basic(name: str | None, password: str | None) -> str:
    if name is None:
        return ""
    return "Basic " + b64encode(f"{unquote(name)}:{unquote(password or '')}".encode()).decode()
