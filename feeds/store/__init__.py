"""The release store: everything that is persisted, on SQLite or PostgreSQL.

Outside this package only ``Store``, its snapshots and its changes are used: no engine, connection,
statement or row. A part that must not change the store is given a ``Reader``.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from feeds.errors import NothingToDoError
from feeds.identity import Authority
from feeds.store import engine
from feeds.store.copy.backup import copy
from feeds.store.copy.dump import Dump, Filling, dumping, filling
from feeds.store.read import Reader
from feeds.store.schema import version
from feeds.store.write.change import Change, finishing


class Store(Reader):
    """A release store that can be read, changed, migrated and copied.

    It holds no open connection between calls.
    """

    @property
    def name(self) -> str:
        """The store's name in messages: its file, or its URL without the password."""
        return engine.name(self._engine)

    @contextmanager
    def change(self, now: datetime, *, commit: bool = True, last: bool = True) -> Iterator[Change]:
        """Open one change transaction at ``now``; an exception or ``commit=False`` undoes it.

        New archive pages are made in the ``last`` transaction of a command, never between two of
        one command. Raises ``StoreError`` if the store cannot be changed.
        """
        with (
            engine.writing(self._engine, commit=commit) as connection,
            finishing(Change(connection, now), last=last) as change,
        ):
            yield change

    def yield_to_writers(self) -> None:
        """Give other writers a chance to begin, between two transactions of a long command."""
        engine.yield_to_writers(self._engine)

    def check(self) -> None:
        """Raise ``StoreError``, with what to run, unless this version can serve the store."""
        version.check(self._engine)

    def migrate(
        self, authority: Authority, page_size: int, now: datetime
    ) -> tuple[str | None, str]:
        """Create the store or upgrade its schema; return the versions before and after.

        The version before is None if there was no store. Raises ``StoreError``.
        """
        return version.migrate(self._engine, authority, page_size, now)

    def dump(self) -> AbstractContextManager[Dump]:
        """Open a snapshot of all rows as plain values."""
        return dumping(self._engine)

    def fill(self) -> AbstractContextManager[Filling]:
        """Open the transaction that fills an empty store; raise ``RefusedError`` if it is not."""
        return filling(self._engine)

    def back_up(self, into: Path) -> None:
        """Copy a SQLite store to a new file while it is in use.

        Raises ``NothingToDoError`` if the store is not a file, ``StoreError`` if the copy cannot be
        written.
        """
        if not engine.is_sqlite(self._engine):
            raise NothingToDoError(
                "The release store is not a file on this machine: "
                "make a back-up of it with `feeds export FILE`."
            )
        copy(Path(self.name), into)
