"""Figures for Prometheus: what the workers have answered, what they hold, and what the store says.

Under gunicorn each worker writes its figures to files in one folder, and the worker that is asked
adds up those of all (docs/decisions/0038-seen-from-outside.md). It reads the rest from the store.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
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
        # Resolving labels costs as much as counting.
        self._durations = cache(self._duration.labels)
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
            extension = environ["PATH_INFO"].rpartition(".")[2]
            self._durations(
                f"{status[0]}xx",
                extension if extension in FORMATS else "other",
                environ.get(_MADE, "cached"),
            ).observe(time.perf_counter() - began)
            return body

        return answer

    def respond(self) -> Response:
        """Return all figures in the text format that the client prefers."""
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
