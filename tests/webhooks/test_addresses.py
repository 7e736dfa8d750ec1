from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest
from django.test import override_settings

from core.errors import Invalid
from tests.webhooks.receiver import Receiver
from webhooks import posting
from webhooks.addresses import BLOCKED, check_resolved, check_url, may_connect

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
    "http://192.0.0.192/", "http://168.63.129.16/", "http://100.100.100.200/", "http://198.18.0.1/", "http://192.0.2.1/",
    "http://198.51.100.7/", "http://203.0.113.9/", "http://192.88.99.1/", "http://240.0.0.1/", "http://0177.0.0.1/",
    "http://0x7f.0x0.0x0.0x1/", "http://127.0.1/", "http://10.256/", "http://0xa9fea9fe/", "http://[fd00:ec2::254]/",
    "http://[::ffff:0:7f00:1]/", "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[100::1]/",
    "http://[64:ff9b:1::7f00:1]/", "http://[2606:4700::5efe:7f00:1]/", "http://[2606:4700::200:5efe:a00:1]/",
    "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[5f00::1]/", "http://[2001:0:7f00:1::]/",
    "http://[0:0:0:0:0:0:0:1]/", "http://[0000::0001]/", "http://[::7f00:1]/", "http://ip6-localhost/",
    "http://169.254.169.254:80/", "http://metadata/", "http://metadata.azure.internal./", "http://①②⑦.0.0.1/",
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


def outcome_of(url):
    return posting.post_now(posting.Request(url, "test.ping", None, "{}"))


@pytest.fixture
def names(monkeypatch):
    """What a name leads to, look-up after look-up; the last answer stays."""
    known, plain = {}, socket.getaddrinfo

    def look_up(host, port, *rest, **more):
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return [place for address in found for place in plain(address, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_inside_is_refused_when_it_is_connected_to(names, address):
    """The check of the text cannot know; the one of the address really connected to does."""
    names["inside.example.com"] = [[address]]
    outcome = outcome_of("http://inside.example.com:9/")
    assert (outcome.status, outcome.body, outcome.error, outcome.success) == (None, None, BLOCKED, False)


def test_a_name_that_moves_inside_after_it_was_checked_is_refused(names):
    with Receiver() as receiver:
        names["moves.example.com"] = [["93.184.215.14"], ["127.0.0.1"]]
        url = f"http://moves.example.com:{receiver.port}/"
        check_url(url)
        check_resolved(url)
        assert outcome_of(url).error == BLOCKED
        assert receiver.got == []


def test_what_was_checked_is_what_is_connected_to(names):
    """One look-up serves both; of several addresses, only those outside are tried."""
    with Receiver() as receiver, override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.1/32"]):
        names["twice.example.com"] = [["127.0.0.2", "127.0.0.1"], ["127.0.0.2"]]
        assert outcome_of(f"http://twice.example.com:{receiver.port}/").status == 200
        assert receiver.got[0].headers["Host"] == f"twice.example.com:{receiver.port}"
        assert outcome_of(f"http://twice.example.com:{receiver.port}/").error == BLOCKED
        assert len(receiver.got) == 1


def test_a_name_that_leads_nowhere_says_so(names):
    assert outcome_of("http://gone.example.com/").error == "Name or service not known"


@pytest.mark.parametrize("spelling", ["127.0.0.1", "0x7f000001", "2130706433", "127.1", "[::ffff:127.0.0.1]"])
def test_where_inside_is_open_every_spelling_arrives(names, spelling):
    with Receiver() as receiver, override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"]):
        assert outcome_of(f"http://{spelling}:{receiver.port}/a?b=ü%20c").status == 200
        assert receiver.got[0].path == "/a?b=%C3%BC%20c"


def test_names_and_passwords_in_an_address_become_a_header():
    with Receiver() as receiver, override_settings(WEBHOOK_ALLOWED_NETWORKS=["127.0.0.0/8"]):
        assert outcome_of(f"http://me:s%20t@127.0.0.1:{receiver.port}/").status == 200
        assert receiver.got[0].headers["Authorization"] == "Basic bWU6cyB0"
        assert receiver.got[0].headers["Host"] == f"127.0.0.1:{receiver.port}"
