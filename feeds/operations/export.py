"""The store as JSON Lines, out and in: the portable back-up, and the way to another engine.

The first line names the version and the schema, the last one counts the rows of each table and
holds the SHA-256 of all before it, so that an export that was cut off or damaged is known. Between
them each table begins with an object that names its columns; every row is an array.
"""

import hashlib
import json
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from feeds.documents.build import settings_digest
from feeds.errors import NothingToDoError, RefusedError
from feeds.ingest.inputs import shown
from feeds.ingest.sources.jsonl import EXPORT_PREFIX
from feeds.operations.migrate import require_authority, require_page_size
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.copy.dump import TABLES, Filling, UnfitError, Value, misfit
from feeds.store.schema import version

VERSION: Final = 1
_BATCH = 100  # rows that are written together: a body may be megabytes long


def export(store: Store) -> Iterator[str]:
    """Yield the lines of an export, all of one snapshot, without line feeds."""
    counts = dict.fromkeys(TABLES, 0)
    digest = hashlib.sha256()
    for line in _content(store, counts):
        digest.update(f"{line}\n".encode())
        yield line
    yield json.dumps({"rows": counts, "sha256": digest.hexdigest()})


def _content(store: Store, counts: dict[str, int]) -> Iterator[str]:
    first = {"release-feeds": "export", "version": VERSION, "schema": version.current()}
    yield json.dumps(first)
    with store.dump() as dump:
        for table, columns in TABLES.items():
            yield json.dumps({"table": table, "columns": columns})
            for row in dump.rows(table):
                counts[table] += 1
                yield json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def export_to(store: Store, path: Path) -> None:
    """Write an export to a new file, of which nothing is left where it could not be finished.

    Raises ``RefusedError`` where the file exists, ``NothingToDoError`` where it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            try:
                file.writelines(f"{line}\n" for line in export(store))
                file.flush()
                os.fsync(file.fileno())
            except BaseException:
                path.unlink()
                raise
    except FileExistsError:
        raise RefusedError(f"{shown(path)} exists: name a new file.") from None
    except OSError as error:
        raise NothingToDoError(
            f"The export {shown(path)} cannot be written: {error.strerror}."
        ) from error


def is_export(path: Path) -> bool:
    """Whether a file begins as an export does."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(len(EXPORT_PREFIX)) == EXPORT_PREFIX
    return False


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over, and whether documents are made with the settings of the export."""

    revision: int
    counts: dict[str, int]
    current: bool


class Load:
    """An export on its way into an empty store: iterate over its rows to take them in.

    It yields the table of each row. ``total`` is the size in bytes, ``position`` how many have
    been read, and ``taken`` what was done once all is committed. Raises ``RefusedError`` or
    ``SettingsError`` where nothing was.
    """

    def __init__(self, store: Store, settings: Settings, path: Path) -> None:
        self._store = store
        self._settings = settings
        self._path = path
        self._line = 0
        self._last: object = None
        self._digest = hashlib.sha256()
        self.total = path.stat().st_size
        self.position = 0
        self.taken = Taken(0, {}, current=True)

    def __iter__(self) -> Iterator[str]:
        """Take everything in, within one transaction."""
        try:
            with self._path.open("rb") as file:
                lines = self._lines(file)
                _check_first(next(lines))
                with self._store.fill() as filling:
                    counts = yield from _take(lines, filling)
                    self._check_last({"rows": counts, "sha256": self._digest.hexdigest()})
                    _check_end(file)
                    head = filling.finish()
                    require_page_size(self._settings, head)
                    require_authority(self._settings, filling.everything())
        except UnfitError as error:
            raise RefusedError(
                f"{shown(self._path)}, line {self._line}: {error}. Nothing was imported."
            ) from error
        current = head.settings_digest == settings_digest(self._settings.site)
        self.taken = Taken(head.revision, counts, current)

    def _check_last(self, expected: object) -> None:
        if self._last != expected:
            raise UnfitError("it is not what all before it comes to: the export is damaged")

    def _lines(self, file: BinaryIO) -> Iterator[object]:
        for self._line, line in enumerate(file, 1):
            self.position += len(line)
            if not line.endswith(b"\n"):
                break
            try:
                self._last = json.loads(line)
            except (ValueError, RecursionError):
                raise UnfitError("it is not JSON") from None
            yield self._last
            self._digest.update(line)
        raise UnfitError("the export ends here, before its end: it was cut off, make it anew")


def _check_end(file: BinaryIO) -> None:
    if file.read(1):
        raise UnfitError("something follows the last line of the export")


def _check_first(stated: object) -> None:
    said = cast("dict[str, object]", stated)
    if said.get("version") != VERSION:
        raise UnfitError("the export has another version than this one reads (1)")
    if said.get("schema") != version.current():
        raise UnfitError(
            f"the export has schema {said.get('schema')} and this version {version.current()}: "
            "run `feeds migrate` of this version on the store that it comes from, and export again"
        )


def _take(lines: Iterator[object], filling: Filling) -> Generator[str, None, dict[str, int]]:
    counts: dict[str, int] = {}
    line = next(lines)
    for table, columns in TABLES.items():
        if line != {"table": table, "columns": list(columns)}:
            raise UnfitError(f"here the table {table} should begin, with all of its columns")
        counts[table] = 0
        batch: list[Sequence[Value]] = []
        while isinstance(line := next(lines), list):
            counts[table] += 1
            batch.append(_row(table, line))
            if len(batch) == _BATCH:
                filling.add(table, batch)
                batch.clear()
            yield table
        if batch:
            filling.add(table, batch)
    if counts["head"] != 1:
        raise UnfitError("the export has no head, or several")
    return counts


def _row(table: str, values: list[object]) -> Sequence[Value]:
    if len(values) != len(TABLES[table]):
        raise UnfitError(f"it has not as many values as {table} has columns")
    column = misfit(table, values)
    if column is not None:
        raise UnfitError(f"its {column} is none that the store can hold")
    return cast("Sequence[Value]", values)
