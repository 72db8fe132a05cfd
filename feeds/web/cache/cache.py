"""The representation cache: finished representations by address, one cache a process.

Bounded in bytes, the least recently used going first. A document is made once, however many ask
for it at a time, and what was made before is served while the store is away.
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from cachetools import LRUCache

from feeds.documents.representation import Representation
from feeds.errors import StoreError, StoreUnavailableError
from feeds.store.read import STATEMENT_SECONDS, Part, Reader, Snapshot
from feeds.web.cache.revision import OLDER, SILENT, RevisionMonitor, StoreVersion
from feeds.web.http.response import CachedResponse

Make = Callable[[Snapshot], Representation | None]
"""Makes a representation out of one snapshot, or finds that there is none."""

_Made = tuple[CachedResponse | None, StoreVersion | None]
"""What came of a rendering, and the state of the store that it was made of, if it was made."""

_GIVE_BACK_AFTER = 16 * 2**20
_ATTEMPTS = 2  # at a snapshot that is not older than one that another thread has seen


@dataclass(slots=True)
class _Kept:
    """A prepared representation, and whether something that it was made of has changed since."""

    prepared: CachedResponse
    outdated: bool


class Cache:
    """CachedResponse representations by address, as the store was when it was last looked at."""

    def __init__(
        self,
        reader: Reader,
        monitoring: Reader,
        clock: Callable[[], datetime],
        *,
        size: int,
        ttl: int,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._lock = Lock()
        self._kept: LRUCache[str, _Kept] = LRUCache(size, lambda kept: kept.prepared.size)
        self._flights: dict[str, Future[_Made]] = {}
        self._watch = RevisionMonitor(monitoring, ttl, self)
        self._made = 0  # bytes since memory was given back

    @property
    def away(self) -> str:
        """Why the store cannot be served, as the last look found; empty where it can."""
        return self._watch.away

    def current(self, address: str) -> CachedResponse | None:
        """Return what is kept of an address if it is not outdated."""
        self._watch.attend()
        with self._lock:
            kept = self._kept.get(address)
        return kept.prepared if kept is not None and not kept.outdated else None

    def get(self, address: str, make: Make) -> CachedResponse | None:
        """Return the representation at an address, made if need be; None where there is none.

        Raises ``StoreError`` where the store is away and nothing is kept.
        """
        while True:
            with self._lock:
                kept = self._kept.get(address)
                if kept is not None and not kept.outdated:
                    return kept.prepared
                seen = self._watch.seen
                flight = self._flights.get(address)
                if flight is None:
                    mine = self._flights[address] = Future()
                    break
            try:
                prepared, made_at = flight.result(timeout=STATEMENT_SECONDS)
            except TimeoutError:
                # Whoever makes it hangs; all who wait with it would take every thread there is.
                if kept is None:
                    raise StoreUnavailableError(SILENT) from None
                return kept.prepared
            # It was begun before, and something newer may have been served since.
            if seen is None or made_at is None or not made_at.precedes(seen):
                return prepared
        try:
            prepared, made_at = self._make(address, make)
        except StoreError as error:
            if kept is None:
                mine.set_exception(error)
                raise
            prepared, made_at = kept.prepared, None
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._flights[address]
        mine.set_result((prepared, made_at))
        return prepared

    def outdate(self, parts: frozenset[Part] | None) -> None:
        """Take what was made of these parts (None: all of them) for outdated."""
        with self._lock:
            for kept in self._kept.values():
                made_of = kept.prepared.representation.parts
                if parts is None or not parts.isdisjoint(made_of):
                    kept.outdated = True

    def drop(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()

    def _make(self, address: str, make: Make) -> tuple[CachedResponse | None, StoreVersion]:
        if away := self._watch.away:
            raise StoreUnavailableError(away)
        for _ in range(_ATTEMPTS):
            with self._reader.read() as snapshot:
                seen = self._watch.observe(snapshot)
                if seen is None:
                    continue
                representation = make(snapshot)
            if representation is None:
                with self._lock:
                    self._kept.pop(address, None)
                return None, seen
            prepared = CachedResponse(
                representation, self._clock(), lambda grown: self._resize(address, grown)
            )
            self._keep(address, prepared, seen)
            return prepared, seen
        raise StoreUnavailableError(OLDER)

    def _keep(self, address: str, prepared: CachedResponse, seen: StoreVersion) -> None:
        with self._lock:
            latest = self._watch.seen
            if latest is not None and latest.store_id != seen.store_id:
                return
            # What moved while it was being made was not swept with the rest.
            self._put(address, _Kept(prepared, outdated=latest != seen))
            self._made += prepared.size
            due = self._made >= _GIVE_BACK_AFTER
            self._made %= _GIVE_BACK_AFTER
        if due:
            _give_back()

    def _resize(self, address: str, prepared: CachedResponse) -> None:
        with self._lock:
            kept = self._kept.get(address)
            if kept is not None and kept.prepared is prepared:
                self._put(address, kept)

    def _put(self, address: str, kept: _Kept) -> None:
        if kept.prepared.size <= self._kept.maxsize:
            self._kept[address] = kept
        else:
            self._kept.pop(address, None)


def _give_back() -> None:
    """Return to the system what is free in the heap (malloc_trim(3), of glibc alone).

    What is kept and what was only needed to make it lie side by side, so that the heap cannot
    shrink by itself: a worker would come to hold twice the memory that its cache is allowed.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
