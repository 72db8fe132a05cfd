"""Kill imports at random moments, run them again, and compare the stores with an undisturbed one.

    python -m drills.kill --kills 200

takes a while: each kill is two imports and a look at every row and every feed. The moments come
from a seeded generator, so that a run can be made again.
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
from feeds.store import Store as FeedsStore
from feeds.store.copy.dump import TABLES
from tests.databases import Server, postgresql

ROOT: Final = Path(__file__).resolve().parents[1]
ENGINES: Final = ("sqlite", "postgresql")

_BEGAN: Final = datetime(2008, 1, 7, 7, 0, tzinfo=UTC)
_CATEGORIES: Final = 12

# When something happened to be done, which is no part of what it came to.
_CLOCK: Final = {"revision", "changed", "created"}
_COMPARED: Final = tuple(table for table in TABLES if table not in {"head", "import_run"})


class WrongError(Exception):
    """A store is not what it should have become."""


@dataclass(frozen=True)
class Store:
    """A release store, and where its database is."""

    url: str

    @property
    def environ(self) -> dict[str, str]:
        """The settings of every command."""
        return {
            "FEEDS_BASE_URL": "https://feeds.example.org",
            "FEEDS_AUTHORITY": "prcentrs.example",
            "FEEDS_AUTHORITY_YEAR": "2008",
            "FEEDS_DATABASE_URL": self.url,
        }

    def start(self, *arguments: str | Path) -> "subprocess.Popen[bytes]":
        """Start a command."""
        program = "from feeds.cli import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            env=os.environ | self.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments: str | Path) -> float:
        """Run a command to its end; return how many seconds it took. Raises ``WrongError``."""
        began = time.monotonic()
        process = self.start(*arguments)
        said = process.communicate()[1].decode()
        if process.returncode:
            raise WrongError(f"feeds {arguments[0]} ended with {process.returncode}: {said}")
        return time.monotonic() - began

    def state(self) -> str:
        """Return what became of the import that was begun last."""
        with FeedsStore(self.url).read() as snapshot:
            last = snapshot.last_import()
        if last is None:
            return "before it began"
        return "while it ran" if last.finished is None else "after its end"

    def content(self) -> dict[str, str]:
        """Return the digest of each table, less the clock, and of each feed."""
        found = {}
        with FeedsStore(self.url).dump() as dump:
            for table in _COMPARED:
                columns = TABLES[table]
                kept = [place for place, name in enumerate(columns) if name not in _CLOCK]
                plain = [[row[place] for place in kept] for row in dump.rows(table)]
                found[table] = _digest(json.dumps(plain).encode())
        client = create_app(Settings.read(self.environ)).test_client()
        bases = ["/releases", *(f"/categories/k{n}" for n in range(_CATEGORIES))]
        for base in bases:
            for form in FORMATS:
                number = 0
                address = f"{base}.{form}"
                while (answer := client.get(address)).status_code == 200:  # noqa: PLR2004 - HTTP's
                    found[address] = _digest(answer.data)
                    number += 1
                    address = f"{base}/archive/{number}.{form}"
        return found

    def check(self) -> None:
        """Let SQLite look through its file. Raises ``WrongError``."""
        path = make_url(self.url).database
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(str(path))) as database:
                (said,) = database.execute("PRAGMA integrity_check").fetchone()
            if said != "ok":
                raise WrongError(f"the integrity check says: {said}")


class Stores:
    """Copies of one store, on one engine, each for as long as it is needed."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self._folder = folder
        self._server = server
        self.base = Store(server.database() if server else f"sqlite:///{folder / 'base.db'}")

    @contextmanager
    def copy(self) -> Iterator[Store]:
        """Yield a copy of the base, which nobody uses at that moment."""
        if self._server:
            made = self._server.database(self.base.url)
            yield Store(made)
            self._server.drop(made)
            return
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            shutil.copy(self._folder / "base.db", Path(folder, "feeds.db"))
            yield Store(f"sqlite:///{folder}/feeds.db")


def write(path: Path, releases: int) -> None:
    """Write releases as JSON Lines, every third one as it was edited."""
    dice = random.Random(5)  # noqa: S311 - invented releases need no cryptographic randomness
    with path.open("w", encoding="utf-8") as file:
        for number in range(releases):
            words = " ".join(f"vārds{dice.randrange(9999)}" for _ in range(60))
            published = _BEGAN + timedelta(minutes=97 * (number * 7919 % releases))
            stated = {
                "title": f"Relīze {number}",
                "published": published.isoformat(),
                "categories": [f"K{number % _CATEGORIES}", f"K{number // 7 % _CATEGORIES}"],
                "body": f"{words}.\n\n{words}.",
            }
            if number % 3 == 0:
                stated["body"] = f"{words}.\n\nLabots."
                # An edit that names no instant of its own has that of its import.
                stated["modified"] = (published + timedelta(days=1)).isoformat()
            file.write(json.dumps(stated) + "\n")


@dataclass(frozen=True)
class Plan:
    """How many imports are killed, of how many releases, at moments out of which seed."""

    kills: int
    releases: int = 1500
    seed: int = 20080107


def drill(stores: Stores, folder: Path, plan: Plan) -> Iterator[str]:
    """Kill imports, telling now and then how many fell where. Raises ``WrongError``."""
    releases = plan.releases
    before, after = folder / "before.jsonl", folder / "after.jsonl"
    write(after, releases)
    # A store in use: a third of what is imported is there already, a part of that in older words.
    lines = after.read_text(encoding="utf-8").splitlines(keepends=True)
    before.write_text("".join(_earlier(line) for line in lines[: releases // 3]), "utf-8")
    stores.base.run("migrate")
    stores.base.run("import", before)
    stores.base.check()  # and leave nothing in a log beside the file
    with stores.copy() as undisturbed:
        startup = undisturbed.run("status")
        whole = undisturbed.run("import", after)
        wanted = undisturbed.content()
    yield f"an import of {releases} releases takes {whole:.1f} s, {len(wanted)} things to compare"
    dice = random.Random(plan.seed)  # noqa: S311 - repeatable on purpose
    fell: Counter[str] = Counter()
    for number in range(1, plan.kills + 1):
        moment = dice.uniform(startup * 0.7, whole)
        with stores.copy() as store:
            known = _imports(store)
            began = time.monotonic()
            process = store.start("import", after)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moment)
                # It is faster than it was: let the next ones be killed while they run.
                whole = min(whole, time.monotonic() - began)
            process.kill()
            process.communicate()
            store.check()
            where = store.state() if _imports(store) > known else "before it began"
            fell[where] += 1
            store.run("import", after)
            store.check()
            differs = _differing(wanted, store.content())
            if differs:
                raise WrongError(f"killed after {moment:.3f} s ({where}): {differs} differ")
        if number % 10 == 0 or number == plan.kills:
            yield f"{number} killed: {_told(fell)}; every store equal"


def _earlier(line: str) -> str:
    stated = json.loads(line)
    if stated.pop("modified", None):
        stated["body"] = "Pirms labojuma."
    return json.dumps(stated) + "\n"


def _imports(store: Store) -> int:
    with FeedsStore(store.url).dump() as dump:
        return sum(1 for _ in dump.rows("import_run"))


def _differing(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    both = sorted(wanted.keys() | found.keys())
    return [name for name in both if wanted.get(name) != found.get(name)]


def _told(fell: Counter[str]) -> str:
    return ", ".join(f"{count} {where}" for where, count in sorted(fell.items()))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> int:
    """Drill on each engine; return the exit code."""
    parser = argparse.ArgumentParser(description="Kill imports and compare what comes of them.")
    parser.add_argument("--kills", type=int, default=200, help="on each engine")
    parser.add_argument("--releases", type=int, default=Plan.releases)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    asked = parser.parse_args()
    try:
        for engine in asked.engine or ENGINES:
            with contextlib.ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="drill-")))
                server = stack.enter_context(postgresql()) if engine == "postgresql" else None
                plan = Plan(asked.kills, asked.releases, asked.seed)
                for said in drill(Stores(folder, server), folder, plan):
                    print(f"{engine}: {said}", flush=True)
    except WrongError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
