"""Export the store as JSON Lines, and load an export into an empty store.

The first line has the version of the export and of the schema. The last line has the number of
rows in each table and the SHA-256 of all lines before it, which shows that an export is complete
and undamaged. Between them each table begins with an object that names its columns, and every row
is an array.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO, cast

from feeds.documents.version import settings_digest
from feeds.errors import NothingToDoError, RefusedError
from feeds.ingest.inputs import printable
from feeds.ingest.sources.jsonl import EXPORT_PREFIX
from feeds.operations.migrate import require_authority, require_page_size, require_timezone
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.copy.dump import (
    TABLES,
    Dump,
    InvalidDataError,
    RowWriter,
    Value,
    has_checksum,
    invalid_column,
)

VERSION: Final = 1
_BATCH = 100  # rows: the body of one release may have megabytes


def export(store: Store) -> Iterator[str]:
    """Yield the lines of an export without line feeds, all from one snapshot."""
    with store.dump() as dump:
        yield from export_rows(dump, store.schema)


def export_rows(dump: Dump, schema: str) -> Iterator[str]:
    """Yield the lines of an export of the rows of a snapshot."""
    counts = dict.fromkeys(TABLES, 0)
    digest = hashlib.sha256()
    for line in _content(dump, schema, counts):
        digest.update(f"{line}\n".encode())
        yield line
    yield json.dumps({"rows": counts, "sha256": digest.hexdigest()})


def _content(dump: Dump, schema: str, counts: dict[str, int]) -> Iterator[str]:
    yield json.dumps({"release-feeds": "export", "version": VERSION, "schema": schema})
    for table, columns in TABLES.items():
        yield json.dumps({"table": table, "columns": columns})
        for row in dump.rows(table):
            counts[table] += 1
            yield json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def write(lines: Iterable[str], file: TextIO) -> dict[str, int]:
    """Write the lines of an export; return the number of rows in each table."""
    for line in lines:
        file.write(f"{line}\n")
    rows: dict[str, int] = json.loads(line)["rows"]  # the last line has them
    return rows


def write_export(lines: Iterable[str], path: Path) -> dict[str, int]:
    """Write the lines of an export to a new file, which appears when it is complete.

    Returns the number of rows in each table. Raises ``RefusedError`` if the file exists,
    ``NothingToDoError`` if it cannot be written.
    """
    if path.exists() or path.is_symlink():
        raise RefusedError(f"{printable(path)} exists: name a new file.")
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with unfinished.open("x", encoding="utf-8", newline="\n") as file:
            rows = write(lines, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError as error:
        raise NothingToDoError(
            f"The export {printable(path)} cannot be written: {error.strerror}."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return rows


def is_export(path: Path) -> bool:
    """Whether a file begins like an export."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(len(EXPORT_PREFIX)) == EXPORT_PREFIX
    return False


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded; ``current`` is false if ``feeds migrate`` must be run."""

    revision: int
    counts: dict[str, int]
    current: bool


class Loader:
    """Loads an export into an empty store while it is iterated over; yields the table of each row.

    ``total`` is the size of the export in bytes, ``position`` the number of bytes read, ``done``
    that of lines, ``loaded`` the result after the commit. Raises ``RefusedError`` or
    ``SettingsError`` if nothing is loaded.
    """

    def __init__(self, store: Store, settings: Settings, path: Path) -> None:
        self._store = store
        self._settings = settings
        self._path = path
        self.done = 0
        self._last: object = None
        self._digest = hashlib.sha256()
        self.total = path.stat().st_size
        self.position = 0
        self.loaded = Loaded(0, {}, current=True)

    def __iter__(self) -> Iterator[str]:
        """Load everything in one transaction."""
        try:
            with self._path.open("rb") as file:
                lines = self._lines(file)
                _check_first(next(lines), self._store.schema)
                with self._store.fill() as writer:
                    counts = yield from _load(lines, writer)
                    self._check_last({"rows": counts, "sha256": self._digest.hexdigest()})
                    _check_end(file)
                    head = writer.finish()
                    require_page_size(self._settings, head)
                    require_authority(self._settings, writer.everything())
                    require_timezone(self._settings, head)
        except InvalidDataError as error:
            raise RefusedError(
                f"{printable(self._path)}, line {self.done}: {error}. Nothing was imported."
            ) from error
        current = head.settings_digest == settings_digest(self._settings.site)
        self.loaded = Loaded(head.revision, counts, current)

    def _check_last(self, expected: object) -> None:
        if self._last != expected:
            raise InvalidDataError("it does not match the lines before it: the export is damaged")

    def _lines(self, file: BinaryIO) -> Iterator[object]:
        for self.done, line in enumerate(file, 1):
            self.position += len(line)
            if not line.endswith(b"\n"):
                break
            try:
                self._last = json.loads(line)
            except (ValueError, RecursionError):
                raise InvalidDataError("it is not JSON") from None
            yield self._last
            self._digest.update(line)
        raise InvalidDataError("the export was cut off here: export again")


def _check_end(file: BinaryIO) -> None:
    if file.read(1):
        raise InvalidDataError("something follows the last line of the export")


def _check_first(line: object, schema: str) -> None:
    first = cast("dict[str, object]", line)
    if first.get("version") != VERSION:
        raise InvalidDataError(
            f"the version of the export is not {VERSION}, which this version reads"
        )
    if first.get("schema") != schema:
        raise InvalidDataError(
            f"the export has schema {first.get('schema')} and this version {schema}: "
            "run `feeds migrate` of this version on the exported store, and export again"
        )


def _load(lines: Iterator[object], writer: RowWriter) -> Generator[str, None, dict[str, int]]:
    counts: dict[str, int] = {}
    line = next(lines)
    for table, columns in TABLES.items():
        if line != {"table": table, "columns": list(columns)}:
            raise InvalidDataError(f"the table {table} should begin here, with all of its columns")
        counts[table] = 0
        batch: list[Sequence[Value]] = []
        while isinstance(line := next(lines), list):
            counts[table] += 1
            batch.append(_row(table, line))
            if len(batch) == _BATCH:
                writer.add(table, batch)
                batch.clear()
            yield table
        if batch:
            writer.add(table, batch)
    if counts["head"] != 1:
        raise InvalidDataError("the export has no head, or several heads")
    return counts


def _row(table: str, values: list[object]) -> Sequence[Value]:
    if len(values) != len(TABLES[table]):
        raise InvalidDataError(f"the number of its values is not that of the columns of {table}")
    column = invalid_column(table, values)
    if column is not None:
        raise InvalidDataError(f"the store cannot hold its {column}")
    if not has_checksum(table, values):
        raise InvalidDataError(
            "its checksum is not that of its values: the export, or the store that it was made "
            "from, is damaged"
        )
    return cast("Sequence[Value]", values)
