"""Rendering in the background: documents that have changed and are still asked for.

A change of everything would otherwise be rendered by the requests that come next, all of them at
once (docs/decisions/0026-validators-and-histories.md).
"""

import heapq
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Event, Semaphore, Thread

_FEW = 2  # documents, for which a request waits little longer than for its own
_WAIT_SECONDS = 0.1
_PAUSE_SECONDS = 0.05  # how long requests that render keep the thread from beginning a document
_BATCH = 32  # documents that are chosen at a time
_SPREAD_SECONDS = 20.0  # in which the documents of a large change are rendered, if they can be
_TURN_SECONDS = 0.04  # how long a request that need not render waits for its turn, in the end
_LATE = 2 / 3  # of the time for which a document may be stale; then it waits as long as it takes
_BUSY_SECONDS = 1.0  # of renderings without a break, after which it waits as before that
_LEAST_REST = 0.25  # after a document the processor is left to polls, for this many times as long
_MOST_REST = 4
_MOST_REST_SECONDS = 0.1
_LOG = logging.getLogger(__name__)


class _Demand:
    """The requests for one document that were answered as it was before."""

    __slots__ = ("count", "done", "is_cheap", "render")

    def __init__(self, render: Callable[[], object], *, is_cheap: bool) -> None:
        self.render = render
        self.is_cheap = is_cheap
        self.count = 0
        self.done: Event | None = None


class BackgroundRenderer:
    """Renders documents, the most demanded first, in one thread.

    The thread ends when nothing is left to do. ``threads`` is the number of threads that answer
    requests: in at most half of them a request waits for a document.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._waiting = Semaphore(threads // 2)
        self._condition = Condition()
        self._demands: dict[str, _Demand] = {}
        self._rendering = 0  # requests
        self._turns = 0  # requests that render although they need not, or wait for that
        self._turn = Semaphore()
        self._busy_since = 0.0  # while there are such requests
        self._thread: Thread | None = None

    def __len__(self) -> int:
        """Return the number of documents that are demanded and not rendered yet."""
        return len(self._demands)

    def demand(
        self, path: str, render: Callable[[], object], *, is_cheap: bool, may_wait: bool
    ) -> bool:
        """Have a document rendered; return whether it has been rendered meanwhile.

        May wait a moment for it unless more than a few documents are demanded. Of documents that
        are demanded as often, those that are cheap to render are rendered first.
        """
        with self._condition:
            demand = self._demands.setdefault(path, _Demand(render, is_cheap=is_cheap))
            demand.count += 1
            # A thread that ended with a defect is replaced.
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, daemon=True)
                self._thread.start()
            may_wait = may_wait and len(self._demands) <= _FEW
            if not may_wait or not self._waiting.acquire(blocking=False):
                return False
            demand.done = done = demand.done or Event()
        try:
            return done.wait(_WAIT_SECONDS)
        finally:
            self._waiting.release()

    def take_turn(self, render: Callable[[], object], age: float) -> bool:
        """Render a document in a request that may be answered without; return whether it was.

        ``age`` is that of the change, as a share of the time for which a document may be stale. One
        such request renders at a time. The older the change, the longer others wait for their turn,
        but one thread, if there is another one, is left for the other requests. When it is late,
        few documents should be left, and each waits as long as it takes, unless that takes long.
        """
        most = max(1, self._threads - 1)
        patience: float | None = age * _TURN_SECONDS
        with self._condition:
            now = time.monotonic()
            if self._turns == 0:
                self._busy_since = now
            if age >= _LATE and now < self._busy_since + _BUSY_SECONDS:
                most, patience = self._threads, None
            if self._turns >= most:
                return False
            self._turns += 1
        try:
            if not self._turn.acquire(timeout=patience):
                return False
            try:
                render()
            finally:
                self._turn.release()
        finally:
            with self._condition:
                self._turns -= 1
        return True

    def settle(self, path: str) -> None:
        """Record that a document has been rendered, by whatever thread."""
        with self._condition:
            demand = self._demands.pop(path, None)
            if demand is not None and demand.done is not None:
                demand.done.set()

    def cancel(self, path: str) -> None:
        """Forget the demand for a document, unless a request waits for it."""
        with self._condition:
            demand = self._demands.get(path)
            if demand is not None and demand.done is None:
                del self._demands[path]

    @contextmanager
    def request(self) -> Iterator[None]:
        """Let a request render a document before the next one in the background."""
        with self._condition:
            self._rendering += 1
        try:
            yield
        finally:
            with self._condition:
                self._rendering -= 1
                self._condition.notify_all()

    def _work(self) -> None:
        until = time.monotonic() + _SPREAD_SECONDS
        while batch := self._most_demanded():
            for path in batch:
                with self._condition:
                    self._condition.wait_for(lambda: not self._rendering, _PAUSE_SECONDS)
                    demand = self._demands.get(path)
                if demand is None:  # a request has rendered it meanwhile
                    continue
                began = time.monotonic()
                try:
                    demand.render()
                except Exception:  # noqa: BLE001 - the other documents must be rendered
                    _LOG.exception("Rendering %s in the background failed", path)
                finally:
                    self.settle(path)
                now = time.monotonic()
                self._rest(took=now - began, left=until - now)

    def _rest(self, *, took: float, left: float) -> None:
        """Rest after a document, unless few are demanded: the longer, the more time is left."""
        demanded = len(self)
        if demanded > _FEW:
            rest = max(_LEAST_REST * took, left / demanded - took)
            time.sleep(min(rest, _MOST_REST * took, _MOST_REST_SECONDS))

    def _most_demanded(self) -> list[str]:
        """Return the paths to render next, the most demanded first; none ends the thread."""
        with self._condition:
            demands = self._demands
            batch = heapq.nlargest(
                _BATCH, demands, key=lambda path: (demands[path].count, demands[path].is_cheap)
            )
            if not batch:
                self._thread = None
        return batch
