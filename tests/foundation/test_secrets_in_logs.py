"""Secrets that go through a running server, and all the places where none of them may be found afterwards."""

from __future__ import annotations

import base64
import time
from types import SimpleNamespace

import pytest

from tests.notifications.standins import MailServer
from tests.server import PASSWORD, Server
from tests.webhooks.receiver import Receiver

ALL_LOG = {"MC_LOG_FORMAT": "json", "MC_LOG_LEVEL": "DEBUG", "MC_LOG_REQUESTS": "1", "PYTHONASYNCIODEBUG": ""}
# Whatever is called by one of these holds it somewhere in what is sent.
WRONG_PASSWORD, NEW_PASSWORD = "wrong-password-Zq81", "new-password-Hx27-long"
HEADER_KEY, BEARER, QUERY_TOKEN = "header-key-Wm42", "bearer-token-Lk93", "query-token-Pd35"
URL_PASSWORD, URL_TOKEN = "url-password-Fs64", "url-token-Gv52"
WEBHOOK_SECRET, V1_SECRET, NEXT_SECRET = (
    "webhook-secret-Bn78-long",
    "v1-webhook-secret-Rt19",
    "next-webhook-secret-Ju84",
)
BODY_SECRET, IDEMPOTENCY_KEY = "body-secret-Ys46", "idempotency-key-Ce57"
FORGED_COOKIE, FORGED_CSRF, RECEIVER_COOKIE = "forged-cookie-Ni63", "forged-csrf-Ta28", "receiver-cookie-Vo71"
SLACK_SECRET, MAIL_PASSWORD = "slack-secret-Ip95", "mail-password-Uw16"
BOT_TOKEN = "12345678:AAbot-token-Kq74-bot-token-Kq74-bot-to"
BREAK = (
    "from django.db import connection\n"
    "with connection.cursor() as c:\n"
    '    c.execute("CREATE TRIGGER broken BEFORE INSERT ON tasks_task BEGIN"\n'
    "              \" SELECT RAISE(ABORT, 'refused: password=exception-secret-Em38'); END\")"
)
MEND = BREAK.replace("CREATE TRIGGER broken", "DROP TRIGGER IF EXISTS broken --")
EXCEPTION_SECRET = "exception-secret-Em38"


@pytest.fixture(scope="module")
def after():
    """Everything that a running server wrote or answered while it was given secrets in every way there is."""
    cookie = {"Set-Cookie": f"session={RECEIVER_COOKIE}"}
    with Receiver(headers=cookie) as receiver, MailServer() as mail:
        settings = {
            "MC_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
            "MC_SLACK_WEBHOOK_URL": f"{receiver.url}/{SLACK_SECRET}",
            "MC_TELEGRAM_API_URL": "http://127.0.0.1:1",
            "MC_TELEGRAM_BOT_TOKEN": BOT_TOKEN,
            "EMAIL_URL": f"smtp://me:{MAIL_PASSWORD}@127.0.0.1:{mail.port}",
        }
        with Server(worker=True, **ALL_LOG, **settings) as server:
            server.wait_until_ready()
            yielded = _use(server, receiver)
            columns = "coalesce(type, '') || coalesce(description, '') || coalesce(data, '') || subject || actor"
            log = "\n".join(text for (text,) in server.query(f"SELECT {columns} FROM activity_event"))
            metrics = server.ask_raw("GET", "/metrics")[2].decode()
            audit = server.ask_raw("GET", "/api/audit?limit=1000")[2].decode()
    lines = {name: server.log_of(name) for name in ("web", "worker")}
    assert all(lines.values())
    places = {**lines, "event log": log, "metrics": metrics, "audit": audit, "errors": "\n".join(yielded.errors)}
    return SimpleNamespace(places=places, secrets=yielded.secrets, errors=yielded.errors)


def _use(server, receiver):
    errors, secrets = [], []

    def ask(method, path, body=None, *, key=server.key, **headers):
        sort = {} if body is None or isinstance(body, bytes) else {"Content-Type": "application/json"}
        status, found, answer = server.ask_raw(method, path, body, key=key, headers={**sort, **headers})
        if status >= 400:
            errors.append(answer.decode())
        return status, found, answer

    for _ in range(2):
        ask("POST", "/api/auth/login", {"username": "admin", "password": WRONG_PASSWORD}, key=None)
    session = server.sign_in()
    secrets += [part.partition("=")[2] for part in session.split("; ")]
    ask("POST", "/login/", f"username=admin&password={WRONG_PASSWORD}".encode(), key=None)
    changed = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    ask("PATCH", "/api/auth/me", changed, key=None, Cookie=session)
    ask("GET", "/api/tasks", key=HEADER_KEY)
    ask("GET", "/api/tasks", key=None, Authorization=f"Bearer {BEARER}")
    basic = base64.b64encode(f"me:{URL_PASSWORD}".encode()).decode()
    ask("GET", "/api/tasks", key=None, Authorization=f"Basic {basic}")
    ask("GET", f"/api/v1/tasks?token={QUERY_TOKEN}&api_key={QUERY_TOKEN}", key=None)
    ask("GET", f"/nowhere?token={QUERY_TOKEN}")
    ask("GET", "/api/tasks", key=None, Cookie=f"mc-session={FORGED_COOKIE}; mc-csrf={FORGED_CSRF}")
    ask("POST", "/api/tasks", b'{"title": "' + BODY_SECRET.encode())
    ask("POST", "/api/v1/tasks", {"title": BODY_SECRET, "type": BODY_SECRET, "password": BODY_SECRET})
    again = {"title": "Once", "type": "OPS", "description": f"password={BODY_SECRET}"}
    for body in (again, again, {**again, "title": "Twice"}):
        ask("POST", "/api/v1/tasks", body, **{"X-Idempotency-Key": IDEMPOTENCY_KEY})
    address = receiver.url.replace("//", f"//me:{URL_PASSWORD}@") + f"?token={URL_TOKEN}"
    hook = {"name": "ci", "url": address, "events": ["*"], "secret": WEBHOOK_SECRET}
    secrets.append(_word(ask("POST", "/api/webhooks", hook)[2], "secret"))
    gone = {**hook, "url": f"https://me:{URL_PASSWORD}@127.0.0.1:1/?token={URL_TOKEN}"}
    ask("POST", "/api/webhooks", gone)
    ask("POST", "/api/v1/webhooks", {"url": address, "events": ["task.created"], "secret": V1_SECRET})
    ask("PATCH", "/api/v1/webhooks/webhook_3", {"secret": NEXT_SECRET})
    ask("POST", "/api/webhooks", {**hook, "url": f"ftp://me:{URL_PASSWORD}@example.com/"})
    ask("POST", "/api/agents", {"name": "nova", "role": "coder"})
    made = ask("POST", "/api/agents/nova/keys", {"name": "of nova"})[2]
    secrets.append(_word(made, "api_key") or _word(made, "key"))
    given = _word(ask("POST", "/api/v1/auth/token", {"agentId": "nova"})[2], "token")
    ask("GET", "/api/v1/tasks", key=given)
    secrets.append(given)
    ask("POST", "/api/tasks", {"title": "Tell"})
    server.django(BREAK)
    status, _, answer = ask("POST", "/api/tasks", {"title": f"password={BODY_SECRET}"})
    assert status == 500
    assert ask("POST", "/api/v1/tasks", {"title": "Broken", "type": "OPS"})[0] >= 500
    server.django(MEND)
    until = time.monotonic() + 60
    while len(receiver.got) < 2 and time.monotonic() < until:
        time.sleep(0.2)
    assert len(secrets) >= 4 and all(len(secret) > 8 for secret in secrets), secrets
    return SimpleNamespace(errors=errors, secrets=secrets)


def _word(answer, name):
    """A secret that the answer shows this once."""
    import orjson

    def found(value):
        if isinstance(value, dict):
            own = value.get(name)
            return own if isinstance(own, str) else next(filter(None, map(found, value.values())), "")
        return ""

    return found(orjson.loads(answer))


KNOWN = {name: value for name, value in globals().items() if name.isupper() and isinstance(value, str)}
SECRETS = {name: value for name, value in KNOWN.items() if name not in ("BREAK", "MEND", "PASSWORD")}


@pytest.mark.parametrize("place", ["web", "worker", "event log", "metrics", "audit", "errors"])
def test_no_secret_is_found_in(after, place):
    # What a caller sent is told back to it where it is wrong: that it knows.
    told_back = {BODY_SECRET} if place == "errors" else set()
    secrets = {*SECRETS.values(), *after.secrets, PASSWORD} - told_back
    text = after.places[place]
    assert [secret for secret in secrets if secret in text] == []


def test_the_server_really_told_and_failed_and_delivered(after):
    assert '"event": "recorded"' in after.places["web"]
    assert "view_failed" in after.places["web"]
    assert "delivered" in after.places["worker"]
