"""Connections and transactions: how the release store is opened, read and changed.

Two engines, one behaviour: a reader sees one state, a writer is alone, and whatever keeps the
store from answering is one error. SQLite through Python begins transactions late and by itself;
here each begins explicitly, a reader's with ``BEGIN`` (its first read fixes the snapshot) and a
writer's with ``BEGIN IMMEDIATE`` (docs/decisions/0005-snapshots.md). PostgreSQL's readers are
``REPEATABLE READ READ ONLY``; its writers lock the head's row before anything else
(docs/decisions/0015-postgresql.md). What is read or written is no concern of this module.
"""

import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool

from feeds.errors import StoreError, StoreUnavailableError

BUSY_SECONDS = 10.0
"""How long a change transaction waits for another before it gives up."""

_GAP_SECONDS = 0.05

READ_SECONDS = 1.0
"""How long a reader waits: readers wait for nobody but in a store that is away."""

STATEMENT_SECONDS = 5.0
"""How long one statement of a request may take on PostgreSQL; SQLite's are a reader's own work."""

_WRITES = "feeds_writes"


def open_engine(url: str, *, connections: int = 0) -> Engine:
    """Open the store without connecting; a missing SQLite file is never made.

    ``connections`` are how many of PostgreSQL's are kept, one for each request that may read at a
    time; 0: none, as for a command.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return _postgresql(parsed, connections)


def _sqlite(url: URL) -> Engine:
    path = quote(os.fsencode(Path(url.database or "")))

    # Each transaction opens the file anew: one put in its place is found, a removed one is missed,
    # and no connection can be inherited across a fork.
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{path}?mode=rw",
            uri=True,
            timeout=READ_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )

    engine = create_engine(url, creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def _postgresql(url: URL, connections: int) -> Engine:
    options = {
        "application_name": "release-feeds",
        "connect_timeout": 2,
        # A network that is gone says nothing: what is not confirmed for so long is lost.
        "tcp_user_timeout": round(STATEMENT_SECONDS * 1000),
        "keepalives_idle": round(STATEMENT_SECONDS),
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }
    if not connections:
        return create_engine(url, poolclass=NullPool, connect_args=options)
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=STATEMENT_SECONDS,
        pool_pre_ping=True,
        connect_args=options,
    )
    _close_at_end(engine)
    return engine


def _close_at_end(engine: Engine) -> None:
    """Close the connections of a pool with its engine, and leave a parent's to the parent.

    A pool refers to its engine and would keep it, so the connections are kept account of.
    """
    opened: set[DBAPIConnection] = set()
    event.listen(engine, "connect", lambda connection, _: opened.add(connection))
    event.listen(engine, "close", lambda connection, _: opened.discard(connection))
    weakref.finalize(engine, _close, opened)
    here = weakref.ref(engine)

    def forget() -> None:
        inherited = here()
        if inherited is not None:
            opened.clear()
            inherited.dispose(close=False)

    os.register_at_fork(after_in_child=forget)


def _close(opened: set[DBAPIConnection]) -> None:
    while opened:
        opened.pop().close()


def yield_to_writers(engine: Engine) -> None:
    """Let another writer have its turn between two transactions of one that has many.

    PostgreSQL has a queue. Of SQLite's writers each looks again every tenth of a second at most.
    """
    if is_sqlite(engine):
        time.sleep(_GAP_SECONDS)


def is_sqlite(engine: Engine) -> bool:
    """Whether the store is a file of this machine."""
    return engine.dialect.name == "sqlite"


def name(engine: Engine) -> str:
    """Return what the store is called in messages: its file, or its address less the password."""
    if is_sqlite(engine):
        return str(engine.url.database)
    return engine.url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def reading(engine: Engine, *, seconds: float = STATEMENT_SECONDS) -> Iterator[Connection]:
    """One read transaction: all that is read in it is of one state of the store.

    On PostgreSQL a statement may take so many ``seconds``; 0: as long as it likes. Raises
    ``StoreUnavailableError`` where the store does not answer, ``StoreError`` where it is none.
    """
    with _answering(DBAPIError):
        if is_sqlite(engine):
            with engine.connect() as connection, connection.begin():
                yield connection
            return
        readers = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with readers.connect() as connection, connection.begin():
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {seconds * 1000:.0f}")
            yield connection


@contextmanager
def writing(engine: Engine, *, commit: bool = True) -> Iterator[Connection]:
    """One write transaction, rolled back by any exception, else committed (if to be kept).

    Raises as ``reading`` does; what breaks a rule of the schema is a defect and stays one.
    """
    with (
        _answering(OperationalError),
        engine.connect().execution_options(**{_WRITES: True}) as connection,
        connection.begin() as transaction,
    ):
        if not is_sqlite(engine):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_SECONDS * 1000:.0f}")
        yield connection
        if not commit:
            transaction.rollback()


@contextmanager
def _answering(away: type[DBAPIError]) -> Iterator[None]:
    """Turn what the engines raise into what a person can do something about."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreUnavailableError(
            "The release store does not answer: all connections are taken."
        ) from error
    except DBAPIError as error:
        reason = (str(error.orig).strip().splitlines() or ["it says nothing"])[0].rstrip(".")
        # Itself, and no subclass, it says that a file is no database of SQLite's.
        if type(error.orig) is sqlite3.DatabaseError:
            raise StoreError(f"The release store cannot be read: {reason}.") from error
        if isinstance(error, away) or _is_closed(error):
            raise StoreUnavailableError(f"The release store does not answer: {reason}.") from error
        raise


def _is_closed(error: DBAPIError) -> bool:
    """Whether PostgreSQL says that it may not be written, or has no room left to do so."""
    state = str(getattr(error.orig, "sqlstate", ""))
    return state in {"25006", "42501"} or state.startswith("53")
