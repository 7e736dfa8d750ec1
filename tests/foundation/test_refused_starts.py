import base64
import socket

from tests.foundation.starting import refused


def one_line(done):
    """A refusal is exit code 1 and one line for people, without a traceback."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.endswith("\n") and done.stderr.count("\n") == 1
    return done.stderr


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 cannot be used" in one_line(refused(tmp_path, PORT=str(port)))


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    message = one_line(refused(tmp_path / "file" / "data"))
    assert f"{tmp_path / 'file' / 'data'} cannot be written" in message
    assert "MC_DATA_DIR" in message


def test_a_password_that_everybody_tries_is_refused(tmp_path):
    assert "AUTH_PASS" in one_line(refused(tmp_path, AUTH_PASS="admin"))
    encoded = base64.b64encode(b"ChangeMe").decode()
    assert "AUTH_PASS" in one_line(refused(tmp_path, AUTH_PASS_B64=encoded))


def test_after_a_refusal_a_better_password_is_accepted(tmp_path):
    from tests.foundation.starting import up

    one_line(refused(tmp_path / "data", AUTH_PASS="password"))
    with up(tmp_path / "data", AUTH_PASS="a long chosen password", WEB_CONCURRENCY="1") as running:
        assert "Sign in as" in running.output
