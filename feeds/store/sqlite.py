"""Engines of SQLAlchemy for a store that is a SQLite file.

Python's driver begins transactions late and implicitly. Here each transaction begins explicitly: a
reader's with ``BEGIN``, whose first read fixes the snapshot, and a writer's with ``BEGIN
IMMEDIATE`` (docs/decisions/0005-snapshots.md).
"""

import os
import sqlite3
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

WRITES = "feeds_writes"
"""The execution option of a connection that writes."""

READ_SECONDS = 1.0
"""How long a reader waits for a lock; if the store is available, it waits for nobody."""

BUSY_SECONDS = 10.0
"""How long a writer waits for another writer."""


@lru_cache(maxsize=8)  # the readers of a process share the statements that SQLAlchemy has compiled
def open_file(url: str) -> Engine:
    """Return an engine, without opening the file; a missing one is not created."""
    file = Path(make_url(url).database or "")
    path = quote(os.fsencode(file))

    # Each transaction opens the file again: a file that replaced it is found, a removed one is
    # missed, and a forked process inherits no connection.
    def connect() -> sqlite3.Connection:
        immutable = "" if fixed_content(file) is None else "&immutable=1"
        return sqlite3.connect(
            f"file:{path}?mode=rw{immutable}",
            uri=True,
            timeout=READ_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )

    engine = create_engine(url, creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def fixed_content(file: Path) -> tuple[int, int] | None:
    """Return what identifies the content of a file that SQLite can only read as a whole, or None.

    Beside a file in write-ahead mode SQLite makes two others. Where it cannot, and no other process
    has, it must be told that nobody changes the file.
    """
    if os.access(file.parent, os.W_OK, effective_ids=True):
        return None
    if file.with_name(f"{file.name}-wal").exists() or not file.exists():
        return None
    found = file.stat()
    return found.st_mtime_ns, found.st_size


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")
