"""Figures for Prometheus: what the workers have answered, what they hold, and what the store says.

Under gunicorn each worker writes its figures to files in one folder, and the worker that is asked
adds up those of all (docs/decisions/0038-seen-from-outside.md). It reads the rest from the store.
"""

import os
import time
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from flask import Response, request
from prometheus_client import CollectorRegistry, Gauge, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from feeds.domain import Notice
from feeds.errors import StoreError
from feeds.formats import FORMATS
from feeds.store.read import Head, ImportOutcome, Reader, Snapshot
from feeds.web.cache.cache import Cache
from feeds.web.cache.revision import RevisionMonitor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BUCKETS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)  # seconds
_MADE = "feeds.made"
_MOST = 1000  # answers that are not counted yet; they are counted after each look at the store, too

_Answer = tuple[str, str, str]
"""The status line of an answer, its path, and whether it was cached or made."""


class Metrics:
    """The figures of one worker, and the answer with those of all."""

    def __init__(self, reader: Reader, monitor: RevisionMonitor, cache_: Cache) -> None:
        self._monitor = monitor
        self._cache = cache_
        self._registry = CollectorRegistry()
        own: CollectorRegistry | None = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
            own = None  # these files have the worker's own figures, too
        self._registry.register(_StoreFigures(reader, monitor))
        self._duration = Histogram(
            "feeds_http_request_duration_seconds",
            "Time until an answer is ready, by class, format, and cached or made.",
            ("status", "format", "source"),
            buckets=_BUCKETS,
            registry=own,
        )
        # What was answered and is not counted yet, with the seconds that it took.
        self._answers: deque[tuple[_Answer, float]] = deque()
        self._cache_bytes = Gauge(
            "feeds_cache_bytes",
            "Memory that the caches of all workers take.",
            multiprocess_mode="livesum",
            registry=own,
        )
        self._waiting = Gauge(
            "feeds_documents_waiting",
            "Documents that have changed, were asked for and are not made yet.",
            multiprocess_mode="livesum",
            registry=own,
        )
        self._look = Gauge(
            "feeds_store_look_timestamp_seconds",
            "When the store last told the worker that has waited longest whether it has changed.",
            multiprocess_mode="livemin",
            registry=own,
        )
        self._look.set(inf)  # a worker that has had no request has not looked
        monitor.after_check = self._publish

    def _publish(self) -> None:
        self._count()
        self._cache_bytes.set(self._cache.memory.size)
        self._waiting.set(self._cache.waiting)
        self._look.set(self._monitor.looked)

    def measured(self, application: "WSGIApplication") -> "WSGIApplication":
        """Return the application with its answers counted and timed."""

        def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            began = time.perf_counter()
            status = ""

            def start(line: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
                nonlocal status
                status = line
                return start_response(line, headers, *exc_info)

            body = application(environ, start)
            source = environ.get(_MADE, "cached")
            seconds = time.perf_counter() - began
            self._answers.append(((status, environ["PATH_INFO"], source), seconds))
            if len(self._answers) > _MOST:
                self._count()
            return body

        return answer

    def _count(self) -> None:
        """Count the answers since the last time: together that takes a fraction of the time."""
        numbers: defaultdict[tuple[_Answer, int], int] = defaultdict(int)
        sums: defaultdict[_Answer, float] = defaultdict(float)
        with suppress(IndexError):
            while True:
                answer, seconds = self._answers.popleft()
                numbers[answer, bisect_left(_BUCKETS, seconds)] += 1
                sums[answer] += seconds
        # prometheus_client has no method that adds several observations at once.
        for answer, seconds in sums.items():
            self._of(answer)._sum.inc(seconds)  # noqa: SLF001
        for (answer, bucket), number in numbers.items():
            self._of(answer)._buckets[bucket].inc(number)  # noqa: SLF001

    def _of(self, answer: _Answer) -> Histogram:
        status, path, source = answer
        extension = path.rpartition(".")[2]
        form = extension if extension in FORMATS else "other"
        return self._duration.labels(f"{status[0]}xx", form, source)

    def respond(self) -> Response:
        """Return all figures in the text format that the client prefers."""
        self._count()
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        response = Response(encode(self._registry), content_type=content_type)
        response.headers["Cache-Control"] = "no-store"
        return response


def marked(application: "WSGIApplication") -> "WSGIApplication":
    """Return the application with its answers marked as made, not taken from the cache."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ[_MADE] = "made"
        return application(environ, start_response)

    return answer


class _StoreFigures(Collector):
    """What the store says when it is asked: the same for all workers."""

    def __init__(self, reader: Reader, monitor: RevisionMonitor) -> None:
        self._reader = reader
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; if the store does not answer, only ``feeds_store_up``, which is 0."""
        found = None
        if not self._monitor.unavailable:
            with suppress(StoreError):
                found = self._reader.run(_read)
        yield GaugeMetricFamily(
            "feeds_store_up", "1 if the store answers, otherwise 0.", found is not None
        )
        if found is None:
            return
        head, suspension, last = found
        yield GaugeMetricFamily("feeds_store_revision", "The store's revision.", head.revision)
        yield GaugeMetricFamily(
            "feeds_notices_running",
            "1 while publication is suspended, otherwise 0.",
            suspension is not None,
        )
        if last is not None:
            yield GaugeMetricFamily(
                "feeds_last_import_start_timestamp_seconds",
                "When the last import was started.",
                last.started.timestamp(),
            )
            if last.finished is not None:
                yield GaugeMetricFamily(
                    "feeds_last_import_end_timestamp_seconds",
                    "When the last import ended; missing while it runs or if it was interrupted.",
                    last.finished.timestamp(),
                )


def _read(snapshot: Snapshot) -> tuple[Head, Notice | None, ImportOutcome | None]:
    return snapshot.head(), snapshot.running_suspension(), snapshot.last_import()
