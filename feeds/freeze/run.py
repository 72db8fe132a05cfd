"""One run of ``feeds freeze``."""

import hashlib
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
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
    moved_addresses,
    portions,
    renamed,
)
from feeds.freeze.generations import CURRENT, MANIFEST, SITE, Generation, new_generation
from feeds.freeze.hosts.redirects import CLOUDFLARE, STATIC, LeftOut, Old
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


class Freeze:
    """Writes a generation while it is iterated over; yields once for each answer.

    ``total`` is the number of portions of the work, ``position`` how many of them are done. After
    it, ``written`` is the number of bytes of new files, ``linked`` of those that have not changed,
    ``moved`` that of redirects and withdrawn addresses, ``left_out`` what some hosts cannot do, by
    its kind, and ``digest`` the SHA-256 of the manifest.
    Raises ``RefusedError`` and ``NothingToDoError``; then the folder is as it was.
    """

    def __init__(
        self, store: Store, settings: Settings, folder: Path, combined: Path | None, now: datetime
    ) -> None:
        self._store = store
        self._settings = settings
        self._folder = folder.absolute()
        self._combined = combined
        self._now = now
        self.total = 0
        self.position = 0
        self.written = 0
        self.linked = 0
        self.moved = 0
        self.left_out: LeftOut = Counter()
        self._files = 0
        self.digest = ""

    def __iter__(self) -> Iterator[None]:
        """Write everything."""
        try:
            yield from self._generation()
        except OSError as error:
            raise RefusedError(
                f"{self._folder} cannot be written: {error.strerror}. Nothing was changed."
            ) from error

    def _generation(self) -> Iterator[None]:
        with new_generation(self._folder) as (path, previous):
            task = Task(dict(os.environ), path, previous, self._now)
            for _ in range(_ATTEMPTS):
                with self._store.read() as snapshot:
                    asked = self._checked(snapshot)
                    with started(task, partial(self._is_same, snapshot)) as workers:
                        # Another command may have changed the store between two snapshots.
                        if workers is not None:
                            generation = Generation(path, previous)
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
        generation: Generation,
        asked: dict[str, tuple[str, ...]],
    ) -> Iterator[None]:
        combined = sorted(set(asked.values()))
        self.total = sum(1 for _ in portions(snapshot, combined))
        manifest = generation.path / MANIFEST
        with manifest.open("w") as lines:
            for written in workers.map(portions(snapshot, combined)):
                lines.writelines(written.manifest)
                yield from (None for _ in range(written.answers))
                self._count(written)
            lines.writelines(self._errors(snapshot, generation))
            lines.writelines(self._hosts(snapshot, generation, asked))
        with manifest.open("rb") as file:
            self.digest = hashlib.file_digest(file, "sha256").hexdigest()

    def _count(self, written: Written) -> None:
        """Count what was written; raise ``RefusedError`` once the rest will not fit."""
        self.position += 1
        self.written += written.written
        self.linked += written.linked
        self._files += written.answers
        for name in written.manifest:
            if name.endswith((".atom\n", ".rss\n")):
                self.left_out[STATIC, "feeds have their own media type in browsers, too"] += 1
            if _ARCHIVE_DOCUMENT.search(name):
                self.left_out[_SHORT_ARCHIVE] += 1
        needed = self.written / self.position * (self.total - self.position)
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise RefusedError(
                f"The disk of {self._folder} is too small: about {needed / 1e6:.0f} MB are still "
                f"needed and {free / 1e6:.0f} MB are free. Nothing was changed."
            )

    def _errors(self, snapshot: Snapshot, generation: Generation) -> Iterator[str]:
        with bare().app_context():
            answers = Answers(snapshot, self._settings.site, self._now)
            for name, (status, sentence) in _ERRORS.items():
                content = answers.error("", status, sentence).body.content()
                generation.write(f"{SITE}/{name}", content)
                yield line(f"{SITE}/{name}", content)

    def _hosts(
        self, snapshot: Snapshot, generation: Generation, asked: dict[str, tuple[str, ...]]
    ) -> Iterator[str]:
        site = self._settings.site
        root = urlsplit(site.base_url).path
        spelled = [
            Moved(root + given, f"{site.base_url}{path}")
            for given, slugs in asked.items()
            if (path := f"{selection_path(slugs)}.{given.rpartition('.')[2]}") != given
        ]

        def addresses() -> Iterator[Moved]:
            yield from spelled
            yield from moved_addresses(snapshot, site)

        self.moved = sum(1 for _ in addresses())
        old = Old(addresses, list(renamed(snapshot)), self.moved, self.left_out)
        shared = hosts.values(site, self._folder / CURRENT, snapshot.head().announced, self._now)
        # Long after the announcement both are the same.
        self.left_out[_SHORT_ARCHIVE] *= shared["cache"] != shared["cache_archive"]
        beyond = max(0, self._files - _CLOUDFLARE_FILES)
        self.left_out[CLOUDFLARE, "files beyond the number that its free plan takes"] = beyond
        for name in hosts.FILES:
            file = generation.path / name
            hosts.write(file, site, shared, old)
            with file.open("rb") as written:
                yield f"{hashlib.file_digest(written, 'sha256').hexdigest()}  {name}\n"


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
