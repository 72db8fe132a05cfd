"""Import releases: inputs through a source, derived once, into the store (rule 11).

A release is imported whole or not at all. The store is committed to about once a second, and an
import that was interrupted is finished by running it again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from feeds.documents.build import settings_digest
from feeds.domain import Draft
from feeds.ingest.derive import Recognised, derive, recognise, refusal, size
from feeds.ingest.inputs import Inputs
from feeds.ingest.items import items
from feeds.ingest.report import Outcome, Result, Summary
from feeds.ingest.run_index import RunIndex
from feeds.ingest.sources import SOURCES, SUFFIXES, Item, Record, Skipped
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import ImportOutcome
from feeds.store.write.releases import Known, Releases
from feeds.text.html import MarkupError

if TYPE_CHECKING:
    from feeds.store.write.archive_pages import Repaginated

__all__ = ["Outcome", "Result", "Run", "Summary", "import_paths"]

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
) -> "Run":
    """Prepare to import files, folders and archives: iterate over what is returned to do it.

    ``source`` names the kind of all of them; without, each is looked at. Raises
    ``NothingToDoError`` before anything is changed where a path does not exist, or is a folder or
    an archive that holds no input. With ``dry_run`` the same is done and undone.
    """
    kind = SOURCES[source] if source else None
    inputs = Inputs(paths, kind.suffixes if kind else SUFFIXES)
    return Run(store, settings, clock, inputs, items(inputs, kind, settings.timezone), dry_run)


@dataclass(slots=True)
class _Batch:
    """Some records, looked up together, and what became of them by their places."""

    suspended: datetime | None
    known: dict[str, Known]
    seen: dict[str, str]
    results: dict[int, Result]
    drafts: dict[str, tuple[int, str, Record, Draft]]  # by their source keys
    copies: list[tuple[int, str, Record, str]]


class Run:
    """One run of an import: yields one result an input, once it is committed.

    ``repaginated`` then names the archive pages that outgrew their size and were cut anew.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - made in one place
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], datetime],
        inputs: Inputs,
        items: Iterator[tuple[str, Item]],
        dry_run: bool,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._items = items
        self._digest = settings_digest(settings.site)
        self._dry_run = dry_run
        # That a release comes again in one run with other content is refused: whichever came last
        # would win, and the next run would change both again.
        self._seen = RunIndex()
        self.inputs = inputs
        self.repaginated: tuple[Repaginated, ...] = ()

    def __iter__(self) -> Iterator[Result]:
        """Import everything, yielding the results of a transaction after its commit."""
        with closing(self._seen):
            yield from self._import()

    def _import(self) -> Iterator[Result]:
        started = self._clock()
        number = None
        if not self._dry_run:
            with self._store.change(started, last=False) as change:
                number = change.begin_import(started)
        summary = Summary()
        while results := self._transaction(begun=bool(summary.counts)):
            for result in results:
                summary.note(result)
            yield from results
        if number is not None:
            finished = self._clock()
            counts = {outcome.value: summary.counts[outcome] for outcome in Outcome}
            with self._store.change(finished) as change:
                change.end_import(number, ImportOutcome(started, finished, **counts))
            self.repaginated = change.repaginated

    def _next_batch(self) -> list[tuple[str, Item]]:
        """Read on, up to a number of records and an amount of text."""
        batch: list[tuple[str, Item]] = []
        characters = 0
        for name, item in self._items:
            batch.append((name, item))
            characters += size(item) if isinstance(item, Record) else 0
            if len(batch) >= _BATCH or characters > _BATCH_CHARACTERS:
                break
        return batch

    def _transaction(self, *, begun: bool) -> list[Result]:
        results: list[Result] = []
        batch = self._next_batch()
        if not batch:
            return results
        if begun:
            self._store.yield_to_writers()
        end = time.monotonic() + _COMMIT_SECONDS
        with self._store.change(self._clock(), commit=not self._dry_run, last=False) as change:
            change.made_under(self._digest)
            releases = Releases(change, self._settings.tag_authority, self._settings.site)
            suspension = change.snapshot.running_suspension()
            suspended = suspension.since if suspension else None
            while batch:
                results += self._batch(releases, batch, suspended)
                batch = self._next_batch() if time.monotonic() < end else []
        return results

    def _batch(
        self,
        releases: Releases,
        items: Sequence[tuple[str, Item]],
        suspended: datetime | None,
    ) -> list[Result]:
        """Import one batch; return the results in the order of its inputs."""
        found = {
            place: recognise(item)
            for place, (_, item) in enumerate(items)
            if isinstance(item, Record)
        }
        keys = [recognised.key for recognised in found.values()]
        seen = self._seen.digests(keys)
        batch = _Batch(suspended, releases.known(keys), dict(seen), {}, {}, [])
        for place, (name, item) in enumerate(items):
            if not isinstance(item, Record):
                outcome = Outcome.SKIPPED if isinstance(item, Skipped) else Outcome.REFUSED
                batch.results[place] = Result(name, outcome, reason=item.reason)
            elif (key := found[place].key) in batch.drafts and (
                batch.seen[key] == found[place].digest
            ):
                batch.copies.append((place, name, item, key))
            else:
                self._settle(releases, batch, place, name, found[place])
        self._add(releases, batch)
        self._seen.note({key: batch.seen[key] for key in batch.seen.keys() - seen.keys()})
        return [batch.results[place] for place in range(len(items))]

    def _settle(
        self, releases: Releases, batch: _Batch, place: int, name: str, recognised: Recognised
    ) -> None:
        """Find out what becomes of a record; what is new is left to be added with its batch."""
        record, key, digest = recognised.record, recognised.key, recognised.digest
        known = batch.known.get(key)
        entry_id = known.entry_id if known else None
        reason = refusal(record, self._clock(), batch.suspended)
        outcome = Outcome.REFUSED if reason else Outcome.UNCHANGED
        first = self._first(batch, key, known)
        if reason is None and first not in {None, digest}:
            reason = "the same release came earlier in this import with other content: keep one"
            outcome = Outcome.REFUSED
            if record.overlaps:
                # The documents of a feed overlap, and one of its past may hold an older version.
                reason = "another document of the feed has it in another version, which was taken"
                outcome = Outcome.SKIPPED
        if not reason and known and known.digest == digest:
            self._seen.note_unchanged(known.id)
        elif not reason and first is None:
            try:
                draft = derive(recognised, self._settings)
            except MarkupError as error:
                outcome, reason = Outcome.REFUSED, str(error)
            else:
                if known is None:
                    batch.drafts[key] = place, name, record, draft
                    batch.seen[key] = digest
                    return
                if releases.edit(known, draft):
                    outcome = Outcome.CHANGED
            if not reason:
                batch.seen[key] = digest
        batch.results[place] = _result(name, record, outcome, entry_id, reason=reason)

    def _first(self, batch: _Batch, key: str, known: Known | None) -> str | None:
        """Return the digest under which a release came earlier in this run, if it did."""
        if known and self._seen.unchanged(known.id):
            return known.digest
        return batch.seen.get(key)

    @staticmethod
    def _add(releases: Releases, batch: _Batch) -> None:
        """Add what is new in a batch, less what claims the id of another entry."""
        taken = releases.taken([draft.entry_id for *_, draft in batch.drafts.values()])
        added = []
        for key, (place, name, record, draft) in batch.drafts.items():
            if draft.entry_id in taken:
                reason = f"its id, {draft.entry_id}, is that of another entry here"
                batch.results[place] = _result(name, record, Outcome.REFUSED, None, reason=reason)
                del batch.seen[key]
            else:
                taken.add(draft.entry_id)
                added.append((place, name, record, draft))
        near = releases.add([draft for *_, draft in added])
        for (place, name, record, draft), path in zip(added, near, strict=True):
            remark = (f"it resembles an earlier release, {path}",) if path else ()
            batch.results[place] = _result(
                name, record, Outcome.ADDED, draft.entry_id, remarks=remark
            )
        for place, name, record, key in batch.copies:
            first = batch.results[batch.drafts[key][0]]
            outcome = Outcome.UNCHANGED if first.outcome is Outcome.ADDED else first.outcome
            batch.results[place] = _result(
                name, record, outcome, first.entry_id, reason=first.reason
            )


def _result(  # noqa: PLR0913 - each is a field of its own
    name: str,
    record: Record,
    outcome: Outcome,
    entry_id: str | None,
    *,
    reason: str | None = None,
    remarks: tuple[str, ...] = (),
) -> Result:
    return Result(name, outcome, entry_id, reason, record.banner, record.remarks + remarks)
