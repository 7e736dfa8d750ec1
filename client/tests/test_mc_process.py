"""`mc` as a citizen of the shell: interrupts, closed pipes, poor terminals."""

from __future__ import annotations

import signal
import subprocess
import time

from contract_server import ContractServer, Trouble
from process import MC


def test_an_interrupt_ends_with_130_and_no_traceback(environment: dict[str, str], server: ContractServer) -> None:
    server.trouble.append(Trouble(delay=30))
    asking = subprocess.Popen([MC, "task", "list"], stderr=subprocess.PIPE, text=True, env=environment)
    while not server.asked:
        time.sleep(0.01)
    asking.send_signal(signal.SIGINT)
    assert asking.communicate() == (None, "") and asking.returncode == 130


def test_a_reader_that_has_enough_is_no_error(environment: dict[str, str], server: ContractServer) -> None:
    for number in range(2000):
        server.world.add_task(f"Task {number} {'x' * 100}")
    asking = subprocess.Popen(
        [MC, "task", "list", "--limit", "2000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert asking.stdout is not None and asking.stderr is not None
    assert asking.stdout.readline().startswith("ID")
    asking.stdout.close()
    assert (asking.stderr.read(), asking.wait()) == ("", 141)
    asking.stderr.close()


def test_a_terminal_without_the_letters_gets_a_stand_in(environment: dict[str, str], server: ContractServer) -> None:
    server.world.add_task("日本")
    done = subprocess.run([MC, "task", "list"], capture_output=True, env={**environment, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and done.stdout.endswith(b"CONTENT  ??\n")


def test_the_mcp_server_ends_with_its_input_and_when_interrupted(environment: dict[str, str]) -> None:
    done = subprocess.run([MC, "mcp"], stdin=subprocess.DEVNULL, capture_output=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    serving = subprocess.Popen(
        [MC, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, bufsize=1
    )
    assert serving.stdin is not None and serving.stdout is not None
    serving.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
    assert serving.stdout.readline()
    serving.send_signal(signal.SIGINT)
    assert serving.wait() == -signal.SIGINT
    serving.stdin.close()
    serving.stdout.close()
