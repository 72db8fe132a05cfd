"""Connections and transactions: how the store is opened, read and changed.

Both engines behave the same: a reader sees one state, a writer is alone, and any reason why the
store does not answer is one kind of error.

- SQLite: see ``feeds.store.sqlite``.
- PostgreSQL: readers are ``REPEATABLE READ READ ONLY``; writers lock the row of the head before
  anything else (docs/decisions/0015-postgresql.md).
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import inf
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import NullPool

from feeds.errors import StoreError, StoreUnavailableError
from feeds.store.sqlite import BUSY_SECONDS, WRITES, fixed_content, open_file

SNAPSHOT_SECONDS = 2.0
"""How long a snapshot of the service may wait for a server of PostgreSQL, connecting included."""

STATEMENT_SECONDS = 5.0
"""How long a statement of a command that reads may take on PostgreSQL."""

_YIELD_SECONDS = 0.05

_EXPLICIT = "AUTOCOMMIT"  # the driver sends no BEGIN of its own


def open_engine(url: str, *, connections: int = 0, keep: bool = False) -> Engine:
    """Return an engine, without connecting; a missing SQLite file is not created.

    If the URL has several hosts, each connection is made to the first of them that answers.
    ``connections`` is the size of the pool on PostgreSQL, one for each request that may read at a
    time; 0 means no pool, as suits a command. With ``keep``, connections to a SQLite file are kept
    for a moment.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return open_file(url, keep=keep)
    return _postgresql(parsed, connections)


def one_for_each_host(url: str) -> list[str]:
    """Return the URL of each server that a URL names, in its order.

    The hosts are separated by commas, as in libpq, or repeated, as in SQLAlchemy.
    """
    parsed = make_url(url)
    _, options = parsed.get_dialect()().create_connect_args(parsed)
    hosts = str(options.get("host", "")).split(",")
    if len(hosts) == 1:
        return [url]
    ports = str(options.get("port", "")).split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    base = parsed._replace(host=None, port=None).difference_update_query(["host", "port"])
    return [
        base.update_query_dict(
            {"host": host, "port": port} if port else {"host": host}
        ).render_as_string(hide_password=False)
        for host, port in zip(hosts, ports, strict=True)
    ]


def _postgresql(url: URL, connections: int) -> Engine:
    from feeds.store import postgresql  # noqa: PLC0415 - its driver is optional

    options = {
        "application_name": "release-feeds",
        "connect_timeout": 2,
        # A broken network reports nothing, so a connection is given up if nothing confirms it.
        "tcp_user_timeout": round(STATEMENT_SECONDS * 1000),
        "keepalives_idle": round(STATEMENT_SECONDS),
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }
    if connections:
        # Its connections are closed when the process ends. None is opened before the first request,
        # so a worker of gunicorn inherits none from its parent.
        engine = create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=SNAPSHOT_SECONDS,
            isolation_level=_EXPLICIT,
            connect_args=options,
        )
    else:
        engine = create_engine(url, poolclass=NullPool, connect_args=options)
    event.listen(
        engine,
        "do_connect",
        lambda _dialect, _record, args, named: postgresql.Connection.connect(*args, **named),
    )
    return engine


def yield_to_writers(engine: Engine) -> None:
    """Let another writer begin, between two transactions of a long command.

    PostgreSQL queues its writers. A waiting SQLite writer tries again only every tenth of a second.
    """
    if is_sqlite(engine):
        time.sleep(_YIELD_SECONDS)


def is_sqlite(engine: Engine) -> bool:
    """Return whether the store is a file on this machine."""
    return engine.dialect.name == "sqlite"


def name(engine: Engine) -> str:
    """Return the store's name in messages: its file, or its URL without password and query."""
    if is_sqlite(engine):
        return str(engine.url.database)
    return engine.url.set(query={}).render_as_string(hide_password=True)


def host(engine: Engine) -> str:
    """Return the host and the port, if it is named, of one of ``one_for_each_host``."""
    query = engine.url.query
    return ":".join(str(query[part]) for part in ("host", "port") if part in query)


@contextmanager
def reading(
    engine: Engine, *, seconds: float = STATEMENT_SECONDS, limit: float = inf
) -> Iterator[Connection]:
    """Open a read transaction: everything read in it belongs to one state of the store.

    On PostgreSQL a statement may take ``seconds``; 0 means no limit. The whole transaction may wait
    for the server for ``limit`` seconds, even if the server is stopped. Raises
    ``StoreUnavailableError`` if the store does not answer, ``StoreError`` if the file is not a
    database.
    """
    with _translated_errors(DBAPIError):
        if is_sqlite(engine):
            file = Path(name(engine))
            content = fixed_content(file)
            with engine.connect() as connection, connection.begin():
                yield connection
            if content is not None and content != fixed_content(file):
                raise StoreUnavailableError("The release store was changed while it was read.")
            return
        from feeds.store.postgresql import limited  # noqa: PLC0415 - its driver is optional

        with limited(limit), ExitStack() as stack:
            try:
                connection = stack.enter_context(_snapshot(engine, seconds))
            except DBAPIError as error:
                # Perhaps the server has ended a connection of the pool, as by a restart.
                if not error.connection_invalidated:
                    raise
                connection = stack.enter_context(_snapshot(engine, seconds))
            yield connection


@contextmanager
def _snapshot(engine: Engine, seconds: float) -> Iterator[Connection]:
    """Open a read transaction on PostgreSQL."""
    if isinstance(engine.pool, NullPool):  # for writers as well
        engine = engine.execution_options(isolation_level=_EXPLICIT)
    with engine.connect() as connection, connection.begin():
        # Two commands, but one round trip.
        connection.exec_driver_sql(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
            f"SET LOCAL statement_timeout = {seconds * 1000:.0f}"
        )
        yield connection


@contextmanager
def writing(engine: Engine, *, commit: bool = True) -> Iterator[Connection]:
    """Open a write transaction; an exception or ``commit=False`` rolls it back.

    Raises the errors of ``reading``. A violated constraint is a defect and is raised unchanged.
    """
    with (
        _translated_errors(OperationalError),
        engine.connect().execution_options(**{WRITES: True}) as connection,
        connection.begin() as transaction,
    ):
        if not is_sqlite(engine):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {BUSY_SECONDS * 1000:.0f}")
        yield connection
        if not commit:
            transaction.rollback()


@contextmanager
def _translated_errors(unavailable: type[DBAPIError]) -> Iterator[None]:
    """Raise ``StoreError`` for driver errors; those of the given type mean an unavailable store."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreUnavailableError(
            "The release store does not answer: all connections are in use."
        ) from error
    except DBAPIError as error:
        reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0].rstrip(".")
        # The base class itself, not a subclass, means that the file is not a SQLite database.
        if type(error.orig) is sqlite3.DatabaseError:
            raise StoreError(
                f"The release store cannot be read: {reason}. Restore a back-up."
            ) from error
        if isinstance(error, unavailable) or _is_read_only_or_full(error):
            raise StoreUnavailableError(f"The release store does not answer: {reason}.") from error
        raise


def _is_read_only_or_full(error: DBAPIError) -> bool:
    """Return whether PostgreSQL refuses to write: read-only, no permission or no resources."""
    state = str(getattr(error.orig, "sqlstate", ""))
    return state in {"25006", "42501"} or state.startswith("53")
