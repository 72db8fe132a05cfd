"""The listing: which releases each selection shows, and what a change of it changes visibly.

Every release that is shown, hidden or changed passes through this module. It alone decides which
counts, which archive page and which subscription documents change.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, or_, select, tuple_, update

from feeds.domain import Site
from feeds.store.read.queries import NEWEST
from feeds.store.schema.tables import (
    ALL_ID,
    ARCHIVE_PAGE,
    LISTING,
    MEMBERSHIP,
    SELECTION,
)
from feeds.store.write import year_counts
from feeds.store.write.archive_pages import (
    OrderKey,
    last_boundaries,
    move_last_boundary,
    page_of,
)
from feeds.store.write.change import Change


class ListingEntry(NamedTuple):
    """A row of the listing: a selection shows a release at this place in its order."""

    selection: int
    published: datetime
    rank: int
    release: int


def entries(
    release: int, published: datetime, rank: int, categories: Iterable[int]
) -> list[ListingEntry]:
    """Return the rows by which all releases and these categories show a release."""
    return [
        ListingEntry(selection, published, rank, release)
        for selection in (ALL_ID, *sorted(categories))
    ]


class Listing:
    """The listing within one change; ``site`` has the document size and the zone of years."""

    def __init__(self, change: Change, site: Site) -> None:
        self._change = change
        self._connection = change.connection
        self._site = site

    def add(self, rows: Sequence[ListingEntry]) -> None:
        """List new releases."""
        self._move_boundaries_before(rows)
        self.show(rows)

    def show(self, rows: Sequence[ListingEntry]) -> None:
        """List releases that are not listed now."""
        self._connection.execute(insert(LISTING), [row._asdict() for row in rows])
        self._changed(rows, 1)

    def _move_boundaries_before(self, rows: Sequence[ListingEntry]) -> None:
        """Keep releases that are newer than all others out of the newest archive page.

        They would join it if its boundary belonged to a later release that is no longer listed.
        """
        by_selection: defaultdict[int, list[OrderKey]] = defaultdict(list)
        for row in rows:
            by_selection[row.selection].append((row.published, row.rank))
        for selection, boundary in last_boundaries(self._connection, by_selection).items():
            before = [key for key in by_selection[selection] if key < boundary]
            if not before:
                continue
            newest = self._connection.execute(NEWEST, {"selection": selection, "limit": 1}).first()
            if newest is not None and (newest.published, newest.rank) < max(before):
                key = (newest.published, newest.rank)
                number = move_last_boundary(self._connection, selection, key)
                self._change.touch_pages([(selection, number)])

    def hide(self, release: int) -> None:
        """Remove a release from every selection."""
        rows = self._connection.execute(
            delete(LISTING).where(LISTING.c.release == release).returning(*LISTING.c)
        )
        self._changed([ListingEntry(**row._asdict()) for row in rows], -1)

    def rename(self, selection: int) -> None:
        """Touch every document that names a category which has another name now.

        These are its own documents, and those with an entry that belongs to it.
        """
        self._change.touch([selection])
        order = (LISTING.c.published.desc(), LISTING.c.rank.desc())
        place = func.row_number().over(partition_by=LISTING.c.selection, order_by=order)
        naming = (
            select(LISTING.c.selection, LISTING.c.published, LISTING.c.rank, place.label("place"))
            .join(MEMBERSHIP, MEMBERSHIP.c.release == LISTING.c.release)
            .where(MEMBERSHIP.c.selection == selection)
            .subquery()
        )
        newest = self._connection.execute(
            select(naming.c.selection, naming.c.published, naming.c.rank).where(naming.c.place == 1)
        ).all()
        self._change.touch(
            row.selection
            for row in newest
            if self._in_subscription(row.selection, (row.published, row.rank))
        )
        self._change.touch_pages(self._pages_naming(selection))

    def _pages_naming(self, selection: int) -> list[tuple[int, int]]:
        page_before = ARCHIVE_PAGE.alias()
        before = page_before.c
        order = tuple_(LISTING.c.published, LISTING.c.rank)
        naming = (
            select(MEMBERSHIP.c.release)
            .join(LISTING, LISTING.c.release == MEMBERSHIP.c.release)
            .where(
                MEMBERSHIP.c.selection == selection,
                LISTING.c.selection == ARCHIVE_PAGE.c.selection,
                order <= tuple_(ARCHIVE_PAGE.c.last_published, ARCHIVE_PAGE.c.last_rank),
                or_(
                    before.number.is_(None),
                    order > tuple_(before.last_published, before.last_rank),
                ),
            )
        )
        pages = self._connection.execute(
            select(ARCHIVE_PAGE.c.selection, ARCHIVE_PAGE.c.number)
            .outerjoin(
                page_before,
                (before.selection == ARCHIVE_PAGE.c.selection)
                & (before.number == ARCHIVE_PAGE.c.number - 1),
            )
            .where(or_(ARCHIVE_PAGE.c.selection == selection, naming.exists()))
        )
        return [(row.selection, row.number) for row in pages]

    def _changed(self, rows: Sequence[ListingEntry], difference: int) -> None:
        """Update what depends on rows that were added (1) or removed (-1), and touch it."""
        boundaries = last_boundaries(self._connection, {row.selection for row in rows})
        counts: Counter[int] = Counter()
        tails: Counter[int] = Counter()
        pages: Counter[tuple[int, int]] = Counter()
        in_pages: defaultdict[int, list[OrderKey]] = defaultdict(list)
        for row in rows:
            key = (row.published, row.rank)
            counts[row.selection] += difference
            if row.selection not in boundaries or key > boundaries[row.selection]:
                tails[row.selection] += difference
            else:
                pages[row.selection, page_of(self._connection, row.selection, key)] += difference
                in_pages[row.selection].append(key)
        self._count(counts, tails)
        listed = ((row.selection, row.published) for row in rows)
        year_counts.adjust(self._change, self._site, listed, difference)
        self._resize(pages)
        self._change.touch(tails)
        self._change.touch_pages(pages)
        self._change.touch(
            selection
            for selection, keys in in_pages.items()
            if selection not in tails
            and self._changes_subscription(selection, max(keys), counts[selection])
        )

    def _changes_subscription(self, selection: int, key: OrderKey, difference: int) -> bool:
        """Return whether a selection's subscription document changes with releases up to a key.

        It does if it shows the newest of them, or if it was complete before and is not now, or the
        other way round.
        """
        shown = self._connection.execute(
            select(SELECTION.c.count).where(SELECTION.c.id == selection)
        ).scalar_one()
        if (shown <= self._site.entries) != (shown - difference <= self._site.entries):
            return True
        return self._in_subscription(selection, key)

    def _in_subscription(self, selection: int, key: OrderKey) -> bool:
        """Return whether a key is among those of a selection's subscription document."""
        last = self._connection.execute(
            NEWEST, {"selection": selection, "limit": 1, "offset": self._site.entries - 1}
        ).first()
        return last is None or key >= (last.published, last.rank)

    def _count(self, counts: Counter[int], tails: Counter[int]) -> None:
        self._connection.execute(
            update(SELECTION)
            .where(SELECTION.c.id == bindparam("selection"))
            .values(
                count=SELECTION.c.count + bindparam("shown"),
                tail=SELECTION.c.tail + bindparam("after_pages"),
            ),
            [
                {"selection": selection, "shown": shown, "after_pages": tails[selection]}
                for selection, shown in counts.items()
            ],
        )

    def _resize(self, pages: Counter[tuple[int, int]]) -> None:
        if pages:
            self._connection.execute(
                update(ARCHIVE_PAGE)
                .where(
                    ARCHIVE_PAGE.c.selection == bindparam("of"),
                    ARCHIVE_PAGE.c.number == bindparam("numbered"),
                )
                .values(size=ARCHIVE_PAGE.c.size + bindparam("difference")),
                [
                    {"of": selection, "numbered": number, "difference": difference}
                    for (selection, number), difference in pages.items()
                ],
            )
