"""Rows of the import: the time and memory of `feeds import`, and the time of one more release.

The rival has the rows of the store already, as JSON Lines, and inserts them into the same tables
and indexes with ``json.loads`` and ``executemany``, in one transaction. It looks up, derives,
checks and counts nothing. Both stores end with the same rows.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count, groupby, islice
from pathlib import Path
from statistics import median
from typing import Final

from bench.commands import OURS, Usage
from bench.corpus import CATEGORIES, LAST, TEXT_BYTES, Corpus, category, environ
from bench.measure import Bench, Result, Side, Target, ratios
from bench.polls import FEW
from feeds.ingest.report import Outcome
from feeds.ingest.run import import_paths
from feeds.ingest.sources import Record
from feeds.operations.migrate import migrate
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.copy.dump import TABLES
from feeds.text.html import Paragraph

SOME: Final = 20_000
"""Releases of the import that is measured in rounds."""

ONE_BY_ONE: Final = 5
"""Releases in one figure of the rows that add single releases, each by an import of its own."""

_BATCH = 1000
_PEAK_MB = 300


class _Place:
    """A folder with a corpus as JSON Lines and the stores into which it is imported."""

    def __init__(self, bench: Bench, releases: int) -> None:
        self.folder = bench.folder.resolve() / f"imports-{releases}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.corpus = self.folder / "corpus.jsonl"
        write_corpus(self.corpus, Corpus(releases, CATEGORIES))

    def settings(self, name: str) -> Settings:
        return Settings.read(environ(self.folder / f"{name}.db"))

    def first_import(self) -> Usage:
        """Import the corpus into a new store with the command itself."""
        remove(self.folder / "ours.db")
        migrate(self.settings("ours"), LAST)
        return self.import_again()

    def import_again(self) -> Usage:
        """Import the corpus into the same store."""
        return OURS.run(["import", str(self.corpus)], environ(self.folder / "ours.db"))

    def write_rows(self) -> None:
        """Write the rows of our store for the rival."""
        store = Store(self.settings("ours").database_url)
        with store.dump() as dump, self._rows.open("w", encoding="utf-8") as to:
            for table in TABLES:
                to.writelines(
                    json.dumps([table, *row], ensure_ascii=False) + "\n" for row in dump.rows(table)
                )

    def rival(self) -> float:
        """Insert those rows into a new store; return the seconds."""
        path = self.folder / "rival.db"
        remove(path)
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
        return time.perf_counter() - begin

    def revision(self) -> int:
        with Store(self.settings("ours").database_url).read() as snapshot:
            return snapshot.head().revision

    @property
    def _rows(self) -> Path:
        return self.folder / "rows.jsonl"


def write_corpus(path: Path, corpus: Corpus) -> None:
    """Write a corpus as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(map(_line, corpus.records(Settings.read(environ(path)))))
    # The disk must not be busy with it while an import is measured.
    os.sync()


def _line(record: Record) -> str:
    members = {
        "title": record.title,
        "published": record.published.isoformat(),
        "categories": list(record.labels),
        "body": "\n\n".join(block.text for block in record.body),
        "website": record.website,
        "contact": record.contact,
    }
    present = {name: value for name, value in members.items() if value is not None}
    return json.dumps(present, ensure_ascii=False) + "\n"


def remove(path: Path) -> None:
    """Remove a SQLite store if it exists."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def imports(bench: Bench) -> list[Result]:
    """Compare an import with its rival, in rounds."""
    place = _Place(bench, SOME)
    place.first_import()
    place.write_rows()
    ours, rival = bench.interleaved([lambda: place.first_import().seconds, place.rival])
    shutil.rmtree(place.folder)
    # The target is for a million releases. Here the start of the command has a larger share.
    return [_compared("import", SOME, ours, rival, None)]


def bulk(bench: Bench) -> list[Result]:
    """Compare one import of the size of the large store; then add single releases."""
    place = _Place(bench, bench.releases)
    first = place.first_import()
    print(f"  imported in {first.seconds:.0f} s", flush=True)
    revision = place.revision()
    again = place.import_again()
    print(f"  imported again in {again.seconds:.0f} s", flush=True)
    if place.revision() != revision:
        raise RuntimeError("an import that changed nothing has raised the revision")
    place.write_rows()
    rival = place.rival()
    print(f"  inserted by the rival in {rival:.0f} s", flush=True)
    few = _Place(bench, FEW)
    few.first_import()
    added = _one_more(bench, place, few)
    for one in (place, few):
        shutil.rmtree(one.folder)
    return [
        _compared("bulk", bench.releases, [first.seconds], [rival], Target(0.25, at_least=True)),
        Result(
            row="bulk",
            what="time of the same import again",
            ours=Side("nothing changed", again.seconds, "s"),
            rival=Side("first import", first.seconds, "s"),
            figures=[again.seconds / first.seconds],
            target=Target(1 / 3, at_least=False),
        ),
        Result(
            row="bulk",
            what=f"peak memory of an import of {bench.releases:,}",
            ours=Side("first import", first.peak, "MB"),
            rival=Side("again", again.peak, "MB"),
            figures=[max(first.peak, again.peak)],
            target=Target(_PEAK_MB, at_least=False),
            unit=" MB",
        ),
        *added,
    ]


def _compared(
    row: str, releases: int, ours: list[float], rival: list[float], target: Target | None
) -> Result:
    """Compare the seconds of imports by their releases per second."""
    our_rates, rival_rates = ([releases / one for one in seconds] for seconds in (ours, rival))
    return Result(
        row=row,
        what=f"import of {releases:,} releases",
        ours=Side("feeds import", median(our_rates), "/s"),
        rival=Side("json.loads and executemany", median(rival_rates), "/s"),
        figures=ratios(our_rates, rival_rates),
        target=target,
    )


def _one_more(bench: Bench, large: _Place, small: _Place) -> list[Result]:
    """Compare single releases added to the two stores: first newer than all, then back-dated."""
    results = []
    newer, earlier = LAST + timedelta(days=1), LAST - timedelta(days=3)
    for what, published, target in (
        ("adding one release", newer, Target(2, at_least=False)),
        ("adding one back-dated release", earlier, None),
    ):
        ours, rival = bench.interleaved([_adding(place, published) for place in (large, small)])
        results.append(
            Result(
                row="bulk",
                what=what,
                ours=Side(f"to {bench.releases:,}", median(ours), "ms"),
                rival=Side(f"to {FEW:,}", median(rival), "ms"),
                figures=ratios(ours, rival),
                target=target,
            )
        )
    return results


def _adding(place: _Place, published: datetime) -> Callable[[], float]:
    """Return a function that imports single releases and returns the milliseconds of one."""
    settings = place.settings("ours")
    store = Store(settings.database_url)
    numbers = count(1)

    def figure() -> float:
        seconds = 0.0
        for number in islice(numbers, ONE_BY_ONE):
            at = published + timedelta(seconds=number)
            path = place.folder / "one.jsonl"
            path.write_text(one_more(f"Vēl viena relīze {number}", at), encoding="utf-8")
            begin = time.perf_counter()
            (result,) = import_paths(store, settings, [path], lambda: datetime.now(UTC))
            seconds += time.perf_counter() - begin
            if result.outcome is not Outcome.ADDED:
                raise RuntimeError(f"a release was {result.outcome}: {result.reason}")
        return seconds * 1000 / ONE_BY_ONE

    return figure


def one_more(title: str, published: datetime) -> str:
    """Return a release as a line of JSON Lines."""
    body = (Paragraph("Vārdi vienam teikumam. " * 40),) * (TEXT_BYTES // 1000)
    return _line(Record(title, published, (category(0).name,), body))
