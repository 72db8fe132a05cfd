"""The store: everything that is persisted, on SQLite or PostgreSQL.

Code outside this package uses ``Store``, its snapshots and its changes; it never sees an engine, a
connection, a statement or a row. The service, which must not change the store, is given a
``Reader``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from feeds.domain import Site
from feeds.store import check, engine
from feeds.store.copy.backup import copy, replace
from feeds.store.copy.content import Content, become_another, content
from feeds.store.copy.dump import Dump, RowWriter
from feeds.store.read import Snapshot
from feeds.store.schema import version
from feeds.store.schema.version import Permanent
from feeds.store.write.change import Change

__all__ = ["Content", "Permanent", "Store"]


class Store:
    """A store that can be read, changed, migrated and copied.

    It has no open connection between calls. ``changed`` is the revision that the last change made
    by this object has left; None if it has changed nothing.
    """

    def __init__(self, url: str) -> None:
        self._engine = engine.open_engine(url)
        self.changed: int | None = None

    @property
    def schema(self) -> str:
        """The version of the schema that this code reads and writes."""
        return version.current()

    @property
    def name(self) -> str:
        """The store's name in messages: its file, or its URL without password and query."""
        return engine.name(self._engine)

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Open one snapshot: everything read from it belongs to one state of the store.

        Raises ``StoreUnavailableError`` if the store does not answer, ``StoreError`` if the file is
        not a database.
        """
        with engine.reading(self._engine) as connection:
            yield Snapshot(connection)

    @contextmanager
    def change(self, now: datetime, *, commit: bool = True, last: bool = True) -> Iterator[Change]:
        """Open a change transaction at ``now``; an exception or ``commit=False`` rolls it back.

        A command that needs several passes ``last=False`` to all but the last: new archive pages
        are made in the last one. Raises ``StoreUnavailableError`` if the store cannot be changed.
        """
        with engine.writing(self._engine, commit=commit) as connection:
            change = Change(connection, now)
            yield change
            change.finish(last=last)
        if commit and change.left is not None:
            self.changed = change.left

    def yield_to_writers(self) -> None:
        """Let another writer begin, between two transactions of a long command."""
        engine.yield_to_writers(self._engine)

    def check(self) -> None:
        """Raise ``StoreError``, with what to run, unless this version can use the store."""
        version.require_file(self._engine)
        with engine.reading(self._engine) as connection:
            version.check(connection)

    def faults(self, site: Site, *, count_months: bool) -> Iterator[str]:
        """Yield what is wrong with the rows of the store (``feeds.store.check``)."""
        with engine.reading(self._engine, seconds=0) as connection:
            yield from check.faults(connection, site, count_months=count_months)

    @property
    def checks_indexes(self) -> bool:
        """Whether ``faults`` looks at indexes: on PostgreSQL only if amcheck can be used."""
        with engine.reading(self._engine) as connection:
            return check.checks_indexes(connection)

    def found_schema(self) -> str | None:
        """Return the version of the schema that the store has, None if there is no store."""
        return version.found(self._engine)

    @contextmanager
    def upgraded(
        self, permanent: Permanent, now: datetime, *, commit: bool = False
    ) -> Iterator[tuple[str | None, Snapshot]]:
        """Create the store, or upgrade its schema; yield the version before and a snapshot.

        The version before is None if there was no store. Nothing is changed without ``commit``, or
        if an exception is raised. Raises ``StoreError``.
        """
        upgraded = version.upgraded(self._engine, permanent, now, commit=commit)
        with upgraded as (before, connection):
            yield before, Snapshot(connection)

    @contextmanager
    def dump(self) -> Iterator[Dump]:
        """Open a snapshot of all rows as plain values, for as long as reading them takes."""
        with engine.reading(self._engine, seconds=0) as connection:
            yield Dump(connection)

    @contextmanager
    def fill(self) -> Iterator[RowWriter]:
        """Open one transaction that writes rows; raise ``RefusedError`` if the store has rows."""
        with engine.writing(self._engine) as connection:
            writer = RowWriter(connection)
            writer.require_empty(self.name)
            writer.clear()
            yield writer
        self.changed = writer.left

    @contextmanager
    def refill(self) -> Iterator[tuple[Dump, RowWriter]]:
        """Open one transaction that first reads all rows of a database, and then replaces them."""
        with engine.writing(self._engine) as connection:
            writer = RowWriter(connection)
            yield Dump(connection), writer

    def content(self) -> Content:
        """Return what an operator would miss in another state of the store."""
        with engine.reading(self._engine, seconds=0) as connection:
            return content(connection)

    @property
    def is_file(self) -> bool:
        """Whether the store is a SQLite file on this machine."""
        return engine.is_sqlite(self._engine)

    def copy_to(self, into: Path) -> None:
        """Copy a SQLite store to a new file while it is in use.

        Raises ``StoreError`` if the copy cannot be written.
        """
        copy(Path(self.name), into)

    def become_another(self, instant: datetime | None) -> None:
        """Give the store another id; documents count as changed not before ``instant``, if given.

        Their entity tags stay.
        """
        with engine.writing(self._engine) as connection:
            become_another(connection, instant)

    def replace_file(self, new: Path, kept: Path) -> None:
        """Put the content of another file into this SQLite store, which is copied to ``kept``.

        See ``feeds.store.copy.backup.replace``.
        """
        replace(Path(self.name), new, kept)
