"""Engines of SQLAlchemy for a store that is a SQLite file.

Python's driver begins transactions late and implicitly. Here each transaction begins explicitly: a
reader's with ``BEGIN``, whose first read fixes the snapshot, and a writer's with ``BEGIN
IMMEDIATE`` (docs/decisions/0005-snapshots.md).
"""

import atexit
import os
import sqlite3
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, Pool, QueuePool

WRITES = "feeds_writes"
"""The execution option of a connection that writes."""

READ_SECONDS = 1.0
"""How long a reader waits for a lock; if the store is available, it waits for nobody."""

BUSY_SECONDS = 10.0
"""How long a writer waits for another writer."""

_KEPT_SECONDS = 1
_MOST_KEPT = 4


class _Connection(sqlite3.Connection):
    """A connection to a file; ``opened`` identifies the file and its state before it was opened."""

    opened: tuple[int, ...] | None
    returned = False


@lru_cache(maxsize=8)  # the readers of a process share the statements that SQLAlchemy has compiled
def open_file(url: str, *, keep: bool) -> Engine:
    """Return an engine, without opening the file; a missing one is not created.

    Each transaction opens the file again. With ``keep``, it may use the connection of an earlier
    one, as suits a service that reads many documents in a row. Such an engine must not be used
    before a fork.
    """
    file = Path(make_url(url).database or "")
    path = quote(os.fsencode(file))

    def connect() -> _Connection:
        opened = _state(file)
        immutable = "" if fixed_content(file) is None else "&immutable=1"
        connection = sqlite3.connect(
            f"file:{path}?mode=rw{immutable}",
            uri=True,
            timeout=READ_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_Connection,
        )
        connection.opened = opened
        return connection

    if keep:
        engine = create_engine(
            url,
            creator=connect,
            poolclass=QueuePool,
            pool_size=_MOST_KEPT,
            max_overflow=-1,
        )
        _keep_connections(engine.pool, file)
    else:
        engine = create_engine(url, creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _keep_connections(pool: Pool, file: Path) -> None:
    """Let a pool keep connections for a moment, unless something happens to the file.

    A file that replaced it is found and a removed one is missed, as if each transaction opened it.
    A connection is not kept while the write-ahead log has content: it is removed when the last one
    is closed, and a file that somebody copies into place must not find the log of another.
    """
    log = file.with_name(f"{file.name}-wal")
    closing = threading.Event()

    def close() -> None:
        closing.clear()
        pool.dispose()  # of connections that are not in use

    def on_return(connection: _Connection | None, entry: ConnectionPoolEntry) -> None:
        if connection is None:
            return
        if connection.opened != _state(file) or not _is_empty(log):
            entry.invalidate()
            return
        connection.returned = True
        if not closing.is_set():
            closing.set()
            timer = threading.Timer(_KEPT_SECONDS, close)
            timer.daemon = True
            # From Python 3.12 on, no thread can be started while the process ends.
            with suppress(RuntimeError):
                timer.start()

    def on_use(connection: _Connection, _entry: object, _proxy: object) -> None:
        if connection.returned and connection.opened != _state(file):
            raise DisconnectionError

    event.listen(pool, "checkin", on_return)
    event.listen(pool, "checkout", on_use)
    atexit.register(pool.dispose)  # the last connection that is closed removes the log


def _state(file: Path) -> tuple[int, ...] | None:
    """Return what changes if a file is replaced or written to; None if there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size


def _is_empty(log: Path) -> bool:
    """Return whether a write-ahead log exists and is empty."""
    state = _state(log)
    return state is not None and state[-1] == 0  # its size


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
