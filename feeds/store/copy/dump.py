"""Every table of the store as plain values: out of one snapshot, and into an empty store.

Instants are whole seconds since 1970, as they are stored. How the values are written down is no
concern of this module, nor which of them make sense together: that is as good as the store that
they came from.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Text,
    bindparam,
    collate,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

from feeds.domain import Selection
from feeds.errors import FeedsError, RefusedError
from feeds.store.engine import is_sqlite, name, reading, writing
from feeds.store.read.snapshot import Head, Snapshot
from feeds.store.schema.tables import (
    Base,
    HeadRow,
    LabelRow,
    NoticeRow,
    RedirectRow,
    ReleaseRow,
    SelectionRow,
    UtcSeconds,
)

Value = str | int | bool | None

_TABLES = {table.name: table for table in Base.metadata.sorted_tables}

TABLES = {name: tuple(column.name for column in table.c) for name, table in _TABLES.items()}
"""The columns of each table, in an order in which none refers to one that comes later."""

_UNHELD = re.compile("[\0\ud800-\udfff]")
_FETCHED = 200  # rows at a time: a body may be megabytes long
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_LEAST, _MOST = (
    (instant - _EPOCH) // _SECOND
    for instant in (
        # What can be shown in every zone.
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, tzinfo=UTC),
    )
)


class UnfitError(FeedsError):
    """Values cannot be taken into the store; the message says why."""


class Dump:
    """All rows of one snapshot, as plain values."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, table: str) -> Iterator[Sequence[Value]]:
        """Yield the rows of a table a few at a time, in the same order on every engine."""
        return _rows(self._connection, table)


@contextmanager
def dumping(engine: Engine) -> Iterator[Dump]:
    """Open a snapshot of all rows, however long reading it takes."""
    with reading(engine, seconds=0) as connection:
        yield Dump(connection)


def _rows(connection: Connection, table: str) -> Iterator[Sequence[Value]]:
    chosen = _TABLES[table]
    statement = select(*(type_coerce(column, _plain(column)) for column in chosen.c))
    for column in chosen.primary_key:
        by_bytes = isinstance(column.type, Text) and connection.dialect.name == "postgresql"
        statement = statement.order_by(collate(column, "C") if by_bytes else column)
    with connection.execute(statement, execution_options={"yield_per": _FETCHED}) as found:
        for row in found:
            yield tuple(row)


@contextmanager
def filling(engine: Engine) -> Iterator["Filling"]:
    """Open the one transaction that fills an empty store, whole or not at all.

    Raises ``RefusedError`` where the store is not empty.
    """
    with writing(engine) as connection:
        yield Filling(connection, name(engine), sqlite=is_sqlite(engine))


class Filling:
    """An empty store that takes rows in, table after table as ``TABLES`` has them."""

    def __init__(self, connection: Connection, where: str, *, sqlite: bool) -> None:
        self._connection = connection
        self._sqlite = sqlite
        self._taken = Snapshot(connection)
        connection.execute(select(HeadRow.id).with_for_update())
        held = [row.__table__.select() for row in (ReleaseRow, NoticeRow, RedirectRow, LabelRow)]
        if any(connection.execute(found.limit(1)).first() for found in held):
            raise RefusedError(
                f"The release store at {where} is not empty, and an export is taken into an "
                "empty one only: make a new one with `feeds migrate`."
            )
        for table in reversed(_TABLES.values()):
            # Whoever waits for the head's row waits for this one, not for one of the same key.
            if table.name != HeadRow.__tablename__:
                connection.execute(delete(table))

    def add(self, table: str, values: Sequence[Sequence[Value]]) -> None:
        """Take rows in. Raises ``UnfitError`` where they break a rule of the schema."""
        chosen = _TABLES[table]
        names = {f"new_{column.name}": column for column in chosen.c}
        bound = {column.name: bindparam(key, type_=_plain(column)) for key, column in names.items()}
        statement = update(chosen) if table == HeadRow.__tablename__ else insert(chosen)
        try:
            self._connection.execute(
                statement.values(bound), [dict(zip(names, row, strict=True)) for row in values]
            )
        except IntegrityError as error:
            reason = str(error.orig).strip().splitlines()[0].rstrip(".")
            raise UnfitError(f"it, or a row shortly before it, breaks a rule: {reason}") from error

    def finish(self) -> Head:
        """Make the store another one than that which the rows came from; return its head."""
        self._connection.execute(update(HeadRow).values(store_id=secrets.token_hex(16)))
        everything = select(SelectionRow.id).where(SelectionRow.id == 0, SelectionRow.slug == "")
        if self._connection.execute(everything).first() is None:
            raise UnfitError("it lacks the selection of all releases")
        for table in _TABLES.values():
            counted = table.autoincrement_column
            if counted is not None and not self._sqlite:
                greatest = self._connection.scalar(select(func.max(counted)))
                sequence = func.pg_get_serial_sequence(table.name, counted.name)
                next_ = func.setval(sequence, (greatest or 0) + 1, False)
                self._connection.execute(select(next_))
        return self._taken.head()

    def everything(self) -> Selection:
        """Return the selection of all releases that was taken in."""
        return self._taken.everything()


def misfit(table: str, values: Sequence[object]) -> str | None:
    """Return the column of a table that cannot hold its value, or None where all can."""
    for column, value in zip(_TABLES[table].c, values, strict=True):
        if not (column.nullable if value is None else _holds(column, value)):
            return column.name
    return None


def _holds(column: Column[Any], value: object) -> bool:
    if isinstance(column.type, Boolean):
        return isinstance(value, bool)
    if isinstance(column.type, Text):
        # PostgreSQL knows no text with a NUL, and no engine a lone surrogate.
        return isinstance(value, str) and not _UNHELD.search(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    if isinstance(column.type, UtcSeconds):
        return _LEAST <= value <= _MOST
    bits = 63 if isinstance(column.type, BigInteger) else 31
    return -(1 << bits) <= value < 1 << bits


def _plain(column: Column[Any]) -> TypeEngine[Any]:
    return BigInteger() if isinstance(column.type, UtcSeconds) else column.type
