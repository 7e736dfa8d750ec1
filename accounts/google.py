"""Google's word on who holds an ID token."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

import orjson
import structlog

from core.errors import Invalid

SECONDS = 5.0
LARGEST_ANSWER = 64 * 1024
LONGEST_TOKEN = 8192
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    subject: str
    email: str
    name: str | None
    picture: str | None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def identify(credential: str, *, address: str, audience: str) -> Identity:
    """Ask Google about the token. Raises Invalid with the reason. Call it outside of transactions: it may take
    seconds."""
    if not credential:
        raise Invalid("Missing Google credential")
    claims = _ask(credential, address)
    if audience and claims.get("aud") != audience:
        raise Invalid("Google token audience mismatch")
    subject, email = _text(claims, "sub", 255), _text(claims, "email", 254)
    if not (subject and email):
        raise Invalid("Google token missing required identity fields")
    if claims.get("email_verified") not in (True, "true"):
        raise Invalid("Google email is not verified")
    return Identity(subject, email.lower(), (_text(claims, "name", 200) or None), _picture(claims))


def _ask(credential: str, address: str) -> dict[str, Any]:
    if len(credential) > LONGEST_TOKEN:
        raise Invalid("Invalid Google token")
    try:
        with _opener.open(f"{address}?{urlencode({'id_token': credential})}", timeout=SECONDS) as answer:
            claims = orjson.loads(answer.read(LARGEST_ANSWER))
    except urllib.error.HTTPError as error:
        log.info("google_refuses_a_token", status=error.code)
        raise Invalid("Invalid Google token") from None
    except (OSError, HTTPException) as error:
        log.warning("google_is_out_of_reach", error=str(error))
        raise Invalid("Google cannot be reached to verify the token. Try again later.") from None
    except orjson.JSONDecodeError:
        raise Invalid("Invalid Google token") from None
    if not isinstance(claims, dict):
        raise Invalid("Invalid Google token")
    return claims


def _text(claims: dict[str, Any], name: str, longest: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or "\0" in value:
        return ""
    value = value.strip()
    # An identity that is too long is none; what is only shown is cut.
    return value[:longest] if name == "name" or len(value) <= longest else ""


def _picture(claims: dict[str, Any]) -> str | None:
    address = _text(claims, "picture", 2000)
    return address if address.startswith("https://") else None
