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
from feeds.store.schema.tables import ARCHIVE_PAGE, LISTING, SELECTION, UtcSeconds

GROWTH = 4
"""How many times its size a page may grow to before it and the pages after it are made again."""

OrderKey = tuple[datetime, int]
"""The order of releases: publication instant, then rank (rule 7)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The columns by which a new page belongs to its change; see ``ArchivePageColumns``."""

    revision: int
    changed: datetime
    token: int
    withdrawal: int


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
        select(ARCHIVE_PAGE.c.selection, func.max(ARCHIVE_PAGE.c.number).label("number"))
        .where(ARCHIVE_PAGE.c.selection.in_(sorted(selections)))
        .group_by(ARCHIVE_PAGE.c.selection)
        .subquery()
    )
    rows = connection.execute(
        select(
            ARCHIVE_PAGE.c.selection, ARCHIVE_PAGE.c.last_published, ARCHIVE_PAGE.c.last_rank
        ).join(
            newest,
            (newest.c.selection == ARCHIVE_PAGE.c.selection)
            & (newest.c.number == ARCHIVE_PAGE.c.number),
        )
    )
    return {row.selection: (row.last_published, row.last_rank) for row in rows}


def page_of(connection: Connection, selection: int, key: OrderKey) -> int:
    """Return the number of the page that contains a key, which is not after the last boundary."""
    published, rank = key
    values = {"selection": selection, "published": published, "rank": rank}
    return int(connection.execute(PAGE_OF, values).scalar_one())


def move_last_boundary(connection: Connection, selection: int, key: OrderKey) -> int:
    """Move the boundary of a selection's newest page back to a release; return the page's number.

    If that is the last release of the page before it, the newest page becomes empty: its boundary
    is then just after that of the other, for no two pages have the same.
    """
    rows = connection.execute(
        select(ARCHIVE_PAGE.c.number, ARCHIVE_PAGE.c.last_published, ARCHIVE_PAGE.c.last_rank)
        .where(ARCHIVE_PAGE.c.selection == selection)
        .order_by(ARCHIVE_PAGE.c.number.desc())
        .limit(2)
    ).all()
    newest, *before = rows
    published, rank = max([key, *((row.last_published, row.last_rank + 1) for row in before)])
    connection.execute(
        update(ARCHIVE_PAGE)
        .where(ARCHIVE_PAGE.c.selection == selection, ARCHIVE_PAGE.c.number == newest.number)
        .values(last_published=published, last_rank=rank)
    )
    return int(newest.number)


def paginate(connection: Connection, page_size: int, stamp: Stamp) -> Pagination:
    """Make every full page after the last one of each selection; repaginate outgrown pages."""
    repaginated, sizes = _remove_outgrown(connection, page_size)
    selections, followed = set(), set()
    due = connection.execute(
        select(SELECTION.c.id, SELECTION.c.tail).where(
            or_(SELECTION.c.tail >= page_size, SELECTION.c.id.in_(sizes))
        )
    ).all()
    for selection, tail in due:
        size = sizes.get(selection, page_size)
        last = connection.execute(
            select(ARCHIVE_PAGE.c.number, ARCHIVE_PAGE.c.last_published, ARCHIVE_PAGE.c.last_rank)
            .where(ARCHIVE_PAGE.c.selection == selection)
            .order_by(ARCHIVE_PAGE.c.number.desc())
            .limit(1)
        ).first()
        number = last.number if last else 0
        if last and selection not in repaginated:
            followed.add((selection, number))
        after = (last.last_published, last.last_rank) if last else None
        _add_pages(connection, selection, number, after, size, stamp)
        connection.execute(
            update(SELECTION).where(SELECTION.c.id == selection).values(tail=tail % size)
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
        select(SELECTION.c.id, SELECTION.c.name, func.min(ARCHIVE_PAGE.c.number).label("number"))
        .join(ARCHIVE_PAGE, ARCHIVE_PAGE.c.selection == SELECTION.c.id)
        .where(ARCHIVE_PAGE.c.size > GROWTH * page_size)
        .group_by(SELECTION.c.id, SELECTION.c.name)
        .order_by(SELECTION.c.id)
    ).all()
    for row in outgrown:
        from_there = (ARCHIVE_PAGE.c.selection == row.id, ARCHIVE_PAGE.c.number >= row.number)
        releases, pages = connection.execute(
            select(func.sum(ARCHIVE_PAGE.c.size), func.count()).where(*from_there)
        ).one()
        sizes[row.id] = max(1, min(page_size, int(releases) // pages))
        connection.execute(delete(ARCHIVE_PAGE).where(*from_there))
        connection.execute(
            update(SELECTION)
            .where(SELECTION.c.id == row.id)
            .values(tail=SELECTION.c.tail + int(releases))
        )
    repaginated = {row.id: Repaginated(name=row.name, number=row.number) for row in outgrown}
    return repaginated, sizes


def _add_pages(  # noqa: PLR0913, PLR0917 - each is a column of the new pages
    connection: Connection,
    selection: int,
    number: int,
    after: OrderKey | None,
    page_size: int,
    stamp: Stamp,
) -> None:
    """Add a page for every ``page_size`` releases after a key; ``number`` is the last page's."""
    order = (LISTING.c.published, LISTING.c.rank)
    tail = select(*order, func.row_number().over(order_by=order).label("place")).where(
        LISTING.c.selection == selection
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
        "revision": literal(stamp.revision, BigInteger),
        "changed": literal(stamp.changed, UtcSeconds),
        "token": literal(stamp.token, BigInteger),
        "withdrawal": literal(stamp.withdrawal, BigInteger),
    }
    connection.execute(
        insert(ARCHIVE_PAGE).from_select(
            list(columns), select(*columns.values()).where(placed.c.place % page_size == 0)
        )
    )
