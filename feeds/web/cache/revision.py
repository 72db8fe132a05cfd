"""The store's revision as this process knows it: looked at in one place, at a steady pace.

Whoever reads the store passes its snapshot through ``note``, so that nothing older than what was
served is served again (rule 6). Between requests a thread looks, once in a while, whether anything
has changed: a poll waits for no look.
"""

import logging
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Protocol

from feeds.errors import StoreError
from feeds.store.read import READ_SECONDS, STATEMENT_SECONDS, Part, Reader, Snapshot

OLDER = (
    "The release store is older than what was served of it: if a back-up was put in its place, "
    "restart the service."
)


SILENT = "The release store does not answer: it was asked, and nothing came."

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreVersion:
    """Which store at which revision."""

    store_id: str
    revision: int

    def precedes(self, other: "StoreVersion") -> bool:
        """Whether the other is a later state of the same store."""
        return self.store_id == other.store_id and self.revision < other.revision


class Keeper(Protocol):
    """What keeps things that were made of the store."""

    def outdate(self, parts: frozenset[Part] | None) -> None:
        """Take what was made of these parts (None: all of them) for outdated."""

    def drop(self) -> None:
        """Forget everything: the store is another one."""


class RevisionMonitor:
    """Looks at the store every ``ttl`` seconds, at 0 whenever it is asked; tells the keeper."""

    def __init__(self, reader: Reader, ttl: int, keeper: Keeper) -> None:
        self._reader = reader
        self._ttl = ttl
        self._keeper = keeper
        self._lock = threading.Lock()
        self._first = threading.Lock()  # taken by the first request, for good
        self._left: set[str] = set()
        self._looking_since: float | None = None
        self._away = ""
        self.seen: StoreVersion | None = None

    @property
    def away(self) -> str:
        """Why the store cannot be served, as the last look found; empty where it can.

        A look that does not come back found none: a server that hangs may keep it for ever.
        """
        since = self._looking_since
        if since is not None and time.monotonic() - since > STATEMENT_SECONDS:
            return SILENT
        return self._away

    def attend(self) -> None:
        """Look now if every request is to, else see to it that a thread does.

        The thread begins with the first request: one that was begun before a fork would not
        live in the worker.
        """
        if self._ttl == 0:
            self.look()
        elif self._first.acquire(blocking=False):
            arguments = (weakref.ref(self), self._ttl)
            threading.Thread(target=_look, args=arguments, daemon=True).start()

    def look(self) -> None:
        """Look at the store's revision once."""
        self._looking_since = time.monotonic()
        try:
            with self._reader.read(seconds=READ_SECONDS) as snapshot:
                self._away = "" if self.observe(snapshot) else OLDER
        except StoreError as error:
            self._away = str(error)
        finally:
            self._looking_since = None

    def observe(self, snapshot: Snapshot) -> StoreVersion | None:
        """Note the revision of a snapshot; None where it is older than one seen before."""
        head = snapshot.head()
        now = StoreVersion(head.store_id, head.revision)
        while True:
            before = self.seen
            newer = before is not None and before.precedes(now)
            # Not under the lock, for a store that hangs would keep it.
            parts = (
                snapshot.changed_parts(before.revision) if before is not None and newer else None
            )
            with self._lock:
                if self.seen is not before:
                    continue
                if now.store_id in self._left:
                    return None
                if before is None or before.store_id != now.store_id:
                    self._left.update([before.store_id] if before else [])
                    self.seen = now
                    self._keeper.drop()
                elif newer:
                    # In this order: what is kept from here on is compared with what was seen, and
                    # what was kept before is swept.
                    self.seen = now
                    self._keeper.outdate(parts)
                elif now.revision < before.revision:
                    return None
                return now


def _look(watch: "weakref.ref[RevisionMonitor]", ttl: int) -> None:
    """Look as long as there is somebody to look for."""
    pause = ttl
    while True:
        time.sleep(pause)
        seeing = watch()
        if seeing is None:
            return
        try:
            seeing.look()
        except Exception:  # noqa: BLE001 - whatever a damaged store raises, it may be mended
            _LOG.exception("The look at the release store failed")
        # What is away is missed by those who ask: it is looked for more often.
        pause = min(ttl, 1) if seeing.away else ttl
        del seeing
