"""Archive pages: where those of each selection end, and how they are made.

The boundary of a page is the order key of the last release that it had when it was made. A page is
the interval after the boundary of the page before it, up to its own. Boundaries stay where they are
when releases are added before them, until a page outgrows ``GROWTH`` times its size: then it and
the pages after it are made again (docs/decisions/0011-archive-pages.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Connection,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from feeds.store.read.queries import PAGE_OF
from feeds.store.schema.tables import ArchivePageRow, ListingRow, SelectionRow, UtcSeconds

GROWTH = 4
"""How many times its size a page may grow to before it and the pages after it are made again."""

OrderKey = tuple[datetime, int]
"""The order of releases: publication instant, then rank (rule 7)."""


@dataclass(frozen=True, slots=True)
class Repaginated:
    """The pages of a selection from ``number`` on were made again; no name means all releases."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Pagination:
    """What ``paginate`` changed.

    ``selections`` have new pages. The pages in ``followed`` were the newest of their selection, and
    now link to the one after them.
    """

    selections: frozenset[int]
    followed: frozenset[tuple[int, int]]
    repaginated: tuple[Repaginated, ...]


def last_boundaries(connection: Connection, selections: Iterable[int]) -> dict[int, OrderKey]:
    """Return the boundary of the newest page of each of these selections that has one."""
    newest = (
        select(ArchivePageRow.selection, func.max(ArchivePageRow.number).label("number"))
        .where(ArchivePageRow.selection.in_(sorted(selections)))
        .group_by(ArchivePageRow.selection)
        .subquery()
    )
    rows = connection.execute(
        select(
            ArchivePageRow.selection, ArchivePageRow.last_published, ArchivePageRow.last_rank
        ).join(
            newest,
            (newest.c.selection == ArchivePageRow.selection)
            & (newest.c.number == ArchivePageRow.number),
        )
    )
    return {row.selection: (row.last_published, row.last_rank) for row in rows}


def page_of(connection: Connection, selection: int, key: OrderKey) -> int:
    """Return the number of the page that contains a key, which is not after the last boundary."""
    published, rank = key
    values = {"selection": selection, "published": published, "rank": rank}
    return int(connection.execute(PAGE_OF, values).scalar_one())


def move_last_boundary(connection: Connection, selection: int, key: OrderKey) -> int:
    """Make a release the last one of the newest page of a selection; return the page's number."""
    number = connection.execute(
        select(func.max(ArchivePageRow.number)).where(ArchivePageRow.selection == selection)
    ).scalar_one()
    published, rank = key
    connection.execute(
        update(ArchivePageRow)
        .where(ArchivePageRow.selection == selection, ArchivePageRow.number == number)
        .values(last_published=published, last_rank=rank)
    )
    return int(number)


def paginate(
    connection: Connection, page_size: int, revision: int, instant: datetime
) -> Pagination:
    """Make every full page after the last one of each selection; repaginate outgrown pages."""
    repaginated, sizes = _remove_outgrown(connection, page_size)
    selections, followed = set(), set()
    due = connection.execute(
        select(SelectionRow.id, SelectionRow.tail).where(
            or_(SelectionRow.tail >= page_size, SelectionRow.id.in_(sizes))
        )
    ).all()
    for selection, tail in due:
        size = sizes.get(selection, page_size)
        last = connection.execute(
            select(ArchivePageRow.number, ArchivePageRow.last_published, ArchivePageRow.last_rank)
            .where(ArchivePageRow.selection == selection)
            .order_by(ArchivePageRow.number.desc())
            .limit(1)
        ).first()
        number = last.number if last else 0
        if last and selection not in repaginated:
            followed.add((selection, number))
        after = (last.last_published, last.last_rank) if last else None
        _add_pages(connection, selection, number, after, size, revision, instant)
        connection.execute(
            update(SelectionRow).where(SelectionRow.id == selection).values(tail=tail % size)
        )
        selections.add(selection)
    return Pagination(frozenset(selections), frozenset(followed), tuple(repaginated.values()))


def _remove_outgrown(
    connection: Connection, page_size: int
) -> tuple[dict[int, Repaginated], dict[int, int]]:
    """Delete each selection's first outgrown page and all pages after it.

    Returns what was deleted and the size of the new pages. That is smaller than usual if the later
    pages have lost so many releases that there would be fewer pages than before: an address that
    has been published stays valid.
    """
    sizes = {}
    outgrown = connection.execute(
        select(SelectionRow.id, SelectionRow.name, func.min(ArchivePageRow.number).label("number"))
        .join(ArchivePageRow, ArchivePageRow.selection == SelectionRow.id)
        .where(ArchivePageRow.size > GROWTH * page_size)
        .group_by(SelectionRow.id, SelectionRow.name)
        .order_by(SelectionRow.id)
    ).all()
    for row in outgrown:
        from_there = (ArchivePageRow.selection == row.id, ArchivePageRow.number >= row.number)
        releases, pages = connection.execute(
            select(func.sum(ArchivePageRow.size), func.count()).where(*from_there)
        ).one()
        sizes[row.id] = max(1, min(page_size, int(releases) // pages))
        connection.execute(delete(ArchivePageRow).where(*from_there))
        connection.execute(
            update(SelectionRow)
            .where(SelectionRow.id == row.id)
            .values(tail=SelectionRow.tail + int(releases))
        )
    repaginated = {row.id: Repaginated(name=row.name, number=row.number) for row in outgrown}
    return repaginated, sizes


def _add_pages(  # noqa: PLR0913, PLR0917 - each is a column of the new pages
    connection: Connection,
    selection: int,
    number: int,
    after: OrderKey | None,
    page_size: int,
    revision: int,
    instant: datetime,
) -> None:
    """Add a page for every ``page_size`` releases after a key; ``number`` is the last page's."""
    order = (ListingRow.published, ListingRow.rank)
    tail = select(*order, func.row_number().over(order_by=order).label("place")).where(
        ListingRow.selection == selection
    )
    if after is not None:
        boundary = tuple_(literal(after[0], UtcSeconds), literal(after[1], BigInteger))
        tail = tail.where(tuple_(*order) > boundary)
    placed = tail.subquery()
    columns = {
        "selection": literal(selection),
        "number": number + placed.c.place // page_size,
        "last_published": placed.c.published,
        "last_rank": placed.c.rank,
        "size": literal(page_size),
        "revision": literal(revision, BigInteger),
        "changed": literal(instant, UtcSeconds),
    }
    connection.execute(
        insert(ArchivePageRow).from_select(
            list(columns), select(*columns.values()).where(placed.c.place % page_size == 0)
        )
    )
