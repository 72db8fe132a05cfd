"""How many releases of each year a selection shows, kept with every change of what it shows.

The year is that of the portal's zone: where the settings change, all is counted anew.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, text

from feeds.domain import Site
from feeds.store.schema.tables import ListingRow, YearCountRow

_FETCHED = 10_000

# The same on both engines, which SQLAlchemy has under two names.
_ADD = text(
    "INSERT INTO year_count (selection, year, count) VALUES (:selection, :year, :count) "
    "ON CONFLICT (selection, year) DO UPDATE SET count = year_count.count + excluded.count"
)


def add(
    connection: Connection, site: Site, listed: Iterable[tuple[int, datetime]], difference: int
) -> None:
    """Count releases, by selection and publication instant: 1 for shown, -1 for no longer."""
    counts = Counter((selection, site.local(published).year) for selection, published in listed)
    connection.execute(
        _ADD,
        [
            {"selection": selection, "year": year, "count": count * difference}
            for (selection, year), count in sorted(counts.items())
        ],
    )
    if difference < 0:
        for selection in sorted({selection for selection, _ in counts}):
            none_left = (YearCountRow.selection == selection, YearCountRow.count == 0)
            connection.execute(delete(YearCountRow).where(*none_left))


def recount(connection: Connection, site: Site) -> None:
    """Count all anew, from what is listed."""
    # Closed whatever ends it: a cursor of PostgreSQL's is held by the server.
    with connection.execute(
        select(ListingRow.selection, ListingRow.published),
        execution_options={"yield_per": _FETCHED},
    ) as listed:
        counts = Counter((selection, site.local(published).year) for selection, published in listed)
    connection.execute(delete(YearCountRow))
    if counts:
        connection.execute(
            insert(YearCountRow),
            [
                {"selection": selection, "year": year, "count": count}
                for (selection, year), count in sorted(counts.items())
            ],
        )
