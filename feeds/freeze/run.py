"""One run of ``feeds freeze``."""

import hashlib
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from feeds.documents.build import MOST_COMBINED
from feeds.documents.version import settings_digest
from feeds.errors import NothingToDoError, RefusedError, StoreUnavailableError
from feeds.formats import FORMATS
from feeds.freeze import hosts
from feeds.freeze.answers import (
    NOT_KEPT,
    NOTHING,
    Answers,
    Moved,
    Portion,
    moved_addresses,
    moved_portions,
    portions,
    renamed,
    renamed_addresses,
)
from feeds.freeze.deposit import Deposit
from feeds.freeze.generations import CURRENT, MANIFEST, SITE, Generation, new_generation
from feeds.freeze.hosts.redirects import CLOUDFLARE, STATIC, LeftOut, Old
from feeds.freeze.unfinished import naming, new_deposit
from feeds.freeze.workers import Task, Workers, Written, line, started, state
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import Snapshot
from feeds.urls import is_slug, selection_path
from feeds.web.app import bare
from feeds.web.http.conditional import ALLOWED_METHODS
from feeds.web.redirects import WITHDRAWN

_ATTEMPTS = 5
_LONGEST_NAME = 240  # bytes of a file's name, without the extension of a coding
_ARCHIVE_DOCUMENT = re.compile(rf"/archive/\d+\.(?:{'|'.join(FORMATS)})\n")
_SHORT_ARCHIVE = (STATIC, "archive documents have the shorter Cache-Control of pages")
_CLOUDFLARE_FILES = 20_000
_ERRORS = {
    "404.html": (HTTPStatus.NOT_FOUND, ""),
    "404.txt": (HTTPStatus.NOT_FOUND, NOTHING),
    "404.combined.txt": (HTTPStatus.NOT_FOUND, NOT_KEPT),
    "405.html": (HTTPStatus.METHOD_NOT_ALLOWED, ""),
    "405.txt": (
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"This address answers {ALLOWED_METHODS} and no other method.",
    ),
    "410.html": (HTTPStatus.GONE, ""),
    "410.txt": (HTTPStatus.GONE, WITHDRAWN),
}


class Wanted(NamedTuple):
    """What a run writes: a generation in a folder, a deposit in a file, or both.

    ``combined`` is a file that names the combined feeds to include.
    """

    folder: Path | None
    wacz: Path | None
    combined: Path | None


class Freeze:
    """Writes a generation, a deposit or both while it is iterated over.

    It yields once for each answer that is a file. ``total`` is the number of portions of the work,
    ``position`` how many of them are done, and ``done`` the number of answers in these. After it,
    ``written`` is the number of bytes of new files, ``linked`` of those that have not changed,
    ``moved`` that of redirects and withdrawn addresses, ``left_out`` what some hosts cannot do, by
    its kind. ``digest`` is the SHA-256 of the manifest, ``deposit_digest`` that of the deposit.
    Raises ``RefusedError`` and ``NothingToDoError``; then the folder and the file are as they were.
    """

    def __init__(self, store: Store, settings: Settings, wanted: Wanted, now: datetime) -> None:
        self._store = store
        self._settings = settings
        self._folder = wanted.folder and wanted.folder.absolute()
        self._wacz = wanted.wacz and wanted.wacz.absolute()
        self._combined = wanted.combined
        self._now = now
        self.total = 0
        self.position = 0
        self.done = 0
        self.written = 0
        self.linked = 0
        self.moved = 0
        self.left_out: LeftOut = Counter()
        self.digest = ""
        self.deposit_digest = ""

    def __iter__(self) -> Iterator[None]:
        """Write everything."""
        # The command names one of them; errors of the deposit name their own file.
        with naming(self._folder or self._wacz or Path()), _readable():
            yield from self._generation()

    def _generation(self) -> Iterator[None]:
        with ExitStack() as stack:
            path = previous = None
            if self._wacz:
                stack.enter_context(new_deposit(self._wacz))
            if self._folder:
                path, previous = stack.enter_context(new_generation(self._folder))
            task = Task(dict(os.environ), path, previous, self._wacz)
            for _ in range(_ATTEMPTS):
                with self._store.read() as snapshot:
                    asked = self._checked(snapshot)
                    with started(task, partial(self._is_same, snapshot)) as workers:
                        # Another command may have changed the store between two snapshots.
                        if workers is not None:
                            generation = Generation(path, previous) if path else None
                            yield from self._write(snapshot, workers, generation, asked)
                            return
            raise StoreUnavailableError(
                "The release store is being changed: run the command again."
            )

    def _checked(self, snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
        """Return the combined feeds that are asked for; raise ``RefusedError``."""
        site = self._settings.site
        if snapshot.head().settings_digest != settings_digest(site):
            raise RefusedError(
                "Settings or formats have changed since the last `feeds migrate`: run it first."
            )
        return _combined_feeds(self._combined, snapshot, site.base_url) if self._combined else {}

    def _is_same(self, snapshot: Snapshot, other: object) -> bool:
        return state(snapshot.head()) == other

    def _write(
        self,
        snapshot: Snapshot,
        workers: Workers,
        generation: Generation | None,
        asked: dict[str, tuple[str, ...]],
    ) -> Iterator[None]:
        self.total = sum(1 for _ in self._portions(snapshot, asked))
        self.moved = sum(1 for _ in self._moved(snapshot, asked))
        manifest = generation.path / MANIFEST if generation else Path(os.devnull)
        with self._deposit(snapshot) as deposit, manifest.open("w") as lines:
            for written in workers.map(self._portions(snapshot, asked)):
                lines.writelines(written.manifest)
                if deposit and written.segment:
                    deposit.add(written.segment)
                self._count(written, deposit)
                yield from (None for _ in range(written.answers))
            if generation:
                lines.writelines(self._errors(snapshot, generation))
                lines.writelines(self._hosts(snapshot, generation, asked))
            if deposit:
                self.deposit_digest = deposit.finish()
        with manifest.open("rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").hexdigest()

    def _portions(self, snapshot: Snapshot, asked: dict[str, tuple[str, ...]]) -> Iterator[Portion]:
        # Of categories that were merged one is left, whose feeds are written anyway.
        combined = sorted({slugs for slugs in asked.values() if len(slugs) > 1})
        yield from portions(snapshot, combined)
        if self._wacz:
            site = self._settings.site
            yield from moved_portions(self._moved(snapshot, asked))
            yield from moved_portions(renamed_addresses(snapshot, site))

    def _deposit(self, snapshot: Snapshot) -> AbstractContextManager[Deposit | None]:
        if not self._wacz:
            return nullcontext()
        return closing(Deposit(self._wacz, self._settings.site, snapshot.head()))

    def _count(self, written: Written, deposit: Deposit | None) -> None:
        """Count what was written; raise ``RefusedError`` once the rest will not fit."""
        self.position += 1
        self.done += written.answers
        self.written += written.written
        self.linked += written.linked
        for name in written.manifest:
            if name.endswith((".atom\n", ".rss\n")):
                self.left_out[STATIC, "feeds have their own media type in browsers, too"] += 1
            if _ARCHIVE_DOCUMENT.search(name):
                self.left_out[_SHORT_ARCHIVE] += 1
        taken = [(self._folder, self.written)] if self._folder else []
        if self._wacz and deposit:
            taken.append((self._wacz.parent, deposit.size))
        for place, _ in taken:
            device = place.stat().st_dev
            size = sum(size for other, size in taken if other.stat().st_dev == device)
            needed = size / self.position * (self.total - self.position)
            free = shutil.disk_usage(place).free
            if needed > free:
                raise RefusedError(
                    f"The disk of {place} is too small: about {needed / 1e6:.0f} MB are still "
                    f"needed and {free / 1e6:.0f} MB are free. Nothing was changed."
                )

    def _errors(self, snapshot: Snapshot, generation: Generation) -> Iterator[str]:
        with bare().app_context():
            answers = Answers(snapshot, self._settings.site, self._now)
            for name, (status, sentence) in _ERRORS.items():
                content = answers.error("", status, sentence).body.content()
                generation.write(f"{SITE}/{name}", content)
                yield line(f"{SITE}/{name}", content)

    def _moved(self, snapshot: Snapshot, asked: dict[str, tuple[str, ...]]) -> Iterator[Moved]:
        """Yield what has moved or is gone, also other spellings of combined feeds."""
        site = self._settings.site
        for given, slugs in asked.items():
            path = f"{selection_path(slugs)}.{given.rpartition('.')[2]}"
            if path != given:
                yield Moved(site.root + given, f"{site.base_url}{path}")
        yield from moved_addresses(snapshot, site)

    def _hosts(
        self, snapshot: Snapshot, generation: Generation, asked: dict[str, tuple[str, ...]]
    ) -> Iterator[str]:
        site = self._settings.site
        addresses = partial(self._moved, snapshot, asked)
        merged = frozenset(archive.slug for archive in snapshot.merged_archives())
        old = Old(addresses, list(renamed(snapshot)), merged, self.moved, self.left_out)
        shared = hosts.values(
            site, generation.path.parent / CURRENT, snapshot.head().announced, self._now
        )
        # Long after the announcement both are the same.
        self.left_out[_SHORT_ARCHIVE] *= shared["cache"] != shared["cache_archive"]
        beyond = max(0, self.done - _CLOUDFLARE_FILES)
        self.left_out[CLOUDFLARE, "files beyond the number that its free plan takes"] = beyond
        for name in hosts.FILES:
            file = generation.path / name
            hosts.write(file, site, shared, old)
            with file.open("rb") as written:
                yield f"{hashlib.file_digest(written, 'sha256').hexdigest()}  {name}\n"


@contextmanager
def _readable() -> Iterator[None]:
    """Let everyone read what this process and those that it starts write: it is public."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _combined_feeds(file: Path, snapshot: Snapshot, base_url: str) -> dict[str, tuple[str, ...]]:
    """Return the addresses of combined feeds in a file with the slugs of their categories."""
    found = {}
    try:
        lines = (sys.stdin.read() if str(file) == "-" else file.read_text()).splitlines()
    except OSError as error:
        raise NothingToDoError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise NothingToDoError(f"{file} cannot be read: it is not in UTF-8.") from None
    for number, text in enumerate(map(str.strip, lines), 1):
        if text:
            try:
                address = _below(text, base_url)
                found[address] = _slugs(address, snapshot)
            except ValueError as error:
                raise RefusedError(f"{file}, line {number}: {error}.") from None
    return found


def _below(text: str, base_url: str) -> str:
    root = urlsplit(base_url).path
    return unquote(urlsplit(text).path).removeprefix(root)


def _slugs(address: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the current slugs, sorted; raise ``ValueError`` if there is no such feed."""
    given, _, extension = address.removeprefix("/categories/").rpartition(".")
    slugs = given.split("+")
    if (
        not address.startswith("/categories/")
        or len(slugs) == 1
        or extension not in FORMATS
        or not all(map(is_slug, slugs))
    ):
        raise ValueError("it is not the address of a combined feed")
    current = snapshot.current_slugs(slugs)
    for slug in slugs:
        if slug not in current:
            raise ValueError(f"there is no category {slug}")
    found = tuple(sorted(set(current.values())))
    if len(found) > MOST_COMBINED:
        raise ValueError(f"a feed combines at most {MOST_COMBINED} categories")
    if len(given) > _LONGEST_NAME:
        raise ValueError("no file can have so long a name")
    return found
