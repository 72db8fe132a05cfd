"""The number of releases of each year that a selection shows, updated with the listing.

A year is one of the portal's zone: after a change of the settings all are counted again.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select, text

from feeds.domain import Site
from feeds.store.schema.tables import LISTING, YEAR_COUNT
from feeds.store.write.change import Change

_FETCHED = 10_000

# Both engines understand this; in SQLAlchemy it is a different construct for each.
_ADJUST = text(
    "INSERT INTO year_count (selection, year, count) VALUES (:selection, :year, :count) "
    "ON CONFLICT (selection, year) DO UPDATE SET count = year_count.count + excluded.count"
)


def adjust(
    change: Change, site: Site, listed: Iterable[tuple[int, datetime]], difference: int
) -> None:
    """Count releases, given by selection and publication instant, as listed (1) or removed (-1)."""
    counts = _counted(site, listed, difference)
    change.connection.execute(_ADJUST, counts)
    if difference < 0:
        for selection in sorted({row["selection"] for row in counts}):
            none_left = (YEAR_COUNT.c.selection == selection, YEAR_COUNT.c.count == 0)
            change.connection.execute(delete(YEAR_COUNT).where(*none_left))


def recount(change: Change, site: Site) -> None:
    """Count all listed releases again."""
    # An open cursor would remain on PostgreSQL's server after an exception.
    with change.connection.execute(
        select(LISTING.c.selection, LISTING.c.published),
        execution_options={"yield_per": _FETCHED},
    ) as listed:
        counts = _counted(site, ((row.selection, row.published) for row in listed), 1)
    change.connection.execute(delete(YEAR_COUNT))
    if counts:
        change.connection.execute(insert(YEAR_COUNT), counts)


def _counted(site: Site, listed: Iterable[tuple[int, datetime]], each: int) -> list[dict[str, int]]:
    counts = Counter((selection, site.local(published).year) for selection, published in listed)
    return [
        {"selection": selection, "year": year, "count": count * each}
        for (selection, year), count in sorted(counts.items())
    ]
