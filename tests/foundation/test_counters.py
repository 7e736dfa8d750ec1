"""The counters of the rate limits: one file, any number of threads and processes."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from core.ratelimit import KEYS_AT_MOST, FileCounters, Limit, Limiter
from tests.server import ROOT

HITS = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from core.ratelimit import FileCounters
counters = FileCounters(Path(sys.argv[1]))
with ThreadPoolExecutor(8) as pool:
    for verdict in pool.map(lambda _: counters.hit("one", seconds=600, now=1_000_000), range(100)):
        print(verdict.hits)
"""


def test_processes_that_begin_together_count_together(tmp_path):
    command = [sys.executable, "-c", HITS, str(tmp_path / "limits.db")]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    counted = [int(line) for process in started for line in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in started] == [0] * 4
    assert sorted(counted) == list(range(1, 401))


def test_a_window_ends(tmp_path):
    counters = FileCounters(tmp_path / "limits.db")
    assert [counters.hit("a", seconds=60, now=now).hits for now in (100, 159, 160, 161)] == [1, 2, 1, 2]


def test_the_window_says_when_it_ends(tmp_path):
    counters = FileCounters(tmp_path / "limits.db")
    assert [counters.hit("a", seconds=60, now=now).resets_at for now in (100, 130, 170)] == [160, 160, 230]


def test_keys_do_not_count_for_each_other(tmp_path):
    limiter = Limiter(FileCounters(tmp_path / "limits.db"))
    limit = Limit("some", 2, "Too many.", headers=True)
    assert [limiter.check(limit, "a", now=0.5) is None for _ in range(3)] == [True, True, False]
    assert limiter.check(limit, "b", now=0.5) is None
    assert limiter.check(Limit("other", 2, "Too many."), "a", now=0.5) is None


def test_switched_off_limits_let_everything_pass_but_critical_ones(tmp_path):
    limiter = Limiter(FileCounters(tmp_path / "limits.db"), switched_off=True)
    assert all(limiter.check(Limit("some", 1, "no"), "a", now=1) is None for _ in range(5))
    critical = Limit("critical", 1, "no", critical=True)
    assert [limiter.check(critical, "a", now=1) for _ in range(2)] == [None, {}]


def test_the_file_does_not_grow_without_end(tmp_path):
    counters = FileCounters(tmp_path / "limits.db")
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda n: counters.hit(f"key-{n}", seconds=600, now=1), range(KEYS_AT_MOST + 2_001)))
        (kept,) = pool.submit(lambda: counters._database.execute("SELECT count(*) FROM hits").fetchone()).result()
    assert kept <= KEYS_AT_MOST + 1_000
