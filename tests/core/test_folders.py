from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import pytest

from core.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from core.folders import Folder, Outside

SECRET = b"what lies outside"
# Ways out that somebody might try; each must be refused, or be a file that is simply not there.
WAYS_OUT = [
    "../secret", "a/../../secret", "..", "a/..", "/etc/passwd", "//etc/passwd", "\\..\\secret", "..\\secret",
    "a\\..\\..\\secret", "C:\\secret", "c:/secret", "a/./../../secret", "./../secret", "secret\0.md", "\0",
    "link", "linked/secret", "a/up/secret", "loop/loop/loop", "n" * 300, "d/" * 3000 + "x", "\ud800",
    "....//secret", "..;/secret", "%2e%2e/secret", "..%2fsecret", "．．/secret", "~/secret", "a//..//..//secret",
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(SECRET)
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "note.md").write_text("hello")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "linked").symlink_to(tmp_path)
    (root / "a" / "up").symlink_to("../..")
    (root / "loop").symlink_to("loop")
    return root


@pytest.mark.parametrize("path", WAYS_OUT)
def test_no_path_leads_outside(root: Path, path: str):
    folder = Folder(root)
    before = sorted(os.listdir(root.parent))
    for attempt in (
        lambda: folder.read(path, at_most=1000),
        lambda: folder.stat(path),
        lambda: folder.write(path, b"x"),
        lambda: folder.remove(path),
    ):
        with contextlib.suppress(Outside, NotFound, Invalid):
            assert attempt() != SECRET
    assert (root.parent / "secret").read_bytes() == SECRET
    assert sorted(os.listdir(root.parent)) == before


def test_a_file_is_replaced_in_one_step_and_keeps_its_rights(root: Path):
    (root / "a" / "note.md").chmod(0o640)
    Folder(root).write("a/note.md", b"anew")
    assert (root / "a" / "note.md").read_bytes() == b"anew"
    assert (root / "a" / "note.md").stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(root / "a")) == ["note.md", "up"]


def test_new_files_are_their_owners_alone(root: Path):
    folder = Folder(root)
    folder.create("b/c/new.md", b"new")
    folder.write("b/other.md", b"other")
    assert {(root / "b" / name).stat().st_mode & 0o777 for name in ("c/new.md", "other.md")} == {0o600}
    with pytest.raises(Conflict):
        folder.create("b/c/new.md", b"again")
    assert (root / "b/c/new.md").read_bytes() == b"new"


def test_what_is_not_there_and_what_is_too_large(root: Path):
    folder = Folder(root)
    for attempt in (lambda: folder.read("none.md", at_most=9), lambda: folder.write("none/x.md", b"")):
        with pytest.raises(NotFound):
            attempt()
    with pytest.raises(TooLarge):
        folder.read("a/note.md", at_most=4)
    assert folder.read("a/note.md", at_most=5) == b"hello"


def test_a_pipe_keeps_nobody_waiting(root: Path):
    os.mkfifo(root / "pipe")
    with pytest.raises(Outside):
        Folder(root).read("pipe", at_most=10)


def test_entries_leave_links_and_pipes_out(root: Path):
    os.mkfifo(root / "pipe")
    (root / "B.md").write_text("")
    assert [entry.path for entry in Folder(root).entries()] == ["a", "B.md"]
    assert [entry.path for entry in Folder(root).walk()] == ["a", "a/note.md", "B.md"]


def test_a_folder_that_is_removed_by_nobody(root: Path):
    with pytest.raises(Invalid):
        Folder(root).remove("a")
    Folder(root).remove("a/note.md")
    assert not (root / "a" / "note.md").exists()


def test_a_link_is_removed_and_not_what_it_names(root: Path):
    Folder(root).remove("link")
    assert (root.parent / "secret").read_bytes() == SECRET


def test_a_root_that_is_missing(tmp_path: Path):
    assert not Folder(tmp_path / "none").exists()
    with pytest.raises(NotFound):
        Folder(tmp_path / "none").entries()


def test_a_root_of_an_administrator_may_be_a_link(root: Path):
    (root.parent / "named").symlink_to(root)
    assert Folder(root.parent / "named").read("a/note.md", at_most=10) == b"hello"


def test_a_refusal_of_the_file_system_is_told(root: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left"):
        Folder(root).write("a/note.md", b"much")
    assert (root / "a" / "note.md").read_text() == "hello"
    assert sorted(os.listdir(root / "a")) == ["note.md", "up"]


def test_names_swapped_for_links_meanwhile_lead_nowhere(root: Path):
    """One thread makes a folder and a link of the same name take turns; the other only ever reads what is inside."""
    (root.parent / "note.md").write_bytes(SECRET)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            (root / "a").rename(root / "aside")
            (root / "a").symlink_to(root.parent)
            (root / "a").unlink()
            (root / "aside").rename(root / "a")

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            try:
                seen.add(Folder(root).read("a/note.md", at_most=100))
            except (Outside, NotFound):
                seen.add(None)
    finally:
        over.set()
        thread.join()
    assert SECRET not in seen
    assert b"hello" in seen
