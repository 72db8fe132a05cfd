"""Reading the store: a ``Reader`` opens snapshots and cannot change anything."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from feeds.store.engine import READ_SECONDS, STATEMENT_SECONDS, open_engine, reading
from feeds.store.read.snapshot import (
    WHOLE_STORE,
    Head,
    ImportOutcome,
    Part,
    Snapshot,
    Withdrawal,
)

__all__ = [
    "READ_SECONDS",
    "STATEMENT_SECONDS",
    "WHOLE_STORE",
    "Head",
    "ImportOutcome",
    "Part",
    "Reader",
    "Snapshot",
    "Withdrawal",
]

T = TypeVar("T")


class Reader:
    """Opens snapshots of one store.

    It connects when the first snapshot is opened, so the store may be unavailable until then.
    ``connections`` is the size of the connection pool on PostgreSQL, one for each thread that may
    read at a time; 0 means no pool, as suits a command.
    """

    def __init__(self, url: str, *, connections: int = 0) -> None:
        self._engine = open_engine(url, connections=connections)

    @contextmanager
    def read(self, *, seconds: float = STATEMENT_SECONDS) -> Iterator[Snapshot]:
        """Open one snapshot: everything read from it belongs to one state of the store.

        On PostgreSQL a statement may take ``seconds``; 0 means no limit. Raises
        ``StoreUnavailableError`` if the store does not answer, ``StoreError`` if the file is not a
        database.
        """
        with reading(self._engine, seconds=seconds) as connection:
            yield Snapshot(connection)

    def run(self, use: Callable[[Snapshot], T], *, seconds: float = STATEMENT_SECONDS) -> T:
        """Call a function with one snapshot and return its result."""
        with self.read(seconds=seconds) as snapshot:
            return use(snapshot)
