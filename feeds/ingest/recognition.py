"""Recognises the release that a record is about (rule 1).

Nothing here reads or writes the store: ``run`` looks up what is known about the records of a batch.
"""

from collections.abc import Iterable, Mapping

from feeds.domain import KnownRelease
from feeds.identity import is_uri
from feeds.ingest.derive import IdentifiedRecord


class Catalogue:
    """The releases that the records of a batch may be about, also those that the batch has added.

    They are found by source key, by id (entry id and permanent id) and by permalink. ``other_ids``
    are the ids of notices and feeds.
    """

    def __init__(
        self,
        by_key: Mapping[str, Iterable[KnownRelease]],
        by_id: Mapping[str, KnownRelease],
        by_permalink: Mapping[str, Iterable[KnownRelease]],
        other_ids: set[str],
    ) -> None:
        self.other_ids = other_ids
        self._releases: dict[int, KnownRelease] = {}
        self._by_key = {key: self._ids_of(found) for key, found in by_key.items()}
        self._by_permalink = {place: self._ids_of(found) for place, found in by_permalink.items()}
        self._by_id = {id_: self._ids_of([found])[0] for id_, found in by_id.items()}

    def _ids_of(self, found: Iterable[KnownRelease]) -> list[int]:
        known = list(found)
        self._releases.update((release.id, release) for release in known)
        return [release.id for release in known]

    def is_taken(self, id_: str) -> bool:
        """Return whether an id belongs to a release, a notice or a feed."""
        return id_ in self._by_id or id_ in self.other_ids

    def with_id(self, id_: str) -> KnownRelease | None:
        """Return the release with an id, or None."""
        found = self._by_id.get(id_)
        return None if found is None else self._releases[found]

    def find(self, found: IdentifiedRecord, *, own: bool) -> KnownRelease | None:
        """Return the release that a record is about, or None if it is a new one.

        ``own`` means that the record comes from a feed of this service, in which an id that is not
        a URI is that of the release which is shown under it.

        An original address tells only if one release has it, and only if not both the record and
        that release have a stated id. Otherwise the instant and the title must be the same, too.
        """
        stated = found.record.permanent_id
        if stated and found.id_key:
            for id_ in self._by_key.get(found.id_key, []):
                return self._releases[id_]
            if stated in self._by_id and (own or is_uri(stated)):
                return self._releases[self._by_id[stated]]
        keys = [found.item_key, found.title_key]
        if not found.record.address_is_shared:
            keys.insert(0, found.address_key)
        for key in keys:
            ids = self._by_key.get(key, []) if key else []
            if len(ids) == 1:
                known = self._releases[ids[0]]
                if not (stated and known.states_id):
                    return known
        return None

    def has_address(self, found: IdentifiedRecord) -> bool:
        """Return whether a release has the original address of a record."""
        return bool(found.address_key and self._by_key.get(found.address_key))

    def claimed(self, found: IdentifiedRecord, known: KnownRelease | None) -> str | None:
        """Return the path of another release with the same address, or the same path and query.

        Returns None if that has been found before: each such address is reported once.
        """
        places = [(found.address_key, self._by_key)] if found.address_key else []
        places += [(location, self._by_permalink) for location in found.permalinks]
        for place, index in places:
            others = index.get(str(place), [])
            if others and (known is None or known.id not in others):
                return self._releases[others[0]].path
        return None

    def new_names(
        self, found: IdentifiedRecord, known: KnownRelease
    ) -> tuple[list[str], list[str]]:
        """Return the source keys and the permalinks of a record that its release does not have."""
        return (
            [key for key in found.keys if known.id not in self._by_key.get(key, [])],
            [
                place
                for place in found.permalinks
                if known.id not in self._by_permalink.get(place, [])
            ],
        )

    def record(self, found: IdentifiedRecord, known: KnownRelease) -> None:
        """Note that a release was added, or has changed, and has the names of a record."""
        keys, permalinks = self.new_names(found, known)
        self._releases[known.id] = known
        for key in keys:
            self._by_key.setdefault(key, []).append(known.id)
        for place in permalinks:
            self._by_permalink.setdefault(place, []).append(known.id)
        self._by_id |= {known.entry_id: known.id, known.permanent_id: known.id}
