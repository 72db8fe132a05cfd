"""The cache of finished responses by path, one for each process.

It is bounded in bytes; the least recently used response is removed first. A document is rendered
once, however many requests wait for it, and a stale one is served while the store is unavailable.
"""

import ctypes
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from functools import partial
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache

from feeds.documents.representation import Representation
from feeds.errors import StoreError, StoreUnavailableError
from feeds.store.read import STATEMENT_SECONDS, Reader, Snapshot
from feeds.web.cache.revision import NO_ANSWER, OLDER, RevisionMonitor, StoreVersion
from feeds.web.http.response import CachedResponse

Make = Callable[[Snapshot], Representation | None]
"""Makes a representation from one snapshot; returns None if there is nothing to represent."""

_Rendered = tuple[CachedResponse | None, StoreVersion]

_TRIM_AFTER = 16 * 2**20
_ATTEMPTS = 2  # to read a snapshot that is not older than one that another thread has read


class _Entry(NamedTuple):
    """A response, the parts of the store from which it was made, and the version of the store."""

    response: CachedResponse
    parts: frozenset[Hashable]
    version: StoreVersion


class Cache:
    """Responses by path, each rendered from one snapshot of the store."""

    def __init__(
        self,
        reader: Reader,
        monitor: RevisionMonitor,
        clock: Callable[[], datetime],
        *,
        size: int,
    ) -> None:
        self._reader = reader
        self._monitor = monitor
        self._clock = clock
        self._lock = Lock()
        self._entries: LRUCache[str, _Entry] = LRUCache(size, lambda entry: entry.response.size)
        self._renderings: dict[str, Future[_Rendered]] = {}
        self._rendered = 0  # bytes since the heap was last trimmed

    def fresh(self, path: str) -> CachedResponse | None:
        """Return the cached response if none of its parts has changed since it was rendered."""
        self._monitor.on_request()
        with self._lock:
            entry = self._entries.get(path)
        if entry is not None and self._monitor.is_current(entry.parts, entry.version):
            return entry.response
        return None

    def get(self, path: str, make: Make) -> CachedResponse | None:
        """Return the response for a path, rendered if necessary; None if there is none.

        If the store is unavailable, returns the stale response if there is one; otherwise raises
        ``StoreError``.
        """
        while True:
            with self._lock:
                entry = self._entries.get(path)
                if entry is not None and self._monitor.is_current(entry.parts, entry.version):
                    return entry.response
                known = self._monitor.known
                rendering = self._renderings.get(path)
                if is_first := rendering is None:
                    rendering = self._renderings[path] = Future()
            try:
                if is_first:
                    return self._render(path, make)
                response, version = _result(rendering)
            except StoreError:
                if entry is None or entry.version.store_id != known.store_id:
                    raise
                return entry.response
            # If it began before this request, something newer may have been served since.
            if not version.precedes(known):
                return response

    def _render(self, path: str, make: Make) -> CachedResponse | None:
        """Render a response and hand it, or the error, to the requests that wait for it."""
        try:
            rendered = self._make(path, make)
        except BaseException as error:
            self._end_rendering(path).set_exception(error)
            raise
        self._end_rendering(path).set_result(rendered)
        return rendered[0]

    def _end_rendering(self, path: str) -> Future[_Rendered]:
        with self._lock:
            return self._renderings.pop(path)

    def _make(self, path: str, make: Make) -> _Rendered:
        if reason := self._monitor.unavailable:
            raise StoreUnavailableError(reason)
        for _ in range(_ATTEMPTS):
            with self._reader.read() as snapshot:
                version = self._monitor.observe(snapshot)
                if version is None:
                    continue
                representation = make(snapshot)
            if representation is None:
                with self._lock:
                    self._entries.pop(path, None)
                return None, version
            response = CachedResponse(representation, self._clock(), partial(self._resize, path))
            with self._lock:
                self._put(path, _Entry(response, representation.parts, version))
                self._rendered += response.size
                is_trim_due = self._rendered >= _TRIM_AFTER
                self._rendered %= _TRIM_AFTER
            if is_trim_due:
                _trim_heap()
            return response, version
        raise StoreUnavailableError(OLDER)

    def _resize(self, path: str, response: CachedResponse) -> None:
        with self._lock:
            entry = self._entries.get(path)
            if entry is not None and entry.response is response:
                self._put(path, entry)

    def _put(self, path: str, entry: _Entry) -> None:
        self._entries.pop(path, None)
        with suppress(ValueError):  # larger than the whole cache
            self._entries[path] = entry


def _result(rendering: Future[_Rendered]) -> _Rendered:
    """Wait for a rendering. If it hangs, all who wait for it would occupy every thread."""
    try:
        return rendering.result(timeout=STATEMENT_SECONDS)
    except TimeoutError:
        raise StoreUnavailableError(NO_ANSWER) from None


def _trim_heap() -> None:
    """Return free memory of the heap to the system (malloc_trim(3), only in glibc).

    Cached bodies lie between memory that was only needed to make them, so the heap does not shrink
    by itself: a worker would use twice the memory that its cache is allowed.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
