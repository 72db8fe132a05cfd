"""Reading the store: a ``Reader`` opens snapshots and cannot change anything."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import Connection, Engine

from feeds.errors import FeedsError, StoreBehindError, StoreError, StoreUnavailableError
from feeds.store.engine import (
    SNAPSHOT_SECONDS,
    STATEMENT_SECONDS,
    host,
    one_for_each_host,
    open_engine,
    reading,
)
from feeds.store.read.rows import Head, ImportOutcome, Withdrawal
from feeds.store.read.snapshot import WHOLE_STORE, LatestNotices, Part, Snapshot
from feeds.store.schema import version

__all__ = [
    "STATEMENT_SECONDS",
    "WHOLE_STORE",
    "Head",
    "ImportOutcome",
    "Part",
    "Reader",
    "Servers",
    "Snapshot",
    "Withdrawal",
]

T = TypeVar("T")

_MOST_FAILURES = 2  # servers that do not answer, for each of which a snapshot has to wait
_ASIDE_SECONDS = 30.0
_LOG = logging.getLogger(__name__)


class _UnfitError(StoreError):
    """A server answers, but the store that it has must not be served."""


_MOST_TELLING = (StoreBehindError, _UnfitError, StoreUnavailableError)


class _Server:
    """A server of a store, or its file.

    It is used last until ``aside_until``, an instant of the monotonic clock; 0 if it works.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.checked = False
        self.aside_until = 0.0


class Servers:
    """The servers that have one store, as the URL of the database names them, and their condition.

    All readers of a process share it. ``check`` is called with the first snapshot of each server,
    after the version of its schema has been checked; it raises ``FeedsError`` if the store must not
    be served.
    """

    def __init__(self, url: str, check: Callable[[Snapshot], object] = lambda _: None) -> None:
        self._servers = [_Server(one) for one in one_for_each_host(url)]
        self._check = check

    def __iter__(self) -> Iterator[_Server]:
        """Return the servers in the order of the URL, but last those that failed, latest last."""
        now = time.monotonic()
        return iter(sorted(self._servers, key=lambda server: max(now, server.aside_until)))

    def check(self, server: _Server, connection: Connection, snapshot: Snapshot) -> None:
        """Check a server once; raise ``_UnfitError`` if its store must not be served."""
        if server.checked:
            return
        try:
            version.check(connection)
            self._check(snapshot)
        except FeedsError as error:
            raise _UnfitError(str(error)) from error
        server.checked = True

    def on_attempt(self, server: _Server) -> None:
        """Let one thread alone try a server that has failed: it may have to wait for it."""
        if server.aside_until:
            server.aside_until = time.monotonic() + _ASIDE_SECONDS

    def on_answer(self, server: _Server) -> None:
        """Use a server in its order again."""
        server.aside_until = 0.0

    def on_failure(self, server: _Server, engine: Engine, error: StoreError) -> None:
        """Use a server last for a while."""
        if not server.aside_until and len(self._servers) > 1:
            seconds = round(_ASIDE_SECONDS)
            _LOG.warning("%s is used last for %d seconds: %s", host(engine), seconds, error)
        server.aside_until = time.monotonic() + _ASIDE_SECONDS


class Reader:
    """Opens snapshots of one store.

    It connects when the first snapshot is opened, so the store may be unavailable until then.
    ``connections`` is the size of the connection pool of each server on PostgreSQL, one for each
    thread that may read at a time; 0 means no pool, as suits a command. With ``keep``, connections
    to a SQLite file are kept for a moment, as suits requests, of which others may follow.
    """

    def __init__(self, servers: Servers, *, connections: int = 0, keep: bool = False) -> None:
        self._servers = servers
        self._notices = LatestNotices()
        self._engines = {
            server: open_engine(server.url, connections=connections, keep=keep)
            for server in servers
        }

    def run(self, use: Callable[[Snapshot], T]) -> T:
        """Call a function with one snapshot and return its result.

        Everything read from a snapshot belongs to one state of the store. On PostgreSQL it may wait
        two seconds for its server, connecting included. If the server does not answer, or ``use``
        raises ``StoreUnavailableError``, the next server is tried, but no third one; the one that
        failed is used last for 30 seconds. If ``use`` raises ``StoreBehindError``, each of the
        others is tried. So ``use`` may be called several times.

        Raises ``StoreBehindError`` if no server is up to date, ``StoreUnavailableError`` if none
        answers, and ``StoreError`` if a value cannot be read or the store must not be served.
        """
        errors: list[StoreError] = []
        failures = 0
        for server in self._servers:
            self._servers.on_attempt(server)
            engine = self._engines[server]
            try:
                with reading(
                    engine, seconds=SNAPSHOT_SECONDS, limit=SNAPSHOT_SECONDS
                ) as connection:
                    snapshot = Snapshot(connection, self._notices)
                    self._servers.check(server, connection, snapshot)
                    result = use(snapshot)
            except StoreBehindError as error:
                self._servers.on_answer(server)
                errors.append(error)
            except (StoreUnavailableError, _UnfitError) as error:
                self._servers.on_failure(server, engine, error)
                errors.append(error)
                failures += 1
                if failures == _MOST_FAILURES:
                    break
            else:
                self._servers.on_answer(server)
                return result
        raise next(error for kind in _MOST_TELLING for error in errors if isinstance(error, kind))

    def check(self) -> Head:
        """Check the store before it is served; return its head.

        Raises ``StoreUnavailableError`` if no server answers, ``StoreError`` if the store is
        missing or must not be served.
        """
        for engine in self._engines.values():
            version.require_file(engine)
        return self.run(Snapshot.head)
