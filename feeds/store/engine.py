"""Connections and transactions: how the release store is opened, read and changed.

SQLite through Python begins transactions late and by itself; here each begins explicitly, a
reader's with ``BEGIN`` (its first read fixes the snapshot) and a writer's with ``BEGIN IMMEDIATE``
(docs/decisions/0005-snapshots.md). What is read or written is no concern of this module.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from feeds.errors import StoreAwayError, StoreError

BUSY_SECONDS = 10.0
"""How long a transaction waits for another writer before it gives up."""

_WRITES = "feeds_writes"


def open_engine(url: str, *, create: bool = False) -> Engine:
    """Open the store without connecting. A missing file is made only with ``create``."""
    path = database_path(url)
    mode = "rwc" if create else "rw"

    # Each transaction opens the file anew: one put in its place is found, a removed one is missed,
    # and no connection can be inherited across a fork.
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return engine


def database_path(url: str) -> Path:
    """Return the file of a SQLite address."""
    return Path(make_url(url).database or "")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read transaction: all that is read in it is of one state of the store.

    Raises ``StoreAwayError`` where the store does not answer.
    """
    with _away(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine, *, keep: bool = True) -> Iterator[Connection]:
    """One write transaction, rolled back by any exception, else committed (if to be kept)."""
    with _away(), engine.connect().execution_options(**{_WRITES: True}) as connection:
        transaction = connection.begin()
        with transaction:
            yield connection
            if not keep:
                transaction.rollback()


@contextmanager
def _away() -> Iterator[None]:
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        reason = str(getattr(error, "orig", error))
        raise StoreAwayError(f"The release store does not answer: {reason}.") from error
    except DatabaseError as error:
        # Its subclasses are defects of ours; itself it says that the file is no database.
        if type(error) is not DatabaseError:
            raise
        raise StoreError(f"The release store cannot be read: {error.orig}.") from error
