"""Reads: everything that is served, as domain dataclasses out of one snapshot.

A ``Snapshot`` lives within one read transaction; whatever it returns is of one state of the
store (rule 6). All reads are Core selects on keys and ranges: none sorts, none scans a table.
"""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, select

from feeds.domain import Category, Notice, NoticeKind, Release, Selection
from feeds.identity import combined_feed_id
from feeds.store.engine import reading
from feeds.store.tables import (
    HeadRow,
    ImportRow,
    ListingRow,
    MembershipRow,
    NoticeRow,
    ReleaseRow,
    SelectionRow,
)

_SELECTION = select(
    SelectionRow.id,
    SelectionRow.feed_id,
    SelectionRow.slug,
    SelectionRow.name,
    SelectionRow.count.label("shown"),
    SelectionRow.revision,
    SelectionRow.changed,
    SelectionRow.created,
)
_RELEASE = select(
    ReleaseRow.id,
    ReleaseRow.entry_id,
    ReleaseRow.rank,
    ReleaseRow.path,
    ReleaseRow.published,
    ReleaseRow.updated,
    ReleaseRow.title,
    ReleaseRow.body,
    ReleaseRow.summary,
    ReleaseRow.language,
    ReleaseRow.author,
    ReleaseRow.website,
    ReleaseRow.contact,
    ReleaseRow.original,
)


@dataclass(frozen=True, slots=True)
class Head:
    """The store as a whole: see ``HeadRow``."""

    store_id: str
    revision: int
    instant: datetime
    page_size: int
    settings_digest: str
    settings_revision: int
    settings_changed: datetime


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What one run of an import did; ``finished`` is None where it was interrupted."""

    started: datetime
    finished: datetime | None
    added: int
    changed: int
    unchanged: int
    skipped: int
    refused: int


def newest_query(selection: int, limit: int) -> Select[datetime, int, int]:
    """Select the order keys and ids of a selection's newest releases."""
    return (
        select(ListingRow.published, ListingRow.rank, ListingRow.release)
        .where(ListingRow.selection == selection)
        .order_by(ListingRow.published.desc(), ListingRow.rank.desc())
        .limit(limit)
    )


class Snapshot:
    """One state of the release store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self) -> Head:
        """Return the store's head."""
        row = self._connection.execute(
            select(
                HeadRow.store_id,
                HeadRow.revision,
                HeadRow.instant,
                HeadRow.page_size,
                HeadRow.settings_digest,
                HeadRow.settings_revision,
                HeadRow.settings_changed,
            )
        ).one()
        return Head(*row)

    def selection(self, slugs: Sequence[str]) -> Selection | None:
        """Return the selection of these categories, or of all releases where none is named.

        None where one of them is unknown. Of several the revision and the instants are the
        greatest of the members' (rule 5).
        """
        rows = self._connection.execute(_SELECTION.where(SelectionRow.slug.in_(slugs or [""])))
        members = sorted(rows, key=lambda row: row.slug)
        if len(members) != len(slugs or [""]):
            return None
        if len(members) == 1:
            return _selection(members[0])
        return Selection(
            feed_id=combined_feed_id([row.feed_id for row in members]),
            categories=tuple(Category(row.slug, row.name) for row in members),
            count=sum(row.shown for row in members),
            revision=max(row.revision for row in members),
            changed=max(row.changed for row in members),
            created=max(row.created for row in members),
            members=tuple(row.id for row in members),
        )

    def latest(self) -> Release | None:
        """Return the newest release shown, or None where there is none."""
        row = self._connection.execute(newest_query(0, 1)).first()
        return None if row is None else self._releases([row.release])[0]

    def everything(self) -> Selection:
        """Return the selection of all releases, which every store has."""
        return _selection(self._connection.execute(_SELECTION.where(SelectionRow.id == 0)).one())

    def categories(self) -> list[Selection]:
        """Return the selection of every category, in the order of their slugs."""
        rows = self._connection.execute(
            _SELECTION.where(SelectionRow.slug > "").order_by(SelectionRow.slug)
        )
        return [_selection(row) for row in rows]

    def newest(self, selection: Selection, limit: int) -> list[Release]:
        """Return the newest releases of a selection, newest first, each once (rule 7)."""
        listings = [
            self._connection.execute(newest_query(member, limit)).all()
            for member in selection.members
        ]
        merged = heapq.merge(*listings, key=tuple, reverse=True)
        ids = list(dict.fromkeys(row.release for row in merged))[:limit]
        return self._releases(ids)

    def release(self, path: str) -> Release | None:
        """Return the release at ``yyyy/mm/dd/slug``, unless it was withdrawn."""
        id_ = self._connection.scalar(
            select(ReleaseRow.id).where(ReleaseRow.path == path, ReleaseRow.withdrawn.is_(None))
        )
        return None if id_ is None else self._releases([id_])[0]

    def notices(self) -> list[Notice]:
        """Return every notice, the latest first."""
        rows = self._connection.execute(
            select(
                NoticeRow.kind,
                NoticeRow.entry_id,
                NoticeRow.rank,
                NoticeRow.announced,
                NoticeRow.updated,
                NoticeRow.since,
                NoticeRow.lifted,
                NoticeRow.title,
                NoticeRow.text,
            ).order_by(NoticeRow.announced.desc())
        )
        return [Notice(NoticeKind(row.kind), *row[1:]) for row in rows]

    def last_import(self) -> ImportOutcome | None:
        """Return the outcome of the import that was begun last."""
        row = self._connection.execute(
            select(
                ImportRow.started,
                ImportRow.finished,
                ImportRow.added,
                ImportRow.changed,
                ImportRow.unchanged,
                ImportRow.skipped,
                ImportRow.refused,
            )
            .order_by(ImportRow.id.desc())
            .limit(1)
        ).first()
        return None if row is None else ImportOutcome(*row)

    def _releases(self, ids: Sequence[int]) -> list[Release]:
        """Return releases by id, in the order given."""
        categories: dict[int, list[Category]] = {id_: [] for id_ in ids}
        memberships = self._connection.execute(
            select(MembershipRow.release, SelectionRow.slug, SelectionRow.name)
            .join(SelectionRow, SelectionRow.id == MembershipRow.selection)
            .where(MembershipRow.release.in_(ids))
        )
        for release, slug, name in memberships:
            categories[release].append(Category(slug, name))
        found: dict[int, Release] = {}
        for id_, *values in self._connection.execute(_RELEASE.where(ReleaseRow.id.in_(ids))):
            fields: list[Any] = [*values, tuple(sorted(categories[id_]))]
            found[id_] = Release(*fields)
        return [found[id_] for id_ in ids]


@contextmanager
def snapshot(engine: Engine) -> Iterator[Snapshot]:
    """Open one snapshot; raise ``StoreAwayError`` where the store does not answer."""
    with reading(engine) as connection:
        yield Snapshot(connection)


def _selection(row: Row[int, str, str, str, int, int, datetime, datetime]) -> Selection:
    return Selection(
        feed_id=row.feed_id,
        categories=(Category(row.slug, row.name),) if row.slug else (),
        count=row.shown,
        revision=row.revision,
        changed=row.changed,
        created=row.created,
        members=(row.id,),
    )
