from __future__ import annotations

from unittest import TestCase

from core.secrets import KINDS, REDACTED, kinds_in, redact

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


PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n" + "MIIEow+/=" * 20 + "\n-----END RSA PRIVATE KEY-----"
)
# What is written → what is kept of it.
TAKEN_OUT = {
    "key AKIAABCDEFGH12345678 here": "key [REDACTED] here",
    "ghp_" + "a1" * 18: REDACTED,
    "github_pat_" + "a1_" * 20: REDACTED,
    "ghs_" + "A1" * 20 + ".": "[REDACTED].",
    "xoxb-123456789012-abcdefghijkl-mnop": REDACTED,
    "pk_live_" + "a1" * 12: REDACTED,
    "(sk-proj-" + "a1" * 20 + ")": "([REDACTED])",
    "sk-ant-api03-" + "a-_1" * 20: REDACTED,
    "AIza" + "a1" * 18: REDACTED,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlMTIz": REDACTED,
    "glpat-" + "a1_-" * 5: REDACTED,
    "npm_" + "a1" * 18: REDACTED,
    "pypi-" + "AgEIcHlwaS5" * 6: REDACTED,
    "hf_" + "aB1" * 11: REDACTED,
    "SG." + "a1" * 11 + "." + "b2" * 21: REDACTED,
    "dop_v1_" + "0f" * 32: REDACTED,
    "bot 123456789:AA" + "a1-_" * 9 + " said": "bot [REDACTED] said",
    "https://hooks.slack.com/services/T00000000/B00000000/" + "a1" * 12: "https://hooks.slack.com/services/[REDACTED]",
    "https://discord.com/api/webhooks/123456789012345678/" + "a1" * 30: "https://discord.com/api/webhooks/[REDACTED]",
    "mc_agt_" + "a-_1" * 11: REDACTED,
    "Authorization: Bearer abc.def-123456": "Authorization: Bearer [REDACTED]",
    "-H 'authorization: basic dXNlcjpwYXNz'": "-H 'authorization: basic [REDACTED]'",
    f"before\n{PEM}\nafter": "before\n[REDACTED]\nafter",
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEvQIBADANBgkqhkiG9w0BAQEF" * 3
    + "\n(cut off here)": "[REDACTED]\n(cut off here)",
    "postgres://user:hunter22@db.example/x": "postgres://user:[REDACTED]@db.example/x",
    "redis://:p4ssw0rd@cache:6379": "redis://:[REDACTED]@cache:6379",
    "password = 'correct-horse-battery'": "password = '[REDACTED]'",
    "PASSWORD=Tr0ub4dor&3": "PASSWORD=[REDACTED]",
    'export API_KEY="abcd1234efgh"': 'export API_KEY="[REDACTED]"',
    '{"client_secret": "a8f5f167f44f4964"}': '{"client_secret": "[REDACTED]"}',
    "access-key: 9f8e7d6c5b4a": "access-key: [REDACTED]",
    "a ghp_" + "a1" * 18 + " and AKIAABCDEFGH12345678": "a [REDACTED] and [REDACTED]",
}
KEPT = (
    "",
    "Rotate the API key today; the token: see the vault.",
    "token = request.headers.get('authorization')",
    "password=getpass.getpass()",
    "secret: authentication",
    "glance-at-the-report-of-yesterday, globally-unique-names-are-fine",
    "12:AAA and 20261121:AA",
    "https://api.slack.com/messaging/webhooks",
    "if token == expected_token_1:",
    "const api_key = process.env.API_KEY",
    "See https://example.org/a:b@c and mailto:jordan@example.org",
    "https://user@example.org:8080/path",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    "-----BEGIN CERTIFICATE-----",
    "sk-1, pk-2, mc_agt_x, AKIA1234, eyJ.eyJ.x",
    "password=[REDACTED]",
)


class RedactTests(TestCase):
    def test_secrets_are_taken_out_and_the_rest_stays(self):
        for text, kept in TAKEN_OUT.items():
            with self.subTest(text=text):
                shown, found = redact(text)
                assert shown == kept
                assert found

    def test_every_kind_that_is_found_is_taken_out(self):
        for kind, sample in SAMPLES.items():
            with self.subTest(kind=kind):
                shown, found = redact(f"use this: {sample} please")
                assert kind in found
                assert sample not in shown

    def test_everyday_text_stays_as_it_is(self):
        for text in KEPT:
            with self.subTest(text=text):
                assert redact(text) == (text, [])

    def test_once_is_enough(self):
        for text in TAKEN_OUT:
            with self.subTest(text=text):
                assert redact(redact(text)[0]) == (redact(text)[0], [])

    def test_a_secret_is_found_wherever_it_stands(self):
        text = "x " * 150_000 + SAMPLES["github_token"]
        assert redact(text)[0].endswith("x [REDACTED]")
