"""What the process knows about the revision of the store and of its parts.

Each snapshot from which a document is made passes through ``observe``, so that the process never
serves an older state after a newer one (rule 6). Between requests a thread checks the store, so
that polls do not wait for a check.
"""

import logging
import threading
import time
import weakref
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from feeds.errors import StoreError
from feeds.store.read import READ_SECONDS, STATEMENT_SECONDS, Reader, Snapshot

OLDER = (
    "The release store is older than the state that was served before: if a back-up was put in "
    "its place, restart the service."
)

NO_ANSWER = "The release store does not answer: a request to it has not returned."

_MOST_PARTS = 5_000  # parts whose revisions are remembered
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreVersion:
    """A state of a store: the id of the store and its revision."""

    store_id: str
    revision: int

    def precedes(self, other: "StoreVersion") -> bool:
        """Return whether the other is a later state of the same store."""
        return self.store_id == other.store_id and self.revision < other.revision


@dataclass(frozen=True, slots=True)
class _Knowledge:
    """What is known about the store. It is replaced as a whole, so it is read without a lock.

    ``floor`` is the last revision at which any part may have changed, ``changed`` the last revision
    of each part that has changed since. ``left`` are the ids of the stores that were replaced.
    """

    version: StoreVersion = StoreVersion("", 0)
    floor: int = 0
    changed: Mapping[Hashable, int] = field(default_factory=dict)
    left: frozenset[str] = frozenset()


class RevisionMonitor:
    """Checks the store's revision every ``ttl`` seconds, or at each request if ``ttl`` is 0."""

    def __init__(self, reader: Reader, ttl: int) -> None:
        self._reader = reader
        self._ttl = ttl
        self._lock = threading.Lock()
        self._started = threading.Lock()  # acquired by the first request and never released
        self._check_began: float | None = None
        self._failure = ""
        self._known = _Knowledge()

    @property
    def known(self) -> StoreVersion:
        """The latest observed version; before the first one, a version that no store has."""
        return self._known.version

    @property
    def unavailable(self) -> str:
        """Why the store is unavailable according to the last check; empty if it is not.

        A check that does not return counts as well: a server that hangs may keep it forever.
        """
        began = self._check_began
        if began is not None and time.monotonic() - began > STATEMENT_SECONDS:
            return NO_ANSWER
        return self._failure

    def is_current(self, parts: Iterable[Hashable], version: StoreVersion) -> bool:
        """Return whether none of these parts is known to have changed since a version."""
        known = self._known
        if version is known.version:
            return True
        return (
            version.store_id == known.version.store_id
            and version.revision >= known.floor
            and all(known.changed.get(part, 0) <= version.revision for part in parts)
        )

    def on_request(self) -> None:
        """Check the store if each request has to, otherwise make sure that a thread does.

        The first request starts the thread: one started before a fork does not run in the worker.
        """
        if self._ttl == 0:
            self.check()
        # Looking at the lock first costs a poll a fraction of trying to acquire it.
        elif not self._started.locked() and self._started.acquire(blocking=False):
            arguments = (weakref.ref(self), self._ttl)
            threading.Thread(target=_check_regularly, args=arguments, daemon=True).start()

    def check(self) -> None:
        """Check the store's revision once."""
        self._check_began = time.monotonic()
        try:
            with self._reader.read(seconds=READ_SECONDS) as snapshot:
                self._failure = "" if self.observe(snapshot) else OLDER
        except StoreError as error:
            self._failure = str(error)
        finally:
            self._check_began = None

    def observe(self, snapshot: Snapshot) -> StoreVersion | None:
        """Return the version of a snapshot; None if it is older than the known version."""
        head = snapshot.head()
        version = StoreVersion(head.store_id, head.revision)
        while True:
            known = self._known
            if version == known.version:
                return known.version
            if version.store_id in known.left or version.precedes(known.version):
                return None
            # Reads the store, so not under the lock: a store that hangs would keep the lock.
            following = _following(known, version, snapshot)
            with self._lock:
                if self._known is known:
                    self._known = following
                    return version


def _following(known: _Knowledge, version: StoreVersion, snapshot: Snapshot) -> _Knowledge:
    """Return what is known once a newer version, or another store, has been observed."""
    replaced = version.store_id != known.version.store_id
    left = known.left | {known.version.store_id} if replaced else known.left
    parts = None if replaced else snapshot.changed_parts(known.version.revision)
    if parts is None or len(known.changed) + len(parts) > _MOST_PARTS:
        return _Knowledge(version, floor=version.revision, left=left)
    changed = dict(known.changed)
    for part in parts:
        changed[part] = version.revision
    return _Knowledge(version, known.floor, changed, left)


def _check_regularly(reference: "weakref.ref[RevisionMonitor]", ttl: int) -> None:
    """Check the store until the monitor is garbage."""
    pause = ttl
    while True:
        time.sleep(pause)
        monitor = reference()
        if monitor is None:
            return
        try:
            monitor.check()
        except Exception:  # noqa: BLE001 - a damaged store may raise anything, and may be repaired
            _LOG.exception("The check of the release store failed")
        # Requests fail while the store is unavailable, so it is checked more often.
        pause = min(ttl, 1) if monitor.unavailable else ttl
        del monitor
