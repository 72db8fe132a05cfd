"""The documents that the process knows: metadata of many, bodies of those asked for most recently.

A 304 needs the metadata alone: they come from one statement and nothing is rendered. A document is
rendered once, however many requests wait for it. After a change a client that has the previous
document is told so for a while, until the document has been rendered in the background; all other
clients get the new one (rule 6).
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from cachetools import LRUCache

from feeds.documents.body import Body, Rendering
from feeds.documents.representation import Document, Metadata, Representation
from feeds.errors import StoreBehindError, StoreError, StoreUnavailableError
from feeds.store.read import STATEMENT_SECONDS, Reader, Snapshot
from feeds.web.cache.background import BackgroundRenderer
from feeds.web.cache.revision import BEHIND, NO_ANSWER, STALE_SECONDS, RevisionMonitor, StoreVersion
from feeds.web.http.conditional import (
    accepted_coding,
    is_conditional,
    is_not_modified,
    matches,
    respond,
)
from feeds.web.http.response import Response, not_modified

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Source = Callable[[Snapshot], Document | Representation | None]
"""Finds a document in a snapshot; returns None if nothing is represented there."""

_TRIM_AFTER = 16 * 2**20
_OVERHEAD = 1024  # bytes of headers and objects, without bodies and keys; measured and rounded up
_SHARE = 5 / 8  # of the cache for what is known about documents: of 64 MB, for more than 30,000
_FAR = 2  # times the memory for bodies
_KEY_COPIES = 4  # of the surrogate keys of a combined feed, which its path and its slugs repeat


class _Stored(NamedTuple):
    """The body of a document, with its metadata and the store's version at which it was made."""

    metadata: Metadata
    version: StoreVersion
    body: Body

    @property
    def size(self) -> int:
        return _OVERHEAD + self.body.size


_Previous = tuple[Metadata, StoreVersion]
"""The metadata of a document before its last change, and a version at which they were current."""


class _Known:
    """What is known about a document: its metadata, which are current at ``version``.

    ``previous`` are the metadata and the version of the document before it, until it is rendered:
    a client that has that one may be told so for a while. ``coding`` is that which a client
    accepted last.
    """

    __slots__ = ("coding", "metadata", "previous", "source", "version")

    def __init__(
        self,
        source: Source,
        metadata: Metadata,
        version: StoreVersion,
        previous: _Previous | None,
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


class _Loaded(NamedTuple):
    """A document as it was read from the store; ``stored`` is None if no body was needed.

    ``previous`` is as in ``_Known``, for a process that has not known the document.
    """

    metadata: Metadata
    version: StoreVersion
    stored: _Stored | None
    previous: _Previous | None


_Loading = Future[_Loaded | None]


class Cache:
    """The responses to requests for documents, made from memory or from the store.

    Requests read the store through ``reader``, the rendering in the background through
    ``background``. ``size`` limits the memory in bytes, ``threads`` is the number of threads that
    answer requests.
    """

    def __init__(  # noqa: PLR0913 - each is a part or a setting of its own
        self,
        reader: Reader,
        background: Reader,
        monitor: RevisionMonitor,
        clock: Callable[[], datetime],
        *,
        size: int,
        threads: int,
    ) -> None:
        self._reader = reader
        self._monitor = monitor
        self._clock = clock
        self._most = size
        self._lock = Lock()
        self._known: LRUCache[str, _Known] = LRUCache(int(size * _SHARE), lambda known: known.size)
        self._stored: LRUCache[str, _Stored] = LRUCache(size, lambda stored: stored.size)
        self._loadings: dict[tuple[str, bool], _Loading] = {}
        self._forgotten = monitor.known  # when metadata were last evicted
        self._rendered = 0  # bytes since the heap was last trimmed
        self._background_reader = background
        self._background = BackgroundRenderer(waiting=threads // 2)

    @property
    def size(self) -> int:
        """The memory that the documents take, in bytes."""
        return int(self._known.currsize + self._stored.currsize)

    @property
    def waiting(self) -> int:
        """The number of documents that wait to be rendered in the background."""
        return len(self._background)

    def on_request(self) -> None:
        """Check the revision of the store, or make sure that it is checked."""
        self._monitor.on_request()

    def remembered(self, environ: "WSGIEnvironment") -> Response | None:
        """Return the response to a request if it can be made without the store, or None."""
        path = environ["PATH_INFO"]
        with self._lock:
            known = self._known.get(path)
        if known is None:
            return None
        response, previous = self._look_up(known, environ)
        if previous is not None and not self._monitor.unavailable:
            again = partial(self._render_again, path, known)
            if self._holds_few():
                is_rendered = self._background.take_turn(again)
            else:
                may_wait = not self._monitor.has_changed_widely(previous[1])
                is_rendered = self._background.demand(path, again, may_wait=may_wait)
            if is_rendered:
                with self._lock:
                    known = self._known.get(path, known)
                response, previous = self._look_up(known, environ)
        if previous is not None:
            response = not_modified(previous[0], self._clock(), stale=True)
        return response

    def _holds_few(self) -> bool:
        """Return whether the bodies of all known documents would be far larger than the cache.

        A body that is rendered in the background is then evicted before its reader returns.
        """
        with self._lock:
            bodies = len(self._stored)
            all_bodies = self._stored.currsize * len(self._known) / bodies if bodies else 0
            return all_bodies > _FAR * (self._most - self._known.currsize)

    def _look_up(
        self, known: _Known, environ: "WSGIEnvironment"
    ) -> tuple[Response | None, _Previous | None]:
        """Return the response to a request, or what is known about the previous document.

        The latter if the client has that document and may keep it for now. Both may be None.
        """
        now = self._clock()
        metadata = known.metadata
        current = self._monitor.confirm(metadata.parts, known.version)
        if current is not None:
            known.version = current
            if is_not_modified(metadata, environ, now):
                if known.previous is not None:
                    # Another worker has rendered it. Those who still lack it will ask again.
                    self._background.cancel(environ["PATH_INFO"])
                return not_modified(metadata, now), None
            with self._lock:
                stored = self._stored.get(environ["PATH_INFO"])
            if stored is not None and stored.metadata.etag == metadata.etag:
                return respond(metadata, stored.body, environ, now), None
        return None, self._previous(known, environ, is_outdated=current is None)

    def _previous(
        self, known: _Known, environ: "WSGIEnvironment", *, is_outdated: bool
    ) -> _Previous | None:
        """Return what is known about the previous document if the client may keep it."""
        if_none_match = environ.get("HTTP_IF_NONE_MATCH")
        if if_none_match is None:
            return None
        candidates = [(known.metadata, known.version)] if is_outdated else []
        if known.previous is not None:
            candidates.append(known.previous)
        for metadata, version in candidates:
            if matches(if_none_match, metadata.etag) and self._monitor.may_be_stale(
                metadata.parts, version
            ):
                return metadata, version
        return None

    def response(self, environ: "WSGIEnvironment", source: Source) -> Response | None:
        """Return the response to a request; None if nothing is represented at its path.

        If the store is unavailable, the document is served as it was, if its body is in memory;
        otherwise raises ``StoreError``.
        """
        path = environ["PATH_INFO"]
        coding = accepted_coding(environ)
        try:
            if is_conditional(environ):
                if self._load(path, source, coding, is_body_needed=False) is None:
                    return None
                response = self.remembered(environ)
                if response is not None:
                    return response
            loaded = self._load(path, source, coding, is_body_needed=True)
        except StoreError:
            response = self._as_it_was(environ)
            if response is None:
                raise
            return response
        if loaded is None or loaded.stored is None:
            return None
        return respond(loaded.metadata, loaded.stored.body, environ, self._clock())

    def body(self, path: str, source: Source) -> bytes | None:
        """Return the bytes of a document; None if there is none.

        Raises ``StoreError`` if the store is unavailable and the body is not in memory.
        """
        with self._lock:
            stored = self._stored.get(path)
        try:
            if stored is None or not self._monitor.confirm(stored.metadata.parts, stored.version):
                loaded = self._load(path, source, None, is_body_needed=True)
                stored = loaded and loaded.stored
        except StoreError:
            if stored is None or not self._is_retained(path, stored):
                raise
        return stored and stored.body.encoded(None)

    def _as_it_was(self, environ: "WSGIEnvironment") -> Response | None:
        """Return the response while the store is unavailable, or None if there must be none."""
        path = environ["PATH_INFO"]
        with self._lock:
            stored = self._stored.get(path)
        if stored is None or not self._is_retained(path, stored):
            return None
        now = self._clock()
        if is_not_modified(stored.metadata, environ, now):
            return not_modified(stored.metadata, now, stale=True)
        return respond(stored.metadata, stored.body, environ, now)

    def _is_retained(self, path: str, stored: _Stored) -> bool:
        """Return whether a body may be served although its document may have changed."""
        with self._lock:
            known = self._known.get(path)
        # What was found unchanged later was not withdrawn until then.
        is_same = known is not None and known.metadata.etag == stored.metadata.etag
        version = known.version if known is not None and is_same else stored.version
        return self._monitor.is_retained(stored.metadata.parts, version)

    def _load(
        self, path: str, source: Source, coding: str | None, *, is_body_needed: bool
    ) -> _Loaded | None:
        """Read a document from the store, or wait for the thread that does; None: there is none."""
        while True:
            before = self._monitor.known
            loading, is_first = self._loading(path, is_body_needed=is_body_needed)
            if is_first:
                read = partial(self._read, self._reader, path, source, coding)
                try:
                    with self._background.request() if is_body_needed else nullcontext():
                        loaded = self._finish(
                            (path, is_body_needed), partial(read, lambda _: is_body_needed)
                        )
                except StoreUnavailableError:
                    # The process may have entered another history of the store meanwhile.
                    if before.history in {0, self._monitor.known.history}:
                        raise
                    continue
            else:
                loaded = _result(loading)
            if loaded is None:
                return None
            # What began before this request may be older than what has been served since.
            is_older = loaded.version.precedes(before) or self._is_superseded(path, loaded)
            if not is_older and (loaded.stored is not None or not is_body_needed):
                return loaded

    def _is_superseded(self, path: str, loaded: _Loaded) -> bool:
        with self._lock:
            known = self._known.get(path)
        return known is not None and _supersedes(known, loaded.metadata, loaded.version)

    def _render_again(self, path: str, known: _Known) -> None:
        """Render a document in the background, if it has changed since it was known."""
        loading, is_first = self._loading(path, is_body_needed=True)
        if not is_first:
            with suppress(StoreError):
                _result(loading)
            return

        def is_needed(metadata: Metadata) -> bool:
            return known.previous is not None or metadata.etag != known.metadata.etag

        read = partial(
            self._read, self._background_reader, path, known.source, known.coding, is_needed
        )
        with suppress(StoreError):  # the check of the store reports it
            self._finish((path, True), read)

    def _loading(self, path: str, *, is_body_needed: bool) -> tuple[_Loading, bool]:
        """Return the loading of a document, and whether the caller has to do it."""
        with self._lock:
            loading = self._loadings.get((path, is_body_needed))
            if loading is not None:
                return loading, False
            loading = self._loadings[path, is_body_needed] = Future()
            return loading, True

    def _finish(self, key: tuple[str, bool], read: Callable[[], _Loaded | None]) -> _Loaded | None:
        """Load a document and hand it, or the error, to the requests that wait for it."""
        try:
            loaded = read()
        except BaseException as error:
            self._end(key).set_exception(error)
            raise
        self._end(key).set_result(loaded)
        return loaded

    def _end(self, key: tuple[str, bool]) -> _Loading:
        with self._lock:
            return self._loadings.pop(key)

    def _read(
        self,
        reader: Reader,
        path: str,
        source: Source,
        coding: str | None,
        is_needed: Callable[[Metadata], bool],
    ) -> _Loaded | None:
        """Read a document from one snapshot; render it if its body is needed and not stored."""
        if reason := self._monitor.unavailable:
            raise StoreUnavailableError(reason)
        before = self._monitor.known
        with self._lock:
            stored = self._stored.get(path)

        def use(snapshot: Snapshot) -> tuple[_Loaded, Rendering | None] | None:
            document = source(snapshot)
            version = self._observe(snapshot, before, document.metadata if document else None)
            if document is None:
                return None
            return (
                _Loaded(document.metadata, version, None, _previous(document, version)),
                _render(document, stored, is_needed),
            )

        found = reader.run(use)
        if found is None:
            self._forget(path)
            return None
        (metadata, version, _, previous), rendering = found
        if rendering is not None:
            body = Body(rendering, coding, partial(self._on_growth, path))
            stored = _Stored(metadata, version, body)
            self._count_rendered(rendering.size)
        elif stored is not None and stored.metadata.etag == metadata.etag:
            stored = _Stored(metadata, version, stored.body)
        else:
            stored = None
        loaded = _Loaded(metadata, version, stored, previous)
        self._put(path, source, coding, loaded)
        return loaded

    def _observe(
        self, snapshot: Snapshot, before: StoreVersion, metadata: Metadata | None
    ) -> StoreVersion:
        """Return the version of a snapshot.

        Raises ``StoreBehindError`` if it lags and lacks a change of the document.
        """
        version = self._monitor.observe(snapshot, before)
        if not version.precedes(before):
            return version
        current = self._monitor.confirm(metadata.parts, version) if metadata else None
        if current is None:
            raise StoreBehindError(BEHIND)
        return current

    def _put(self, path: str, source: Source, coding: str | None, loaded: _Loaded) -> None:
        metadata, version, stored, previous = loaded
        with self._lock:
            known = self._known.get(path)
            if known is not None:
                if _supersedes(known, metadata, version):
                    return
                coding = coding or known.coding
                changed = known.metadata.etag != metadata.etag
                previous = known.previous or ((known.metadata, known.version) if changed else None)
            elif previous is not None and not self._is_news(metadata, *previous):
                previous = None
            if stored is not None:
                previous = None
            self._know(path, _Known(source, metadata, version, previous, coding))
            if stored is not None:
                self._store(path, stored)
            self._evict()
        if previous is None:
            self._background.settle(path)

    def _is_news(self, metadata: Metadata, previous: Metadata, version: StoreVersion) -> bool:
        """Return whether a document has changed recently and has not been served since.

        ``version`` is the last one at which it had its previous metadata. The process may have
        served it if it has forgotten a document since, and a store that was restored has changed
        otherwise (rule 6).
        """
        return (
            metadata.changed is not None
            and metadata.changed != previous.changed
            and (self._clock() - metadata.changed).total_seconds() < STALE_SECONDS
            and not version.precedes(self._forgotten)
            and self._monitor.may_be_stale(metadata.parts, version)
        )

    def _know(self, path: str, known: _Known) -> None:
        if self._known.currsize + known.size > self._known.maxsize:
            self._forgotten = self._monitor.known
        with suppress(ValueError):  # larger than this share of the cache
            self._known[path] = known

    def _store(self, path: str, stored: _Stored) -> None:
        self._stored.pop(path, None)
        with suppress(ValueError):  # larger than the whole cache
            self._stored[path] = stored

    def _evict(self) -> None:
        while self._stored and self.size > self._most:
            self._stored.popitem()

    def _forget(self, path: str) -> None:
        with self._lock:
            self._known.pop(path, None)
            self._stored.pop(path, None)
        self._background.settle(path)

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


def _previous(document: Document | Representation, version: StoreVersion) -> _Previous | None:
    """Return what the store says about the document before the last change."""
    if isinstance(document, Representation) or document.previous is None:
        return None
    metadata, revision = document.previous
    return metadata, StoreVersion(version.history, revision)


def _render(
    document: Document | Representation,
    stored: _Stored | None,
    is_needed: Callable[[Metadata], bool],
) -> Rendering | None:
    """Render a document if its body is needed and not stored."""
    metadata = document.metadata
    if stored is not None and stored.metadata.etag == metadata.etag:
        return None
    if isinstance(document, Representation):
        return Rendering([document.body])
    return document.render(stored and stored.body) if is_needed(metadata) else None


def _supersedes(known: _Known, metadata: Metadata, version: StoreVersion) -> bool:
    """Return whether a later state of a document is known than the one with these metadata."""
    return version.precedes(known.version) and known.metadata.etag != metadata.etag


def _result(loading: _Loading) -> _Loaded | None:
    """Wait for a loading. If it hangs, all who wait for it would occupy every thread."""
    try:
        return loading.result(timeout=STATEMENT_SECONDS)
    except TimeoutError:
        raise StoreUnavailableError(NO_ANSWER) from None


def _trim_heap() -> None:
    """Return free memory of the heap to the system (malloc_trim(3), only in glibc).

    Cached bodies lie between memory that was only needed to make them, so the heap does not shrink
    by itself: a worker would use twice the memory that its cache is allowed.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
