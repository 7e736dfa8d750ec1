import psutil
import pytest

from tests.realtime.listening import listening
from tests.server import Server


@pytest.fixture
def own():
    with Server(web=2) as running:
        yield running


def test_web_processes_end_with_the_one_that_started_them(own):
    children = own.processes_of("web")
    with listening(own):
        psutil.Process(own.processes["web"].pid).kill()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []
    own.processes.pop("web").wait()
    own.start("web")
    assert own.ask("GET", "/api/tasks")[0] == 200


def test_a_web_process_that_dies_is_replaced(own):
    first, second = own.processes_of("web")
    first.kill()
    first.wait()
    until = [psutil.Process(own.processes["web"].pid)]
    while len(own.processes_of("web")) < 2:
        assert until[0].is_running()
    assert second in own.processes_of("web")
    for _ in range(10):
        assert own.ask("GET", "/api/tasks")[0] == 200
