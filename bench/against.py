"""Rows that compare this checkout with a checkout of another commit, in one run.

Modules move from commit to commit, so each side is used only from outside: by its command line,
over HTTP, and through ``bench/cold_worker.py``. Each has stores of the same releases, which its
own commands have made.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Final

from bench import fit, imports, nginx, start
from bench.commands import OURS, Checkout
from bench.contender import Contender
from bench.corpus import CATEGORIES, FULL, LAST, Corpus
from bench.measure import Bench, Result, Side, Target, ratios
from bench.polls import ENTRIES, FEW, GZIP, PATH, check, compared, loads
from bench.servers import Server, gunicorn

SOME: Final = 5000
"""Releases of the import that is measured in all rounds."""

BULK_ROUNDS: Final = 6
"""Imports of the large corpus: the fewest figures whose median has a 95 % interval."""

ONE_BY_ONE: Final = 3
"""Releases in one figure of the row that adds single releases, each by a command of its own."""

# A part of the 95 % interval is at least 0.97 of the other commit's speed.
_NOT_SLOWER = Target(0.97, at_least=True, lenient=True)
_NOT_LONGER = Target(1 / 0.97, at_least=False, lenient=True)


class Against:
    """The comparison with one other checkout."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self._folder = bench.folder.resolve() / "against"
        shutil.rmtree(self._folder, ignore_errors=True)
        theirs = Checkout(folder.resolve())
        self._sides = [
            Contender("this checkout", OURS, self._folder / "ours"),
            Contender(theirs.commit, theirs, self._folder / "theirs"),
        ]
        for side in self._sides:
            side.folder.mkdir(parents=True)
        self._large = Corpus(bench.releases, CATEGORIES)
        self._filled: set[Corpus] = set()

    def hot(self, bench: Bench) -> list[Result]:
        """Compare a poll answered 200."""
        with self._servers() as servers:
            requests = [(server, GZIP) for server in servers]
            return [self._polls(bench, "hot", "poll answered 200, gzip", requests)]

    def not_modified(self, bench: Bench) -> list[Result]:
        """Compare a poll answered 304."""
        with self._servers() as servers:
            # Documents may differ between the two, and tags with them.
            tags = [server.ask(PATH, GZIP).header("ETag") for server in servers]
            requests = [
                (server, GZIP | {"If-None-Match": tag})
                for server, tag in zip(servers, tags, strict=True)
            ]
            for server, headers in requests:
                status = server.ask(PATH, headers).status
                if status != 304:  # noqa: PLR2004 - Not Modified
                    raise RuntimeError(f"{server.url(PATH)} answers {status} instead of 304")
            return [self._polls(bench, "not_modified", "poll answered 304", requests)]

    def nginx(self, bench: Bench) -> list[Result]:
        """Compare a poll through the ``deploy/nginx.conf`` of each side."""
        with self._servers() as services, ExitStack() as stack:
            proxies = []
            for side, service in zip(self._sides, services, strict=True):
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                config = side.checkout.folder / "deploy" / "nginx.conf"
                site, _ = stack.enter_context(nginx.sites(service, folder, config))
                check(site)
                proxies.append((site, GZIP))
            return [self._polls(bench, "nginx", "poll through nginx, gzip", proxies)]

    def cold(self, bench: Bench) -> list[Result]:
        """Compare a cold feed, from the request to its last byte, in process."""
        what = "cold feed, through the application"
        return [self._cold(bench, "cold", what, self._few, PATH)]

    def cold_gzip(self, bench: Bench) -> list[Result]:
        """Compare a cold feed that the client accepts only with gzip."""
        what = f"cold feed of {ENTRIES} entries, gzip"
        target = Target(0.65, at_least=False)
        return [self._cold(bench, "cold_gzip", what, self._few, PATH, "gzip", target=target)]

    def million(self, bench: Bench) -> list[Result]:
        """Compare a cold feed from a large store."""
        what = f"cold feed, {self._large.releases:,} releases"
        return [self._cold(bench, "million", what, self._large, PATH)]

    def archive(self, bench: Bench) -> list[Result]:
        """Compare the oldest and the newest archive page of a large store."""
        newest = self._large.releases // ENTRIES
        return [
            self._cold(
                bench,
                "archive",
                f"archive page {page:,} of {newest:,}",
                self._large,
                f"/releases/archive/{page}.atom",
            )
            for page in (1, newest)
        ]

    def start(self, bench: Bench) -> list[Result]:
        """Compare the CPU time of commands."""
        store = self._store(self._few)
        return [
            self._measured(
                bench,
                "start",
                f"CPU time of `feeds {name}`",
                "ms",
                [start.cpu_time(partial(side.run, store, name)) for side in self._sides],
            )
            for name in ("--version", "--help", "status")
        ]

    def imports(self, bench: Bench) -> list[Result]:
        """Compare a short import."""
        corpus = self._written(Corpus(SOME, CATEGORIES))
        runs = [partial(_seconds, side, "import", corpus) for side in self._sides]
        return [self._measured(bench, "import", f"import of {SOME:,} releases", "s", runs)]

    def bulk(self, bench: Bench) -> list[Result]:
        """Compare a long import, the same import again, and single releases added afterwards."""
        corpus = self._written(self._large)
        store = self._large.name
        pairs = replace(bench, rounds=BULK_ROUNDS).interleaved(
            [partial(_twice, side, store, corpus) for side in self._sides]
        )
        self._filled.add(self._large)
        size = f"{self._large.releases:,} releases"
        return [
            *(
                self._compared("bulk", what, "s", [[pair[turn] for pair in side] for side in pairs])
                for turn, what in enumerate((f"import of {size}", f"the same {size} again"))
            ),
            self._measured(
                bench,
                "bulk",
                f"one release added to {size}",
                "s",
                [_adding(side, store) for side in self._sides],
            ),
        ]

    def fit(self, _bench: Bench) -> list[Result]:
        """Compare the number of documents of fifty releases that a cache of 64 MB holds."""
        store = self._store(FULL)
        counts = []
        for side in self._sides:
            with gunicorn("wsgi:app", side.environ(store), side.checkout) as server:
                counts.append([float(fit.held(server, FULL.paths))])
        target = Target(5, at_least=True)
        what = "documents in a cache of 64 MB, gzip"
        return [self._compared("fit", what, "", counts, target)]

    @property
    def _few(self) -> Corpus:
        return Corpus(FEW, CATEGORIES)

    def _written(self, corpus: Corpus) -> Path:
        """Return the file of a corpus; write it if it does not exist."""
        path = self._folder / f"{corpus.name}.jsonl"
        if not path.exists():
            imports.write_corpus(path, corpus)
        return path

    def _store(self, corpus: Corpus) -> str:
        """Return the name of a store that both sides have; make it if it does not exist."""
        if corpus not in self._filled:
            for side in self._sides:
                side.fill(corpus.name, self._written(corpus))
            self._filled.add(corpus)
        return corpus.name

    @contextmanager
    def _servers(self) -> Iterator[list[Server]]:
        store = self._store(self._few)
        with ExitStack() as stack:
            servers = [
                stack.enter_context(gunicorn("wsgi:app", side.environ(store), side.checkout))
                for side in self._sides
            ]
            for server in servers:
                check(server)
            yield servers

    def _polls(
        self, bench: Bench, row: str, what: str, requests: list[tuple[Server, dict[str, str]]]
    ) -> Result:
        ours, theirs = loads(bench, requests)
        names = [side.name for side in self._sides]
        return compared(row, what, (names[0], ours), (names[1], theirs), _NOT_SLOWER)

    def _cold(
        self,
        bench: Bench,
        row: str,
        what: str,
        corpus: Corpus,
        *request: str,
        target: Target = _NOT_LONGER,
    ) -> Result:
        """Compare a document that is made in process; a request is a path and perhaps a coding."""
        store = self._store(corpus)
        with ExitStack() as stack:
            runs = [stack.enter_context(side.cold_worker(store, request)) for side in self._sides]
            return self._measured(bench, row, what, "ms", runs, target)

    def _measured(  # noqa: PLR0913, PLR0917 - each is a field of the result
        self,
        bench: Bench,
        row: str,
        what: str,
        unit: str,
        runs: Sequence[Callable[[], float]],
        target: Target = _NOT_LONGER,
    ) -> Result:
        return self._compared(row, what, unit, bench.interleaved(runs), target)

    def _compared(
        self,
        row: str,
        what: str,
        unit: str,
        figures: Sequence[Sequence[float]],
        target: Target = _NOT_LONGER,
    ) -> Result:
        ours, theirs = figures
        return Result(
            row=row,
            what=what,
            ours=Side(self._sides[0].name, median(ours), unit),
            rival=Side(self._sides[1].name, median(theirs), unit),
            figures=ratios(ours, theirs),
            target=target,
        )


def _seconds(side: Contender, store: str, corpus: Path) -> float:
    return side.fill(store, corpus).seconds


def _twice(side: Contender, store: str, corpus: Path) -> tuple[float, float]:
    """Import a corpus into a new store and then again; return the seconds of both."""
    return _seconds(side, store, corpus), side.run(store, "import", str(corpus)).seconds


def _adding(side: Contender, store: str) -> Callable[[], float]:
    """Return a function that imports single releases and returns the seconds of one."""
    numbers = count(1)
    file = side.folder / "one.jsonl"

    def figure() -> float:
        seconds = 0.0
        for number in islice(numbers, ONE_BY_ONE):
            title, at = f"Vēl viena relīze {number}", LAST + timedelta(days=1, seconds=number)
            file.write_text(imports.one_more(title, at), encoding="utf-8")
            seconds += side.run(store, "import", str(file)).seconds
        return seconds / ONE_BY_ONE

    return figure
