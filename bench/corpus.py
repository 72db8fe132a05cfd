"""Release stores of any size, the same for the same size: invented releases of 4 KB of text.

Whatever its size, a store holds the newest releases of one endless sequence, and the same place
in the same category always says the same. So the newest fifty of the first category are the same
releases in every store, and two stores differ in what lies below these alone.
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
from feeds.identity import slug
from feeds.ingest.inputs import Inputs

# The records of a million releases are fed straight into the import that `feeds import` runs,
# without a million files: the store is what an import leaves, its listing and fences included.
from feeds.ingest.run import Outcome, Run
from feeds.ingest.sources import Record, vortal_page
from feeds.operations.migrate import migrate
from feeds.settings import Settings
from feeds.store import Store

SETTINGS: Final = {
    "FEEDS_BASE_URL": "https://feeds.example.org",
    "FEEDS_AUTHORITY": "prcentrs.example",
    "FEEDS_AUTHORITY_YEAR": "2008",
    "FEEDS_TITLE": "PRCentrs.Lv (mērījums)",
    "FEEDS_RIGHTS": "Copyright © 2007-2022 PRCentrs.Lv",
    "FEEDS_ACCESS_LOG": "off",
    "FEEDS_WORKERS": "1",
    "FEEDS_THREADS": "4",
    "FEEDS_CACHE_MB": "64",
}
"""The service's settings in every row, but for the store and the address it listens on."""

TEXT_BYTES: Final = 4000
LAST: Final = datetime(2022, 9, 30, 15, 0, tzinfo=UTC)
APART: Final = timedelta(seconds=473)
"""A million releases, this far apart, take the fifteen years that the portal had."""

_VERSION = 1  # of what is generated: raise it with any change, so that stores are built anew
_SEED = 1
_ROOM = 10_000_000  # places in a category, at most
_PROGRESS = 50_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """So many releases in so many categories, their sizes as one, a half, a third and so on."""

    releases: int
    categories: int

    def records(self, settings: Settings) -> Iterator[Record]:
        """Yield every release as a source would, the oldest first."""
        pool = _Pool(settings)
        filed = self._filed()
        # Places are counted from the newest on.
        places = [0] * self.categories
        for category in filed:
            places[category] += 1
        for number in reversed(range(self.releases)):
            category = filed[number]
            places[category] -= 1
            yield pool.record(category, places[category], LAST - number * APART)

    def _filed(self) -> "array[int]":
        """Return the category of each release, the newest first."""
        weights = (1 / place for place in range(1, self.categories + 1))
        reach = list(itertools.accumulate(weights))
        dice = Dice(_SEED)
        found = array("i")
        for _ in range(self.releases - self.categories):
            share = dice.number(0, 2**48 - 1) / 2**48
            found.append(bisect.bisect(reach, share * reach[-1]))
        # The oldest releases are the first of each category, so that none is empty.
        found.extend(reversed(range(self.categories)))
        return found


def category(number: int) -> Category:
    """Return a category by its size: 0 is the largest of every store."""
    name = f"Mērījumu kategorija {number + 1}"
    return Category(slug(name), name)


class _Pool:
    """The words of the demo portal, to make other releases of."""

    def __init__(self, settings: Settings) -> None:
        records = [vortal_page.read(text.encode(), settings.timezone) for _, text in pages()]
        self._records = records
        self._blocks = [(block, len(block.text.encode())) for one in records for block in one.body]

    def record(self, number: int, place: int, published: datetime) -> Record:
        dice = Dice(number * _ROOM + place)
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


def environ(store: Path) -> dict[str, str]:
    """Return the settings of the service over a store."""
    return SETTINGS | {"FEEDS_DATABASE_URL": f"sqlite:///{store}"}


def store(folder: Path, corpus: Corpus, *, fresh: bool) -> Settings:
    """Return the settings of a store that holds the corpus, built unless it is there.

    One of another schema is built anew, as is any if asked to.
    """
    path = folder.resolve() / f"releases-{corpus.releases}-{corpus.categories}-v{_VERSION}.db"
    settings = Settings.read(environ(path))
    if path.exists() and not fresh:
        try:
            Store(settings.database_url).check()
        except StoreError as error:
            print(f"{error} It is built anew.")
        else:
            # Formats may have come to write otherwise since: what an operator runs, too.
            migrate(settings, LAST)
            return settings
    _build(folder, path, corpus)
    return settings


def _build(folder: Path, path: Path, corpus: Corpus) -> None:
    """Build aside and put in place when whole: an interrupted run leaves no half of a store."""
    making = folder / "making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    built = Settings.read(environ(making.resolve() / path.name))
    now = LAST + timedelta(hours=1)
    migrate(built, now)
    print(f"Building a store of {corpus.releases} releases in {corpus.categories} categories …")
    begin = time.monotonic()
    items = ((str(n), one) for n, one in enumerate(corpus.records(built), start=1))
    run = Run(Store(built.database_url), built, lambda: now, Inputs([], ()), items, dry_run=False)
    for count, result in enumerate(run, start=1):
        if result.outcome is not Outcome.ADDED:
            raise RuntimeError(f"release {result.input} was {result.outcome}: {result.reason}")
        if count % _PROGRESS == 0:
            print(f"  {count} releases, {time.monotonic() - begin:.0f} s", flush=True)
    path.unlink(missing_ok=True)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    (making / path.name).rename(path)
    shutil.rmtree(making)
