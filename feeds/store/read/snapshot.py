"""Reads: everything that is served, as domain dataclasses out of one snapshot.

A ``Snapshot`` lives within one read transaction; whatever it returns is of one state of the
store (rule 6). All reads are Core selects on keys and ranges: none sorts, none scans a table.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select

from feeds.domain import (
    ArchivePage,
    Category,
    Headline,
    Notice,
    NoticeKind,
    Release,
    Selection,
    running_suspension,
)
from feeds.identity import combined_feed_id
from feeds.store.read import queries
from feeds.urls import Target

Part = int | tuple[int, int]
"""What a document is made of: a selection by its id, or an archive page of it by its number."""

WHOLE_STORE: Part = -1
"""The part that changes with every visible change."""

EVERYTHING = ""
"""The slug of the selection of all releases."""

T = TypeVar("T")
H = TypeVar("H", bound=Headline)

_MOST_CHANGED = 1000  # parts that are told apart; a larger change is one of everything


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


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A release that is no longer shown, and since when."""

    entry_id: str
    path: str
    title: str
    withdrawn: datetime


class Snapshot:
    """One state of the release store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._head: Head | None = None

    def head(self) -> Head:
        """Return the store's head."""
        if self._head is None:
            self._head = Head(**self._rows(queries.HEAD)[0]._asdict())
        return self._head

    def changed_parts(self, since: int) -> frozenset[Part] | None:
        """Return what changed visibly after a revision, or None where that may be everything."""
        if self.head().settings_revision > since:
            return None
        bounds = {"since": since, "most": _MOST_CHANGED}
        selections = self._rows(queries.CHANGED_SELECTIONS, **bounds)
        pages = self._rows(queries.CHANGED_PAGES, **bounds)
        if max(len(selections), len(pages)) == _MOST_CHANGED:
            return None
        return frozenset(
            [WHOLE_STORE, *(id_ for (id_,) in selections), *((of, number) for of, number in pages)]
        )

    def selection(self, slugs: Sequence[str]) -> Selection | None:
        """Return the selection of these categories, or of all releases where none is named.

        None where one of them is unknown. Of several the revision and the instants are the
        greatest of the members' (rule 5).
        """
        if len(slugs) <= 1:
            rows = self._rows(queries.SELECTION, slug=slugs[0] if slugs else EVERYTHING)
            return _selection(rows[0]) if rows else None
        members = sorted(self._rows(queries.SELECTIONS, slugs=slugs), key=lambda row: str(row.slug))
        if len(members) != len(slugs):
            return None
        return Selection(
            feed_id=combined_feed_id([row.feed_id for row in members]),
            categories=tuple(Category(row.slug, row.name) for row in members),
            count=sum(row.shown for row in members),
            revision=max(row.revision for row in members),
            changed=max(row.changed for row in members),
            created=max(row.created for row in members),
            members=tuple(row.id for row in members),
        )

    def everything(self) -> Selection:
        """Return the selection of all releases, which every store has."""
        return _selection(self._rows(queries.SELECTION, slug=EVERYTHING)[0])

    def categories(self) -> list[Selection]:
        """Return the selection of every category, in the order of their slugs."""
        return [_selection(row) for row in self._rows(queries.CATEGORIES)]

    def current_slugs(self, slugs: Sequence[str]) -> dict[str, str]:
        """Return the present slug of each category that has or had one of these."""
        return dict(map(tuple, self._rows(queries.CURRENT_SLUGS, slugs=slugs)))

    def former_slugs(self) -> dict[str, tuple[str, ...]]:
        """Return by their present slugs the former ones of the categories that were renamed."""
        found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for given, slug in self._rows(queries.FORMER_SLUGS):
            found[slug] += (given,)
        return found

    def newest_releases(self, selection: Selection, limit: int) -> list[Release]:
        """Return the newest releases of a selection, newest first, each once (rule 7)."""
        return self._newest(selection, limit, self._releases)

    def newest_headlines(self, selection: Selection, limit: int) -> list[Headline]:
        """Return the headlines of the newest releases, without their bodies."""
        return self._newest(selection, limit, self._headlines)

    def _newest(self, selection: Selection, limit: int, read: Callable[..., list[T]]) -> list[T]:
        if len(selection.members) == 1:
            return read(queries.NEWEST_RELEASES, selection=selection.members[0], limit=limit)
        listings = [
            self._rows(queries.NEWEST, selection=member, limit=limit)
            for member in selection.members
        ]
        merged = heapq.merge(*listings, key=tuple, reverse=True)
        ids = list(dict.fromkeys(row.release for row in merged))[:limit]
        return read(queries.RELEASES, ids=ids)

    def newest_page(self, selection: Selection) -> int:
        """Return the number of a selection's newest archive page; 0 where there is none yet."""
        (found,) = self._rows(queries.NEWEST_PAGE, selection=selection.members[0])
        return found[0] or 0

    def page_of(self, selection: Selection, release: Headline) -> int:
        """Return the number of the archive page that holds a release; 0 where none does yet."""
        rows = self._rows(
            queries.PAGE_OF,
            selection=selection.members[0],
            published=release.published,
            rank=release.rank,
        )
        return rows[0].number if rows else 0

    def page(self, selection: Selection, number: int) -> ArchivePage | None:
        """Return an archive page of a selection, or None where there is none of this number."""
        rows = self._rows(
            queries.PAGES, selection=selection.members[0], first=number - 1, last=number + 1
        )
        found = {row.number: row for row in rows}
        if number not in found:
            return None
        row, before = found[number], found.get(number - 1)
        return ArchivePage(
            number=number,
            after=(before.last_published, before.last_rank) if before else None,
            until=(row.last_published, row.last_rank),
            newest=number + 1 not in found,
            revision=row.revision,
            changed=row.changed,
        )

    def page_releases(self, selection: Selection, page: ArchivePage) -> list[Release]:
        """Return the releases of an archive page, newest first."""
        return self._releases(queries.PAGE_RELEASES, **_interval(selection, page))

    def page_headlines(self, selection: Selection, page: ArchivePage) -> list[Headline]:
        """Return the headlines of an archive page, newest first."""
        return self._headlines(queries.PAGE_RELEASES, **_interval(selection, page))

    def years(self, selection: Selection) -> list[tuple[int, int]]:
        """Return the years that a selection has releases of, from the first, and how many."""
        found = self._rows(queries.YEARS, selection=selection.members[0])
        return [(row.year, row.count_) for row in found]

    def neighbours(
        self, selection: Selection, release: Headline
    ) -> tuple[Headline | None, Headline | None]:
        """Return the releases of a selection just before and just after a release."""
        key = {
            "selection": selection.members[0],
            "published": release.published,
            "rank": release.rank,
        }
        earlier, later = (
            self._rows(statement, **key) for statement in (queries.NEXT_EARLIER, queries.NEXT_LATER)
        )
        ids = [row.release for row in (*earlier, *later)]
        found = self._headlines(queries.RELEASES, ids=ids)
        return (found[-1] if earlier else None, found[0] if later else None)

    def release(self, path: str) -> Release | None:
        """Return the release at ``yyyy/mm/dd/slug``, unless it was withdrawn."""
        rows = self._rows(queries.RELEASE_AT, path=path)
        return self._releases(queries.RELEASES, ids=[rows[0].id])[0] if rows else None

    def is_withdrawn(self, path: str) -> bool:
        """Whether the release at ``yyyy/mm/dd/slug`` was withdrawn."""
        return bool(self._rows(queries.WITHDRAWN_AT, path=path))

    def count_withdrawn(self) -> int:
        """Return how many releases were withdrawn."""
        ((found,),) = self._rows(queries.WITHDRAWN)
        return int(found)

    def withdrawals(self) -> list[Withdrawal]:
        """Return every release that was withdrawn, the latest withdrawal first."""
        return [Withdrawal(**row._asdict()) for row in self._rows(queries.WITHDRAWALS)]

    def redirect(self, location: str) -> tuple[Target, bool] | None:
        """Return the target of an old address, and whether that release is withdrawn."""
        rows = self._rows(queries.REDIRECT, location=location)
        return (_target(rows[0]), rows[0].withdrawn is not None) if rows else None

    def redirects(self) -> list[tuple[str, Target]]:
        """Return every old address with its target."""
        return [(row.location, _target(row)) for row in self._rows(queries.REDIRECTS)]

    def notices(self) -> list[Notice]:
        """Return every notice, the latest first."""
        return [
            Notice(**{**row._asdict(), "kind": NoticeKind(row.kind)})
            for row in self._rows(queries.NOTICES)
        ]

    def running_suspension(self) -> Notice | None:
        """Return the notice of the suspension that is in force, or None."""
        return running_suspension(self.notices())

    def last_import(self) -> ImportOutcome | None:
        """Return the outcome of the import that was begun last."""
        rows = self._rows(queries.LAST_IMPORT)
        return ImportOutcome(**rows[0]._asdict()) if rows else None

    def _headlines(self, chosen: queries.Chosen, **values: object) -> list[Headline]:
        return self._chosen(Headline, chosen.headlines, chosen.memberships, values)

    def _releases(self, chosen: queries.Chosen, **values: object) -> list[Release]:
        return self._chosen(Release, chosen.releases, chosen.memberships, values)

    def _chosen(
        self,
        kind: Callable[..., H],
        columns: Select[Any],
        memberships: Select[Any],
        values: dict[str, object],
    ) -> list[H]:
        """Return releases or headlines, newest first (rule 7)."""
        categories: defaultdict[int, list[Category]] = defaultdict(list)
        for release, slug, name in self._rows(memberships, **values):
            categories[release].append(Category(slug, name))
        found = []
        for row in self._rows(columns, **values):
            fields = row._asdict()
            found.append(kind(categories=tuple(sorted(categories[fields.pop("id")])), **fields))
        found.sort(key=lambda release: (release.published, release.rank), reverse=True)
        return found

    def _rows(self, statement: Select[Any], **values: object) -> Sequence[Any]:
        """Run a statement; fetching all rows at once costs half of fetching one by one."""
        return self._connection.execute(statement, values).all()


def _interval(selection: Selection, page: ArchivePage) -> dict[str, object]:
    after, after_rank = page.after or queries.BEGINNING
    until, until_rank = page.until
    return {
        "selection": selection.members[0],
        "after": after,
        "after_rank": after_rank,
        "until": until,
        "until_rank": until_rank,
    }


def _target(row: Row[Any]) -> Target:
    return Target(row.path, row.slug or EVERYTHING, row.format)


def _selection(row: Row[Any]) -> Selection:
    return Selection(
        feed_id=row.feed_id,
        categories=(Category(row.slug, row.name),) if row.slug else (),
        count=row.shown,
        revision=row.revision,
        changed=row.changed,
        created=row.created,
        members=(row.id,),
    )
