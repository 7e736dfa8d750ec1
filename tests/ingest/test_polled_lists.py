"""Lists are answered from memory while nothing changes. Nobody may ever notice."""

import time

from tests.server import unique

REVOKE = """
from accounts.models import ApiKey
from accounts.services import issue_key, open_default_workspace, revoke_key
from core.actors import Role, system
from django.utils import timezone
"""


def titles(server, key=None, **query):
    _, listed = server.ask("GET", "/api/tasks?limit=200", **({"key": key} if key else {}))
    return [task["title"] for task in listed["tasks"]]


def test_a_change_shows_in_the_next_answer_of_every_process(pair):
    for _ in range(15):
        title = unique("seen")
        pair.ask("POST", "/api/tasks", {"title": title})
        for _ in range(4):
            _, listed = pair.ask("GET", "/api/tasks?limit=1")
            assert [task["title"] for task in listed["tasks"]] == [title]


def test_a_change_by_another_program_shows(pair):
    titles(pair)
    pair.django(
        """
from django.utils import timezone
from core.actors import system
from tasks.services import create_task
create_task(actor=system(1), now=timezone.now(), title="by another program")
"""
    )
    assert "by another program" in titles(pair)


def test_an_unchanged_list_is_not_sent_twice(server):
    server.ask("POST", "/api/tasks", {"title": unique("tagged")})
    server.ask("GET", "/api/tasks")
    _, headers, _ = server.ask_raw("GET", "/api/tasks")
    status, _, body = server.ask_raw("GET", "/api/tasks", headers={"If-None-Match": headers["etag"]})
    assert (status, body) == (304, b"")


def test_a_changed_list_is_sent_under_a_new_tag(server):
    server.ask("GET", "/api/tasks")
    _, headers, _ = server.ask_raw("GET", "/api/tasks")
    server.ask("POST", "/api/tasks", {"title": unique("tagged")})
    status, changed, body = server.ask_raw("GET", "/api/tasks", headers={"If-None-Match": headers["etag"]})
    assert status == 200
    assert body
    assert changed.get("etag") != headers["etag"]


def test_the_query_is_part_of_what_is_remembered(server):
    title = unique("asked")
    server.ask("POST", "/api/tasks", {"title": title, "assigned_to": title})
    for _ in range(2):
        _, mine = server.ask("GET", f"/api/tasks?assigned_to={title}")
        _, nobodys = server.ask("GET", f"/api/tasks?assigned_to={title}x")
        assert (len(mine["tasks"]), len(nobodys["tasks"])) == (1, 0)


def test_what_is_remembered_for_one_workspace_is_not_shown_to_another(server, keys):
    here, there = unique("here"), unique("there")
    server.ask("POST", "/api/tasks", {"title": here})
    server.ask("POST", "/api/tasks", {"title": there}, key=keys["stranger"])
    for _ in range(2):
        assert there not in titles(server)
        assert here not in titles(server, keys["stranger"])
        assert there in titles(server, keys["stranger"])


def test_strangers_are_not_served_from_memory(server):
    for _ in range(2):
        assert server.ask("GET", "/api/tasks")[0] == 200
        assert server.ask("GET", "/api/tasks", key=None)[0] == 401
        assert server.ask("GET", "/api/tasks", key="nobody's")[0] == 401


def test_a_revoked_key_is_refused_at_once_by_every_process(pair):
    key = pair.django(
        REVOKE
        + """
answer = issue_key(actor=system(1), name="short", role=Role.VIEWER, workspace=open_default_workspace())[1]
"""
    )
    for _ in range(8):
        assert pair.ask("GET", "/api/tasks", key=key)[0] == 200
    pair.django(
        REVOKE + "revoke_key(key=ApiKey.objects.get(name='short'), actor=system(1), now=timezone.now())"
    )  # fmt: skip
    until = time.monotonic() + 20
    while pair.ask("GET", "/api/tasks", key=key)[0] == 200:
        assert time.monotonic() < until
    assert [pair.ask("GET", "/api/tasks", key=key)[0] for _ in range(12)] == [401] * 12


def test_who_has_beaten_finds_itself_seen(server):
    agent = unique("beating")
    server.ask("POST", "/api/agents", {"name": agent, "role": "coder"})
    for _ in range(3):
        server.ask("GET", "/api/agents?limit=200")
        time.sleep(1.05)  # the contract's clock has seconds
        began = int(time.time())
        server.ask("POST", f"/api/agents/{agent}/heartbeat", {})
        _, listed = server.ask("GET", "/api/agents?limit=200")
        assert next(a["last_seen"] for a in listed["agents"] if a["name"] == agent) >= began


def test_a_list_is_never_older_than_a_second(server):
    agent = unique("other")
    server.ask("POST", "/api/agents", {"name": agent, "role": "coder"})
    server.ask("POST", f"/api/agents/{agent}/heartbeat", {})
    server.ask("GET", "/api/agents?limit=200", key="viewer-key")
    time.sleep(1.05)
    began = int(time.time())
    server.ask("POST", f"/api/agents/{agent}/heartbeat", {})
    until = time.monotonic() + 10
    while True:
        _, listed = server.ask("GET", "/api/agents?limit=200", key="viewer-key")
        if next(a["last_seen"] for a in listed["agents"] if a["name"] == agent) >= began:
            break
        assert time.monotonic() < until
        time.sleep(0.1)


def test_head_has_the_head_of_get_and_no_body(server):
    for _ in range(2):
        status, headers, body = server.ask_raw("HEAD", "/api/tasks")
        assert (status, body) == (200, b"")
        assert headers["content-type"].startswith("application/json")
