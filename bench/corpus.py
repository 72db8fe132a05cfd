"""Release stores of any size, filled with invented releases of 4 KB of text.

The same size always gives the same store. A release follows from its category and its place in
it, counted from the newest. So the newest fifty releases of the first category have the same text
in every store, and two stores differ only in their size.
"""

import bisect
import itertools
import shutil
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from demo.portal import pages
from demo.templates import Dice
from feeds.domain import Category
from feeds.errors import StoreError
from feeds.formats import FORMATS
from feeds.identity import slug
from feeds.ingest.inputs import Inputs
from feeds.ingest.report import Outcome
from feeds.ingest.run import Run
from feeds.ingest.sources import Record, vortal_page
from feeds.operations.migrate import migrate
from feeds.settings import Settings
from feeds.store import Store

SETTINGS: Final = {
    "FEEDS_BASE_URL": "https://feeds.example.org",
    "FEEDS_AUTHORITY": "prcentrs.example",
    "FEEDS_AUTHORITY_YEAR": "2008",
    "FEEDS_TIMEZONE": "Europe/Riga",
    "FEEDS_ENTRIES": "50",
    "FEEDS_TITLE": "PRCentrs.Lv (mērījums)",
    "FEEDS_RIGHTS": "Copyright © 2007-2022 PRCentrs.Lv",
    "FEEDS_ACCESS_LOG": "off",
    "FEEDS_WORKERS": "1",
    "FEEDS_THREADS": "4",
    "FEEDS_CACHE_MB": "64",
}
"""The settings of the service in every row, except the store and the address to listen on."""

CATEGORIES: Final = 30
"""Categories of a store, unless a row is about their number."""

TEXT_BYTES: Final = 4000
LAST: Final = datetime(2022, 9, 30, 15, 0, tzinfo=UTC)
INTERVAL: Final = timedelta(seconds=473)
"""At this interval a million releases span fifteen years, the lifetime of the portal."""

_VERSION = 1  # raise it when other releases are generated, so that stores are built again
_SEED = 1
_MOST = 10_000_000  # releases in a category
_PROGRESS = 50_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """Releases in categories whose sizes are in the ratio 1 : 1/2 : 1/3 and so on, or equal."""

    releases: int
    categories: int
    equal: bool = False

    @property
    def name(self) -> str:
        """The name of its store, without the suffix."""
        equal = "-equal" if self.equal else ""
        return f"releases-{self.releases}-{self.categories}{equal}-v{_VERSION}"

    @property
    def paths(self) -> list[str]:
        """The subscription documents of all categories in all formats."""
        slugs = [category(number).slug for number in range(self.categories)]
        return [f"/categories/{slug}.{extension}" for slug in slugs for extension in FORMATS]

    def records(self, settings: Settings) -> Iterator[Record]:
        """Yield every release as a source does, the oldest first."""
        pool = _Pool(settings)
        assigned = self._assigned()
        # Places are counted from the newest release.
        places = [0] * self.categories
        for category in assigned:
            places[category] += 1
        for number in reversed(range(self.releases)):
            category = assigned[number]
            places[category] -= 1
            yield pool.record(category, places[category], LAST - number * INTERVAL)

    def _assigned(self) -> "array[int]":
        """Return the category of each release, the newest first."""
        if self.equal:
            return array("i", (number % self.categories for number in range(self.releases)))
        weights = (1 / rank for rank in range(1, self.categories + 1))
        limits = list(itertools.accumulate(weights))
        dice = Dice(_SEED)
        found = array("i")
        for _ in range(self.releases - self.categories):
            share = dice.number(0, 2**48 - 1) / 2**48
            found.append(bisect.bisect(limits, share * limits[-1]))
        # The oldest releases are one of each category, so that no category is empty.
        found.extend(reversed(range(self.categories)))
        return found


FULL: Final = Corpus(25_000, 500, equal=True)
"""1,500 subscription documents, each with fifty releases."""

MANY: Final = Corpus(100_000, 10_000, equal=True)
"""30,000 subscription documents, each with ten releases."""


def category(number: int) -> Category:
    """Return a category by its rank in size: 0 is the largest of every store."""
    name = f"Mērījumu kategorija {number + 1}"
    return Category(slug(name), name)


class _Pool:
    """Paragraphs of the demo portal, from which releases are composed."""

    def __init__(self, settings: Settings) -> None:
        records = [vortal_page.read(text.encode(), settings.timezone) for _, text in pages()]
        self._records = records
        self._blocks = [(block, len(block.text.encode())) for one in records for block in one.body]

    def record(self, number: int, place: int, published: datetime) -> Record:
        dice = Dice(number * _MOST + place)
        like = dice.pick(self._records)
        body = []
        size = 0
        while size < TEXT_BYTES:
            block, length = dice.pick(self._blocks)
            body.append(block)
            size += length
        return Record(
            title=f"{like.title} ({place + 1})",
            published=published,
            labels=(category(number).name,),
            body=tuple(body),
            website=like.website,
            contact=like.contact,
        )


def environ(store: Path | str) -> dict[str, str]:
    """Return the environment variables of the service on a SQLite file or at a database URL."""
    url = f"sqlite:///{store}" if isinstance(store, Path) else store
    return SETTINGS | {"FEEDS_DATABASE_URL": url}


def store(folder: Path, corpus: Corpus, *, fresh: bool) -> Settings:
    """Return the settings of a store that holds the corpus; build it if it does not exist.

    A store with another schema is built again; with ``fresh``, so is any store.
    """
    path = folder.resolve() / f"{corpus.name}.db"
    settings = Settings.read(environ(path))
    if path.exists() and not fresh:
        try:
            Store(settings.database_url).check()
            # The formats may have changed since it was built. An operator runs this too.
            migrate(settings, LAST)
        except StoreError as error:
            print(f"{error} The store is built again.")
        else:
            return settings
    _build(folder, path, corpus)
    return settings


def _build(folder: Path, path: Path, corpus: Corpus) -> None:
    """Build in a temporary folder, so that an interrupted run leaves no incomplete store."""
    temporary = folder / "incomplete"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    fill(Settings.read(environ(temporary.resolve() / path.name)), corpus)
    path.unlink(missing_ok=True)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    (temporary / path.name).rename(path)
    shutil.rmtree(temporary)


def fill(settings: Settings, corpus: Corpus) -> None:
    """Create a store and import the corpus."""
    now = LAST + timedelta(hours=1)
    migrate(settings, now)
    print(f"Building a store of {corpus.releases} releases in {corpus.categories} categories …")
    begin = time.monotonic()
    items = ((str(n), one) for n, one in enumerate(corpus.records(settings), start=1))
    # The records go directly into the import that `feeds import` runs. No input file is needed, and
    # the store is complete, with its listing and archive pages.
    store = Store(settings.database_url)
    run = Run(store, settings, lambda: now, Inputs([], ()), items, dry_run=False)
    for count, result in enumerate(run, start=1):
        if result.outcome is not Outcome.ADDED:
            raise RuntimeError(f"release {result.input} was {result.outcome}: {result.reason}")
        if count % _PROGRESS == 0:
            print(f"  {count} releases, {time.monotonic() - begin:.0f} s", flush=True)
