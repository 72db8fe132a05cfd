"""The store's revision as this process knows it: looked at in one place, at a steady pace.

Whoever reads the store passes its snapshot through ``note``, so that nothing older than what was
served is served again (rule 6). Between requests a thread looks, once in a while, whether anything
has changed: a poll waits for no look.
"""

import threading
import time
import weakref
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from feeds.errors import StoreAwayError, StoreError
from feeds.store.engine import READ_SECONDS
from feeds.store.reads import Part, Snapshot, snapshot

OLDER = (
    "The release store is older than what was served of it: if a back-up was put in its place, "
    "restart the service."
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Which store at which revision."""

    store_id: str
    revision: int


class Keeper(Protocol):
    """What keeps things that were made of the store."""

    def outdate(self, parts: frozenset[Part] | None) -> None:
        """Take what was made of these parts (None: all of them) for outdated."""

    def drop(self) -> None:
        """Forget everything: the store is another one."""


class Watch:
    """Looks at the store every ``ttl`` seconds, at 0 whenever it is asked; tells the keeper.

    ``away`` holds the reason while the last look found no store that can be served.
    """

    def __init__(self, engine: Engine, ttl: int, keeper: Keeper) -> None:
        self._engine = engine
        self._ttl = ttl
        self._keeper = keeper
        self._lock = threading.Lock()
        self._first = threading.Lock()  # taken by the first request, for good
        self.seen: Seen | None = None
        self.away: StoreError | None = None

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
        try:
            with snapshot(self._engine, seconds=READ_SECONDS) as state:
                self.away = None if self.note(state) else StoreAwayError(OLDER)
        except StoreError as error:
            self.away = error

    def note(self, state: Snapshot) -> Seen | None:
        """Note the revision of a snapshot; None where it is older than one seen before."""
        head = state.head()
        now = Seen(head.store_id, head.revision)
        with self._lock:
            before = self.seen
            if before is None or before.store_id != now.store_id:
                self.seen = now
                self._keeper.drop()
            elif now.revision < before.revision:
                return None
            elif now.revision > before.revision:
                parts = state.moved(before.revision)
                # In this order: what is kept from here on is compared with what was seen, and
                # what was kept before is swept.
                self.seen = now
                self._keeper.outdate(parts)
        return now


def _look(watch: "weakref.ref[Watch]", ttl: int) -> None:
    """Look as long as there is somebody to look for."""
    while True:
        time.sleep(ttl)
        seeing = watch()
        if seeing is None:
            return
        seeing.look()
        del seeing
