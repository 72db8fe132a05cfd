"""The folder of a frozen archive: generations, one of which a host serves.

``current`` is a symbolic link to a generation. A new generation is written beside it, and the link
is replaced in one step: whenever a process is killed, the link leads to a whole generation.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from feeds.errors import NothingToDoError, RefusedError

CURRENT: Final = "current"
SITE: Final = "site"
MANIFEST: Final = "manifest.sha256"

_PREFIX = "generation-"
_LOCK = ".lock"
_NEXT = ".next"


class Generation:
    """A generation that is being written; ``previous`` is the one that is served, if there is one.

    ``written`` counts the bytes that files take on the disk, ``linked`` those that they share with
    the previous generation.
    """

    def __init__(self, path: Path, previous: Path | None) -> None:
        self.path = path
        self._previous = previous
        self.written = 0
        self.linked = 0

    def write(self, name: str, content: bytes, changed: datetime | None = None) -> bool:
        """Write a file, or link it if the previous generation has the same; return whether new.

        ``changed`` is when its content last changed, which hosts send as ``Last-Modified``.
        """
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if self._previous is not None:
            before = self._previous / name
            with suppress(FileNotFoundError):
                if before.stat().st_size == len(content) and before.read_bytes() == content:
                    file.hardlink_to(before)
                    self.linked += file.stat().st_blocks * 512
                    return False
        file.write_bytes(content)
        if changed is not None:
            os.utime(file, (changed.timestamp(), changed.timestamp()))
        self.written += file.stat().st_blocks * 512
        return True

    def take_counts(self) -> tuple[int, int]:
        """Return ``written`` and ``linked``, which begin again at 0."""
        counts = self.written, self.linked
        self.written = self.linked = 0
        return counts

    def link(self, name: str) -> bytes | None:
        """Link a file of the previous generation; return its content, None if it has none."""
        assert self._previous is not None  # noqa: S101 - a file was linked before
        before, file = self._previous / name, self.path / name
        try:
            file.hardlink_to(before)
        except FileNotFoundError:
            return None
        self.linked += file.stat().st_blocks * 512
        return file.read_bytes()


@contextmanager
def new_generation(folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """Make a folder for a new generation; yield it and that of the previous one.

    After the block it is the current one, and every other is removed. If the block fails, the new
    one is removed. Raises ``RefusedError`` if another process writes into the folder, or if it is
    not one of this command.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = {path.name for path in folder.iterdir()} - {_LOCK, _NEXT, CURRENT}
        lock = None if _foreign(others) else (folder / _LOCK).open("w")
    except OSError as error:
        raise NothingToDoError(f"{folder} cannot be written: {error.strerror}.") from error
    if lock is None:
        raise RefusedError(f"{folder} holds other files: name a new folder, or an empty one.")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(f"Another command is writing into {folder}.") from None
        previous = _current(folder)
        _remove_others(folder, previous)  # of a command that was killed
        number = int(previous.name.removeprefix(_PREFIX)) + 1 if previous else 1
        path = folder / f"{_PREFIX}{number}"
        path.mkdir()
        try:
            yield path, previous
            os.sync()  # a host that loses its power now must not find the link before the files
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        _switch(folder, path)
        _remove_others(folder, path)


def _foreign(names: set[str]) -> bool:
    return any(not name.startswith(_PREFIX) for name in names)


def _current(folder: Path) -> Path | None:
    link = folder / CURRENT
    return folder / link.readlink() if link.is_symlink() else None


def _switch(folder: Path, path: Path) -> None:
    following = folder / _NEXT
    following.unlink(missing_ok=True)
    following.symlink_to(path.name)
    following.replace(folder / CURRENT)


def _remove_others(folder: Path, kept: Path | None) -> None:
    for path in folder.glob(f"{_PREFIX}*"):
        if path != kept:
            shutil.rmtree(path)
