"""Runs an import: reads inputs in batches, decides about each record, and changes the store.

A release is imported as a whole or not at all (rule 11). A transaction is committed about once a
second; running an interrupted import again finishes it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from feeds.documents.version import settings_digest
from feeds.ingest.batch import Batch
from feeds.ingest.decide import Conditions
from feeds.ingest.inputs import Inputs
from feeds.ingest.items import items
from feeds.ingest.report import Outcome, Report, Result
from feeds.ingest.run_index import RunIndex
from feeds.ingest.sources import SOURCES, SUFFIXES, Item, Record
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import ImportOutcome
from feeds.store.write.change import Change
from feeds.store.write.releases import Releases

_BATCH = 200  # records that are looked up and written together
_BATCH_CHARACTERS = 8 * 1024 * 1024
_COMMIT_SECONDS = 1.0


def import_paths(  # noqa: PLR0913 - each is a field of its own
    store: Store,
    settings: Settings,
    paths: Sequence[Path],
    clock: Callable[[], datetime],
    *,
    source: str | None = None,
    dry_run: bool = False,
    spool: Path | None = None,
    post_types: Sequence[str] = (),
    taxonomies: Sequence[str] = (),
) -> "Run":
    """Return the import of files, folders and archives; iterate over it to run it.

    The path ``-`` is standard input, of which ``spool`` is a copy. ``source`` names the source for
    all inputs; without it, the source of each is detected. A ``dry_run`` does the same in one
    transaction and undoes it; meanwhile other commands wait. ``post_types`` and ``taxonomies`` are
    those of WordPress exports that become releases and categories in the place of the usual ones.
    Raises ``NothingToDoError`` before anything is changed if a path does not exist, or is a folder
    or an archive without inputs.
    """
    kind = SOURCES[source] if source else None
    inputs = Inputs(paths, kind.suffixes if kind else SUFFIXES, spool)
    found = items(
        inputs,
        kind,
        settings.timezone,
        tuple(post_types) or ("post",),
        tuple(taxonomies) or ("category",),
    )
    return Run(store, settings, clock, inputs, found, dry_run)


@dataclass(slots=True)
class Run:
    """One run of an import. Iterating over it imports the items and yields one result for each.

    Results are yielded after their transaction was committed. ``report`` is complete after the
    last of them. ``total`` and ``position`` are those of the inputs, ``done`` is the number of
    results that were committed.
    """

    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    inputs: Inputs
    items: Iterator[tuple[str, Item]]
    dry_run: bool
    report: Report = field(default_factory=Report, init=False)
    _index: RunIndex = field(default_factory=RunIndex, init=False)

    @property
    def total(self) -> int:
        """The size of the inputs in bytes."""
        return self.inputs.total

    @property
    def position(self) -> int:
        """The number of bytes read."""
        return self.inputs.position

    @property
    def done(self) -> int:
        """The number of results."""
        return self.report.counts.total()

    def __iter__(self) -> Iterator[Result]:
        """Import everything."""
        if self.dry_run:
            yield from self._foretold()
            return
        started = self.clock()
        with self.store.change(started, last=False) as change:
            number = change.begin_import(started)
        while batch := self._next_batch():
            if self.report.counts:
                self.store.yield_to_writers()
            results = self._transaction(batch)
            for result in results:
                self.report.count(result)
            yield from results
        finished = self.clock()
        counts = {outcome.value: self.report.counts[outcome] for outcome in Outcome}
        with self.store.change(finished) as change:
            change.end_import(number, ImportOutcome(started, finished, **counts))
        self.report.repaginated = change.repaginated

    def _foretold(self) -> Iterator[Result]:
        """Import everything in one transaction, and undo it.

        What becomes of a record depends on those before it.
        """
        now = self.clock()
        with self.store.change(now, commit=False) as change:
            releases, conditions = self._prepared(change, now)
            while batch := self._next_batch():
                results = Batch(releases, conditions, self._index, batch).results()
                for result in results:
                    self.report.count(result)
                yield from results
        self.report.repaginated = change.repaginated

    def _next_batch(self) -> list[tuple[str, Item]]:
        """Read items, up to a number of them and an amount of text."""
        batch: list[tuple[str, Item]] = []
        characters = 0
        for name, item in self.items:
            batch.append((name, item))
            self.report.passed_over.count(item)
            characters += item.length if isinstance(item, Record) else 0
            if len(batch) >= _BATCH or characters > _BATCH_CHARACTERS:
                break
        return batch

    def _transaction(self, batch: list[tuple[str, Item]]) -> list[Result]:
        """Import batches, beginning with this one, for about a second."""
        results: list[Result] = []
        now = self.clock()
        end = time.monotonic() + _COMMIT_SECONDS
        with self.store.change(now, last=False) as change:
            releases, conditions = self._prepared(change, now)
            while batch:
                results += Batch(releases, conditions, self._index, batch).results()
                batch = self._next_batch() if time.monotonic() < end else []
        return results

    def _prepared(self, change: Change, now: datetime) -> tuple[Releases, Conditions]:
        """Return what the batches of a change have in common."""
        site = self.settings.site
        change.use_settings(settings_digest(site))
        suspension = change.snapshot.running_suspension()
        conditions = Conditions(self.settings, now, suspension.since if suspension else None)
        return Releases(change, self.settings.tag_authority, site), conditions
