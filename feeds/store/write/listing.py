"""The listing: what each selection shows, derived of releases and their categories.

Whatever is shown, hidden or said otherwise passes through here, and here alone it is decided
what that changes visibly: counts, the archive page that a release stands in, and the selection
whose subscription document shows it.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from feeds.domain import Site
from feeds.store.read.queries import NEWEST
from feeds.store.schema.tables import ArchivePageRow, ListingRow, MembershipRow, SelectionRow
from feeds.store.write import year_counts
from feeds.store.write.archive_pages import Key, draw_back, last_fences, page_of
from feeds.store.write.change import Change


class ListingEntry(NamedTuple):
    """A release in a selection, with what orders it there."""

    selection: int
    published: datetime
    rank: int
    release: int


class Listing:
    """The listing within one change; ``site`` knows a document's size and the zone of years."""

    def __init__(self, change: Change, site: Site) -> None:
        self._change = change
        self._connection = change.connection
        self._site = site

    def add(self, rows: Sequence[ListingEntry]) -> None:
        """List releases that never were."""
        self._draw_back_for(rows)
        self.show(rows)

    def show(self, rows: Sequence[ListingEntry]) -> None:
        """List releases that are not listed there."""
        self._connection.execute(insert(ListingRow), [row._asdict() for row in rows])
        self._moved(rows, 1)

    def _draw_back_for(self, rows: Sequence[ListingEntry]) -> None:
        """Keep what is newer than all that is shown out of the newest archive page.

        Its fence may lie further ahead, where a release was that has gone since.
        """
        by_selection: defaultdict[int, list[Key]] = defaultdict(list)
        for row in rows:
            by_selection[row.selection].append((row.published, row.rank))
        for selection, fence in last_fences(self._connection, by_selection).items():
            before = [key for key in by_selection[selection] if key < fence]
            if not before:
                continue
            newest = self._connection.execute(
                NEWEST, {"selection": selection, "limit": 1, "offset": 0}
            ).first()
            if newest is not None and (newest.published, newest.rank) < max(before):
                key = (newest.published, newest.rank)
                self._change.touch_pages([(selection, draw_back(self._connection, selection, key))])

    def hide(self, release: int) -> None:
        """Take a release off every list."""
        rows = self._connection.execute(
            select(
                ListingRow.selection, ListingRow.published, ListingRow.rank, ListingRow.release
            ).where(ListingRow.release == release)
        )
        hidden = [ListingEntry(*row) for row in rows]
        self._connection.execute(delete(ListingRow).where(ListingRow.release == release))
        self._moved(hidden, -1)

    def rename(self, selection: int) -> None:
        """Note that a category is called otherwise, wherever a document names it.

        That is in its own documents, and where an entry shows that it belongs to it.
        """
        self._change.touch([selection])
        order = (ListingRow.published.desc(), ListingRow.rank.desc())
        place = func.row_number().over(partition_by=ListingRow.selection, order_by=order)
        named = (
            select(
                ListingRow.selection, ListingRow.published, ListingRow.rank, place.label("place")
            )
            .join(MembershipRow, MembershipRow.release == ListingRow.release)
            .where(MembershipRow.selection == selection)
            .subquery()
        )
        newest = self._connection.execute(
            select(named.c.selection, named.c.published, named.c.rank).where(named.c.place == 1)
        ).all()
        self._change.touch(
            row.selection for row in newest if self._shows(row.selection, (row[1], row[2]))
        )
        self._change.touch_pages(self._pages_naming(selection))

    def _pages_naming(self, selection: int) -> list[tuple[int, int]]:
        before = aliased(ArchivePageRow)
        order = tuple_(ListingRow.published, ListingRow.rank)
        named = (
            select(MembershipRow.release)
            .join(ListingRow, ListingRow.release == MembershipRow.release)
            .where(
                MembershipRow.selection == selection,
                ListingRow.selection == ArchivePageRow.selection,
                order <= tuple_(ArchivePageRow.last_published, ArchivePageRow.last_rank),
                or_(
                    before.number.is_(None),
                    order > tuple_(before.last_published, before.last_rank),
                ),
            )
        )
        pages = self._connection.execute(
            select(ArchivePageRow.selection, ArchivePageRow.number)
            .outerjoin(
                before,
                (before.selection == ArchivePageRow.selection)
                & (before.number == ArchivePageRow.number - 1),
            )
            .where(or_(ArchivePageRow.selection == selection, named.exists()))
        )
        return [(row.selection, row.number) for row in pages]

    def _moved(self, rows: Sequence[ListingEntry], difference: int) -> None:
        fences = last_fences(self._connection, {row.selection for row in rows})
        counts: Counter[int] = Counter()
        tails: Counter[int] = Counter()
        pages: Counter[tuple[int, int]] = Counter()
        behind: defaultdict[int, list[Key]] = defaultdict(list)
        for row in rows:
            key = (row.published, row.rank)
            counts[row.selection] += difference
            if row.selection not in fences or key > fences[row.selection]:
                tails[row.selection] += difference
            else:
                pages[row.selection, page_of(self._connection, row.selection, key)] += difference
                behind[row.selection].append(key)
        self._count(counts, tails)
        year_counts.add(
            self._connection,
            self._site,
            ((row.selection, row.published) for row in rows),
            difference,
        )
        self._resize(pages)
        self._change.touch(tails)
        self._change.touch_pages(pages)
        self._change.touch(
            selection
            for selection, keys in behind.items()
            if selection not in tails and self._reaches(selection, max(keys), counts[selection])
        )

    def _reaches(self, selection: int, key: Key, difference: int) -> bool:
        """Whether the subscription document changes with a release of this key.

        It does where it shows it, and where it held all and does no more, or the other way round.
        """
        shown = self._connection.execute(
            select(SelectionRow.count.label("shown")).where(SelectionRow.id == selection)
        ).scalar_one()
        if (shown <= self._site.entries) != (shown - difference <= self._site.entries):
            return True
        return self._shows(selection, key)

    def _shows(self, selection: int, key: Key) -> bool:
        """Whether a key is among those of the subscription document."""
        last = self._connection.execute(
            NEWEST, {"selection": selection, "limit": 1, "offset": self._site.entries - 1}
        ).first()
        return last is None or key >= (last.published, last.rank)

    def _count(self, counts: Counter[int], tails: Counter[int]) -> None:
        self._connection.execute(
            update(SelectionRow)
            .where(SelectionRow.id == bindparam("selection"))
            .values(
                count=SelectionRow.count + bindparam("shown"),
                tail=SelectionRow.tail + bindparam("behind"),
            ),
            [
                {"selection": selection, "shown": shown, "behind": tails[selection]}
                for selection, shown in counts.items()
            ],
        )

    def _resize(self, pages: Counter[tuple[int, int]]) -> None:
        if pages:
            self._connection.execute(
                update(ArchivePageRow)
                .where(
                    ArchivePageRow.selection == bindparam("of"),
                    ArchivePageRow.number == bindparam("numbered"),
                )
                .values(size=ArchivePageRow.size + bindparam("difference")),
                [
                    {"of": selection, "numbered": number, "difference": difference}
                    for (selection, number), difference in pages.items()
                ],
            )
