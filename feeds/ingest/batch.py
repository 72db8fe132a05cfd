"""Imports the items of one batch: looks up what is known, decides, and changes the store."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from feeds.domain import Draft, KnownRelease
from feeds.ingest.decide import (
    Add,
    Conditions,
    Decision,
    Edit,
    Refuse,
    Skip,
    decide,
)
from feeds.ingest.derive import Derived, IdentifiedRecord, entry_id, identify
from feeds.ingest.recognition import Catalogue
from feeds.ingest.report import Outcome, Result
from feeds.ingest.run_index import RunIndex
from feeds.ingest.sources import Item, Record, SkippedItem
from feeds.store.write.releases import Releases


class Batch:
    """The items of a batch, each with the name under which it is reported."""

    def __init__(
        self,
        releases: Releases,
        conditions: Conditions,
        index: RunIndex,
        items: Sequence[tuple[str, Item]],
    ) -> None:
        self._releases = releases
        self._conditions = conditions
        self._index = index
        self._items = [
            (name, identify(item) if isinstance(item, Record) else item) for name, item in items
        ]
        self._catalogue = self._look_up()
        self._results: list[Result] = []
        self._drafts: list[Draft] = []  # releases that are added together
        self._places: list[int] = []  # of their results

    def results(self) -> list[Result]:
        """Import the items; return the result of each."""
        for name, item in self._items:
            if isinstance(item, IdentifiedRecord):
                decision = decide(item, self._catalogue, self._index, self._conditions)
                self._results.append(self._apply(name, item, decision))
            else:
                outcome = Outcome.SKIPPED if isinstance(item, SkippedItem) else Outcome.REFUSED
                self._results.append(Result(name, outcome, reason=item.reason))
        self._flush()
        return self._results

    def _look_up(self) -> Catalogue:
        """Look up what the decisions depend on."""
        records = [item for _, item in self._items if isinstance(item, IdentifiedRecord)]
        settings = self._conditions.settings
        keys = Counter(key for one in records for key in one.keys)
        by_key = self._releases.known(keys)
        ids = {one.record.permanent_id for one in records if one.record.permanent_id}
        ids |= {
            entry_id(one.record, settings, alone=alone)
            for one in records
            if not _is_recognised(one, by_key, keys)
            # Only an address that stands for an id can be replaced by another one.
            for alone in ((True, False) if one.record.address_is_id else (True,))
        }
        return Catalogue(
            by_key,
            self._releases.known_ids(ids),
            self._releases.permalinks({place for one in records for place in one.permalinks}),
            self._releases.other_ids(ids),
        )

    def _apply(self, name: str, found: IdentifiedRecord, decision: Decision) -> Result:
        """Do what was decided, except that new releases are collected."""
        record = found.record
        outcome = Outcome.UNCHANGED
        derived: Derived | None = None
        id_: str | None = None
        reason: str | None = None
        claimed: str | None = None
        withdrawn = False
        match decision:
            case Skip(reason, id_):
                outcome = Outcome.SKIPPED
            case Refuse(reason, id_):
                outcome = Outcome.REFUSED
            case Add(derived):
                outcome = Outcome.ADDED
                claimed = self._catalogue.claimed(found, None)
                id_ = self._add(found, derived.draft).entry_id
            case Edit(known, derived):
                claimed = self._catalogue.claimed(found, known)
                if self._edit(found, known, derived.draft):
                    outcome = Outcome.CHANGED
                id_, withdrawn = known.entry_id, known.withdrawn
            case _:
                known = decision.known
                claimed = self._catalogue.claimed(found, known)
                if known.digest == found.digest:
                    self._index.add(known.id, found.digest)
                self._add_names(found, known)
                id_, withdrawn = known.entry_id, known.withdrawn
        remarks = record.remarks + (derived.remarks if derived else ())
        if claimed:
            remark = f"another release, {claimed}, has the same address: it redirects to neither"
            remarks = (*remarks, remark)
        dropped = Counter(dict(record.dropped)) if record.dropped else Counter[str]()
        return Result(
            name,
            outcome,
            id_,
            reason,
            record.banner,
            remarks,
            dropped + derived.dropped if derived and derived.dropped else dropped,
            withdrawn,
        )

    def _add(self, found: IdentifiedRecord, draft: Draft) -> KnownRelease:
        """Collect a new release, which gets the next id of the store."""
        known = KnownRelease(
            id=self._releases.next_id + len(self._drafts),
            entry_id=draft.entry_id,
            permanent_id=draft.permanent_id,
            path=draft.path,
            digest=draft.digest,
            richness=draft.richness,
            modified=draft.modified,
            states_id=draft.states_id,
            withdrawn=False,
        )
        self._drafts.append(draft)
        self._places.append(len(self._results))
        self._catalogue.record(found, known)
        self._index.add(known.id, found.digest)
        return known

    def _edit(self, found: IdentifiedRecord, known: KnownRelease, draft: Draft) -> bool:
        """Update a release; return whether a document changes."""
        self._flush()
        changed = self._releases.edit(known, draft)
        self._add_names(found, known)
        edited = replace(
            known,
            digest=draft.digest,
            richness=draft.richness,
            modified=draft.modified,
            states_id=known.states_id or draft.states_id,
        )
        self._catalogue.record(found, edited)
        self._index.add(known.id, found.digest)
        return changed

    def _add_names(self, found: IdentifiedRecord, known: KnownRelease) -> None:
        """Let a release be recognised by everything that the record states."""
        keys, permalinks = self._catalogue.new_names(found, known)
        if keys or permalinks:
            self._flush()
            states_id = known.states_id or found.id_key is not None
            self._releases.add_names(known.id, keys, permalinks, states_id=states_id)
            self._catalogue.record(found, replace(known, states_id=states_id))

    def _flush(self) -> None:
        """Add the releases that were collected."""
        near = self._releases.add(self._drafts)
        for place, path in zip(self._places, near, strict=True):
            if path:
                result = self._results[place]
                remark = f"it resembles an earlier release, {path}"
                self._results[place] = replace(result, remarks=(*result.remarks, remark))
        self._drafts, self._places = [], []


def _is_recognised(
    found: IdentifiedRecord, by_key: Mapping[str, Sequence[KnownRelease]], keys: Counter[str]
) -> bool:
    """Return whether a record without an id has names that only one release has, and no other one.

    Then it is certainly about that release, whatever the other records of the batch add.
    """
    return found.id_key is None and all(
        keys[key] == 1 and len(by_key.get(key, ())) == 1 for key in found.keys
    )
