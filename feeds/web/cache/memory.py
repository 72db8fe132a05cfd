"""What is held in memory: metadata of many documents, bodies of those asked for most recently."""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache

from feeds.documents.body import Body, Rendering
from feeds.documents.representation import Document, Metadata, Representation
from feeds.store.read import Snapshot
from feeds.web.cache.revision import RevisionMonitor, StoreVersion

Source = Callable[[Snapshot], Document | Representation | None]
"""Finds a document in a snapshot; returns None if nothing is represented there."""

_TRIM_AFTER = 16 * 2**20
_OVERHEAD = 1024  # bytes of headers and objects, without bodies and keys; measured and rounded up
_SHARE = 5 / 8  # of the memory for what is known about documents: of 64 MB, for more than 30,000
_FAR = 2  # times the memory for bodies
_KEY_COPIES = 4  # of the surrogate keys of a combined feed, which its path and its slugs repeat


class Stored(NamedTuple):
    """The body of a document, with its metadata and the store's version at which it was made."""

    metadata: Metadata
    version: StoreVersion
    body: Body

    @property
    def size(self) -> int:
        """The memory that it takes, in bytes."""
        return _OVERHEAD + self.body.size


Previous = tuple[Metadata, StoreVersion]
"""The metadata of a document before its last change, and a version at which they were current."""


class Known:
    """What is known about a document: its metadata, which are current at ``version``.

    ``previous`` are the documents before it, until it is rendered: a client that has one of them
    may be told so for a while. After several changes they are the first one, which this process has
    served, and the last one, which another may have served. ``coding`` is that which a client
    accepted last.
    """

    __slots__ = ("coding", "metadata", "previous", "source", "version")

    def __init__(
        self,
        source: Source,
        metadata: Metadata,
        version: StoreVersion,
        previous: tuple[Previous, ...],
        coding: str | None,
    ) -> None:
        self.source = source
        self.metadata = metadata
        self.version = version
        self.previous = previous
        self.coding = coding

    @property
    def size(self) -> int:
        """The memory that it takes, in bytes."""
        return _OVERHEAD + _KEY_COPIES * len(self.metadata.surrogate_keys)

    def supersedes(self, metadata: Metadata, version: StoreVersion) -> bool:
        """Return whether it is a later state of the document than the one with these metadata."""
        return version.precedes(self.version) and self.metadata.etag != metadata.etag


class Memory:
    """Documents by path, bounded to ``most`` bytes; the least recently used are evicted first."""

    def __init__(self, monitor: RevisionMonitor, *, most: int) -> None:
        self._monitor = monitor
        self._most = most
        self._lock = Lock()
        self._known: LRUCache[str, Known] = LRUCache(int(most * _SHARE), lambda known: known.size)
        self._stored: LRUCache[str, Stored] = LRUCache(most, lambda stored: stored.size)
        self._forgotten = monitor.known  # when metadata were last evicted
        self._rendered = 0  # bytes since the heap was last trimmed

    @property
    def size(self) -> int:
        """The memory that the documents take, in bytes."""
        return int(self._known.currsize + self._stored.currsize)

    def known(self, path: str) -> Known | None:
        """Return what is known about a document."""
        with self._lock:
            return self._known.get(path)

    def stored(self, path: str) -> Stored | None:
        """Return a document with its body, if that is in memory."""
        with self._lock:
            return self._stored.get(path)

    def holds_few(self) -> bool:
        """Return whether the bodies of all known documents would be far larger than the memory.

        A body that is rendered in the background is then evicted before its reader returns.
        """
        with self._lock:
            bodies = len(self._stored)
            all_bodies = self._stored.currsize * len(self._known) / bodies if bodies else 0
            return all_bodies > _FAR * (self._most - self._known.currsize)

    def new_body(self, path: str, rendering: Rendering, coding: str | None) -> Body:
        """Return the body of a document, which is counted again when it grows."""
        body = Body(rendering, coding, partial(self._on_growth, path))
        self._count_rendered(len(rendering.rendered))
        return body

    def put(self, path: str, known: Known, stored: Stored | None) -> bool:
        """Keep a document as it was read, unless a later state of it is known.

        The coding is that of what was known before, if anything was, unless a client sent another.
        Returns whether nothing is left to render.
        """
        with self._lock:
            before = self._known.get(path)
            if before is not None:
                if before.supersedes(known.metadata, known.version):
                    return False
                known.coding = known.coding or before.coding
                known.previous = _previous(before, known)
            elif known.previous and known.previous[0][1].precedes(self._forgotten):
                # The process may have served the document since, and forgotten it.
                known.previous = ()
            if stored is not None:
                known.previous = ()
            self._know(path, known)
            if stored is not None:
                self._store(path, stored)
            self._evict()
        return not known.previous

    def forget(self, path: str) -> None:
        """Remove a document that no longer exists."""
        with self._lock:
            self._known.pop(path, None)
            self._stored.pop(path, None)

    def _know(self, path: str, known: Known) -> None:
        if self._known.currsize + known.size > self._known.maxsize:
            self._forgotten = self._monitor.known
        with suppress(ValueError):  # larger than this share of the memory
            self._known[path] = known

    def _store(self, path: str, stored: Stored) -> None:
        self._stored.pop(path, None)
        with suppress(ValueError):  # larger than the whole memory
            self._stored[path] = stored

    def _evict(self) -> None:
        while self._stored and self.size > self._most:
            self._stored.popitem()

    def _on_growth(self, path: str) -> None:
        with self._lock:
            with suppress(KeyError):  # it has been evicted meanwhile
                self._store(path, self._stored[path])
            self._evict()

    def _count_rendered(self, size: int) -> None:
        with self._lock:
            self._rendered += size
            is_trim_due = self._rendered >= _TRIM_AFTER
            self._rendered %= _TRIM_AFTER
        if is_trim_due:
            _trim_heap()


def _previous(before: Known, known: Known) -> tuple[Previous, ...]:
    """Return the first and the last of the documents that precede what is known now."""
    if before.metadata.etag == known.metadata.etag:
        return before.previous
    preceding = *before.previous, (before.metadata, before.version), *known.previous
    first, last = preceding[0], preceding[-1]
    return (first,) if first[0].etag == last[0].etag else (first, last)


def _trim_heap() -> None:
    """Return free memory of the heap to the system (malloc_trim(3), only in glibc).

    Cached bodies lie between memory that was only needed to make them, so the heap does not shrink
    by itself: a worker would use twice the memory that its cache is allowed.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
