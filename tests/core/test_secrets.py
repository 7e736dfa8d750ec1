from __future__ import annotations

from unittest import TestCase

from core.secrets import KINDS, kinds_in

SAMPLES = {
    "aws_access_key": "AKIA" + "ABCDEFGH12345678",
    "github_token": "ghp_" + "a1" * 18,
    "slack_token": "xoxb-" + "1234567890",
    "stripe_key": "sk_live_" + "a" * 16,
    "model_provider_key": "sk-ant-" + "a1" * 12,
    "google_api_key": "AIza" + "a" * 35,
    "json_web_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz",
    "mission_control_key": "mca_" + "0f" * 24,
    "private_key": "-----BEGIN RSA PRIVATE KEY-----",
    "credentials_in_url": "postgres://user:hunter22@db.example/x",
    "password_assignment": "password = 'correct-horse-battery'",
}


class SecretsTests(TestCase):
    def test_each_kind_is_found_inside_text(self):
        assert SAMPLES.keys() == KINDS.keys()
        for kind, sample in SAMPLES.items():
            with self.subTest(kind=kind):
                assert kind in kinds_in(f"use this: {sample} please")

    def test_everyday_messages_hold_none(self):
        for text in (
            "",
            "Please rotate the API key today.",
            "See https://example.org/a:b for the token format",
            "sk-1",
        ):
            with self.subTest(text=text):
                assert kinds_in(text) == []
