"""Kill imports at random moments, run them again, and compare the stores with an undisturbed one.

    python -m drills.kill --kills 200

takes a while: each kill needs two imports and a comparison of every row and every feed. The moments
come from a seeded generator, so that a run can be repeated.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from feeds.app import create_app
from feeds.formats import FORMATS
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.copy.dump import TABLES
from tests.databases import Server, closed_connections, postgresql

ROOT: Final = Path(__file__).resolve().parents[1]
ENGINES: Final = ("sqlite", "postgresql")

_BEGAN: Final = datetime(2008, 1, 7, 7, 0, tzinfo=UTC)
_CATEGORIES: Final = 12

# Columns and tables that record when or in which change something was made. They differ from run
# to run.
_CLOCK: Final = {
    *("revision", "changed", "tail_changed", "created", "token", "withdrawal"),
    *("previous_changed", "previous_token"),
}
_COMPARED: Final = tuple(
    table for table in TABLES if table not in {"head", "import_run", "change_token"}
)


class WrongError(Exception):
    """A store does not have the content that it should have."""


@dataclass(frozen=True)
class DrillStore:
    """A release store, used through the command line and compared with others."""

    url: str

    @property
    def environ(self) -> dict[str, str]:
        """The settings of each command."""
        return {
            "FEEDS_BASE_URL": "https://feeds.example.org",
            "FEEDS_AUTHORITY": "prcentrs.example",
            "FEEDS_AUTHORITY_YEAR": "2008",
            "FEEDS_TIMEZONE": "Europe/Riga",
            "FEEDS_ENTRIES": "50",
            "FEEDS_DATABASE_URL": self.url,
        }

    def start(self, *arguments: str | Path) -> "subprocess.Popen[bytes]":
        """Start a command."""
        program = "from feeds.cli.main import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            env=os.environ | self.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str | Path) -> float:
        """Run a command to its end; return the seconds. Raises ``WrongError`` if it fails."""
        began = time.monotonic()
        process = self.start(*arguments)
        errors = process.communicate()[1].decode()
        if process.returncode:
            raise WrongError(f"feeds {arguments[0]} ended with {process.returncode}: {errors}")
        return time.monotonic() - began

    def state(self) -> str:
        """Return when the import that began last was killed."""
        with Store(self.url).read() as snapshot:
            last = snapshot.last_import()
        if last is None:
            return "before it began"
        return "while it ran" if last.finished is None else "after its end"

    def content(self) -> dict[str, str]:
        """Return the digest of each table, without the change clock, and of each document."""
        found = {}
        with Store(self.url).dump() as dump:
            for table in _COMPARED:
                columns = TABLES[table]
                compared = [place for place, name in enumerate(columns) if name not in _CLOCK]
                rows = [[row[place] for place in compared] for row in dump.rows(table)]
                found[table] = _digest(json.dumps(rows).encode())
        client = create_app(Settings.read(self.environ)).test_client()
        bases = ["/releases", *(f"/categories/k{n}" for n in range(_CATEGORIES))]
        with closed_connections():
            for base in bases:
                for form in FORMATS:
                    number = 0
                    url = f"{base}.{form}"
                    while (answer := client.get(url)).status_code == 200:  # noqa: PLR2004 - OK
                        found[url] = _digest(answer.data)
                        number += 1
                        url = f"{base}/archive/{number}.{form}"
        return found

    def check(self) -> None:
        """Run SQLite's integrity check. Raises ``WrongError`` if it finds anything."""
        path = make_url(self.url).database
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(str(path))) as database:
                (found,) = database.execute("PRAGMA integrity_check").fetchone()
            if found != "ok":
                raise WrongError(f"the integrity check found: {found}")


class Stores:
    """A store on one engine, and temporary copies of it."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self._folder = folder
        self._server = server
        self.base = DrillStore(server.database() if server else f"sqlite:///{folder / 'base.db'}")

    @contextmanager
    def copy(self) -> Iterator[DrillStore]:
        """Yield a copy of the base, which no process may be using."""
        if self._server:
            made = self._server.database(self.base.url)
            yield DrillStore(made)
            self._server.drop(made)
            return
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            shutil.copy(self._folder / "base.db", Path(folder, "feeds.db"))
            yield DrillStore(f"sqlite:///{folder}/feeds.db")


def write(path: Path, releases: int) -> None:
    """Write releases as JSON Lines; every third one has been edited."""
    dice = random.Random(5)  # noqa: S311 - invented releases need no cryptographic randomness
    with path.open("w", encoding="utf-8") as file:
        for number in range(releases):
            words = " ".join(f"vārds{dice.randrange(9999)}" for _ in range(60))
            published = _BEGAN + timedelta(minutes=97 * (number * 7919 % releases))
            record = {
                "title": f"Relīze {number}",
                "published": published.isoformat(),
                "categories": [f"K{number % _CATEGORIES}", f"K{number // 7 % _CATEGORIES}"],
                "body": f"{words}.\n\n{words}.",
            }
            if number % 3 == 0:
                record["body"] = f"{words}.\n\nLabots."
                # Without an instant of its own, an edit gets the instant of its import.
                record["modified"] = (published + timedelta(days=1)).isoformat()
            file.write(json.dumps(record) + "\n")


@dataclass(frozen=True)
class Plan:
    """The number of killed imports, the releases of each, and the seed of the moments."""

    kills: int
    releases: int = 1500
    seed: int = 20080107


def drill(stores: Stores, folder: Path, plan: Plan) -> Iterator[str]:
    """Kill imports; yield lines about the progress. Raises ``WrongError``."""
    releases = plan.releases
    before, after = folder / "before.jsonl", folder / "after.jsonl"
    write(after, releases)
    # A store in use: a third of the releases exist already, some of them with an older text.
    lines = after.read_text(encoding="utf-8").splitlines(keepends=True)
    before.write_text("".join(_earlier(line) for line in lines[: releases // 3]), "utf-8")
    stores.base.run("migrate")
    stores.base.run("import", before)
    stores.base.check()  # this also empties the write-ahead log, which is not copied
    with stores.copy() as undisturbed:
        startup = undisturbed.run("status")
        seconds = undisturbed.run("import", after)
        wanted = undisturbed.content()
    yield (
        f"an import of {releases} releases takes {seconds:.1f} s; "
        f"{len(wanted)} tables and documents are compared"
    )
    dice = random.Random(plan.seed)  # noqa: S311 - repeatable on purpose
    moments: Counter[str] = Counter()
    for number in range(1, plan.kills + 1):
        moment = dice.uniform(startup * 0.7, seconds)
        with stores.copy() as store:
            known = _imports(store)
            began = time.monotonic()
            process = store.start("import", after)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moment)
                # It ended before the kill, so imports are faster now: kill the next ones earlier.
                seconds = min(seconds, time.monotonic() - began)
            process.kill()
            process.communicate()
            store.check()
            when = store.state() if _imports(store) > known else "before it began"
            moments[when] += 1
            store.run("import", after)
            store.check()
            differs = _differing(wanted, store.content())
            if differs:
                raise WrongError(f"killed after {moment:.3f} s ({when}): {differs} differ")
        if number % 10 == 0 or number == plan.kills:
            yield f"{number} killed: {_counts(moments)}; every store equal"


def _earlier(line: str) -> str:
    record = json.loads(line)
    if record.pop("modified", None):
        record["body"] = "Pirms labojuma."
    return json.dumps(record) + "\n"


def _imports(store: DrillStore) -> int:
    with Store(store.url).dump() as dump:
        return sum(1 for _ in dump.rows("import_run"))


def _differing(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    both = sorted(wanted.keys() | found.keys())
    return [name for name in both if wanted.get(name) != found.get(name)]


def _counts(moments: Counter[str]) -> str:
    return ", ".join(f"{count} {when}" for when, count in sorted(moments.items()))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    """Run the drill on each engine; return the exit code."""
    parser = argparse.ArgumentParser(
        description="Kill imports, run them again, and compare the stores."
    )
    parser.add_argument("--kills", type=int, default=200, help="on each engine")
    parser.add_argument("--releases", type=int, default=Plan.releases)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    options = parser.parse_args()
    try:
        for engine in options.engine or ENGINES:
            with contextlib.ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
                server = stack.enter_context(postgresql()) if engine == "postgresql" else None
                plan = Plan(options.kills, options.releases, options.seed)
                for line in drill(Stores(folder, server), folder, plan):
                    print(f"{engine}: {line}", flush=True)
    except WrongError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
