"""Adding and editing releases, many at a time: rows, categories and listing.

Everything belongs to one ``Change``, whose lock also makes new ids unique. ``edit`` decides what is
a change of a release: any difference that a reader sees in its entry.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from sqlalchemy import Row, delete, func, insert, select, update

from feeds.domain import Draft, KnownRelease, Site
from feeds.identity import Authority, distinct_paths, feed_id, slug
from feeds.store.schema.tables import (
    ALL_ID,
    LABEL,
    LISTING,
    MEMBERSHIP,
    NOTICE,
    RELEASE,
    SELECTION,
)
from feeds.store.write.change import Change, chunks
from feeds.store.write.listing import Listing, listing_entries

if TYPE_CHECKING:
    from datetime import datetime

_NEAR = 0.6  # similarity of the titles of a near match
_NEAR_CHARACTERS = 150  # from 200 on difflib ignores frequent letters
_NEAR_COMPARED = 20  # releases of the same instant that a new one is compared with

_SHOWN = ("published", "title", "body", "summary", "language", "authors", "attachments",
          "website", "contact", "original")  # fmt: skip


class Releases:
    """The releases of the store within one change; ``authority`` is that of new feed ids."""

    def __init__(self, change: Change, authority: Authority, site: Site) -> None:
        self._change = change
        self._connection = change.connection
        self._authority = authority
        self._site = site
        self._listing = Listing(change, site)
        self._renamed = False

    def known(self, source_keys: Sequence[str]) -> dict[str, KnownRelease]:
        """Return the releases with these source keys."""
        found = {}
        for chunk in chunks(source_keys):
            rows = self._connection.execute(
                select(
                    RELEASE.c.source_key, RELEASE.c.id, RELEASE.c.digest, RELEASE.c.entry_id
                ).where(RELEASE.c.source_key.in_(chunk))
            )
            for row in rows:
                found[row.source_key] = KnownRelease(
                    id=row.id, digest=row.digest, entry_id=row.entry_id
                )
        return found

    def taken(self, entry_ids: Sequence[str]) -> set[str]:
        """Return which of these entry ids belong to a release or a notice."""
        found: set[str] = set()
        for chunk in chunks(entry_ids):
            for column in (RELEASE.c.entry_id, NOTICE.c.entry_id):
                found.update(self._connection.scalars(select(column).where(column.in_(chunk))))
        return found

    def add(self, drafts: Sequence[Draft]) -> list[str | None]:
        """Add releases; their source keys and entry ids must be new and differ from each other.

        Returns for each the path of an earlier release that it resembles, or None: one of the same
        instant with a similar title, or of the same day with the same slug.
        """
        if not drafts:
            return []
        selections = self._selections(label for draft in drafts for label in draft.labels)
        paths = self._free_paths(drafts)
        first = (self._connection.scalar(select(func.max(RELEASE.c.id))) or 0) + 1
        releases, memberships, listed = [], [], []
        for id_, draft in enumerate(drafts, first):
            releases.append(
                {name: getattr(draft, name) for name in _SHOWN}
                | {
                    "id": id_,
                    "entry_id": draft.entry_id,
                    "permanent_id": draft.permanent_id,
                    "rank": draft.rank,
                    "path": paths[draft.entry_id],
                    "source_key": draft.source_key,
                    "digest": draft.digest,
                    "updated": draft.modified or draft.published,
                    "token": self._change.token,
                }
            )
            members = self._members(draft, selections)
            memberships += _memberships(id_, members)
            listed += listing_entries(id_, draft.published, draft.rank, members)
        self._connection.execute(insert(RELEASE), releases)
        if memberships:
            self._connection.execute(insert(MEMBERSHIP), memberships)
        self._listing.add(listed)
        return [
            near or (draft.path if paths[draft.entry_id] != draft.path else None)
            for near, draft in zip(self._near(drafts, first), drafts, strict=True)
        ]

    def edit(self, known: KnownRelease, draft: Draft) -> bool:
        """Replace the content of a release; return whether a reader sees a difference.

        A better spelling of a category is one, but not a change of this release (rule 2).
        Entry id, path and rank stay. If there is a visible difference, ``updated`` becomes the
        source's modification date if that is later, otherwise the instant of this change.
        """
        row = self._connection.execute(
            select(
                RELEASE.c.rank,
                RELEASE.c.updated,
                RELEASE.c.withdrawn,
                *(RELEASE.c[name] for name in _SHOWN),
            ).where(RELEASE.c.id == known.id)
        ).one()
        before = self._connection.scalars(
            select(MEMBERSHIP.c.selection)
            .where(MEMBERSHIP.c.release == known.id)
            .order_by(MEMBERSHIP.c.position)
        ).all()
        self._renamed = False
        selections = self._selections(draft.labels)
        after = self._members(draft, selections)
        shown = {name: getattr(draft, name) for name in _SHOWN}
        default = {"language": self._site.language}
        visible = before != after or any(
            (getattr(row, name) or default.get(name)) != (value or default.get(name))
            for name, value in shown.items()
        )
        values = shown | {"digest": draft.digest}
        if visible:
            later = draft.modified is not None and draft.modified > row.updated
            values |= {
                "updated": draft.modified if later else self._change.instant,
                "token": self._change.token,
            }
        self._connection.execute(update(RELEASE).where(RELEASE.c.id == known.id).values(values))
        if visible:
            self._connection.execute(delete(MEMBERSHIP).where(MEMBERSHIP.c.release == known.id))
            if after:
                self._connection.execute(insert(MEMBERSHIP), _memberships(known.id, after))
            if row.withdrawn is None:
                self._listing.hide(known.id)
                self._listing.show(listing_entries(known.id, draft.published, row.rank, after))
        return visible or self._renamed

    @staticmethod
    def _members(draft: Draft, selections: Mapping[str, int]) -> list[int]:
        """Return the selections of a draft's categories, each once, the main one first."""
        return list(dict.fromkeys(selections[slug(label)] for label in draft.labels))

    def _selections(self, labels: Iterable[str]) -> dict[str, int]:
        """Return the selections of labels by their slugs; create missing categories.

        Labels that have the same slug are one category. Its name is the spelling that comes last in
        code point order (the one with diacritics), whichever was imported first.
        """
        spelled: dict[str, str] = {}
        for label in labels:
            key = slug(label)
            spelled[key] = max(spelled.get(key, ""), label)
        found: dict[str, int] = {}
        for chunk in chunks(sorted(spelled)):
            rows = self._connection.execute(
                select(LABEL.c.slug, SELECTION.c.id, SELECTION.c.name, SELECTION.c.named)
                .join(SELECTION, SELECTION.c.id == LABEL.c.selection)
                .where(LABEL.c.slug.in_(chunk))
            )
            for row in rows:
                found[row.slug] = row.id
                name = spelled[row.slug]
                if not row.named and name > row.name:
                    self._connection.execute(
                        update(SELECTION).where(SELECTION.c.id == row.id).values(name=name)
                    )
                    self._listing.touch_renamed(row.id)
                    self._renamed = True
        for key in sorted(spelled.keys() - found.keys()):
            found[key] = self._create(key, spelled[key])
        return found

    def _create(self, key: str, name: str) -> int:
        id_ = (self._connection.scalar(select(func.max(SELECTION.c.id))) or ALL_ID) + 1
        self._connection.execute(
            insert(SELECTION).values(
                id=id_,
                feed_id=feed_id(self._authority, key),
                slug=key,
                name=name,
                revision=self._change.revision,
                changed=self._change.instant,
                token=self._change.token,
                created=self._change.instant,
            )
        )
        self._connection.execute(insert(LABEL).values(slug=key, selection=id_))
        # If its first release is withdrawn, nothing else touches it.
        self._change.touch([id_])
        self._change.touch_list()
        return id_

    def _free_paths(self, drafts: Sequence[Draft]) -> dict[str, str]:
        """Return a free path for each draft: its own, or a distinct one if that is taken."""
        taken: set[str] = set()
        for chunk in chunks([draft.path for draft in drafts]):
            taken.update(
                self._connection.scalars(select(RELEASE.c.path).where(RELEASE.c.path.in_(chunk)))
            )
        paths = {}
        for draft in drafts:
            path = draft.path
            if path in taken:
                others = distinct_paths(path, draft.entry_id)
                there = self._connection.scalars(
                    select(RELEASE.c.path).where(RELEASE.c.path.in_(others))
                )
                taken.update(there)
                path = next(other for other in others if other not in taken)
            paths[draft.entry_id] = path
            taken.add(path)
        return paths

    def _near(self, drafts: Sequence[Draft], first: int) -> list[str | None]:
        """Return for each draft the path of an earlier release that resembles it, or None."""
        by_instant: defaultdict[datetime, list[Row[datetime, int, str, str]]] = defaultdict(list)
        for chunk in chunks(sorted({draft.published for draft in drafts})):
            rows = self._connection.execute(
                select(RELEASE.c.published, RELEASE.c.id, RELEASE.c.path, RELEASE.c.title)
                .join(LISTING, LISTING.c.release == RELEASE.c.id)
                .where(LISTING.c.selection == ALL_ID, LISTING.c.published.in_(chunk))
            )
            for row in rows:
                by_instant[row.published].append(row)
        return [
            next(
                (
                    other.path
                    for other in by_instant[draft.published][:_NEAR_COMPARED]
                    if other.id < id_ and _alike(draft.title, other.title)
                ),
                None,
            )
            for id_, draft in enumerate(drafts, first)
        ]


def _memberships(release: int, members: Sequence[int]) -> list[dict[str, int]]:
    """Return the rows of a release's categories."""
    return [
        {"release": release, "selection": member, "position": position}
        for position, member in enumerate(members)
    ]


def _alike(one: str, other: str) -> bool:
    """Return whether the beginnings of two titles are nearly the same."""
    beginnings = one[:_NEAR_CHARACTERS], other[:_NEAR_CHARACTERS]
    return SequenceMatcher(None, *beginnings).ratio() >= _NEAR
