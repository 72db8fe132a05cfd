"""Rows that compare this checkout with a checkout of another commit, in one run.

Modules move from commit to commit, so each side is used only from outside: by its command line,
over HTTP, and through ``bench/cold_worker.py``. Each has a store of the same releases, which its
own commands have migrated and imported.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from bench import start
from bench.commands import OURS, Checkout, outside
from bench.corpus import CATEGORIES, Corpus, environ
from bench.imports import write_corpus
from bench.measure import Bench, Result, Side, Target, ratios
from bench.polls import FEW, GZIP, PATH, check, compared, loads
from bench.servers import Server, gunicorn

# The other commit's median is reached, or the 95 % interval contains it.
_NOT_SLOWER = Target(1, at_least=True, lenient=True)
_NOT_LONGER = Target(1, at_least=False, lenient=True)


@dataclass(frozen=True, slots=True)
class _Side:
    """A checkout with its name in the table, and the settings of its service."""

    name: str
    checkout: Checkout
    environ: dict[str, str]


class Against:
    """The comparison with one other checkout."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        stores = bench.folder.resolve() / "against"
        shutil.rmtree(stores, ignore_errors=True)
        stores.mkdir(parents=True)
        corpus = stores / "corpus.jsonl"
        write_corpus(corpus, Corpus(FEW, CATEGORIES))
        theirs = Checkout(folder.resolve())
        self._sides = (
            _side("this checkout", OURS, stores / "ours.db", corpus),
            _side(_commit(theirs.folder), theirs, stores / "theirs.db", corpus),
        )

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

    def cold(self, bench: Bench) -> list[Result]:
        """Compare a cold feed, from the request to its last byte, in process."""
        with ExitStack() as stack:
            workers = [stack.enter_context(_cold_worker(side)) for side in self._sides]
            ours, theirs = bench.interleaved(workers)
        return [
            Result(
                row="cold",
                what="cold feed, through the application",
                ours=Side(self._sides[0].name, median(ours), "ms"),
                rival=Side(self._sides[1].name, median(theirs), "ms"),
                figures=ratios(ours, theirs),
                target=_NOT_LONGER,
            )
        ]

    def start(self, bench: Bench) -> list[Result]:
        """Compare the CPU time of commands."""
        return [self._command(bench, name) for name in ("--version", "--help", "status")]

    def _command(self, bench: Bench, name: str) -> Result:
        ours, theirs = bench.interleaved(
            [
                start.cpu_time(partial(side.checkout.run, [name], side.environ))
                for side in self._sides
            ]
        )
        names = [side.name for side in self._sides]
        what = f"CPU time of `feeds {name}`"
        return start.compared(what, (names[0], ours), (names[1], theirs), _NOT_LONGER)

    @contextmanager
    def _servers(self) -> Iterator[list[Server]]:
        with ExitStack() as stack:
            servers = [
                stack.enter_context(gunicorn("wsgi:app", side.environ, side.checkout))
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


def _side(name: str, checkout: Checkout, store: Path, corpus: Path) -> _Side:
    side = _Side(name, checkout, environ(store))
    checkout.run(["migrate"], side.environ)
    checkout.run(["import", str(corpus)], side.environ)
    return side


def _commit(folder: Path) -> str:
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    return found.stdout.strip() or folder.name


@contextmanager
def _cold_worker(side: _Side) -> Iterator[Callable[[], float]]:
    """Start the worker of a checkout; yield what measures a figure with it."""
    script = OURS.folder / "bench" / "cold_worker.py"
    # Without -P the folder of the script would be searched for modules first.
    with subprocess.Popen(  # noqa: S603 - our own command
        [side.checkout.python, "-P", str(script), PATH],
        cwd=side.checkout.folder,
        env=outside() | side.environ | side.checkout.environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        asked, answers = process.stdin, process.stdout
        if asked is None or answers is None:
            raise RuntimeError("the worker has no pipes")

        def figure() -> float:
            asked.write("\n")
            answer = answers.readline()
            if not answer:
                raise RuntimeError(f"the worker of {side.name} ended")
            return float(answer)

        figure()
        yield figure
        asked.close()
