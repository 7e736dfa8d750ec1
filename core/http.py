"""What every surface reads from a request's head, whether it arrives by ASGI or as a Django request."""

from __future__ import annotations

from collections.abc import Container
from http.cookies import Morsel
from typing import Any

SCHEMES = {"bearer", "apikey", "token"}
COOKIES = ("__Host-mc-session", "mc-session")
Headers = dict[bytes, bytes]
# Where the headers of a request are kept with it.
READ = "missioncontrol.headers"


def key_in(x_api_key: str, authorization: str) -> str:
    """The presented key: `x-api-key` wins over `Authorization: Bearer|ApiKey|Token`."""
    if x_api_key:
        return x_api_key.strip()
    scheme, _, rest = authorization.strip().partition(" ")
    return rest.strip() if scheme.lower() in SCHEMES else ""


def cookie_in(header: str) -> str:
    """The session cookie, the secure spelling first. Other applications of the same host set cookies of any shape."""
    if "mc-session" not in header:
        return ""
    parts = (part.partition("=") for part in header.split(";"))
    jar = {name.strip(): value.strip().strip('"') for name, _, value in parts}
    return next((jar[name] for name in COOKIES if jar.get(name)), "")


def cookie_line(cookie: Morsel[str]) -> str:
    """A `Set-Cookie` header, its attributes in the order that existing clients know."""
    parts = [f"{cookie.key}={cookie.coded_value if cookie.value else ''}"]
    for name in ("Path", "Domain", "Expires", "Max-Age"):
        if (value := cookie[name.lower()]) != "":
            parts.append(f"{name}={value}")
    parts += [name for name in ("Secure", "HttpOnly") if cookie[name.lower()]]
    if cookie["samesite"]:
        parts.append(f"SameSite={cookie['samesite'].lower()}")
    return "; ".join(parts)


def headers_of(scope: dict[str, Any]) -> Headers:
    """The headers of an ASGI request, which several ask for: put together once. Later values of a repeated header are
    joined as HTTP allows."""
    known: Headers | None = scope.get(READ)
    if known is not None:
        return known
    headers: Headers = {}
    for name, value in scope["headers"]:
        between = b"; " if name == b"cookie" else b", "
        headers[name] = headers[name] + between + value if name in headers else value
    scope[READ] = headers
    return headers


def text_of(headers: Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def client_ip(peer: str, *, forwarded_for: str, real_ip: str, trusted: Container[str]) -> str:
    """The caller's address. Forwarding headers count only from a trusted proxy: its right-most stranger."""
    if peer not in trusted:
        return peer
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    strangers = [hop for hop in hops if hop not in trusted]
    return strangers[-1] if strangers else real_ip or peer
