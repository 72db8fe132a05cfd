"""Rows of the import: what `feeds import` costs, once, again, and for one release more.

The rival has the rows of the store already, as JSON Lines, and puts them into the same tables and
indexes with ``json.loads`` and ``executemany``, in one transaction: nothing is looked up, derived,
checked or counted. Both end with the same rows.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, groupby, islice
from pathlib import Path
from statistics import median
from typing import Final

from bench.corpus import LAST, TEXT_BYTES, Corpus, category, environ
from bench.measure import Bench, Result, Side, Target, ratios
from bench.polls import FEW
from feeds.ingest.run import Outcome, import_paths
from feeds.ingest.sources import Record
from feeds.operations.migrate import migrate
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.copy.dump import TABLES
from feeds.text.html import Paragraph

SOME: Final = 20_000
"""Releases of the import that is measured in rounds."""

CATEGORIES: Final = 30
ONE_BY_ONE: Final = 5
"""Releases that are added one after the other, each by an import of its own, in one figure."""

_BATCH = 1000
_PEAK_MB = 300


@dataclass(frozen=True, slots=True)
class _Run:
    """One command: how long it took, in seconds, and the most memory that it had, in MB."""

    seconds: float
    peak: float


class _Place:
    """A folder with a corpus as JSON Lines, and the stores made of it."""

    def __init__(self, bench: Bench, releases: int) -> None:
        self.folder = bench.folder.resolve() / f"imports-{releases}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.corpus = self.folder / "corpus.jsonl"
        settings = self.settings("any")
        with self.corpus.open("w", encoding="utf-8") as file:
            file.writelines(map(_line, Corpus(releases, CATEGORIES).records(settings)))
        # Written, and read soon: both find it in memory, none waits for the other's disk.
        os.sync()

    def settings(self, name: str) -> Settings:
        return Settings.read(environ(self.folder / f"{name}.db"))

    def ours(self, name: str = "ours", *, anew: bool = True) -> _Run:
        """Import the corpus with the command itself, into a new store or again into that one."""
        settings = self.settings(name)
        if anew:
            _remove(self.folder / f"{name}.db")
            migrate(settings, LAST)
        program = "from feeds.cli import main; main()"
        begin = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", program, "import", str(self.corpus)],
            env=os.environ | environ(self.folder / f"{name}.db"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"feeds import ended with {process.returncode}")
        return _Run(time.perf_counter() - begin, used.ru_maxrss / 1024)

    def write_rows(self) -> None:
        """Write down the rows of our store, as the rival wants them."""
        store = Store(self.settings("ours").database_url)
        with store.dump() as dump, self._rows.open("w", encoding="utf-8") as to:
            for table in TABLES:
                to.writelines(
                    json.dumps([table, *row], ensure_ascii=False) + "\n" for row in dump.rows(table)
                )

    def rival(self) -> _Run:
        """Fill a new store with those rows."""
        path = self.folder / "rival.db"
        _remove(path)
        migrate(self.settings("rival"), LAST)
        begin = time.perf_counter()
        with (
            closing(sqlite3.connect(path, isolation_level=None)) as database,
            self._rows.open(encoding="utf-8") as file,
        ):
            database.execute("BEGIN")
            for table in reversed(TABLES):
                database.execute(f'DELETE FROM "{table}"')  # noqa: S608 - our own name
            for table, found in groupby(map(json.loads, file), lambda row: row[0]):
                marks = ",".join("?" * len(TABLES[table]))
                names = ",".join(f'"{name}"' for name in TABLES[table])
                statement = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608 - the same
                while some := [row[1:] for row in islice(found, _BATCH)]:
                    database.executemany(statement, some)
            database.execute("COMMIT")
        return _Run(time.perf_counter() - begin, 0)

    def revision(self) -> int:
        with Store(self.settings("ours").database_url).read() as snapshot:
            return snapshot.head().revision

    @property
    def _rows(self) -> Path:
        return self.folder / "rows.jsonl"


def _line(record: Record) -> str:
    stated = {
        "title": record.title,
        "published": record.published.isoformat(),
        "categories": list(record.labels),
        "body": "\n\n".join(block.text for block in record.body),
        "website": record.website,
        "contact": record.contact,
    }
    given = {name: value for name, value in stated.items() if value is not None}
    return json.dumps(given, ensure_ascii=False) + "\n"


def _remove(path: Path) -> None:
    for beside in ("", "-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


def imports(bench: Bench) -> list[Result]:
    """Compare an import in rounds: with its rival, and with the same import once more."""
    place = _Place(bench, SOME)
    place.ours()
    place.write_rows()
    ours, rival = bench.interleaved([place.ours, place.rival])
    again = [place.ours(anew=False) for _ in ours]
    shutil.rmtree(place.folder)
    # What is asked for is asked of a million: here the start of the command weighs as well.
    return _compared("import", SOME, ours, rival, again, asked=False)


def bulk(bench: Bench) -> list[Result]:
    """Compare the same at the size of the large store, once; then one release more."""
    place = _Place(bench, bench.releases)
    ours = place.ours()
    print(f"  imported in {ours.seconds:.0f} s", flush=True)
    revision = place.revision()
    again = place.ours(anew=False)
    print(f"  imported again in {again.seconds:.0f} s", flush=True)
    if place.revision() != revision:
        raise RuntimeError("an import that changed nothing has moved the revision")
    place.write_rows()
    rival = place.rival()
    print(f"  filled by the rival in {rival.seconds:.0f} s", flush=True)
    few = _Place(bench, FEW)
    few.ours()
    added = _one_more(bench, place, few)
    for one in (place, few):
        shutil.rmtree(one.folder)
    peak = Result(
        row="bulk",
        what=f"peak memory of an import of {bench.releases:,}",
        ours=Side("first import", ours.peak, "MB"),
        rival=Side("again", again.peak, "MB"),
        figures=[max(ours.peak, again.peak)],
        target=Target(_PEAK_MB, False),
        unit=" MB",
    )
    return [*_compared("bulk", bench.releases, [ours], [rival], [again]), peak, *added]


def _compared(  # noqa: PLR0913 - each is a side, or what is said of them
    row: str,
    releases: int,
    ours: list[_Run],
    rival: list[_Run],
    again: list[_Run],
    *,
    asked: bool = True,
) -> list[Result]:
    took, rivals, once_more = ([run.seconds for run in runs] for runs in (ours, rival, again))
    rate, rivals_rate = ([releases / one for one in seconds] for seconds in (took, rivals))
    return [
        Result(
            row=row,
            what=f"import of {releases:,} releases",
            ours=Side("feeds import", median(rate), "/s"),
            rival=Side("json.loads and executemany", median(rivals_rate), "/s"),
            figures=ratios(rate, rivals_rate),
            target=Target(0.25, True) if asked else None,
        ),
        Result(
            row=row,
            what="time of the same import again",
            ours=Side("nothing changed", median(once_more), "s"),
            rival=Side("first import", median(took), "s"),
            figures=ratios(once_more, took),
            target=Target(1 / 3, False) if asked else None,
        ),
    ]


def _one_more(bench: Bench, large: _Place, small: _Place) -> list[Result]:
    """Compare releases added one by one to the two stores: newer than all, then back-dated."""
    found = []
    newer, earlier = LAST + timedelta(days=1), LAST - timedelta(days=3)
    for what, from_, target in (
        ("adding one release", newer, Target(2, False)),
        ("adding one back-dated release", earlier, None),
    ):
        ours, rival = bench.interleaved([_adding(place, from_) for place in (large, small)])
        found.append(
            Result(
                row="bulk",
                what=what,
                ours=Side(f"to {bench.releases:,}", median(ours), "ms"),
                rival=Side(f"to {FEW:,}", median(rival), "ms"),
                figures=ratios(ours, rival),
                target=target,
            )
        )
    return found


def _adding(place: _Place, published: datetime) -> Callable[[], float]:
    """Return a run that imports some releases, each alone, and says what one took, in ms."""
    settings = place.settings("ours")
    store = Store(settings.database_url)
    numbers = count(1)

    def run() -> float:
        took = 0.0
        for number in islice(numbers, ONE_BY_ONE):
            at = published + timedelta(seconds=number)
            path = place.folder / "one.jsonl"
            path.write_text(_one(f"Vēl viena relīze {number}", at), encoding="utf-8")
            begin = time.perf_counter()
            (result,) = import_paths(store, settings, [path], lambda: datetime.now(UTC))
            took += time.perf_counter() - begin
            if result.outcome is not Outcome.ADDED:
                raise RuntimeError(f"a release was {result.outcome}: {result.reason}")
        return took * 1000 / ONE_BY_ONE

    return run


def _one(title: str, published: datetime) -> str:
    body = (Paragraph("Vārdi vienam teikumam. " * 40),) * (TEXT_BYTES // 1000)
    return _line(Record(title, published, (category(0).name,), body))
