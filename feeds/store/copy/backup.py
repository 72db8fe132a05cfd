"""A consistent copy of a SQLite store that is in use."""

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from feeds.errors import StoreError


def copy(store: Path, into: Path) -> None:
    """Copy one state of a store to a new file while others read and change the store.

    The copy has its own store id: a service whose store it replaces drops its cache (rule 6).
    Raises ``StoreError`` and leaves no file behind if it fails.
    """
    unfinished = into.with_name(f".{into.name}.{secrets.token_hex(4)}")
    try:
        with (
            closing(_connect(store, "ro")) as original,
            closing(_connect(unfinished, "rwc")) as made,
        ):
            shutil.copymode(store, unfinished)
            original.backup(made)
            # Without write-ahead log: the file that is renamed must contain everything.
            made.execute("PRAGMA journal_mode = DELETE")
            made.execute("UPDATE head SET store_id = ?", [secrets.token_hex(16)])
            made.execute("PRAGMA journal_mode = WAL")
        unfinished.rename(into)
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"The copy {into} cannot be created: {reason}.") from error
    finally:
        for left in (unfinished, *into.parent.glob(f"{unfinished.name}-*")):
            left.unlink(missing_ok=True)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?mode={mode}", uri=True, timeout=10, isolation_level=None
    )
