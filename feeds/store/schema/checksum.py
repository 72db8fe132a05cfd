"""The checksum of a release, which tells a damaged row from one that was changed on purpose.

It is a hash of the values of the row as they are stored, except for the checksum itself and for the
token, a random number that identifies a change and says nothing about the release.
"""

import hashlib
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, TypeDecorator, select, type_coerce
from sqlalchemy.engine.default import DefaultDialect

from feeds.store.schema.tables import RELEASE

COLUMNS = tuple(column for column in RELEASE.c if column.name not in {"token", "checksum"})
"""The columns that the checksum covers."""

_NAMES = tuple(column.name for column in COLUMNS)
_values = itemgetter(*_NAMES)
_DIALECT = DefaultDialect()
_BINDERS = {
    column.name: column.type.process_bind_param
    for column in COLUMNS
    if isinstance(column.type, TypeDecorator)
}


def checksum(plain: Mapping[str, Any]) -> int:
    """Return the checksum of a row, given by the names of its columns, as it is stored."""
    # The lengths separate the texts, whatever these contain.
    parts = [f"{len(one)}:{one}" if isinstance(one, str) else f"{one}," for one in _values(plain)]
    digest = hashlib.sha256("".join(parts).encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8]) >> 1  # as much as a column of either engine can hold


def checksum_of(values: Mapping[str, Any]) -> int:
    """Return the checksum of a row that will be inserted; a column that is left out is null."""
    stored = {name: values.get(name) for name in _NAMES}
    for name, bind in _BINDERS.items():
        stored[name] = bind(stored[name], _DIALECT)
    return checksum(stored)


def plain_rows() -> Select[*tuple[Any, ...]]:
    """Return the statement for the values as they are stored, and the checksum."""
    stored = [
        type_coerce(column, column.type.impl_instance).label(column.name)
        if isinstance(column.type, TypeDecorator)
        else column
        for column in (*COLUMNS, RELEASE.c.checksum)
    ]
    return select(*stored)
