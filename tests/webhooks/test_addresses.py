from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest
from django.test import override_settings

from core.errors import Invalid
from webhooks import posting
from webhooks.addresses import BLOCKED, check_url, may_connect

OUTSIDE = ["https://example.com/hook", "http://8.8.8.8:8080/x?y=1", "https://[2606:4700:4700::1111]/", "http://a.b:1"]
INSIDE = [
    "http://localhost/", "http://LOCALHOST:3000/", "http://localhost./", "http://api.localhost/", "http://nas.local/x",
    "http://127.0.0.1/", "http://127.8.9.1/", "http://0.0.0.0/", "http://10.0.0.1/", "http://172.16.3.4/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1/", "http://224.0.0.1/",
    "http://255.255.255.255/", "http://metadata.google.internal/", "http://instance-data/", "http://[::1]/",
    "http://[::]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fc00::1]/", "http://[ff02::1]/",
    "http://[fec0::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://2130706433/", "http://0x7f000001/",
    "http://017700000001/", "http://127.1/", "http://0x7f.1/", "http://0/", "http://127.0.0.1./",
    "http://１２７.0.0.1/", "http://127。0。0。1/", "http://ⓛocalhost/", "http://%6cocalhost/",
    "http://user:pass@127.0.0.1/", "http://example.com@127.0.0.1/", "ftp://example.com/", "file:///etc/passwd",
    "javascript:alert(1)", "gopher://127.0.0.1/",
]  # fmt: skip
NO_URLS = ["", "example.com", "//example.com", "http://", "http:///x", "http://a b/", "http://x:99999/", "http://[::1",
           "http://x\\@127.0.0.1/", "http://x/\n"]  # fmt: skip


@pytest.mark.parametrize("url", OUTSIDE)
def test_addresses_outside_are_taken(url):
    check_url(url)


@pytest.mark.parametrize("url", INSIDE)
def test_addresses_inside_are_refused_in_every_spelling(url):
    with pytest.raises(Invalid, match=BLOCKED):
        check_url(url)


@pytest.mark.parametrize("url", NO_URLS)
def test_what_is_no_url_is_told_so(url):
    with pytest.raises(Invalid, match="Invalid URL"):
        check_url(url)


@override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8", "10.1.0.0/16", "fd00::/8"])
def test_a_network_that_the_settings_name_is_open_and_no_other():
    for url in ("http://127.0.0.1:3000/", "http://localhost/", "http://10.1.2.3/", "http://[fd00::1]/",
                "http://[::ffff:10.1.2.3]/"):  # fmt: skip
        check_url(url)
    for url in ("http://10.2.0.1/", "http://[::1]/", "http://nas.local/", "http://169.254.169.254/"):
        with pytest.raises(Invalid, match=BLOCKED):
            check_url(url)


def test_public_addresses_may_be_connected_to():
    for text in ("8.8.8.8", "::ffff:8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"):
        assert may_connect(ip_address(text)), text


def test_a_name_that_leads_inside_is_refused_when_it_is_connected_to(monkeypatch):
    """The check of the text cannot know; the one of the address really connected to does."""
    request = posting.Request("http://localhost:9/", "test.ping", None, "{}")
    monkeypatch.setattr(posting, "check_url", lambda url: None)
    outcome = asyncio.run(posting.post(request))
    assert (outcome.status, outcome.body, outcome.error, outcome.success) == (None, None, BLOCKED, False)
