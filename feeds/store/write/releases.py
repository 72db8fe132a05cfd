"""Adding and editing releases, many at a time: rows, categories and listing.

Everything belongs to one ``Change``, whose lock also makes new ids unique. ``edit`` decides what is
a change of a release: any difference that a reader sees in its entry.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from sqlalchemy import Column, Row, delete, func, insert, select, update

from feeds.domain import Draft, KnownRelease, Site
from feeds.identity import Authority, distinct_paths, feed_id, slug
from feeds.store.schema.checksum import checksum_of
from feeds.store.schema.tables import (
    ALL_ID,
    LABEL,
    LISTING,
    MEMBERSHIP,
    NOTICE,
    PERMALINK,
    RELEASE,
    SELECTION,
    SOURCE_KEY,
)
from feeds.store.write import media_hosts
from feeds.store.write.change import Change, chunks, update_release
from feeds.store.write.listing import Listing, listing_entries

if TYPE_CHECKING:
    from datetime import datetime

_NEAR = 0.6  # similarity of the titles of a near match
_NEAR_CHARACTERS = 150  # from 200 on difflib ignores frequent letters
_NEAR_COMPARED = 20  # releases of the same instant that a new one is compared with

_SHOWN = ("published", "title", "body", "summary", "language", "authors", "attachments",
          "website", "contact")  # fmt: skip
_CONTENT = (*_SHOWN, "original", "digest", "richness", "modified")
_STORED = (*_CONTENT, "entry_id", "permanent_id", "rank", "states_id")

_KNOWN = (
    RELEASE.c.id,
    RELEASE.c.entry_id,
    RELEASE.c.permanent_id,
    RELEASE.c.path,
    RELEASE.c.digest,
    RELEASE.c.richness,
    RELEASE.c.modified,
    RELEASE.c.states_id,
    RELEASE.c.withdrawn.is_not(None),
)


class Releases:
    """The releases of the store within one change; ``authority`` is that of new feed ids."""

    def __init__(self, change: Change, authority: Authority, site: Site) -> None:
        self._change = change
        self._connection = change.connection
        self._authority = authority
        self._site = site
        self._listing = Listing(change, site)
        self._renamed = False
        self._next_id: int | None = None

    @property
    def next_id(self) -> int:
        """The store's id of the next release that is added."""
        if self._next_id is None:
            self._next_id = (self._connection.scalar(select(func.max(RELEASE.c.id))) or 0) + 1
        return self._next_id

    def known(self, source_keys: Collection[str]) -> dict[str, list[KnownRelease]]:
        """Return the releases with each of these source keys."""
        return self._by(SOURCE_KEY.c.key, SOURCE_KEY.c.release, source_keys)

    def permalinks(self, locations: Collection[str]) -> dict[str, list[KnownRelease]]:
        """Return the releases with each of these permalinks."""
        return self._by(PERMALINK.c.location, PERMALINK.c.release, locations)

    def _by(
        self, name: Column[str], release: Column[int], names: Collection[str]
    ) -> dict[str, list[KnownRelease]]:
        found: defaultdict[str, list[KnownRelease]] = defaultdict(list)
        for chunk in chunks(list(names)):
            rows = self._connection.execute(
                select(name, *_KNOWN)
                .join_from(RELEASE, name.table, release == RELEASE.c.id)
                .where(name.in_(chunk))
            )
            for value, *fields in rows:
                found[value].append(KnownRelease(*fields))
        return found

    def known_ids(self, ids: Collection[str]) -> dict[str, KnownRelease]:
        """Return the releases with these entry ids or permanent ids."""
        found = {}
        for chunk in chunks(list(ids)):
            for column in (RELEASE.c.permanent_id, RELEASE.c.entry_id):
                rows = self._connection.execute(select(column, *_KNOWN).where(column.in_(chunk)))
                found.update({id_: KnownRelease(*fields) for id_, *fields in rows})
        return found

    def other_ids(self, ids: Collection[str]) -> set[str]:
        """Return which of these ids belong to a notice or a feed."""
        found: set[str] = set()
        for chunk in chunks(list(ids)):
            for column in (NOTICE.c.entry_id, SELECTION.c.feed_id):
                found.update(self._connection.scalars(select(column).where(column.in_(chunk))))
        return found

    def add_names(
        self,
        release: int,
        source_keys: Sequence[str],
        permalinks: Sequence[str],
        *,
        states_id: bool,
    ) -> None:
        """Let a release be recognised by more source keys, and redirect more permalinks to it."""
        for table, rows in (
            (SOURCE_KEY, [{"key": key, "release": release} for key in source_keys]),
            (PERMALINK, [{"location": place, "release": release} for place in permalinks]),
        ):
            if rows:
                self._connection.execute(insert(table), rows)
        if states_id:
            update_release(self._connection, release, {"states_id": True})
        self._change.mark_invisible()

    def add(self, drafts: Sequence[Draft]) -> list[str | None]:
        """Add releases, whose ids must be new and differ from each other; the first is ``next_id``.

        Returns for each the path of an earlier release that it resembles, or None: one of the same
        instant with a similar title, or of the same day with the same slug.
        """
        if not drafts:
            return []
        selections = self._selections(label for draft in drafts for label in draft.labels)
        paths = self._free_paths(drafts)
        first = self.next_id
        self._next_id = first + len(drafts)
        releases, memberships, listed, keys, permalinks = [], [], [], [], []
        for id_, draft in enumerate(drafts, first):
            row = {name: getattr(draft, name) for name in _STORED} | {
                "id": id_,
                "path": paths[draft.entry_id],
                "updated": draft.modified or draft.published,
                "token": self._change.token,
            }
            releases.append(row | {"checksum": checksum_of(row)})
            members = self._members(draft, selections)
            memberships += _memberships(id_, members)
            listed += listing_entries(id_, draft.published, draft.rank, members)
            keys += [{"key": key, "release": id_} for key in draft.source_keys]
            permalinks += [{"location": place, "release": id_} for place in draft.permalinks]
        self._connection.execute(insert(RELEASE), releases)
        for table, rows in (
            (SOURCE_KEY, keys),
            (PERMALINK, permalinks),
            (MEMBERSHIP, memberships),
        ):
            if rows:
                self._connection.execute(insert(table), rows)
        hosts = {id_: one.media_hosts for id_, one in enumerate(drafts, first) if one.media_hosts}
        media_hosts.add(self._connection, hosts)
        self._listing.add(listed)
        return [
            near or (draft.path if paths[draft.entry_id] != draft.path else None)
            for near, draft in zip(self._near(drafts, first), drafts, strict=True)
        ]

    def edit(self, known: KnownRelease, draft: Draft) -> bool:
        """Replace the content of a release; return whether a document changes.

        A better spelling of a category changes documents, and so does another original address, but
        neither is a change of this release (rule 2). Ids, path and rank stay. If a reader sees a
        difference, ``updated`` becomes the source's modification date if that is later, otherwise
        the instant of this change.
        """
        row = self._connection.execute(
            select(
                RELEASE.c.rank,
                RELEASE.c.updated,
                RELEASE.c.withdrawn,
                RELEASE.c.original,
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
        values = {name: getattr(draft, name) for name in _CONTENT}
        values["original"] = draft.original or row.original
        # A process with the recorded settings may show another language where none is stated.
        default = {} if self._change.other_settings else {"language": self._site.language}
        visible = before != after or any(
            (getattr(row, name) or default.get(name)) != (values[name] or default.get(name))
            for name in _SHOWN
        )
        touched = visible or values["original"] != row.original
        if touched:
            values["token"] = self._change.token
        if visible:
            later = draft.modified is not None and draft.modified > row.updated
            values["updated"] = draft.modified if later else self._change.instant
        update_release(self._connection, known.id, values)
        if row.body != draft.body or row.attachments != draft.attachments:
            media_hosts.replace(self._connection, known.id, draft.media_hosts)
        if touched:
            self._connection.execute(delete(MEMBERSHIP).where(MEMBERSHIP.c.release == known.id))
            if after:
                self._connection.execute(insert(MEMBERSHIP), _memberships(known.id, after))
            if row.withdrawn is None:
                self._listing.hide(known.id)
                self._listing.show(listing_entries(known.id, draft.published, row.rank, after))
        return touched or self._renamed

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
                tail_changed=self._change.instant,
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
