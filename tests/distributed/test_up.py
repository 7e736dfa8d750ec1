from tests.foundation.starting import up


def test_one_command_starts_the_beat_too_and_stops_everything(tmp_path, postgres, redis_server):
    shared = {"DATABASE_URL": postgres.create("up"), "REDIS_URL": redis_server.url(4)}
    with up(tmp_path / "data", **shared) as running:
        running.wait_until_it_answers("/readyz")
        commands = [" ".join(process.cmdline()) for process in running.session]
        assert any("celery" in command and " beat " in command for command in commands)
        running.interrupt()
        assert running.session == []
        assert "Traceback" not in running.output
