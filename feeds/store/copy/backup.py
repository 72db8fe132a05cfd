"""Copies of SQLite files: a consistent copy of a store in use, and a copy put into such a store."""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from feeds.errors import StoreError, StoreUnavailableError

_PAGES = 16  # that are copied in one step: fewer than any store has


def copy(store: Path, into: Path) -> None:
    """Copy one state of a store to a new file while others read and change the store.

    The copy has its own store id: a service whose store it replaces drops its cache (rule 6).
    Raises ``StoreError`` and leaves no file behind if it fails.
    """
    with _new_file(store, into) as made:
        # Without write-ahead log: the file that is renamed must contain everything.
        made.execute("PRAGMA journal_mode = DELETE")
        made.execute("UPDATE head SET store_id = ?", [secrets.token_hex(16)])
        made.execute("PRAGMA journal_mode = WAL")


def replace(store: Path, new: Path, kept: Path) -> None:
    """Put the content of another file into a store that others read and change, in one transaction.

    Before it, the content that the store has is copied to the new file ``kept``: nobody can change
    the store in between. Neither has to be sound, but a file that is no database at all is replaced
    as a whole. Raises ``StoreError``; ``StoreUnavailableError`` if another command changes the
    store for too long.
    """
    try:
        if _is_database(store):
            _replace_content(store, new, kept)
            return
        if store.exists():
            shutil.copy2(store, kept)
        for log in ("-wal", "-shm"):
            store.with_name(f"{store.name}{log}").unlink(missing_ok=True)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The release store {store} cannot be replaced: {_reason(error)}."
        ) from error
    copy(new, store)


def _replace_content(store: Path, new: Path, kept: Path) -> None:
    first = iter([True])

    def keep(status: int, _remaining: int, _total: int) -> None:
        if status == sqlite3.SQLITE_BUSY:
            raise StoreUnavailableError("The release store does not answer: database is locked.")
        if next(first, False):
            with _new_file(store, kept):
                kept.touch(exist_ok=False)  # another restoration may have taken the name

    with closing(_connect(new, "ro")) as source, closing(_connect(store, "rw")) as live:
        # The first step locks the store until the last one commits.
        source.backup(live, pages=_PAGES, progress=keep)
        live.execute("PRAGMA wal_checkpoint")


@contextmanager
def _new_file(store: Path, into: Path) -> Iterator[sqlite3.Connection]:
    """Copy a store to a new file, which appears after the block."""
    unfinished = into.with_name(f".{into.name}.{secrets.token_hex(4)}")
    try:
        with (
            closing(_connect(store, "ro")) as original,
            closing(_connect(unfinished, "rwc")) as made,
        ):
            shutil.copymode(store, unfinished)
            original.backup(made)
            yield made
        unfinished.rename(into)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"The copy {into} cannot be created: {_reason(error)}.") from error
    finally:
        for left in (unfinished, *into.parent.glob(f"{unfinished.name}-*")):
            left.unlink(missing_ok=True)


def _reason(error: Exception) -> object:
    return error.strerror if isinstance(error, OSError) else error


def _is_database(file: Path) -> bool:
    """Return whether a file exists and begins like a database, sound or not."""
    if not file.exists():
        return False
    try:
        with closing(_connect(file, "ro")) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorcode != sqlite3.SQLITE_NOTADB
    return True


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?mode={mode}", uri=True, timeout=10, isolation_level=None
    )
