"""The number of releases of each month that a selection shows, updated with the listing.

A month is one of the portal's zone: after a change of the settings all are counted again.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select, text

from feeds.domain import Site
from feeds.periods import day_of
from feeds.store.schema.tables import LISTING, MONTH_COUNT
from feeds.store.write.change import Change

_FETCHED = 10_000

# Both engines understand this; in SQLAlchemy it is a different construct for each.
_ADJUST = text(
    "INSERT INTO month_count (selection, year, month, count) "
    "VALUES (:selection, :year, :month, :count) ON CONFLICT (selection, year, month) "
    "DO UPDATE SET count = month_count.count + excluded.count"
)


def adjust(
    change: Change, site: Site, listed: Iterable[tuple[int, datetime]], difference: int
) -> None:
    """Count releases, given by selection and publication instant, as listed (1) or removed (-1)."""
    counts = _counted(site, listed, difference)
    change.connection.execute(_ADJUST, counts)
    if difference < 0:
        for selection in sorted({row["selection"] for row in counts}):
            none_left = (MONTH_COUNT.c.selection == selection, MONTH_COUNT.c.count == 0)
            change.connection.execute(delete(MONTH_COUNT).where(*none_left))


def recount(change: Change, site: Site) -> None:
    """Count all listed releases again."""
    # An open cursor would remain on PostgreSQL's server after an exception.
    with change.connection.execute(
        select(LISTING.c.selection, LISTING.c.published),
        execution_options={"yield_per": _FETCHED},
    ) as listed:
        counts = _counted(site, ((row.selection, row.published) for row in listed), 1)
    change.connection.execute(delete(MONTH_COUNT))
    if counts:
        change.connection.execute(insert(MONTH_COUNT), counts)


def _counted(site: Site, listed: Iterable[tuple[int, datetime]], each: int) -> list[dict[str, int]]:
    counts = Counter(
        (selection, day.year, day.month)
        for selection, published in listed
        for day in [day_of(site, published)]
    )
    return [
        {"selection": selection, "year": year, "month": month, "count": count * each}
        for (selection, year, month), count in sorted(counts.items())
    ]
