from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from unittest.mock import patch

import orjson
from django.conf import settings

from system import releases
from tests.base import LegacyApiTestCase

PATH = "/api/releases/check"
LATEST = {"tag_name": "v99.1.0", "html_url": "https://example.com/99", "body": "All new."}


class Releases(BaseHTTPRequestHandler):
    """Where releases would be listed."""

    def do_GET(self):
        self.server.asked += 1
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *args):
        pass


class ReleaseCheckTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        releases.forget()
        self.addCleanup(releases.forget)

    def serve(self, answer=LATEST, status=200):
        server = HTTPServer(("127.0.0.1", 0), Releases)
        server.answer = answer if isinstance(answer, bytes) else orjson.dumps(answer)
        server.status, server.asked = status, 0
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(lambda: (server.shutdown(), thread.join(), server.server_close()))
        self.enterContext(self.settings(RELEASES_URL=f"http://127.0.0.1:{server.server_port}/latest"))
        return server

    def none_is_told(self, answer):
        return (answer.status, answer.body, answer.headers["Cache-Control"]) == (
            200,
            {"updateAvailable": False, "currentVersion": settings.VERSION},
            "public, max-age=600",
        )

    def test_nobody_is_asked_unless_the_deployment_says_where(self):
        with patch("urllib.request.urlopen") as asked:
            assert self.none_is_told(self.get(PATH, as_=self.vera))
        assert not asked.called

    def test_a_newer_release_is_told(self):
        self.serve()
        answer = self.get(PATH, as_=self.vera)
        deployed = answer.body["deploymentMode"]
        assert deployed in ("docker", "bare-metal")
        assert answer.body == {
            "updateAvailable": True,
            "currentVersion": settings.VERSION,
            "latestVersion": "99.1.0",
            "releaseUrl": "https://example.com/99",
            "releaseNotes": "All new.",
            "deploymentMode": deployed,
        }
        assert answer.headers["Cache-Control"] == "public, max-age=3600"

    def test_an_older_or_equal_one_is_no_update(self):
        for tag in ("v0.0.9", settings.VERSION, f"v{settings.VERSION}.0", "0"):
            releases.forget()
            self.serve({**LATEST, "tag_name": tag})
            assert self.get(PATH).body["updateAvailable"] is False, tag

    def test_numbers_are_compared_as_numbers(self):
        assert releases.numbers("v1.10.0") > releases.numbers("1.9.9")
        assert releases.numbers("1.2") == releases.numbers("v1.2.0")
        assert releases.numbers("none") == ()

    def test_the_answer_is_kept_for_an_hour(self):
        server = self.serve()
        for _ in range(3):
            self.get(PATH)
        assert server.asked == 1
        with patch("time.monotonic", return_value=releases.time.monotonic() + 3601):
            self.get(PATH)
        assert server.asked == 2

    def test_a_failure_is_no_error_and_is_kept_for_ten_minutes(self):
        for answer, status in (
            (LATEST, 500), (b"no json", 200), (b"[]", 200), (b"", 200), ({}, 200), ({"tag_name": 5}, 200),
            ({"tag_name": "nightly"}, 200),
        ):  # fmt: skip
            with self.subTest(answer=answer):
                releases.forget()
                server = self.serve(answer, status)
                assert self.none_is_told(self.get(PATH))
                assert self.none_is_told(self.get(PATH))
                assert server.asked == 1

    def test_an_address_that_cannot_be_asked_is_a_failure(self):
        for url in ("http://127.0.0.1:1/latest", "file:///etc/hostname", "nonsense", "http://[bad"):
            releases.forget()
            with self.subTest(url=url), self.settings(RELEASES_URL=url):
                assert self.none_is_told(self.get(PATH))
