"""Restore a back-up: put it in place of the store while the service may run.

The back-up is first made a store of its own in a temporary folder, where it is checked. What the
store had is kept, and replaced in one transaction (docs/decisions/0037-one-command.md).
"""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path

from feeds.documents.version import settings_digest
from feeds.errors import NothingToDoError, RefusedError, StoreError
from feeds.ingest.inputs import printable
from feeds.operations.backup import first_fault
from feeds.operations.export import Loader, export_rows, is_export, write_export
from feeds.operations.migrate import permanent_settings, require_timezone, require_usable
from feeds.settings import Settings
from feeds.store import Content, Store
from feeds.store.copy.dump import TABLES

_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Restored:
    """What the store had before (None: nothing that could be read) and has now.

    ``kept`` is the file with the former store. ``current`` is false if ``feeds migrate`` must be
    run.
    """

    before: Content | None
    after: Content
    kept: Path | None
    current: bool


def restore_backup(store: Store, settings: Settings, file: Path, now: datetime) -> Restored:
    """Put a copy of a SQLite store, or an export, in place of the store.

    If the process is killed at any moment, the store is the former one or the new one. Raises
    ``RefusedError`` or ``SettingsError`` if the back-up is not sound or does not belong to these
    settings.
    """
    if not store.is_file:
        store.check()
    with tempfile.TemporaryDirectory(prefix="feeds-restore-") as folder:
        path = Path(folder, "store.db")
        prepared = Store(f"sqlite:///{path}")
        try:
            _prepare(prepared, path, settings, file, now)
        except StoreError as error:
            reason = str(error).replace(str(path), str(file))
            raise RefusedError(f"{printable(file)} cannot be restored: {reason}") from error
        after = prepared.content()
        put = _put_file if store.is_file else _put_rows
        before, kept = put(prepared, path, store, file, now)
    current = after.head.settings_digest == settings_digest(settings.site)
    return Restored(before, after, kept if kept.exists() else None, current)


def _prepare(prepared: Store, path: Path, settings: Settings, file: Path, now: datetime) -> None:
    """Make a store of a back-up, and check it."""
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(_SQLITE))
        if begins == _SQLITE:
            shutil.copyfile(file, path)
            with suppress(FileNotFoundError):  # of a store that was copied with its log
                shutil.copyfile(f"{file}-wal", f"{path}-wal")
    except OSError as error:
        raise NothingToDoError(f"{printable(file)} cannot be read: {error.strerror}.") from error
    if begins == _SQLITE:
        prepared.check()
        with prepared.read() as snapshot:
            require_usable(settings, snapshot)
            require_timezone(settings, snapshot.head())
    elif is_export(file):
        with prepared.upgraded(permanent_settings(settings), now, commit=True):
            pass
        for _ in Loader(prepared, settings, file):
            pass
    else:
        raise RefusedError(
            f"{printable(file)} is neither a copy of a store nor an export: name a file that "
            "`feeds backup` or `feeds export` wrote."
        )
    if fault := first_fault(prepared, settings):
        raise RefusedError(f"{printable(file)} is damaged: {fault}. Restore another back-up.")


def _content(store: Store) -> Content | None:
    with suppress(StoreError):
        store.check()
        return store.content()
    return None


def _become_another(restored: Store, before: Content | None, now: datetime) -> None:
    """Give a restored store its own id, and instants later than any that a client may have."""
    head = restored.content().head
    instant = None
    if before is None or before.head.token != head.token:
        heads = [head.instant, *([before.head.instant] if before else [])]
        instant = max(now.replace(microsecond=0), max(heads) + timedelta(seconds=1))
    elif before.head.instant > head.instant:  # this back-up was restored before
        instant = before.head.instant
    restored.become_another(instant)


def _put_file(
    prepared: Store, path: Path, store: Store, _: Path, now: datetime
) -> tuple[Content | None, Path]:
    """Put a prepared store in place of a file; return what it had, and where that is kept."""
    expected = _content(store)
    _become_another(prepared, expected, now)
    kept = _new_path(f"{store.name}.{_stamp(now)}")
    store.replace_file(path, kept)
    before = _content(Store(f"sqlite:///{kept}")) if kept.exists() else None
    if before and (not expected or before.head.token != expected.head.token):
        # Another command has changed the store meanwhile.
        _become_another(store, before, now)
    return before, kept


def _put_rows(
    prepared: Store, _: Path, store: Store, file: Path, now: datetime
) -> tuple[Content | None, Path]:
    """Do the same in a database. It has no folder: what it had is kept beside the back-up."""
    kept = _new_path(str(file.with_name(_stamp(now))), ".jsonl")
    with store.refill() as (former, writer):
        before = former.content()
        _become_another(prepared, before, now)
        write_export(export_rows(former, store.schema), kept)
        writer.replace()
        with prepared.dump() as dump:
            for table in TABLES:
                writer.add_all(table, dump.rows(table))
        writer.finish()
    return before, kept


def _stamp(now: datetime) -> str:
    return f"before-{now:%Y%m%dT%H%M%SZ}"


def _new_path(begins: str, ends: str = "") -> Path:
    """Return a path where there is no file; a number is added if there is one."""
    numbers = chain([""], (f"-{number}" for number in count(2)))
    paths = (Path(f"{begins}{number}{ends}") for number in numbers)
    return next(path for path in paths if not path.exists())
