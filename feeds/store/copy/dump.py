"""All tables as plain values: read from one snapshot, or written to an empty store.

Instants are whole seconds since 1970, as in the database. This module does not define a file
format, and checks single values and constraints only: otherwise the rows are as consistent as the
store that they came from.
"""

import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Text,
    TypeDecorator,
    bindparam,
    collate,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeEngine

from feeds.domain import Selection
from feeds.errors import FeedsError, RefusedError
from feeds.store.copy.content import Content, content
from feeds.store.read.rows import Head
from feeds.store.read.snapshot import Snapshot
from feeds.store.schema.checksum import checksum
from feeds.store.schema.tables import (
    ALL_ID,
    ALL_SLUG,
    HEAD,
    LABEL,
    METADATA,
    NOT_STORABLE,
    NOTICE,
    REDIRECT,
    RELEASE,
    SELECTION,
    Attachments,
    Authors,
    UtcSeconds,
)
from feeds.store.write.change import lock_head

Value = str | int | bool | None

_TABLES = {table.name: table for table in METADATA.sorted_tables}

TABLES = {name: tuple(column.name for column in table.c) for name, table in _TABLES.items()}
"""The columns of each table; a table comes after those that it refers to."""

# Those of the fields of ``domain.Attachment``.
_ATTACHMENT_TYPES = (str, str | None, int | None, str | None, bool)

_UNINDEXED = ("source_key", "permalink")

_FETCHED = 200  # rows at a time, since a body may have megabytes

# The first and the last instant that can be shown in every zone.
_EARLIEST = int(datetime(1, 1, 2, tzinfo=UTC).timestamp())
_LATEST = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp())


class InvalidDataError(FeedsError):
    """Values cannot be written to the store; the message is the reason."""


class Dump:
    """All rows of one snapshot, as plain values."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, table: str) -> Iterator[Sequence[Value]]:
        """Yield the rows of a table, a few at a time, in the same order on both engines."""
        columns = _TABLES[table].c
        statement = select(*(type_coerce(column, _plain(column)) for column in columns))
        for column in _TABLES[table].primary_key:
            collated = (
                isinstance(column.type, Text) and self._connection.dialect.name == "postgresql"
            )
            statement = statement.order_by(collate(column, "C") if collated else column)
        options = {"yield_per": _FETCHED}
        with self._connection.execute(statement, execution_options=options) as found:
            for row in found:
                yield tuple(row)

    def content(self) -> Content:
        """Return what an operator would miss in another state of the store."""
        return content(self._connection)


class RowWriter:
    """Writes rows to a cleared store, table after table in the order of ``TABLES``.

    ``left`` is the revision of the finished store.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._snapshot = Snapshot(connection)
        self.left: int | None = None
        lock_head(connection)

    def require_empty(self, name: str) -> None:
        """Raise ``RefusedError`` if the store, which ``name`` names, is not empty."""
        filled = [table.select() for table in (RELEASE, NOTICE, REDIRECT, LABEL)]
        if any(self._connection.execute(statement.limit(1)).first() for statement in filled):
            raise RefusedError(
                f"The release store at {name} is in use: name a new one in FEEDS_DATABASE_URL, "
                "create it with `feeds migrate`, and import the export there."
            )

    def clear(self) -> None:
        """Remove all rows but the head."""
        for table in reversed(_TABLES.values()):
            # A writer that waits for the head would not see another row with the same key.
            if table.name != HEAD.name:
                self._connection.execute(delete(table))

    def replace(self) -> None:
        """Remove all rows but the head from a PostgreSQL database that may have many.

        It looks for references to each release that is removed: two tables have no index for that.
        ``finish`` removes the indexes, for which it locks the tables against readers.
        """
        for table in _UNINDEXED:
            self._connection.exec_driver_sql(f"CREATE INDEX removing_{table} ON {table} (release)")
        self.clear()

    def add(self, table: str, values: Sequence[Sequence[Value]]) -> None:
        """Write rows; raise ``InvalidDataError`` if they violate a constraint."""
        names = {f"new_{column.name}": column for column in _TABLES[table].c}
        bound = {column.name: bindparam(key, type_=_plain(column)) for key, column in names.items()}
        write = update if table == HEAD.name else insert
        try:
            self._connection.execute(
                write(_TABLES[table]).values(bound),
                [dict(zip(names, row, strict=True)) for row in values],
            )
        except IntegrityError as error:
            reason = str(error.orig).strip().splitlines()[0].rstrip(".")
            raise InvalidDataError(
                f"it, or a row shortly before it, violates a constraint: {reason}"
            ) from error

    def add_all(self, table: str, rows: Iterator[Sequence[Value]]) -> None:
        """Write all rows of a table, a few at a time."""
        while batch := list(islice(rows, _FETCHED)):
            self.add(table, batch)

    def finish(self) -> Head:
        """Give the store a new id, so that caches of the old one are dropped; return its head.

        Raises ``InvalidDataError`` if there is no selection of all releases.
        """
        self._connection.execute(update(HEAD).values(store_id=secrets.token_hex(16)))
        everything = select(SELECTION.c.id).where(
            SELECTION.c.id == ALL_ID, SELECTION.c.slug == ALL_SLUG
        )
        if self._connection.execute(everything).first() is None:
            raise InvalidDataError("it has no selection of all releases")
        if self._connection.dialect.name == "postgresql":
            self._set_sequences()
            for table in _UNINDEXED:
                self._connection.exec_driver_sql(f"DROP INDEX IF EXISTS removing_{table}")
        head = self._snapshot.head()
        self.left = head.revision
        return head

    def _set_sequences(self) -> None:
        for table in _TABLES.values():
            counted = table.autoincrement_column
            if counted is not None:
                greatest = self._connection.scalar(select(func.max(counted)))
                sequence = func.pg_get_serial_sequence(table.name, counted.name)
                next_ = func.setval(sequence, (greatest or 0) + 1, False)
                self._connection.execute(select(next_))

    def everything(self) -> Selection:
        """Return the selection of all releases that was written."""
        return self._snapshot.everything()


def invalid_column(table: str, values: Sequence[object]) -> str | None:
    """Return the first column that cannot store its value, or None."""
    for column, value in zip(_TABLES[table].c, values, strict=True):
        if not (column.nullable if value is None else _can_store(column, value)):
            return column.name
    return None


def has_checksum(table: str, values: Sequence[object]) -> bool:
    """Return whether a row that can be stored has the checksum of its values, if it has any."""
    row = dict(zip(TABLES[table], values, strict=True))
    return table != RELEASE.name or row["checksum"] == checksum(row)


def _can_store(column: Column[Any], value: object) -> bool:
    if isinstance(column.type, Boolean):
        return isinstance(value, bool)
    if isinstance(_plain(column), Text):
        return isinstance(value, str) and _is_readable(column, value)
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    if isinstance(column.type, UtcSeconds):
        return _EARLIEST <= value <= _LATEST
    bits = 63 if isinstance(column.type, BigInteger) else 31
    return -(1 << bits) <= value < 1 << bits


def _is_readable(column: Column[Any], value: str) -> bool:
    if isinstance(column.type, Authors | Attachments):
        try:
            column.type.process_result_value(value, DefaultDialect())
        except (ValueError, RecursionError):
            return False
    return not NOT_STORABLE.search(value)


def _plain(column: Column[Any]) -> TypeEngine[Any]:
    """Return the type of a column in the database."""
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
