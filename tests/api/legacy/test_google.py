"""Sign-in with Google, against a stand-in for Google that listens on a real socket."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson
from django.test import override_settings

from accounts.models import AccessRequest, Session, User
from activity.models import Event
from tests.base import LegacyApiTestCase, forget_rates

GOOGLE = "/api/auth/google"
DISCONNECT = "/api/auth/google/disconnect"
CLAIMS = {
    "aud": "our-client", "sub": "1001", "email": "Gina@Example.com", "email_verified": "true", "name": "Gina",
    "picture": "https://pictures.example/g.png",
}  # fmt: skip
PENDING = (403, {"error": "Access request pending admin approval", "code": "PENDING_APPROVAL"})


class StandIn(BaseHTTPRequestHandler):
    """Knows the tokens in `claims`; anything else is no token."""

    claims: dict[str, object] = {}  # noqa: RUF012

    def do_GET(self):
        token = parse_qs(urlsplit(self.path).query).get("id_token", [""])[0]
        found = self.claims.get(token)
        self.send_response(302 if token == "moved" else 200 if found is not None else 400)
        if token == "moved":
            self.send_header("Location", f"http://{self.headers['Host']}/tokeninfo?id_token=good")
        self.end_headers()
        self.wfile.write(found if isinstance(found, bytes) else orjson.dumps(found or {"error": "invalid_token"}))

    def log_message(self, *_):
        pass


class GoogleTestCase(LegacyApiTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stand_in = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
        threading.Thread(target=cls.stand_in.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.stand_in.shutdown()
        cls.stand_in.server_close()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        StandIn.claims = {"good": CLAIMS}
        address = f"http://127.0.0.1:{self.stand_in.server_port}/tokeninfo"
        self.enterContext(override_settings(GOOGLE_TOKENINFO_URL=address, GOOGLE_CLIENT_ID="our-client"))

    def sign_in(self, credential="good"):
        forget_rates()
        answer = self.call("POST", GOOGLE, {"credential": credential})
        return answer.status, answer.body

    def let_in(self, **fields):
        gina = User(username="gina", display_name="Gina", role="operator", workspace=self.home, provider="google")
        gina.set_unusable_password()
        for name, value in {"email": "gina@example.com", **fields}.items():
            setattr(gina, name, value)
        gina.save()
        return gina


class GoogleTests(GoogleTestCase):
    def test_a_known_person_is_signed_in(self):
        gina = self.let_in(provider_user_id="1001", avatar_url="https://a/g.png")
        answer = self.call("POST", GOOGLE, {"credential": "good"})
        assert answer.status == 200
        assert answer.body == {
            "user": {
                "id": gina.pk, "username": "gina", "display_name": "Gina", "role": "operator", "provider": "google",
                "email": "gina@example.com", "avatar_url": "https://a/g.png", "workspace_id": 1, "tenant_id": 1,
            }
        }  # fmt: skip
        assert answer.cookies["mc-session"]["max-age"] == 604800
        assert self.call("GET", "/api/auth/me").body["user"]["username"] == "gina"
        assert Event.objects.filter(kind="audit.recorded").latest("id").type == "login_google"

    def test_the_first_sign_in_ties_the_person_to_the_identity(self):
        gina = self.let_in()
        assert self.sign_in()[0] == 200
        gina.refresh_from_db()
        assert gina.provider_user_id == "1001"
        StandIn.claims["good"] = {**CLAIMS, "sub": "2002"}
        assert self.sign_in() == PENDING

    def test_a_stranger_waits_for_approval(self):
        assert self.sign_in() == PENDING
        request = AccessRequest.objects.get()
        assert (request.email, request.provider_user_id, request.display_name) == ("gina@example.com", "1001", "Gina")
        assert (request.status, request.attempt_count, request.workspace_id) == ("pending", 1, 1)
        row = Event.objects.filter(kind="audit.recorded").latest("id")
        assert (row.type, row.actor) == ("google_login_pending_approval", "gina@example.com")
        assert not Session.objects.exists()

    def test_asking_again_counts_and_opens_a_rejected_request_again(self):
        self.sign_in()
        AccessRequest.objects.update(status="rejected")
        assert self.sign_in() == PENDING
        request = AccessRequest.objects.get()
        assert (request.status, request.attempt_count) == ("pending", 2)

    def test_who_is_not_approved_or_has_a_password_instead_waits_too(self):
        gina = self.let_in(provider_user_id="1001")
        for change in ({"is_approved": False}, {"is_active": False}, {"provider": "local"}):
            User.objects.filter(pk=gina.pk).update(is_approved=True, is_active=True, provider="google")
            User.objects.filter(pk=gina.pk).update(**change)
            with self.subTest(change=change):
                assert self.sign_in() == PENDING

    def test_a_token_that_says_too_little_is_refused(self):
        for credential, claims, error in (
            ("", None, "Missing Google credential"),
            (7, None, "Missing Google credential"),
            ("bad", None, "Invalid Google token"),
            ("moved", None, "Invalid Google token"),
            ("x" * 9000, None, "Invalid Google token"),
            ("odd", b"<html>", "Invalid Google token"),
            ("odd", ["list"], "Invalid Google token"),
            ("odd", {**CLAIMS, "aud": "another-client", "sub": ""}, "Google token audience mismatch"),
            ("odd", {**CLAIMS, "aud": ["our-client"]}, "Google token audience mismatch"),
            ("odd", {**CLAIMS, "sub": None}, "Google token missing required identity fields"),
            ("odd", {**CLAIMS, "email": "", "email_verified": False}, "Google token missing required identity fields"),
            ("odd", {**CLAIMS, "email": "x" * 300}, "Google token missing required identity fields"),
            ("odd", {**CLAIMS, "email_verified": "false"}, "Google email is not verified"),
        ):
            with self.subTest(claims=claims, credential=str(credential)[:10]):
                if claims is not None:
                    StandIn.claims["odd"] = claims
                assert self.sign_in(credential) == (400, {"error": error})
        assert not AccessRequest.objects.exists()

    def test_the_audience_is_a_matter_of_the_settings(self):
        StandIn.claims["good"] = {**CLAIMS, "aud": "whoever", "email_verified": True}
        with override_settings(GOOGLE_CLIENT_ID=""):
            assert self.sign_in() == PENDING

    def test_when_google_cannot_be_reached_it_says_so(self):
        with override_settings(GOOGLE_TOKENINFO_URL="http://127.0.0.1:9/tokeninfo"):
            status, body = self.sign_in()
        assert (status, "cannot be reached" in body["error"]) == (400, True)

    def test_a_body_that_is_no_json_is_refused(self):
        assert self.call("POST", GOOGLE, b"").status == 400

    def test_it_shares_the_budget_of_the_password_sign_in(self):
        for n in range(5):
            if n % 2:
                self.call("POST", GOOGLE, {"credential": "bad"})
            else:
                self.call("POST", "/api/auth/login", {"username": "bob", "password": "no"})
        answer = self.call("POST", GOOGLE, {"credential": "good"})
        assert (answer.status, answer.body) == (429, {"error": "Too many login attempts. Try again in a minute."})

    def test_names_that_are_too_long_are_cut(self):
        StandIn.claims["good"] = {**CLAIMS, "name": "G" * 500, "picture": "javascript:alert(1)"}
        self.sign_in()
        request = AccessRequest.objects.get()
        assert (len(request.display_name), request.avatar_url) == (200, None)


class DisconnectTests(GoogleTestCase):
    def test_from_then_on_the_password_counts(self):
        gina = self.let_in(provider_user_id="1001")
        gina.set_password("gina-password-long")
        gina.save()
        self.client.force_login(gina)
        answer = self.call("POST", DISCONNECT)
        assert (answer.status, answer.body) == (200, {"ok": True})
        assert Event.objects.filter(kind="audit.recorded").latest("id").type == "google_disconnect"
        answer = self.call("POST", "/api/auth/login", {"username": "gina", "password": "gina-password-long"})
        assert (answer.status, answer.body["user"]["provider"]) == (200, "local")
        assert self.sign_in() == PENDING

    def test_it_takes_google_and_a_password(self):
        for user in (self.bob, self.let_in()):
            self.client.force_login(user)
            assert self.call("POST", DISCONNECT).status == 400

    def test_keys_and_strangers_are_not_authenticated(self):
        for key in (None, self.keys[self.alice], "test-admin-key"):
            answer = self.call("POST", DISCONNECT, as_=key)
            assert (answer.status, answer.body) == (401, {"error": "Authentication required"})
