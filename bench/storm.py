"""Rows of the announcement: `feeds suspend` changes every document while all of them are polled.

Unlike in other rows, the service has two workers, which may use both cores, as with its default
settings on a machine with two. PostgreSQL, too, may use both; the polls come from one.
"""

import asyncio
import gc
import gzip
import resource
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.commands import OURS, run
from bench.corpus import FULL, MANY, Corpus, environ
from bench.engines import ENGINES
from bench.load import load
from bench.measure import Bench, Result, Side, Target, number, ratios
from bench.polls import GZIP
from bench.readers import Poll, Readers
from bench.servers import CORES, Server, gunicorn, pinned
from feeds.settings import Settings

STORMS: Final = 3
"""Announcements of the row with few documents, each to a service that was just started."""

TITLE: Final = "Suspended for a measurement"

_SHARE = 1 / 10
"""The polls in a second as a share of the rate at which hot polls are answered."""

_BEFORE_SECONDS = 60  # the 99th percentile of a few seconds differs much from run to run
_SETTLE_SECONDS = 5
_TURNS = 2.5  # of all documents before the announcement, so that both workers have answered most
_EXTRA = 1.2  # of the time allowed, after which documents that are still missing are given up


@dataclass(frozen=True, slots=True)
class _Storm:
    """What the readers saw, in seconds.

    ``shown`` is the number of documents that have shown the notice, ``last`` the time after which
    the last one did, or else until they were given up.
    """

    rate: float
    polls: Sequence[Poll]
    announced: float
    shown: int
    last: float

    @property
    def before(self) -> float:
        """The 99th percentile before the announcement."""
        return _percentile(self._due(self.announced - _BEFORE_SECONDS, self.announced))

    @property
    def during(self) -> float:
        """The 99th percentile until the last document shows it."""
        return _percentile(self._due(self.announced, self.announced + self.last))

    @property
    def failed_before(self) -> bool:
        """Whether the service failed before the announcement already."""
        return any(poll.failed for poll in self.polls if poll.due < self.announced)

    def _due(self, begin: float, end: float) -> list[Poll]:
        return [poll for poll in self.polls if begin <= poll.due < end]


def storm(bench: Bench) -> list[Result]:
    """Announce a suspension in 1,500 documents of fifty releases each."""
    return _storms(bench, "storm", FULL, storms=STORMS, seconds=60)


def large_storm(bench: Bench) -> list[Result]:
    """Announce a suspension in 30,000 documents."""
    return _storms(bench, "large_storm", MANY, storms=1, seconds=300)


def _storms(bench: Bench, row: str, corpus: Corpus, *, storms: int, seconds: int) -> list[Result]:
    # A service that does not answer is polled over thousands of connections.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    results = []
    for engine, copies in ENGINES.items():
        found = []
        with copies(bench, corpus) as copy:
            for _ in range(storms):
                with copy() as settings:
                    found.append(_storm(bench, settings, corpus.paths, seconds))
        what = f"{len(corpus.paths):,} documents change, {engine}"
        results += _results(row, what, len(corpus.paths), found, seconds)
    return results


def _storm(bench: Bench, settings: Settings, paths: Sequence[str], seconds: int) -> _Storm:
    variables = environ(settings.database_url)
    with gunicorn("wsgi:app", variables | {"FEEDS_WORKERS": "2"}, cores=CORES) as server:
        tag = server.ask(paths[0], GZIP).header("ETag")
        hot = load(server.url(paths[0]), GZIP | {"If-None-Match": tag}, bench.seconds)
        found = asyncio.run(_announced(server, variables, paths, hot * _SHARE, seconds))
    print(
        f"  {found.rate:.0f} polls a second: {_described(found)}",
        flush=True,
    )
    return found


async def _announced(
    server: Server, variables: dict[str, str], paths: Sequence[str], rate: float, seconds: int
) -> _Storm:
    readers = Readers(server.port, paths)
    await readers.request_all()
    # The readers' own work must not delay their polls.
    gc.collect()
    gc.freeze()
    clock = asyncio.get_running_loop().time
    polling = asyncio.create_task(readers.poll(rate))
    await asyncio.sleep(max(_SETTLE_SECONDS + _BEFORE_SECONDS, _TURNS * len(paths) / rate))
    readers.expect_news()
    announced = clock()
    suspend = [*pinned(*CORES), *OURS.feeds("suspend", "--title", TITLE)]
    await asyncio.to_thread(run, suspend, variables | OURS.environ, OURS.folder)
    with suppress(TimeoutError):
        await asyncio.wait_for(readers.all_new.wait(), announced + seconds * _EXTRA - clock())
    ended = clock()
    polling.cancel()
    with suppress(asyncio.CancelledError):
        await polling
    gc.unfreeze()
    for path, (_, body) in readers.news.items():
        if TITLE.encode() not in gzip.decompress(body):
            raise RuntimeError(f"{path} has changed, but does not show the notice")
    shown = {path: when for path, (when, _) in readers.news.items() if when <= ended}
    last = max(shown.values()) if len(shown) == len(paths) else ended
    return _Storm(rate, readers.polls, announced, len(shown), last - announced)


def _results(
    row: str, what: str, documents: int, storms: Sequence[_Storm], seconds: int
) -> list[Result]:
    sent = sum(len(one.polls) for one in storms)
    failed = sum(poll.failed for one in storms for poll in one.polls)
    shown = min(one.shown for one in storms)
    missing = "" if shown == documents else f", {documents - shown:,} do not"
    results = [
        Result(
            row=row,
            what=f"{what}: failed polls",
            ours=Side("failed", failed, ""),
            rival=Side("polls", sent, ""),
            figures=[failed],
            target=Target(0, at_least=False),
            unit="",
        ),
        Result(
            row=row,
            what=f"{what}: until all show it",
            ours=Side(f"last{missing}", median(one.last for one in storms), "s"),
            rival=Side("allowed", seconds, "s"),
            figures=[one.last for one in storms],
            target=Target(seconds, at_least=False),
            unit=" s",
        ),
    ]
    if any(one.failed_before for one in storms):
        # A service that fails anyway is not slower during the announcement than before it.
        print("  polls have failed before the announcement: their times are not compared")
        return results
    before = [one.before * 1000 for one in storms]
    during = [one.during * 1000 for one in storms]
    return [
        *results,
        Result(
            row=row,
            what=f"{what}: 99th percentile of polls",
            ours=Side("until all show it", median(during), "ms"),
            rival=Side("before", median(before), "ms"),
            figures=ratios(during, before),
            target=Target(5, at_least=False),
        ),
    ]


def _percentile(polls: Sequence[Poll]) -> float:
    """Return the 99th percentile of the seconds of these polls."""
    seconds = sorted(poll.seconds for poll in polls)
    return seconds[len(seconds) * 99 // 100]


def _described(found: _Storm) -> str:
    ms = " and ".join(f"{number(one * 1000)} ms" for one in (found.before, found.during))
    counts = sorted(Counter(poll.status for poll in found.polls).items())
    statuses = ", ".join(
        f"{count:,} answered {status}" if status else f"{count:,} not answered"
        for status, count in counts
    )
    return (
        f"99th percentile {ms}; {statuses}; {found.shown:,} documents shown, the last after "
        f"{found.last:.1f} s"
    )
