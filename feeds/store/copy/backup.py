"""A consistent copy of a SQLite store in use, as a store of its own."""

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from feeds.errors import StoreError


def copy(store: Path, into: Path) -> None:
    """Copy a store to a new file, all of one state, whoever reads and changes it meanwhile.

    The copy has a store id of its own, so that a service in whose store's place it is put begins
    anew (rule 6). Raises ``StoreError``; then nothing is left of it.
    """
    unfinished = into.with_name(f".{into.name}.{secrets.token_hex(4)}")
    try:
        with (
            closing(_connection(store, "ro")) as original,
            closing(_connection(unfinished, "rwc")) as made,
        ):
            shutil.copymode(store, unfinished)
            original.backup(made)
            # A file by itself while it is written: nothing of it may lie in a log beside it.
            made.execute("PRAGMA journal_mode = DELETE")
            made.execute("UPDATE head SET store_id = ?", [secrets.token_hex(16)])
            made.execute("PRAGMA journal_mode = WAL")
        unfinished.rename(into)
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise StoreError(f"The copy {into} cannot be made: {reason}.") from error
    finally:
        for left in (unfinished, *into.parent.glob(f"{unfinished.name}-*")):
            left.unlink(missing_ok=True)


def _connection(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?mode={mode}", uri=True, timeout=10, isolation_level=None
    )
