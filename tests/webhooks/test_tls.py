"""Deliveries over TLS: HTTP/2 where it is offered, and words for certificates that are not good."""

from __future__ import annotations

import asyncio
import datetime
import ssl

import pytest
import trustme
from standardwebhooks import Webhook

from tests.webhooks.receiver import Receiver
from tests.webhooks.secure import SecureReceiver
from webhooks import client
from webhooks.client import Lines
from webhooks.posting import Request, post, post_now
from webhooks.signing import shared

SECRET = "secret-of-the-receiver"


@pytest.fixture
def authority(monkeypatch, settings):
    """One that is trusted here."""
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    made, trust = trustme.CA(), ssl.create_default_context()
    made.configure_trust(trust)
    monkeypatch.setattr(client, "_trust", lambda: trust)
    return made


def request_to(url):
    return Request(url, "task.created", SECRET, '{"event":"task.created"}', "v1", "delivery_1")


def test_it_speaks_http_2_where_that_is_offered(authority):
    with SecureReceiver(authority) as receiver:
        outcome = post_now(request_to(receiver.url))
    assert (outcome.status, outcome.body, outcome.error) == (200, "taken", None)
    ((protocol, headers, body),) = receiver.got
    assert protocol == "h2"
    assert (headers[":method"], headers[":path"]) == ("POST", "/hook")
    Webhook(shared(SECRET)).verify(body, headers)


def test_it_speaks_http_1_where_nothing_else_is(authority):
    with SecureReceiver(authority, protocols=("http/1.1",)) as receiver:
        assert post_now(request_to(receiver.url)).success
    assert receiver.got[0][0] == "http/1.1"


@pytest.mark.parametrize("protocols", [("h2",), ("http/1.1",)])
def test_requests_one_after_the_other_share_a_connection(authority, protocols):
    async def three(url):
        lines = Lines()
        outcomes = [await post(request_to(url), lines) for _ in range(3)]
        await lines.close()
        return outcomes

    with SecureReceiver(authority, protocols=protocols) as receiver:
        assert all(outcome.success for outcome in asyncio.run(three(receiver.url)))
    assert (len(receiver.got), receiver.connections) == (3, 1)


def test_a_connection_that_was_closed_meanwhile_is_made_again(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]

    async def twice(url):
        lines = Lines()
        first = await post(request_to(url), lines)
        await asyncio.sleep(0.2)
        second = await post(request_to(url), lines)
        await lines.close()
        return first, second

    with Receiver(headers={"Connection": "close"}) as receiver:
        first, second = asyncio.run(twice(receiver.url))
    assert first.success and second.success
    assert len(receiver.got) == 2


def test_a_certificate_of_nobody_is_told_in_words(authority):
    with SecureReceiver(trustme.CA()) as receiver:
        outcome = post_now(request_to(receiver.url))
    assert (outcome.status, receiver.got) == (None, [])
    assert outcome.error.startswith("TLS certificate refused: ")
    assert "issuer" in outcome.error or "self-signed" in outcome.error


def test_a_certificate_for_another_name_is_told_in_words(authority):
    with SecureReceiver(authority, name="other.example.com") as receiver:
        outcome = post_now(request_to(receiver.url))
    assert outcome.error.startswith("TLS certificate refused: ")
    assert "not valid for '127.0.0.1'" in outcome.error


def test_a_certificate_whose_time_is_over_is_told_in_words(authority, monkeypatch):
    issue, past = authority.issue_cert, datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    monkeypatch.setattr(authority, "issue_cert", lambda name: issue(name, not_after=past))
    with SecureReceiver(authority) as receiver:
        outcome = post_now(request_to(receiver.url))
    assert outcome.error == "TLS certificate refused: certificate has expired"


def test_an_endpoint_that_does_not_speak_tls_is_told_in_words(authority):
    with Receiver() as receiver:
        outcome = post_now(request_to(receiver.url.replace("http:", "https:")))
    assert outcome.error.startswith("TLS failed: ")
