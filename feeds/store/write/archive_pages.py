"""Fences: where the archive pages of each selection end, and how they are cut.

A fence is the order key of the last release of a full page; a page is the interval after the
fence before it, up to its own. Fences stay where they were cut, whatever is added behind them,
until a page outgrows ``GROWTH`` times its size (docs/decisions/0011-archive-pages.md).
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

from feeds.store.schema.tables import ArchivePageRow, ListingRow, SelectionRow, UtcSeconds

GROWTH = 4
"""How many times its size a page may reach before it and those after it are cut anew."""

Key = tuple[datetime, int]
"""What orders releases: publication instant, then rank (rule 7)."""


@dataclass(frozen=True, slots=True)
class Repaginated:
    """The pages of a selection from this number on were cut anew; no name: all releases."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Cut:
    """What a cut did: selections with new pages, older pages that changed, pages cut anew."""

    selections: frozenset[int]
    followed: frozenset[tuple[int, int]]
    repaginated: tuple[Repaginated, ...]


def last_fences(connection: Connection, selections: Iterable[int]) -> dict[int, Key]:
    """Return the newest fence of each of these selections that has one."""
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


def page_of(connection: Connection, selection: int, key: Key) -> int:
    """Return the number of the page that holds a key not after the newest fence."""
    return connection.execute(
        select(ArchivePageRow.number)
        .where(
            ArchivePageRow.selection == selection,
            tuple_(ArchivePageRow.last_published, ArchivePageRow.last_rank)
            >= tuple_(literal(key[0], UtcSeconds), literal(key[1], BigInteger)),
        )
        .order_by(ArchivePageRow.last_published, ArchivePageRow.last_rank)
        .limit(1)
    ).scalar_one()


def draw_back(connection: Connection, selection: int, last: Key) -> int:
    """Let the newest page of a selection end with this release; return the page's number.

    That is one which it holds, where the one that its fence was made of has gone.
    """
    number = connection.execute(
        select(func.max(ArchivePageRow.number)).where(ArchivePageRow.selection == selection)
    ).scalar_one()
    connection.execute(
        update(ArchivePageRow)
        .where(ArchivePageRow.selection == selection, ArchivePageRow.number == number)
        .values(last_published=last[0], last_rank=last[1])
    )
    return int(number)


def cut(connection: Connection, page_size: int, revision: int, instant: datetime) -> Cut:
    """Cut a fence after each full page that follows the last; cut outgrown pages anew."""
    repaginated, sizes = _uncut(connection, page_size)
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
            # It was the newest until now, and gains the link to the page after it.
            followed.add((selection, number))
        after = (last.last_published, last.last_rank) if last else None
        _cut_tail(connection, selection, number, after, size, revision, instant)
        connection.execute(
            update(SelectionRow).where(SelectionRow.id == selection).values(tail=tail % size)
        )
        selections.add(selection)
    return Cut(frozenset(selections), frozenset(followed), tuple(repaginated.values()))


def _uncut(connection: Connection, page_size: int) -> tuple[dict[int, Repaginated], dict[int, int]]:
    """Take away the fences from each selection's first outgrown page on.

    Returns what was taken away, and the size that the new pages are to have. It is smaller than
    usual where those after it have lost so many releases that pages would be missing: an address
    that was given out stays.
    """
    sizes = {}
    outgrown = connection.execute(
        select(SelectionRow.id, SelectionRow.name, func.min(ArchivePageRow.number).label("number"))
        .join(ArchivePageRow, ArchivePageRow.selection == SelectionRow.id)
        .where(ArchivePageRow.size > GROWTH * page_size)
        .group_by(SelectionRow.id, SelectionRow.name)
        .order_by(SelectionRow.id)
    ).all()
    for selection, _, number in outgrown:
        from_there = (ArchivePageRow.selection == selection, ArchivePageRow.number >= number)
        held, pages = connection.execute(
            select(func.sum(ArchivePageRow.size), func.count()).where(*from_there)
        ).one()
        sizes[selection] = max(1, min(page_size, int(held) // pages))
        connection.execute(delete(ArchivePageRow).where(*from_there))
        connection.execute(
            update(SelectionRow)
            .where(SelectionRow.id == selection)
            .values(tail=SelectionRow.tail + int(held))
        )
    return {row.id: Repaginated(row.name, row.number) for row in outgrown}, sizes


def _cut_tail(  # noqa: PLR0913, PLR0917 - each is a column of the new pages
    connection: Connection,
    selection: int,
    number: int,
    after: Key | None,
    page_size: int,
    revision: int,
    instant: datetime,
) -> None:
    order = (ListingRow.published, ListingRow.rank)
    tail = select(*order, func.row_number().over(order_by=order).label("place")).where(
        ListingRow.selection == selection
    )
    if after is not None:
        fence = tuple_(literal(after[0], UtcSeconds), literal(after[1], BigInteger))
        tail = tail.where(tuple_(*order) > fence)
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
