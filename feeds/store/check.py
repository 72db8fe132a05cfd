"""Checks of a whole store: the file, the rows of releases, and all that is derived from them.

Everything is read as a stream or counted by the database, so the memory does not depend on the
number of releases. Each fault is a sentence that says what is wrong, without what to do.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, exists, func, literal, or_, select, text, union_all
from sqlalchemy.exc import DBAPIError

from feeds.domain import Site
from feeds.periods import Period, day_of
from feeds.store.copy.dump import TABLES, Dump
from feeds.store.engine import is_sqlite
from feeds.store.read import queries
from feeds.store.read.snapshot import Snapshot
from feeds.store.schema.checksum import checksum, plain_rows
from feeds.store.schema.tables import (
    ALL_ID,
    ARCHIVE_PAGE,
    HEAD,
    LABEL,
    LISTING,
    MEMBERSHIP,
    NOTICE,
    RELEASE,
    SELECTION,
)
from feeds.store.write.archive_pages import GROWTH, OrderKey

_FETCHED = 200  # rows at a time, since a body may have megabytes
_MOST = 10  # faults of one kind that are named


def faults(connection: Connection, site: Site, *, count_months: bool) -> Iterator[str]:
    """Yield what is wrong with a store; of each kind the first ten, and the number of others.

    ``count_months`` means that the months were counted in the zone of ``site``.
    """
    try:
        intact = True
        for fault in _first(_damages(connection)):
            intact = False
            yield fault
        if not intact:  # what is read from a damaged file says nothing more
            return
        state = _State(connection, site, count_months=count_months)
        for kind in (_checksums, _unlisted, _wrongly_listed, _memberships, _selections, _head):
            try:
                yield from _first(kind(state))
            except (TypeError, ValueError, OverflowError) as error:
                yield f"A stored value cannot be read: {error}"
    except DBAPIError as error:  # PostgreSQL answers nothing more in this transaction
        if error.connection_invalidated:
            raise
        yield f"The database finds its files damaged: {' '.join(str(error.orig).split())}"


_Row = Row[*tuple[Any, ...]]


class _State(NamedTuple):
    connection: Connection
    site: Site
    count_months: bool

    def rows(self, statement: Any) -> Iterator[_Row]:
        """Yield the rows of a statement as a stream."""
        options = {"yield_per": _FETCHED}
        with self.connection.execute(statement, execution_options=options) as found:
            yield from found


def _first(found: Iterator[str]) -> Iterator[str]:
    yield from islice(found, _MOST)
    if others := sum(1 for _ in found):
        yield f"There are {others:,} other faults of this kind"


def _damages(connection: Connection) -> Iterator[str]:
    """Yield what the engine finds wrong with its own files."""
    if is_sqlite(connection.engine):
        yield from _sqlite_damages(connection)
    else:
        yield from _postgresql_damages(connection)


def _sqlite_damages(connection: Connection) -> Iterator[str]:
    for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if line != "ok":
            yield f"SQLite finds its file damaged: {' '.join(str(line).split())}"
    for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        at = "" if row is None else f" {row}"
        yield f"Row{at} of {table} refers to a row of {parent} that does not exist"


def checks_indexes(connection: Connection) -> bool:
    """Return whether ``faults`` looks at indexes: on PostgreSQL only if amcheck can be used."""
    if is_sqlite(connection.engine):
        return True
    usable = connection.exec_driver_sql(
        "SELECT coalesce(bool_and(has_function_privilege(p.oid, 'EXECUTE')), false) "
        "FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid AND d.deptype = 'e' "
        "JOIN pg_extension AS e ON e.oid = d.refobjid WHERE e.extname = 'amcheck' "
        "AND (p.proname = 'verify_heapam' OR p.proname = 'bt_index_check' AND p.pronargs = 2)"
    ).scalar_one()
    return bool(usable)


def _postgresql_damages(connection: Connection) -> Iterator[str]:
    usable = checks_indexes(connection)
    for table in TABLES:
        if usable:
            statement = text("SELECT blkno, msg FROM verify_heapam(cast(:name AS regclass))")
            for block, message in connection.execute(statement, {"name": table}):
                yield f"PostgreSQL finds {table} damaged in block {block}: {message}"
        else:  # a page that is damaged cannot be read
            for _ in Dump(connection).rows(table):
                pass
    if usable:
        indexes = text(
            "SELECT bt_index_check(i.indexrelid, true) FROM pg_index AS i "
            "WHERE i.indrelid = cast(:name AS regclass)"
        )
        for table in TABLES:
            connection.execute(indexes, {"name": table}).all()


def _checksums(state: _State) -> Iterator[str]:
    for row in state.rows(plain_rows()):
        if row.checksum != checksum(row._asdict()):
            yield f"The release {row.path} ({row.entry_id}) is not as it was written"


def _expected() -> Any:
    """Return the rows that the listing should have, derived from releases and memberships."""
    columns = (RELEASE.c.published, RELEASE.c.rank, RELEASE.c.id.label("release"), RELEASE.c.path)
    shown = RELEASE.c.withdrawn.is_(None)
    return union_all(
        select(literal(ALL_ID).label("selection"), *columns).where(shown),
        select(MEMBERSHIP.c.selection, *columns)
        .join_from(MEMBERSHIP, RELEASE, RELEASE.c.id == MEMBERSHIP.c.release)
        .where(shown),
    ).subquery()


def _unlisted(state: _State) -> Iterator[str]:
    expected = _expected().c
    listed = exists().where(
        *(LISTING.c[name] == expected[name] for name in LISTING.c.keys())  # noqa: SIM118 - names
    )
    for row in state.rows(select(expected.selection, expected.path).where(~listed)):
        yield f"The release {row.path} is missing from the listing of selection {row.selection}"


def _wrongly_listed(state: _State) -> Iterator[str]:
    shown = exists().where(
        RELEASE.c.id == LISTING.c.release,
        RELEASE.c.published == LISTING.c.published,
        RELEASE.c.rank == LISTING.c.rank,
        RELEASE.c.withdrawn.is_(None),
    )
    member = or_(
        LISTING.c.selection == ALL_ID,
        exists().where(
            MEMBERSHIP.c.release == LISTING.c.release,
            MEMBERSHIP.c.selection == LISTING.c.selection,
        ),
    )
    for row in state.rows(select(LISTING).where(~and_(shown, member))):
        yield (
            f"Selection {row.selection} lists release {row.release} at {row.published}, where it "
            "does not belong"
        )


def _memberships(state: _State) -> Iterator[str]:
    """Yield releases whose categories are not numbered from 0, and categories without label."""
    place = MEMBERSHIP.c.position
    numbered = select(MEMBERSHIP.c.release).group_by(MEMBERSHIP.c.release)
    wrong = or_(
        func.min(place) != 0,
        func.max(place) != func.count() - 1,
        func.count(place.distinct()) != func.count(),
        func.min(MEMBERSHIP.c.selection) == ALL_ID,
    )
    for row in state.rows(numbered.having(wrong)):
        yield f"The order of the categories of release {row.release} is damaged"
    labelled = exists().where(LABEL.c.slug == SELECTION.c.slug, LABEL.c.selection == SELECTION.c.id)
    for row in state.rows(select(SELECTION.c.slug).where(SELECTION.c.id != ALL_ID, ~labelled)):
        yield f"The category {row.slug} has no label, by which imports find it"


class _Counted:
    """What a selection shows, counted from its listing."""

    def __init__(self, state: _State, selection: int, boundaries: list[OrderKey]) -> None:
        self.sizes = [0] * len(boundaries)
        self.tail = 0
        self.months: Counter[Period] = Counter()
        page = 0
        key = (LISTING.c.published, LISTING.c.rank)
        of_selection = select(*key).where(LISTING.c.selection == selection).order_by(*key)
        for published, rank in state.rows(of_selection):
            while page < len(boundaries) and (published, rank) > boundaries[page]:
                page += 1
            if page < len(boundaries):
                self.sizes[page] += 1
            else:
                self.tail += 1
            if state.count_months:
                day = day_of(state.site, published)
                self.months[Period(day.year, day.month)] += 1


def _selections(state: _State) -> Iterator[str]:
    """Yield wrong counts, months and archive pages of each selection."""
    connection = state.connection
    page_size = connection.scalar(select(HEAD.c.page_size)) or 1
    last_import = Snapshot(connection).last_import()
    # Pages are made in the last transaction of an import.
    finished = last_import is None or last_import.finished is not None
    for row in connection.execute(select(SELECTION).order_by(SELECTION.c.id)).all():
        pages = connection.execute(
            select(ARCHIVE_PAGE)
            .where(ARCHIVE_PAGE.c.selection == row.id)
            .order_by(ARCHIVE_PAGE.c.number)
        ).all()
        name = f"The category {row.slug}" if row.slug else "The selection of all releases"
        boundaries = [(page.last_published, page.last_rank) for page in pages]
        if [page.number for page in pages] != list(range(1, len(pages) + 1)):
            yield f"{name} has archive pages that are not numbered from 1 without gaps"
        if boundaries != sorted(boundaries):
            yield f"{name} has archive pages whose boundaries are not in order"
            continue
        counted = _Counted(state, row.id, boundaries)
        yield from _wrong_counts(state, row, name, counted)
        for page, size in zip(pages, counted.sizes, strict=True):
            if page.size != size:
                yield (
                    f"{name} has {size:,} releases on archive page {page.number}, but the page "
                    f"is recorded with {page.size:,}"
                )
        if finished and (
            counted.tail >= page_size or max(counted.sizes, default=0) > (GROWTH * page_size)
        ):
            yield f"{name} lacks archive pages that should have been made"


def _wrong_counts(state: _State, row: _Row, name: str, counted: _Counted) -> Iterator[str]:
    # The attribute `count` of a row is a method.
    stored = row._asdict()
    for column, number in (("count", counted.tail + sum(counted.sizes)), ("tail", counted.tail)):
        if stored[column] != number:
            yield f"{name} has a {column} of {number:,}, but {stored[column]:,} is recorded"
    if state.count_months:
        rows = state.connection.execute(queries.MONTHS, {"selection": row.id})
        recorded = {Period(month.year, month.month): month.shown for month in rows}
        for month in sorted({*recorded, *counted.months}, key=str):
            if recorded.get(month) != counted.months[month]:
                yield f"{name} has a wrong number of releases for {month}"


def _head(state: _State) -> Iterator[str]:
    """Yield what contradicts the change clock, and a second suspension."""
    connection = state.connection
    clock = connection.execute(select(HEAD.c.revision, HEAD.c.instant)).one()
    for table in (SELECTION, ARCHIVE_PAGE):
        later = or_(table.c.revision > clock.revision, table.c.changed > clock.instant)
        if number := connection.scalar(select(func.count()).select_from(table).where(later)):
            yield f"{number:,} rows of {table.name} were changed after the last change of the store"
    running = select(func.count()).where(
        NOTICE.c.kind == "suspension", NOTICE.c.lifted.is_(None), NOTICE.c.retracted.is_(None)
    )
    if (connection.scalar(running) or 0) > 1:
        yield "More than one suspension is running"
