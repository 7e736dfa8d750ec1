from tests.realtime.listening import listening

REVOKE = """
from accounts.models import ApiKey
from accounts.services import revoke_key
from core.actors import system
from django.utils import timezone
revoke_key(key=ApiKey.objects.get(name={name!r}, revoked_at=None), actor=system(1), now=timezone.now())
"""


def test_without_credentials_it_is_unauthorized(server):
    assert server.ask("GET", "/api/events", key=None) == (401, {"error": "Unauthorized"})


def test_an_unknown_key_is_unauthorized(server):
    assert server.ask("GET", "/api/events", key="nobody's") == (401, {"error": "Unauthorized"})


def test_a_well_shaped_key_that_nobody_issued_is_not_authenticated(server):
    assert server.ask("GET", "/api/events", key="mc_" + "0" * 48) == (401, {"error": "Authentication required"})


def test_an_unknown_cookie_is_not_authenticated(server):
    answer = server.ask("GET", "/api/events", key=None, headers={"Cookie": "mc-session=" + "0" * 64})
    assert answer == (401, {"error": "Authentication required"})


def test_a_viewer_a_bearer_an_agent_and_a_cookie_may_listen(server, keys):
    ways = (
        {"x_api_key": keys["viewer"]},
        {"authorization": f"Bearer {keys['viewer']}"},
        {"x_api_key": keys["agent"]},
        {"cookie": server.sign_in()},
    )
    for way in ways:
        with listening(server, key=None, **way) as stream:
            assert stream.status == 200


def test_an_agents_key_may_not_listen_as_another_agent(server, keys):
    with listening(server, key=keys["agent"], x_agent_name="somebody else") as stream:
        assert stream.status == 401


def test_a_sign_in_may_have_only_so_many_streams(impatient):
    cookie = impatient.sign_in()
    with listening(impatient, key=None, cookie=cookie), listening(impatient, key=None, cookie=cookie) as second:
        status, refusal = impatient.ask("GET", "/api/events", key=None, headers={"Cookie": cookie})
        assert status == 429
        assert "2 open streams" in refusal["error"]
        assert second.status == 200


def test_a_closed_stream_makes_room_for_another(impatient):
    cookie = impatient.sign_in()
    for _ in range(3):
        with listening(impatient, key=None, cookie=cookie), listening(impatient, key=None, cookie=cookie):
            pass
        # The server learns of the end at its next write or heartbeat.
        for _ in range(50):
            status, _, _ = impatient.ask_raw("HEAD", "/api/events", key=None, headers={"Cookie": cookie})
            if status == 200:
                break
        assert status == 200


def test_agents_are_capped_one_by_one_and_shared_keys_are_not(impatient, impatient_keys):
    with listening(impatient, key=impatient_keys["agent"]), listening(impatient, key=impatient_keys["agent"]):
        assert impatient.ask("GET", "/api/events", key=impatient_keys["agent"])[0] == 429
    with listening(impatient), listening(impatient), listening(impatient) as third:
        assert third.status == 200


def test_revoking_a_key_ends_its_streams(impatient, impatient_keys):
    with listening(impatient, key=impatient_keys["viewer"]) as stream:
        impatient.django(REVOKE.format(name="viewer"))
        stream.wait_for_end()
        assert stream.types[-1] == "unauthorized"
        assert stream.messages[-1]["data"] is None
    assert impatient.ask("GET", "/api/events", key=impatient_keys["viewer"])[0] == 401


def test_signing_out_ends_the_streams_of_the_session(impatient):
    cookie = impatient.sign_in()
    with listening(impatient, key=None, cookie=cookie) as stream:
        impatient.ask("POST", "/api/auth/logout", key=None, headers={"Cookie": cookie})
        assert stream.wait_for_end().types[-1] == "unauthorized"
