"""Back-ups of a store that is in use: single ones, and a folder of them in which old ones go.

The back-up of a SQLite store is a copy of its file, that of a PostgreSQL database an export.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from feeds.documents.version import settings_digest
from feeds.errors import NothingToDoError, RefusedError
from feeds.ingest.inputs import printable
from feeds.operations.export import export, write_export
from feeds.settings import Settings
from feeds.store import Store

_STEM = "feeds-%Y%m%dT%H%M%SZ"
_LOCK = ".lock"


def backup(store: Store, into: Path) -> None:
    """Back the store up to a new file.

    Raises ``RefusedError`` if the file exists, ``StoreError`` or ``NothingToDoError`` if it cannot
    be written.
    """
    if into.exists() or into.is_symlink():
        raise RefusedError(f"{printable(into)} already exists: name a new file.")
    if store.is_file:
        store.copy_to(into)
    else:
        write_export(export(store), into)


def first_fault(store: Store, settings: Settings) -> str | None:
    """Return the first fault of a store, because of which its back-up cannot be restored."""
    with store.read() as snapshot:
        digest = snapshot.head().settings_digest
    current = digest == settings_digest(settings.site)
    return next(store.faults(settings.site, count_months=current), None)


@dataclass(frozen=True, slots=True)
class Keep:
    """Which back-ups of a folder are kept: the newest of each of the last days, and of weeks.

    Days and weeks without a back-up do not count.
    """

    daily: int
    weekly: int

    def of(self, backups: dict[Path, datetime], zone: tzinfo) -> set[Path]:
        """Return those of the back-ups that are kept; days are those of the zone."""
        days: dict[date, Path] = {}
        weeks: dict[tuple[int, int], Path] = {}
        for path in sorted(backups, key=backups.__getitem__, reverse=True):
            day = backups[path].astimezone(zone).date()
            days.setdefault(day, path)
            weeks.setdefault(day.isocalendar()[:2], path)
        return {*list(days.values())[: self.daily], *list(weeks.values())[: self.weekly]}


def backup_into(
    store: Store, settings: Settings, folder: Path, keep: Keep, now: datetime
) -> tuple[Path, list[Path]]:
    """Back the store up to a folder, which is created; return the back-up and those removed.

    Old ones are removed once the new one is complete and sound. Files with other names are left
    alone. Raises ``RefusedError`` if the store is damaged; then its copy has such a name.
    """
    with _locked(folder):
        suffix = ".db" if store.is_file else ".jsonl"
        into = folder / f"{now.strftime(_STEM)}{suffix}"
        for unfinished in folder.glob(".feeds-*"):  # of a command that was killed
            unfinished.unlink()
        backup(store, into)
        copied = Store(f"sqlite:///{into}") if store.is_file else store
        if fault := first_fault(copied, settings):
            damaged = into.replace(folder / f"damaged{suffix}")
            raise RefusedError(
                f"The store is damaged: {fault}. It is copied to {printable(damaged)}, and no "
                "back-up is removed: restore the newest one."
            )
        found = {path: made for path in folder.iterdir() if (made := _made(path))}
        removed = sorted(found.keys() - keep.of(found, settings.timezone) - {into})
        for path in removed:
            path.unlink()
    return into, removed


def _made(path: Path) -> datetime | None:
    """Return when a back-up was made, from its name; None if it has another name."""
    if path.suffix not in {".db", ".jsonl"}:
        return None
    try:
        return datetime.strptime(path.stem, _STEM).replace(tzinfo=UTC)
    except ValueError:
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other commands from writing into a folder; report what the system refuses."""
    try:
        folder.mkdir(exist_ok=True)
        with (folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RefusedError(
                    f"Another back-up is being made in {printable(folder)}."
                ) from None
            yield
    except OSError as error:
        raise NothingToDoError(
            f"The folder {printable(folder)} cannot be used: {error.strerror}."
        ) from error
