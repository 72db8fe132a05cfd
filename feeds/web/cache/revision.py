"""What the process knows about the revision of the store and of its parts.

Each snapshot from which a document is made passes through ``observe``. It finds out whether the
snapshot belongs to a later or an earlier state of the store, or to another history of it
(docs/decisions/0026-validators-and-histories.md). Between requests a thread checks the store, so
that polls do not wait for a check.
"""

import logging
import threading
import time
import weakref
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import inf

from feeds.errors import StoreBehindError, StoreError, StoreUnavailableError
from feeds.store.read import STATEMENT_SECONDS, WHOLE_STORE, Head, Reader, Snapshot

NO_ANSWER = "The release store does not answer: a request to it has not returned."

BEHIND = "The release store does not have the latest changes yet: it is a replica that lags."

_LEFT = (
    "The release store is in a state that this process has left for another one: if that is not "
    "a server of the time before a failover, restart the service."
)

STALE_SECONDS = 300.0
"""How long a document that has changed may be served as it was."""

_MOST_PARTS = 5_000  # parts whose revisions are remembered
_MANY_PARTS = 20  # a change of more parts is not a small one
_MOST_TOKENS = 1_000
_MOST_LEFT = 100
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreVersion:
    """A state of the store: a revision in one of the histories that the process has seen."""

    history: int = 0
    revision: int = 0

    def precedes(self, other: "StoreVersion") -> bool:
        """Return whether the other is a later state in the same history."""
        return self.history == other.history and self.revision < other.revision


@dataclass(frozen=True, slots=True)
class _Knowledge:
    """What is known about the store. It is replaced as a whole, so it is read without a lock.

    ``floor`` is the last revision at which any part may have changed, ``changed`` the last revision
    of each part that has changed since. ``withdrawal_floor`` and ``withdrawn`` are the same for
    withdrawals. ``wide`` is the last revision at which many parts may have changed. ``tokens`` are
    those of the latest changes by revision, and ``observed`` says when which revision was first
    seen.
    ``left`` are the last states of the histories that were left, as store id, revision and token.
    """

    version: StoreVersion = StoreVersion()
    store_id: str = ""
    timeline: int = 0
    floor: int = 0
    changed: Mapping[Hashable, int] = field(default_factory=dict)
    withdrawal_floor: int = 0
    withdrawn: Mapping[Hashable, int] = field(default_factory=dict)
    wide: int = 0
    tokens: Mapping[int, int] = field(default_factory=dict)
    observed: tuple[tuple[float, float], ...] = ()
    left: tuple[tuple[str, int, int | None], ...] = ()

    @property
    def token(self) -> int | None:
        """The token of the latest change."""
        return self.tokens.get(self.version.revision)

    def is_same(self, head: Head) -> bool:
        """Return whether a snapshot with this head has the state that is known."""
        return (
            self.store_id == head.store_id
            and self.version.revision == head.revision
            and self.token == head.token
        )


class RevisionMonitor:
    """Checks the store's revision every ``ttl`` seconds, or at each request if ``ttl`` is 0.

    ``looked`` is when the store last answered a check, in seconds since 1970; infinite before.
    ``after_check`` is called after each check, whatever its result.
    """

    def __init__(self, reader: Reader, ttl: int) -> None:
        self._reader = reader
        self._ttl = ttl
        self._lock = threading.Lock()
        self._started = threading.Lock()  # acquired by the first request and never released
        self._check_began: float | None = None
        self._failure = ""
        self._known = _Knowledge()
        self.looked = inf
        self.after_check: Callable[[], object] = lambda: None

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

    def confirm(self, parts: Iterable[Hashable], version: StoreVersion) -> StoreVersion | None:
        """Return the latest version if none of these parts is known to have changed until then."""
        known = self._known
        if version is known.version or (
            version.history == known.version.history
            and version.revision >= known.floor
            and all(known.changed.get(part, 0) <= version.revision for part in parts)
        ):
            return known.version
        return None

    def is_retained(self, parts: Iterable[Hashable], version: StoreVersion) -> bool:
        """Return whether a document of a version may be served while the store is unavailable.

        It may not after a withdrawal from one of its parts, or in another history.
        """
        known = self._known
        return (
            version.history == known.version.history
            and version.revision >= known.withdrawal_floor
            and all(known.withdrawn.get(part, 0) <= version.revision for part in parts)
        )

    def may_be_stale(self, parts: Iterable[Hashable], version: StoreVersion) -> bool:
        """Return whether a client that has the document of a version may keep it for now (rule 6).

        While the store is available, it may for a few minutes after the process has seen the change
        (``STALE_SECONDS``), unless every request has to see every change.
        """
        if not self.is_retained(parts, version):
            return False
        if self.unavailable:
            return True
        return self._ttl > 0 and self.outdated_for(version) < STALE_SECONDS

    def outdated_for(self, version: StoreVersion) -> float:
        """Return the seconds since the process has seen the first change after a version.

        Returns 0 if it has seen none.
        """
        observed = self._known.observed
        next_ = bisect_right(observed, (version.revision, inf))
        return time.monotonic() - observed[next_][1] if next_ < len(observed) else 0

    def has_changed_widely(self, version: StoreVersion) -> bool:
        """Return whether many parts of the store may have changed at once after a version."""
        return self._known.wide > version.revision

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
        before = self.known

        def observe(snapshot: Snapshot) -> None:
            if self.observe(snapshot, before).precedes(before):
                raise StoreBehindError(BEHIND)

        self._check_began = time.monotonic()
        try:
            # The documents whose parts have not changed can be made from a replica that lags.
            with suppress(StoreBehindError):
                self._reader.run(observe)
            self._failure = ""
            self.looked = time.time()
        except StoreError as error:
            self._failure = str(error)
        finally:
            self._check_began = None
            self.after_check()

    def observe(self, snapshot: Snapshot, before: StoreVersion) -> StoreVersion:
        """Return the version of a snapshot that was opened when ``before`` was known.

        It precedes ``before`` if the snapshot is that of a replica that lags. Raises
        ``StoreUnavailableError`` if the snapshot belongs to a history that was left.
        """
        head = snapshot.head()
        while True:
            known = self._known
            if known.is_same(head):
                return known.version
            if before.history not in {0, known.version.history}:
                raise StoreUnavailableError(_LEFT)
            # Reads the store, so not under the lock: a store that hangs would keep the lock.
            following = _following(known, head, snapshot, before)
            if following is None:
                return StoreVersion(known.version.history, head.revision)
            with self._lock:
                if self._known is known:
                    self._known = following
                    return following.version


def _following(
    known: _Knowledge, head: Head, snapshot: Snapshot, before: StoreVersion
) -> _Knowledge | None:
    """Return what is known after a snapshot; None if it has an earlier state of the same history.

    Raises ``StoreUnavailableError`` if it belongs to a history that was left.
    """
    if known.store_id != head.store_id:
        return _of_other_store(known, head, snapshot)
    revision = known.version.revision
    # A store that was restored has the changes of another one, and is not that one.
    left = [(last, token) for store_id, last, token in known.left if store_id == head.store_id]
    tokens = snapshot.tokens(min([revision, *(last for last, _ in left)]))
    if any(tokens.get(last, -1) == token for last, token in left):
        raise StoreUnavailableError(_LEFT)
    if head.revision >= revision:
        if tokens.get(revision) == known.token:
            return _later(known, head, snapshot, tokens)
        # The store may have forgotten the token.
        is_known = revision >= min(tokens, default=0)
        return _left(known, head, snapshot) if is_known else _other_history(known, head, snapshot)
    return _earlier(known, head, snapshot, before)


def _of_other_store(known: _Knowledge, head: Head, snapshot: Snapshot) -> _Knowledge:
    """Return what is known after the first snapshot, or after one of a store with another id."""
    if known.version.history == 0:
        return _other_history(known, head, snapshot)
    if any(store_id == head.store_id for store_id, _, _ in known.left):
        raise StoreUnavailableError(_LEFT)
    return _left(known, head, snapshot)


def _earlier(
    known: _Knowledge, head: Head, snapshot: Snapshot, before: StoreVersion
) -> _Knowledge | None:
    """Return what is known after a snapshot with an earlier revision than the known one."""
    if known.tokens.get(head.revision, head.token) == head.token:
        # The other was seen only after this snapshot was opened, or this is a replica that lags.
        if head.revision >= before.revision:
            return None
        in_recovery, timeline = snapshot.server()
        if in_recovery and timeline <= known.timeline:
            return None
    return _left(known, head, snapshot)


def _later(
    known: _Knowledge, head: Head, snapshot: Snapshot, tokens: Mapping[int, int]
) -> _Knowledge:
    """Return what is known after a snapshot with a later state of the same history."""
    version = StoreVersion(known.version.history, head.revision)
    latest = sorted({**known.tokens, **tokens}.items())[-_MOST_TOKENS:]
    changed, withdrawn = dict(known.changed), dict(known.withdrawn)
    floor, withdrawal_floor = known.floor, known.withdrawal_floor
    parts = snapshot.changed_parts(known.version.revision)
    is_wide = parts is None or len(parts) > _MANY_PARTS
    if parts is None or len(changed) + len(parts) > _MOST_PARTS:
        floor, withdrawal_floor = head.revision, head.withdrawal
        changed, withdrawn = {}, {}
    else:
        for part, withdrawal in ((WHOLE_STORE, head.withdrawal), *parts.items()):
            changed[part] = head.revision
            if withdrawal > known.version.revision:
                withdrawn[part] = withdrawal
    return _Knowledge(
        version,
        head.store_id,
        snapshot.server()[1],
        floor,
        changed,
        withdrawal_floor,
        withdrawn,
        head.revision if is_wide else known.wide,
        dict(latest),
        _observed(known, head.revision),
        known.left,
    )


def _left(known: _Knowledge, head: Head, snapshot: Snapshot) -> _Knowledge:
    """Return what is known after a snapshot with another history, which the process enters."""
    following = _other_history(known, head, snapshot)
    left = (known.store_id, known.version.revision, known.token)
    return replace(following, left=(*known.left, left)[-_MOST_LEFT:])


def _other_history(known: _Knowledge, head: Head, snapshot: Snapshot) -> _Knowledge:
    """Return what is known after a snapshot whose relation to the known state is not known.

    Every document is compared with the store before it is served again.
    """
    return _Knowledge(
        StoreVersion(known.version.history + 1, head.revision),
        store_id=head.store_id,
        timeline=snapshot.server()[1],
        floor=head.revision,
        wide=head.revision,
        tokens=snapshot.tokens(0),
        observed=((head.revision, time.monotonic()),),
        left=known.left,
    )


def _observed(known: _Knowledge, revision: int) -> tuple[tuple[float, float], ...]:
    """Return the revisions with the times when they were seen, and one that is too old to matter.

    Together they tell when the first change after any version was seen.
    """
    now = time.monotonic()
    observed = (*known.observed, (revision, now))
    recent = [place for place, (_, at) in enumerate(observed) if now - at < STALE_SECONDS]
    return observed[max(0, recent[0] - 1) :]


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
