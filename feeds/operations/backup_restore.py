"""Restore a back-up: put it in place of the store while the service may run.

The back-up is first made a store of its own in a temporary folder, where it is checked. What the
store had is kept, and replaced in one transaction (docs/decisions/0037-one-command.md).
"""

import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sized
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from feeds.documents.version import settings_digest
from feeds.domain import Site
from feeds.errors import NothingToDoError, RefusedError, StoreError
from feeds.ingest.inputs import printable
from feeds.operations.backup import first_fault
from feeds.operations.export import Loader, export_rows, is_export, write_export
from feeds.operations.migrate import permanent_settings, require_timezone, require_usable
from feeds.operations.suspend import command
from feeds.settings import Settings
from feeds.store import Content, Store
from feeds.store.copy.dump import TABLES
from feeds.urls import Target

_SQLITE = b"SQLite format 3\0"
_MOST = 10  # of a kind that are named


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


def differences(before: Content, after: Content, site: Site) -> Iterator[str]:
    """Yield in sentences what the restored store lacks of the former one, and what to do."""
    yield from _releases(before, after)
    notices = {
        "missing": before.notices.keys() - after.notices.keys(),
        "not there before": after.notices.keys() - before.notices.keys(),
        "in another state": {
            id_
            for id_ in before.notices.keys() & after.notices.keys()
            if after.notices[id_] != before.notices[id_]
        },
    }
    if text := _counted(notices):
        yield f"Notices: {text}. `feeds notices` lists those that are there now."
    imports = {
        "missing": before.imports - after.imports,
        "not there before": after.imports - before.imports,
    }
    if text := _counted(imports):
        yield f"Imports: {text}."
    yield from _categories(before, after)
    yield from _addresses(before, after)
    if before.suspension and not after.suspension:
        again = command(site, before.suspension)
        yield f"The portal was suspended, the copy is not: run `{again}`."
    elif after.suspension and not before.suspension:
        yield (
            "The portal is suspended again, as in the copy. If it should not be, run "
            "`feeds resume`."
        )


def _releases(before: Content, after: Content) -> Iterator[str]:
    old, new = before.releases, after.releases
    common = old.keys() & new.keys()
    found = {
        "missing": old.keys() - new.keys(),
        "with other content": {
            id_ for id_ in common if new[id_][0] != old[id_][0] and new[id_][1] == old[id_][1]
        },
        "shown again that were withdrawn": {id_ for id_ in common if new[id_][1] > old[id_][1]},
        "withdrawn that were shown": {id_ for id_ in common if new[id_][1] < old[id_][1]},
    }
    if text := _counted(found | {"not there before": new.keys() - old.keys()}):
        yield f"Releases: {text}."
    for what, ids in found.items():
        yield from _first([f"  {what}: {id_}" for id_ in sorted(ids)])


def _categories(before: Content, after: Content) -> Iterator[str]:
    """Yield what differs in categories; they are merged and renamed by operators only."""
    old, new = before.categories, after.categories
    missing, added = old.keys() - new.keys(), new.keys() - old.keys()
    apart = {id_ for id_ in added if new[id_].slug in before.labels}
    merged = {id_ for id_ in missing if old[id_].slug in after.labels}
    renamed = {id_ for id_ in old.keys() & new.keys() if new[id_][:2] != old[id_][:2]}
    found = {
        "missing": missing - merged,
        "not there before": added - apart,
        "apart that were merged": apart,
        "merged that were apart": merged,
        "with another name": renamed,
    }
    if text := _counted(found):
        yield f"Categories: {text}."
    lost = [(new[id_], before.labels[new[id_].slug]) for id_ in sorted(apart)]
    yield from _first(
        [
            f"{category.name} was part of {old[into].name}: run "
            f"{_run('categories', 'merge', category.slug, new.get(into, old[into]).slug)}."
            for category, into in lost
        ]
    )
    yield from _first(
        [
            f"{new[id_].name} had the name {old[id_].name}: run "
            f"{_run('categories', 'rename', new[id_].slug, old[id_].name)}."
            for id_ in sorted(renamed)
            if old[id_].named
        ]
    )


def _addresses(before: Content, after: Content) -> Iterator[str]:
    """Yield what differs in old addresses; a category is the same under each of its slugs."""
    old, new = before.addresses, after.addresses
    labels = after.labels | before.labels

    def of(target: Target) -> Target:
        return replace(target, slug=labels.get(target.slug, ""))

    found = {
        "missing": old.keys() - new.keys(),
        "not there before": new.keys() - old.keys(),
        "with another target": {
            location
            for location in old.keys() & new.keys()
            if of(new[location]) != of(old[location])
        },
    }
    if text := _counted(found):
        yield f"Old addresses: {text}."
    sentences = []
    for location in sorted(found["missing"] | found["with another target"]):
        run = _run("address", "add", location, str(old[location]))
        if location in new:
            run = f"{_run('address', 'remove', location)} and {run}"
        sentences.append(f"{location} redirected to {old[location]}: run {run}.")
    yield from _first(sentences)


def _counted(found: Mapping[str, Sized]) -> str:
    return ", ".join(f"{len(ids):,} {what}" for what, ids in found.items() if ids)


def _first(sentences: list[str]) -> Iterator[str]:
    yield from sentences[:_MOST]
    if others := len(sentences[_MOST:]):
        yield f"  and {others:,} more"


def _run(*arguments: str) -> str:
    return f"`feeds {shlex.join(arguments)}`"


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
        prepared.migrate(permanent_settings(settings), now)
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
    restored.become_another(instant)


def _put_file(
    prepared: Store, path: Path, store: Store, _: Path, now: datetime
) -> tuple[Content | None, Path]:
    """Put a prepared store in place of a file; return what it had, and where that is kept."""
    expected = _content(store)
    _become_another(prepared, expected, now)
    kept = Path(f"{store.name}.{_stamp(now)}")
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
    kept = file.with_name(f"{_stamp(now)}.jsonl")
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
