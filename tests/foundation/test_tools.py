"""The checks of `make lint` that are our own find what they are for."""

from pathlib import Path

import pytest

from tools.lockguard import faults as lock_faults
from tools.shape import faults as shape_faults
from tools.shape import measure

HASH = "    --hash=sha256:" + "0" * 64


def test_a_lock_file_in_order_has_no_faults():
    assert lock_faults(f"asgiref==3.8.1 \\\n{HASH}\nredis[hiredis]==5.2.0 \\\n{HASH} \\\n{HASH}\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example.org/simple",
        "--extra-index-url packages.example.org",
        "--trusted-host packages.example.org",
        "django @ file:///somewhere/django.whl",
    ],
)
def test_an_address_is_found(line):
    assert lock_faults(f"{line}\nasgiref==3.8.1 \\\n{HASH}\n") == [f"address: {line}"]


def test_a_pin_without_a_hash_is_found():
    assert lock_faults(f"asgiref==3.8.1 \\\n{HASH}\nredis==5.2.0\nrich==14.0.0 \\\n{HASH}\n") == [
        "no hash: redis==5.2.0"
    ]


class TestShape:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def faults(self, **files):
        for name, text in files.items():
            Path(name).mkdir()
            Path(name, "code.py").write_text(text)
        return shape_faults(measure(Path().glob("*/code.py")))

    def test_small_code_has_no_faults(self):
        assert self.faults(tasks="import agents.code\n\n\ndef f():\n    return 1\n", agents="x = 1\n") == []

    def test_an_oversized_function_is_found(self):
        assert self.faults(tasks="def long():\n" + "    x = 1\n" * 60) == ["tasks/code.py:1 long: 61 lines"]

    def test_an_oversized_file_is_found(self):
        assert self.faults(tasks="x = 1\n" * 401) == ["tasks/code.py: 401 lines"]

    def test_two_packages_that_import_each_other_are_found(self):
        found = self.faults(
            tasks="from agents.code import x\n", agents="import tasks.code\n", core="import tasks.code\n"
        )
        assert found == ["circle: agents and tasks"]
