"""Files beneath one folder, and nothing else: each step of a path is opened by the descriptor of the step before it and
follows no link, so that whoever swaps names meanwhile leads nobody outside.

Only the folder itself may be a link: it is what an administrator named.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import Conflict, DomainError, Invalid, NotFound, TooLarge, Unavailable

# In bytes, as Linux limits names and paths.
LONGEST_NAME, LONGEST_PATH = 255, 4096
DRIVE = re.compile(r"[A-Za-z]:")
STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without waiting for whoever writes into a pipe.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
OWN_FILE, OWN_FOLDER = 0o600, 0o700


class Outside(Invalid):
    """The path could lead out of the folder, or through a link."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder. `path` is its way from the root, with slashes; `modified` in Unix seconds, `size` in bytes."""

    path: str
    is_folder: bool
    size: int
    modified: float

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def parts_of(path: str) -> list[str]:
    """The steps of a path that somebody sent. Raises Outside."""
    folded = path.replace("\\", "/")
    if "\0" in folded:
        raise Outside("The path holds a NUL character")
    if folded.startswith("/") or DRIVE.match(folded):
        raise Outside("The path must be relative to its folder")
    parts = [part for part in folded.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Outside("The path must not lead out of its folder")
    try:
        sizes = [len(os.fsencode(part)) for part in parts]
    except UnicodeEncodeError:
        raise Outside("The path holds characters that no file name can hold") from None
    if max(sizes, default=0) > LONGEST_NAME or sum(sizes) + len(sizes) > LONGEST_PATH:
        raise Outside("The path is too long")
    return parts


class Folder:
    """Its methods raise Outside for paths that lead elsewhere, NotFound for what is not there, and Unavailable when
    the file system refuses (a full disk, a folder that may only be read)."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def exists(self) -> bool:
        return self.root.is_dir()

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[int]:
        """The descriptor of a regular file, to read from."""
        parts = _named(path)
        with _told(path), self._step(parts[:-1]) as folder:
            file = os.open(parts[-1], READ, dir_fd=folder)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise Outside(f"{_short(path)} is no file")
                yield file
            finally:
                os.close(file)

    def read(self, path: str, *, at_most: int) -> bytes:
        """Raises TooLarge for more than `at_most` bytes."""
        with self.open(path) as file, os.fdopen(os.dup(file), "rb") as stream:
            data = stream.read(at_most + 1)
        if len(data) > at_most:
            raise TooLarge(f"{_short(path)} is larger than {at_most} bytes")
        return data

    def stat(self, path: str) -> Entry:
        """Raises Outside for what is neither file nor folder."""
        parts = parts_of(path)
        with _told(path), self._step(parts[:-1]) as folder:
            found = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False) if parts else os.fstat(folder)
        entry = _entry("/".join(parts), found)
        if entry is None:
            raise Outside(f"{_short(path)} is a link, or no file: links are not followed")
        return entry

    def entries(self, path: str = "") -> list[Entry]:
        """What is in a folder, without links and devices; folders first, then by name."""
        parts = parts_of(path)
        with _told(path), self._step(parts) as folder:
            found = [_entry("/".join([*parts, each.name]), _stat_of(each)) for each in os.scandir(folder)]
        there = [entry for entry in found if entry is not None]
        return sorted(there, key=lambda entry: (not entry.is_folder, entry.name.casefold(), entry.name))

    def walk(self, path: str = "", *, depth: int = 64) -> Iterator[Entry]:
        """Everything beneath a folder, each folder before what is in it. What cannot be looked into is passed over."""
        with contextlib.suppress(DomainError):
            for entry in self.entries(path):
                yield entry
                if entry.is_folder and depth > 0:
                    yield from self.walk(entry.path, depth=depth - 1)

    def write(self, path: str, data: bytes) -> None:
        """Put `data` in the file's place in one step, durably, with the rights that the file had. Its folder must be
        there."""
        parts = _named(path)
        with _told(path), self._step(parts[:-1]) as folder:
            mode = _mode_of(parts[-1], folder)
            draft = f".{parts[-1][:64]}.{uuid.uuid4().hex}.tmp"
            try:
                _fill(draft, data, folder, mode)
                os.rename(draft, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(draft, dir_fd=folder)
                raise

    def create(self, path: str, data: bytes) -> None:
        """A new file, with the folders above it. Raises Conflict when something is there already."""
        parts = _named(path)
        with _told(path), self._step(parts[:-1], make=True) as folder:
            try:
                _fill(parts[-1], data, folder, OWN_FILE)
            except FileExistsError:
                raise Conflict(f"{_short(path)} is there already") from None
            os.fsync(folder)

    def remove(self, path: str) -> None:
        """Raises Invalid for folders."""
        parts = _named(path)
        with _told(path), self._step(parts[:-1]) as folder:
            if stat.S_ISDIR(os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode):
                raise Invalid(f"{_short(path)} is a folder")
            os.unlink(parts[-1], dir_fd=folder)

    @contextlib.contextmanager
    def _step(self, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
        """The descriptor of the folder that these steps lead to."""
        here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, OWN_FOLDER, dir_fd=here)
                above, here = here, os.open(part, STEP, dir_fd=here)
                os.close(above)
            yield here
        finally:
            os.close(here)


def _named(path: str) -> list[str]:
    parts = parts_of(path)
    if not parts:
        raise Outside("The path names no file")
    return parts


def _fill(name: str, data: bytes, folder: int, mode: int) -> None:
    file = os.open(name, MAKE, mode, dir_fd=folder)
    with os.fdopen(file, "wb") as stream:
        os.fchmod(file, mode)
        stream.write(data)
        stream.flush()
        os.fsync(file)


def _mode_of(name: str, folder: int) -> int:
    """The rights of the file that is replaced. Raises Outside for anything that is no file."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return OWN_FILE
    if not stat.S_ISREG(found.st_mode):
        raise Outside(f"{_short(name)} is no file: links are not followed")
    return stat.S_IMODE(found.st_mode)


def _stat_of(each: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return each.stat(follow_symlinks=False)
    except OSError:  # gone meanwhile
        return None


def _entry(path: str, found: os.stat_result | None) -> Entry | None:
    if found is None or not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return None
    return Entry(path, stat.S_ISDIR(found.st_mode), found.st_size, found.st_mtime)


def _short(path: str) -> str:
    return path if len(path) < 200 else f"{path[:200]}…"


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """What the file system refuses, in the words of the domain."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"There is no {_short(path) or 'such folder'}") from None
    except OSError as error:
        # A link where a file was to be; a link or a file where a folder was to be.
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Outside(f"{_short(path)} leads through a link or a file: links are not followed") from None
        raise Unavailable(f"{_short(path)}: {error.strerror}") from error
