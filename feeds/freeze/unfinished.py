"""A deposit that is being written: it gets its name when it is whole."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from feeds.errors import NothingToDoError, RefusedError

ZIP: Final = "deposit.zip"
"""The name of the file in its folder."""

_LOCK: Final = ".lock"


def work_folder(file: Path) -> Path:
    """Return the folder in which a deposit is written before it gets its name."""
    return file.with_name(f".{file.name}.unfinished")


@contextmanager
def new_deposit(file: Path) -> Iterator[None]:
    """Make the folder for a new deposit; after the block, rename the file that is in it.

    If the block fails, nothing remains. Raises ``RefusedError`` if another process writes the file.
    """
    work = work_folder(file)
    try:
        work.mkdir(exist_ok=True)
        lock = (work / _LOCK).open("w")
    except OSError as error:
        raise NothingToDoError(f"{file} cannot be written: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(f"Another command is writing {file}.") from None
        for left in set(work.iterdir()) - {work / _LOCK}:  # by a command that was killed
            left.unlink()
        try:
            yield
            (work / ZIP).replace(file)
        finally:
            shutil.rmtree(work)


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Raise ``RefusedError`` with the name of the file if it cannot be written."""
    try:
        yield
    except OSError as error:
        raise RefusedError(
            f"{file} cannot be written: {error.strerror}. Nothing was changed."
        ) from error
