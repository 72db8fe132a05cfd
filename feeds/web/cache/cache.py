"""Answers requests for documents from memory, and loads into it what it lacks from the store.

A 304 needs the metadata alone: they come from one statement and nothing is rendered. A document is
rendered once, however many requests wait for it. After a change a client that has the previous
document is told so for a while, until the document has been rendered in the background; all other
clients get the new one (rule 6).
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from feeds.documents.body import Rendering
from feeds.documents.representation import Document, Metadata, Representation
from feeds.errors import StoreBehindError, StoreError, StoreUnavailableError
from feeds.store.read import STATEMENT_SECONDS, Reader, Snapshot
from feeds.web.cache.background import BackgroundRenderer
from feeds.web.cache.memory import Known, Memory, Previous, Source, Stored
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


class _Loaded(NamedTuple):
    """A document as it was read from the store; ``stored`` is None if no body was needed."""

    metadata: Metadata
    version: StoreVersion
    stored: Stored | None


_Loading = Future[_Loaded | None]

_Other = tuple[str, Known]
"""The path of a document in another format, and what is known about it."""


class Cache:
    """The responses to requests for documents, made from memory or from the store.

    Requests read the store through ``reader``, the rendering in the background through
    ``background``. ``size`` limits ``memory`` in bytes, ``threads`` is the number of threads that
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
        self.memory = Memory(monitor, most=size)
        self._reader = reader
        self._monitor = monitor
        self._clock = clock
        self._lock = Lock()
        self._loadings: dict[tuple[str, bool], _Loading] = {}
        self._background_reader = background
        self._background = BackgroundRenderer(threads)

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
        known = self.memory.known(path)
        if known is None:
            return None
        response, previous = self._look_up(known, environ)
        if previous is not None and not self._monitor.unavailable:
            again = partial(self._render_again, path, known)
            if self.memory.holds_few():
                age = self._monitor.outdated_for(previous[1]) / STALE_SECONDS
                is_rendered = self._background.take_turn(again, age)
            else:
                # Another worker may have the bodies whose entries this one would have to write.
                is_cheap = self.memory.stored(path) is not None
                may_wait = not self._monitor.has_changed_widely(previous[1])
                is_rendered = self._background.demand(
                    path, again, is_cheap=is_cheap, may_wait=may_wait
                )
            if is_rendered:
                known = self.memory.known(path) or known
                response, previous = self._look_up(known, environ)
        if previous is not None:
            response = not_modified(previous[0], self._clock(), stale=True)
        return response

    def _look_up(
        self, known: Known, environ: "WSGIEnvironment"
    ) -> tuple[Response | None, Previous | None]:
        """Return the response to a request, or what is known about the previous document.

        The latter if the client has that document and may keep it for now. Both may be None.
        """
        now = self._clock()
        metadata = known.metadata
        current = self._monitor.confirm(metadata.parts, known.version)
        if current is not None:
            known.version = current
            if is_not_modified(metadata, environ, now):
                if known.previous:
                    # Another worker has rendered it. Those who still lack it will ask again.
                    self._background.cancel(environ["PATH_INFO"])
                return not_modified(metadata, now), None
            stored = self.memory.stored(environ["PATH_INFO"])
            if stored is not None and stored.metadata.etag == metadata.etag:
                return respond(metadata, stored.body, environ, now), None
        return None, self._previous(known, environ, is_outdated=current is None)

    def _previous(
        self, known: Known, environ: "WSGIEnvironment", *, is_outdated: bool
    ) -> Previous | None:
        """Return what is known about the previous document if the client may keep it."""
        if_none_match = environ.get("HTTP_IF_NONE_MATCH")
        if if_none_match is None:
            return None
        candidates = [(known.metadata, known.version)] if is_outdated else []
        candidates += known.previous
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
        stored = self.memory.stored(path)
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
        stored = self.memory.stored(path)
        if stored is None or not self._is_retained(path, stored):
            return None
        now = self._clock()
        if is_not_modified(stored.metadata, environ, now):
            return not_modified(stored.metadata, now, stale=True)
        return respond(stored.metadata, stored.body, environ, now)

    def _is_retained(self, path: str, stored: Stored) -> bool:
        """Return whether a body may be served although its document may have changed."""
        known = self.memory.known(path)
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
        known = self.memory.known(path)
        return known is not None and known.supersedes(loaded.metadata, loaded.version)

    def _render_again(self, path: str, known: Known) -> None:
        """Render a document in the background, if it has changed since it was known."""
        loading, is_first = self._loading(path, is_body_needed=True)
        if not is_first:
            with suppress(StoreError):
                _result(loading)
            return

        def is_needed(metadata: Metadata) -> bool:
            return bool(known.previous) or metadata.etag != known.metadata.etag

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
        stored = self.memory.stored(path)

        def use(snapshot: Snapshot) -> tuple[Known, list[_Other], Rendering | None] | None:
            document = source(snapshot)
            version = self._observe(snapshot, before, document.metadata if document else None)
            if document is None:
                return None
            previous = self._recently_replaced(document, version)
            known = Known(source, document.metadata, version, previous, coding)
            others = list(self._outdated_others(path, document, version))
            return known, others, _render(document, stored, is_needed)

        found = reader.run(use)
        if found is None:
            self.memory.forget(path)
            self._background.settle(path)
            return None
        known, others, rendering = found
        for other in others:
            self.memory.put(*other, None)
        metadata, version = known.metadata, known.version
        if rendering is not None:
            stored = Stored(metadata, version, self.memory.new_body(path, rendering, coding))
        elif stored is not None and stored.metadata.etag == metadata.etag:
            stored = Stored(metadata, version, stored.body)
        else:
            stored = None
        if self.memory.put(path, known, stored):
            self._background.settle(path)
        return _Loaded(metadata, version, stored)

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

    def _outdated_others(
        self, path: str, document: Document | Representation, version: StoreVersion
    ) -> Iterator[_Other]:
        """Yield what is now known about a document in those other formats that have changed.

        Their readers who have it from another worker are then answered without the store.
        """
        if isinstance(document, Representation):
            return
        stem = path.rpartition(".")[0]
        for extension, document_in in document.in_other_formats.items():
            other = f"{stem}.{extension}"
            known = self.memory.known(other)
            if known is not None and not self._monitor.confirm(known.metadata.parts, known.version):
                found = document_in()
                previous = self._recently_replaced(found, version)
                yield other, Known(known.source, found.metadata, version, previous, known.coding)

    def _recently_replaced(
        self, document: Document | Representation, version: StoreVersion
    ) -> tuple[Previous, ...]:
        """Return what the store says about the document before a recent change, if anything.

        A store that was restored has changed otherwise (rule 6).
        """
        if isinstance(document, Representation) or document.previous is None:
            return ()
        changed = document.metadata.changed
        if changed is None or (self._clock() - changed).total_seconds() >= STALE_SECONDS:
            return ()
        previous, revision = document.previous()
        before = StoreVersion(version.history, revision)
        may_be_kept = changed != previous.changed and self._monitor.may_be_stale(
            document.metadata.parts, before
        )
        return ((previous, before),) if may_be_kept else ()


def _render(
    document: Document | Representation,
    stored: Stored | None,
    is_needed: Callable[[Metadata], bool],
) -> Rendering | None:
    """Render a document if its body is needed and not stored."""
    metadata = document.metadata
    if stored is not None and stored.metadata.etag == metadata.etag:
        return None
    if isinstance(document, Representation):
        return Rendering(document.body)
    return document.render(stored and stored.body) if is_needed(metadata) else None


def _result(loading: _Loading) -> _Loaded | None:
    """Wait for a loading. If it hangs, all who wait for it would occupy every thread."""
    try:
        return loading.result(timeout=STATEMENT_SECONDS)
    except TimeoutError:
        raise StoreUnavailableError(NO_ANSWER) from None
