"""Restore a back-up: put it in place of the store while the service may run.

The back-up is first made a store of its own in a temporary folder, where it is checked. What the
store had is kept, and replaced in one transaction (docs/decisions/0037-one-command.md).
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from feeds.documents.version import settings_digest
from feeds.errors import NothingToDoError, RefusedError, StoreError
from feeds.ingest.inputs import printable
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
        before = _content(store)
        after = prepared.content()
        same = before is not None and before.head.token == after.head.token
        prepared.become_another(None if same else _later_than(before, after, now))
        kept = _put(prepared, path, store, file, now)
    if store.is_file:  # what was changed while the back-up was prepared is in the file that is kept
        before = _content(Store(f"sqlite:///{kept}")) if kept.exists() else None
    current = after.head.settings_digest == settings_digest(settings.site)
    return Restored(before, after, kept if kept.exists() else None, current)


def differences(before: Content, after: Content) -> Iterator[str]:
    """Yield in sentences what the restored store lacks of the former one, and what to do."""
    missing = len(before.releases.keys() - after.releases.keys())
    common = before.releases.keys() & after.releases.keys()
    hidden = sum(after.releases[id_][1] < before.releases[id_][1] for id_ in common)
    shown = sum(after.releases[id_][1] > before.releases[id_][1] for id_ in common)
    edited = sum(
        after.releases[id_][0] != before.releases[id_][0]
        and after.releases[id_][1] == before.releases[id_][1]
        for id_ in common
    )
    added = len(after.releases.keys() - before.releases.keys())
    found = {
        "missing": missing,
        "not there before": added,
        "with other content": edited,
        "shown again that were withdrawn": shown,
        "withdrawn that were shown": hidden,
    }
    if text := _counted(found):
        yield f"Releases: {text}."
    notices = {
        "missing": len(before.notices.keys() - after.notices.keys()),
        "not there before": len(after.notices.keys() - before.notices.keys()),
        "in another state": sum(
            after.notices[id_] != before.notices[id_]
            for id_ in before.notices.keys() & after.notices.keys()
        ),
    }
    if text := _counted(notices):
        yield f"Notices: {text}. `feeds notices` lists those that are there now."
    imports = {
        "missing": len(before.imports - after.imports),
        "not there before": len(after.imports - before.imports),
    }
    if text := _counted(imports):
        yield f"Imports: {text}."
    if before.suspension and not after.suspension:
        yield "The portal was suspended, the copy is not: run `feeds suspend`."
    elif after.suspension and not before.suspension:
        yield "The portal was not suspended, the copy is: run `feeds resume`."


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)


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
            head = snapshot.head()
        require_timezone(settings, head)
    elif is_export(file):
        prepared.migrate(permanent_settings(settings), now)
        for _ in Loader(prepared, settings, file):
            pass
        head = prepared.content().head
    else:
        raise RefusedError(
            f"{printable(file)} is neither a copy of a store nor an export: name a file that "
            "`feeds backup` or `feeds export` wrote."
        )
    current = head.settings_digest == settings_digest(settings.site)
    for fault in prepared.faults(settings.site, count_months=current):
        raise RefusedError(f"{printable(file)} is damaged: {fault}. Restore another back-up.")


def _content(store: Store) -> Content | None:
    with suppress(StoreError):
        store.check()
        return store.content()
    return None


def _later_than(before: Content | None, after: Content, now: datetime) -> datetime:
    """Return an instant that is later than any that a client may have of a document."""
    heads = [state.head.instant for state in (before, after) if state]
    return max(now.replace(microsecond=0), max(heads) + timedelta(seconds=1))


def _put(prepared: Store, path: Path, store: Store, file: Path, now: datetime) -> Path:
    """Put a prepared store in place of another; return the file in which the other is kept."""
    stamp = f"before-{now:%Y%m%dT%H%M%SZ}"
    if store.is_file:
        kept = Path(f"{store.name}.{stamp}")
        store.replace_file(path, kept)
        return kept
    # A database has no folder, so the former one is kept beside the back-up.
    kept = file.with_name(f"{stamp}.jsonl")
    with store.refill() as (former, writer), prepared.dump() as dump:
        write_export(export_rows(former, store.schema), kept)
        writer.replace()
        for table in TABLES:
            writer.add_all(table, dump.rows(table))
        writer.finish()
    return kept
