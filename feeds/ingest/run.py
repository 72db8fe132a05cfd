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
from feeds.domain import KnownRelease
from feeds.ingest.decide import (
    Add,
    Conditions,
    Decision,
    Edit,
    Refuse,
    Skip,
    Unchanged,
    decide,
)
from feeds.ingest.derive import IdentifiedRecord, entry_id, identify
from feeds.ingest.inputs import Inputs
from feeds.ingest.items import items
from feeds.ingest.report import Outcome, Report, Result
from feeds.ingest.run_index import RunIndex
from feeds.ingest.sources import SOURCES, SUFFIXES, Item, Record, SkippedItem
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import ImportOutcome
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
    post_types: Sequence[str] = (),
    taxonomies: Sequence[str] = (),
) -> "Run":
    """Return the import of files, folders and archives; iterate over it to run it.

    ``source`` names the source for all inputs; without it, the source of each is detected. A
    ``dry_run`` undoes every transaction. ``post_types`` and ``taxonomies`` are those of WordPress
    exports that become releases and categories in the place of the usual ones. Raises
    ``NothingToDoError`` before anything is changed if a path does not exist, or is a folder or an
    archive without inputs.
    """
    kind = SOURCES[source] if source else None
    inputs = Inputs(paths, kind.suffixes if kind else SUFFIXES)
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
    last of them.
    """

    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    inputs: Inputs
    items: Iterator[tuple[str, Item]]
    dry_run: bool
    report: Report = field(default_factory=Report, init=False)
    _index: RunIndex = field(default_factory=RunIndex, init=False)

    def __iter__(self) -> Iterator[Result]:
        """Import everything."""
        started = self.clock()
        number = None
        if not self.dry_run:
            with self.store.change(started, last=False) as change:
                number = change.begin_import(started)
        while batch := self._next_batch():
            if self.report.counts:
                self.store.yield_to_writers()
            results = self._transaction(batch)
            for result in results:
                self.report.count(result)
            yield from results
        if number is not None:
            finished = self.clock()
            counts = {outcome.value: self.report.counts[outcome] for outcome in Outcome}
            with self.store.change(finished) as change:
                change.end_import(number, ImportOutcome(started, finished, **counts))
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
        with self.store.change(now, commit=not self.dry_run, last=False) as change:
            change.use_settings(settings_digest(self.settings.site))
            releases = Releases(change, self.settings.tag_authority, self.settings.site)
            suspension = change.snapshot.running_suspension()
            suspended = suspension.since if suspension else None
            conditions = Conditions(self.settings, now, suspended)
            while batch:
                decisions = self._decide([item for _, item in batch], releases, conditions)
                results += _apply(batch, decisions, releases)
                batch = self._next_batch() if time.monotonic() < end else []
        return results

    def _decide(
        self, items: Sequence[Item], releases: Releases, conditions: Conditions
    ) -> list[Decision]:
        """Look up what decisions depend on, and decide about each item of a batch."""
        identified = [identify(item) if isinstance(item, Record) else item for item in items]
        records = [item for item in identified if isinstance(item, IdentifiedRecord)]
        known = releases.known([record.key for record in records])
        taken = releases.taken(
            [entry_id(one.record, self.settings) for one in records if one.key not in known]
        )
        decisions: list[Decision] = []
        for item in identified:
            if isinstance(item, IdentifiedRecord):
                decisions.append(self._decide_record(item, known.get(item.key), taken, conditions))
            elif isinstance(item, SkippedItem):
                decisions.append(Skip(item.reason))
            else:
                decisions.append(Refuse(item.reason))
        return decisions

    def _decide_record(
        self,
        found: IdentifiedRecord,
        known: KnownRelease | None,
        taken: set[str],
        conditions: Conditions,
    ) -> Decision:
        """Decide about a record, and note what the decisions about later ones depend on."""
        earlier = self._index.earlier(found.key, found.digest)
        decision = decide(found, known, earlier, taken, conditions)
        if isinstance(decision, Add):
            taken.add(decision.draft.entry_id)
        if isinstance(decision, Add | Edit | Unchanged):
            self._index.add(found.key, found.digest)
        return decision


def _apply(
    batch: Sequence[tuple[str, Item]], decisions: Sequence[Decision], releases: Releases
) -> Iterator[Result]:
    """Write what was decided; yield the results in the order of the batch."""
    visible = iter(
        [releases.edit(one.known, one.draft) for one in decisions if isinstance(one, Edit)]
    )
    near = iter(releases.add([one.draft for one in decisions if isinstance(one, Add)]))
    for (name, item), decision in zip(batch, decisions, strict=True):
        banner, remarks = (item.banner, item.remarks) if isinstance(item, Record) else ("", ())
        match decision:
            case Add(draft):
                if path := next(near):
                    remarks = (*remarks, f"it resembles an earlier release, {path}")
                yield Result(name, Outcome.ADDED, draft.entry_id, None, banner, remarks)
            case Edit(release):
                outcome = Outcome.CHANGED if next(visible) else Outcome.UNCHANGED
                yield Result(name, outcome, release.entry_id, None, banner, remarks)
            case Unchanged(id_):
                yield Result(name, Outcome.UNCHANGED, id_, None, banner, remarks)
            case _:
                outcome = Outcome.SKIPPED if isinstance(decision, Skip) else Outcome.REFUSED
                yield Result(name, outcome, decision.entry_id, decision.reason, banner, remarks)
