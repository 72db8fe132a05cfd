"""Writes of releases, many at a time: the rows and their categories.

All of it belongs to one ``Change``, and what is listed follows (``listing``). Ids are given out
here, under the lock that the change holds. What counts as a change of a release is decided in
``edit``: whatever a reader sees of its entry.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from feeds.domain import Draft, Site
from feeds.identity import Authority, distinct_paths, feed_id, slug
from feeds.store.schema.tables import (
    LabelRow,
    ListingRow,
    MembershipRow,
    NoticeRow,
    ReleaseRow,
    SelectionRow,
)
from feeds.store.write.change import Change, chunks
from feeds.store.write.listing import Listing, ListingEntry

if TYPE_CHECKING:
    from datetime import datetime

ALL = 0
"""The id of the selection of all releases."""

_NEAR = 0.6  # share of a title that recurs in a near match
_NEAR_CHARACTERS = 150  # from 200 on difflib passes over letters that are frequent
_NEAR_COMPARED = 20  # releases of one instant that are looked at for one

_SHOWN = ("published", "title", "body", "summary", "language", "author", "website", "contact",
          "original")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of a record that comes again."""

    id: int
    digest: str
    entry_id: str


class Releases:
    """The releases of the store, within one change.

    ``authority`` mints the ids of new categories; ``site``: see ``Listing``.
    """

    def __init__(self, change: Change, authority: Authority, site: Site) -> None:
        self._change = change
        self._connection = change.connection
        self._authority = authority
        self._site = site
        self._listing = Listing(change, site)

    def known(self, source_keys: Sequence[str]) -> dict[str, Known]:
        """Return what is known of these source keys."""
        found = {}
        for chunk in chunks(source_keys):
            rows = self._connection.execute(
                select(
                    ReleaseRow.source_key, ReleaseRow.id, ReleaseRow.digest, ReleaseRow.entry_id
                ).where(ReleaseRow.source_key.in_(chunk))
            ).all()
            found.update({row.source_key: Known(*row[1:]) for row in rows})
        return found

    def taken(self, entry_ids: Sequence[str]) -> set[str]:
        """Return which of these ids are those of releases or notices."""
        found: set[str] = set()
        for chunk in chunks(entry_ids):
            for row in (ReleaseRow, NoticeRow):
                found.update(
                    self._connection.scalars(select(row.entry_id).where(row.entry_id.in_(chunk)))
                )
        return found

    def add(self, drafts: Sequence[Draft]) -> list[str | None]:
        """Add releases, whose source keys and ids are new and differ.

        Returns for each the path of a near match that was there before it, or None: a release of
        the same instant with a like title, or of the same day with the same slug.
        """
        if not drafts:
            return []
        selections = self._selections(label for draft in drafts for label in draft.labels)
        paths = self._free_paths(drafts)
        first = (self._connection.scalar(select(func.max(ReleaseRow.id))) or 0) + 1
        releases, memberships, listed = [], [], []
        for id_, draft in enumerate(drafts, first):
            releases.append(
                {name: getattr(draft, name) for name in _SHOWN}
                | {
                    "id": id_,
                    "entry_id": draft.entry_id,
                    "rank": draft.rank,
                    "path": paths[draft.entry_id],
                    "source_key": draft.source_key,
                    "digest": draft.digest,
                    "updated": draft.modified or draft.published,
                }
            )
            members = {selections[slug(label)] for label in draft.labels}
            memberships += [{"release": id_, "selection": member} for member in sorted(members)]
            listed += [
                ListingEntry(selection, draft.published, draft.rank, id_)
                for selection in (ALL, *sorted(members))
            ]
        self._connection.execute(insert(ReleaseRow), releases)
        if memberships:
            self._connection.execute(insert(MembershipRow), memberships)
        self._listing.add(listed)
        return [
            near or (draft.path if paths[draft.entry_id] != draft.path else None)
            for near, draft in zip(self._near(drafts, first), drafts, strict=True)
        ]

    def edit(self, known: Known, draft: Draft) -> bool:
        """Take over what a known release now says; return whether a reader sees a difference.

        Id, path and rank stay. ``updated`` moves with a visible difference only, to the source's
        own modification date where that is later than what stood there, else to this change.
        """
        row = self._connection.execute(
            select(
                ReleaseRow.rank,
                ReleaseRow.updated,
                ReleaseRow.withdrawn,
                *(getattr(ReleaseRow, name) for name in _SHOWN),
            ).where(ReleaseRow.id == known.id)
        ).one()
        before = set(
            self._connection.scalars(
                select(MembershipRow.selection).where(MembershipRow.release == known.id)
            )
        )
        selections = self._selections(draft.labels)
        after = {selections[slug(label)] for label in draft.labels}
        shown = {name: getattr(draft, name) for name in _SHOWN}
        spoken = {"language": self._site.language}  # by what states no language
        visible = before != after or any(
            (getattr(row, name) or spoken.get(name)) != (value or spoken.get(name))
            for name, value in shown.items()
        )
        values = shown | {"digest": draft.digest}
        if visible:
            later = draft.modified is not None and draft.modified > row.updated
            values |= {"updated": draft.modified if later else self._change.instant}
        self._connection.execute(update(ReleaseRow).where(ReleaseRow.id == known.id).values(values))
        if visible:
            self._refile(known.id, before, after)
            if row.withdrawn is None:
                self._listing.hide(known.id)
                self._listing.show(
                    [
                        ListingEntry(selection, draft.published, row.rank, known.id)
                        for selection in (ALL, *sorted(after))
                    ]
                )
        return visible

    def _refile(self, release: int, before: set[int], after: set[int]) -> None:
        if before - after:
            self._connection.execute(
                delete(MembershipRow).where(
                    MembershipRow.release == release, MembershipRow.selection.in_(before - after)
                )
            )
        if after - before:
            self._connection.execute(
                insert(MembershipRow),
                [{"release": release, "selection": member} for member in sorted(after - before)],
            )

    def _selections(self, labels: Iterable[str]) -> dict[str, int]:
        """Return the selection of each label by its slug; make those that there are not yet.

        Labels that differ in spelling alone share a slug and are one category. It is shown in the
        spelling that comes last in code point order (the one with its diacritics), whichever was
        imported first.
        """
        spelled: dict[str, str] = {}
        for label in labels:
            key = slug(label)
            spelled[key] = max(spelled.get(key, ""), label)
        found: dict[str, int] = {}
        for chunk in chunks(sorted(spelled)):
            rows = self._connection.execute(
                select(LabelRow.slug, SelectionRow.id, SelectionRow.name, SelectionRow.named)
                .join(SelectionRow, SelectionRow.id == LabelRow.selection)
                .where(LabelRow.slug.in_(chunk))
            )
            for key, id_, name, named in rows:
                found[key] = id_
                if not named and spelled[key] > name:
                    self._connection.execute(
                        update(SelectionRow).where(SelectionRow.id == id_).values(name=spelled[key])
                    )
                    self._listing.rename(id_)
        for key in sorted(spelled.keys() - found.keys()):
            found[key] = self._create(key, spelled[key])
        return found

    def _create(self, key: str, name: str) -> int:
        id_ = (self._connection.scalar(select(func.max(SelectionRow.id))) or ALL) + 1
        self._connection.execute(
            insert(SelectionRow).values(
                id=id_,
                feed_id=feed_id(self._authority, key),
                slug=key,
                name=name,
                revision=self._change.revision,
                changed=self._change.instant,
                created=self._change.instant,
            )
        )
        self._connection.execute(insert(LabelRow).values(slug=key, selection=id_))
        # A release that is not shown may be the first of it: then nothing else would be noted.
        self._change.touch([id_])
        return id_

    def _free_paths(self, drafts: Sequence[Draft]) -> dict[str, str]:
        """Give the first release of a day and slug the plain path, others a distinct one."""
        taken: set[str] = set()
        for chunk in chunks([draft.path for draft in drafts]):
            taken.update(
                self._connection.scalars(select(ReleaseRow.path).where(ReleaseRow.path.in_(chunk)))
            )
        paths = {}
        for draft in drafts:
            path = draft.path
            if path in taken:
                others = distinct_paths(path, draft.entry_id)
                there = self._connection.scalars(
                    select(ReleaseRow.path).where(ReleaseRow.path.in_(others))
                )
                taken.update(there)
                path = next(other for other in others if other not in taken)
            paths[draft.entry_id] = path
            taken.add(path)
        return paths

    def _near(self, drafts: Sequence[Draft], first: int) -> list[str | None]:
        """Find for each added release an earlier one of the same instant and a like title."""
        by_instant: dict[datetime, list[tuple[int, str, str]]] = {}
        for chunk in chunks(sorted({draft.published for draft in drafts})):
            rows = self._connection.execute(
                select(ReleaseRow.published, ReleaseRow.id, ReleaseRow.path, ReleaseRow.title)
                .join(ListingRow, ListingRow.release == ReleaseRow.id)
                .where(ListingRow.selection == ALL, ListingRow.published.in_(chunk))
            )
            for published, id_, path, title in rows:
                by_instant.setdefault(published, []).append((id_, path, title))
        return [
            next(
                (
                    path
                    for other, path, title in by_instant[draft.published][:_NEAR_COMPARED]
                    if other < id_ and _alike(draft.title, title)
                ),
                None,
            )
            for id_, draft in enumerate(drafts, first)
        ]


def _alike(one: str, other: str) -> bool:
    """Whether two titles are nearly the same, as far as a person would read them."""
    beginnings = one[:_NEAR_CHARACTERS], other[:_NEAR_CHARACTERS]
    return SequenceMatcher(None, *beginnings).ratio() >= _NEAR
