"""The listing: which releases appear in each selection (all releases, or one category).

Every command that adds, hides or shows releases or renames a category uses this module. Only this
module decides which counts, archive pages and subscription documents are affected. An affected
document is *touched*: it gets the revision of the change.

An archive page ends at its *boundary*, the order key of its last release. The releases after the
last boundary of a selection are its *tail*; they are in no archive page yet.
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
from feeds.store.write import month_counts
from feeds.store.write.archive_pages import (
    OrderKey,
    last_boundaries,
    move_last_boundary,
    page_of,
)
from feeds.store.write.change import Change


class ListingEntry(NamedTuple):
    """A row of the listing: one release in one selection, ordered by instant and then by rank."""

    selection: int
    published: datetime
    rank: int
    release: int


def listing_entries(
    release: int, published: datetime, rank: int, categories: Iterable[int]
) -> list[ListingEntry]:
    """Return the rows of a release: for the selection of all releases, and for each category."""
    return [
        ListingEntry(selection, published, rank, release)
        for selection in (ALL_ID, *sorted(categories))
    ]


class Listing:
    """Updates the listing as part of one change.

    ``site`` has the number of releases in a subscription document, and the time zone in which
    releases are counted by month.
    """

    def __init__(self, change: Change, site: Site) -> None:
        self._change = change
        self._connection = change.connection
        self._site = site

    def add(self, rows: Sequence[ListingEntry]) -> None:
        """Add releases that were never listed."""
        self._keep_out_of_last_pages(rows)
        self.show(rows)

    def show(self, rows: Sequence[ListingEntry]) -> None:
        """Add releases to the listing, for example again after they were hidden."""
        self._connection.execute(insert(LISTING), [row._asdict() for row in rows])
        self._update_dependents(rows, 1)

    def _keep_out_of_last_pages(self, rows: Sequence[ListingEntry]) -> None:
        """Move last boundaries back, so that no release newer than all listed ones is before one.

        The release at a boundary may have been hidden. A new release that is newer than all listed
        ones, but older than that boundary, would join the last archive page.
        """
        by_selection: defaultdict[int, list[OrderKey]] = defaultdict(list)
        for row in rows:
            by_selection[row.selection].append((row.published, row.rank))
        for selection, boundary in last_boundaries(self._connection, by_selection).items():
            inside = [key for key in by_selection[selection] if key < boundary]
            if not inside:
                continue
            newest = self._connection.execute(NEWEST, {"selection": selection, "limit": 1}).first()
            # With nothing listed, the page is empty and may take in the new release.
            if newest is not None and (newest.published, newest.rank) < max(inside):
                key = (newest.published, newest.rank)
                page_number = move_last_boundary(self._connection, selection, key)
                self._change.touch_pages([(selection, page_number)])

    def hide(self, release: int) -> None:
        """Remove a release from every selection."""
        deleted = self._connection.execute(
            delete(LISTING).where(LISTING.c.release == release).returning(*LISTING.c)
        )
        self._update_dependents([ListingEntry(**row._asdict()) for row in deleted], -1)

    def touch_renamed(self, category: int) -> None:
        """Touch every document that mentions a renamed category.

        These are the category's own documents, and every document with one of its releases.
        """
        self._change.touch([category])
        self._change.touch_list()
        newest_first = (LISTING.c.published.desc(), LISTING.c.rank.desc())
        position = func.row_number().over(partition_by=LISTING.c.selection, order_by=newest_first)
        listed = (
            select(*LISTING.c, position.label("position"))
            .join(MEMBERSHIP, MEMBERSHIP.c.release == LISTING.c.release)
            .where(MEMBERSHIP.c.selection == category)
            .subquery()
        )
        newest_by_selection = self._connection.execute(
            select(listed.c.selection, listed.c.published, listed.c.rank).where(
                listed.c.position == 1
            )
        ).all()
        # A subscription document that lacks the newest of the releases has none of them.
        self._change.touch(
            row.selection
            for row in newest_by_selection
            if self._in_subscription(row.selection, (row.published, row.rank))
        )
        self._change.touch_pages(self._pages_mentioning(category))

    def _pages_mentioning(self, category: int) -> list[tuple[int, int]]:
        """Return the archive pages, as selection and number, that mention a category.

        These are its own pages, and the pages of other selections with one of its releases: a page
        holds the releases after the boundary of the previous page, up to its own boundary.
        """
        previous_page = ARCHIVE_PAGE.alias()
        previous = previous_page.c
        key = tuple_(LISTING.c.published, LISTING.c.rank)
        release_of_category = (
            select(MEMBERSHIP.c.release)
            .join(LISTING, LISTING.c.release == MEMBERSHIP.c.release)
            .where(
                MEMBERSHIP.c.selection == category,
                LISTING.c.selection == ARCHIVE_PAGE.c.selection,
                key <= tuple_(ARCHIVE_PAGE.c.last_published, ARCHIVE_PAGE.c.last_rank),
                or_(
                    previous.number.is_(None),
                    key > tuple_(previous.last_published, previous.last_rank),
                ),
            )
        )
        pages = self._connection.execute(
            select(ARCHIVE_PAGE.c.selection, ARCHIVE_PAGE.c.number)
            .outerjoin(
                previous_page,
                (previous.selection == ARCHIVE_PAGE.c.selection)
                & (previous.number == ARCHIVE_PAGE.c.number - 1),
            )
            .where(or_(ARCHIVE_PAGE.c.selection == category, release_of_category.exists()))
        )
        return [(row.selection, row.number) for row in pages]

    def _update_dependents(self, rows: Sequence[ListingEntry], sign: int) -> None:
        """Update the counts and page sizes that depend on these rows, and touch the documents.

        ``sign`` is 1 if the rows were added, -1 if they were removed.
        """
        boundaries = last_boundaries(self._connection, {row.selection for row in rows})
        counts: Counter[int] = Counter()
        tails: Counter[int] = Counter()
        page_sizes: Counter[tuple[int, int]] = Counter()
        keys_in_pages: defaultdict[int, list[OrderKey]] = defaultdict(list)
        for row in rows:
            key = (row.published, row.rank)
            counts[row.selection] += sign
            if row.selection not in boundaries or key > boundaries[row.selection]:
                tails[row.selection] += sign
            else:
                page_sizes[row.selection, page_of(self._connection, row.selection, key)] += sign
                keys_in_pages[row.selection].append(key)
        self._adjust_counts(counts, tails)
        instants = ((row.selection, row.published) for row in rows)
        month_counts.adjust(self._change, self._site, instants, sign)
        self._adjust_page_sizes(page_sizes)
        # The subscription document shows the whole tail, as its window is at least a page long.
        self._change.touch_tails(tails)
        self._change.touch_pages(page_sizes)
        self._change.touch(
            selection
            for selection, keys in keys_in_pages.items()
            if selection not in tails
            and self._changes_subscription(selection, max(keys), counts[selection])
        )

    def _changes_subscription(self, selection: int, newest: OrderKey, delta: int) -> bool:
        """Return whether a selection's subscription document has changed.

        ``delta`` releases were added (or removed, if negative); ``newest`` is the key of the newest
        of them. The document has changed if that key is in its range, or if it has become or has
        ceased to be complete.
        """
        count = self._connection.execute(
            select(SELECTION.c.count).where(SELECTION.c.id == selection)
        ).scalar_one()
        if (count <= self._site.entries) != (count - delta <= self._site.entries):
            return True
        return self._in_subscription(selection, newest)

    def _in_subscription(self, selection: int, key: OrderKey) -> bool:
        """Return whether a key is in the range of a selection's subscription document."""
        last = self._connection.execute(
            NEWEST, {"selection": selection, "limit": 1, "offset": self._site.entries - 1}
        ).first()
        # Without a last release the document is not full, so its range has no end.
        return last is None or key >= (last.published, last.rank)

    # In an UPDATE, SQLAlchemy reserves the names of the columns, so parameters have other names.

    def _adjust_counts(self, counts: Counter[int], tails: Counter[int]) -> None:
        self._connection.execute(
            update(SELECTION)
            .where(SELECTION.c.id == bindparam("selection_id"))
            .values(
                count=SELECTION.c.count + bindparam("count_delta"),
                tail=SELECTION.c.tail + bindparam("tail_delta"),
            ),
            [
                {"selection_id": selection, "count_delta": delta, "tail_delta": tails[selection]}
                for selection, delta in counts.items()
            ],
        )

    def _adjust_page_sizes(self, page_sizes: Counter[tuple[int, int]]) -> None:
        if page_sizes:
            self._connection.execute(
                update(ARCHIVE_PAGE)
                .where(
                    ARCHIVE_PAGE.c.selection == bindparam("selection_id"),
                    ARCHIVE_PAGE.c.number == bindparam("page_number"),
                )
                .values(size=ARCHIVE_PAGE.c.size + bindparam("size_delta")),
                [
                    {"selection_id": selection, "page_number": number, "size_delta": delta}
                    for (selection, number), delta in page_sizes.items()
                ],
            )
