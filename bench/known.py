"""Rows of polls answered 304: among very many documents, and in a process that was just started."""

import asyncio
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import Engine, event

from bench.corpus import FULL, MANY, environ
from bench.engines import ENGINES
from bench.load import load_documents
from bench.measure import Bench, Result, Side, Target, ratios
from bench.polls import GZIP
from bench.readers import Readers
from bench.servers import Server, cpu_clock, gunicorn, workers
from demo.templates import Dice
from feeds.app import create_app
from feeds.settings import Settings
from tests.databases import closed_connections

FEW: Final = 90
"""Documents that every cache holds."""

FIRST: Final = 1000
"""Documents that are polled for the first time in a process."""

_SEED = 1
_PAUSE_SECONDS = 0.001
_BODY = re.compile(r"\bbody\b")


def known(bench: Bench) -> list[Result]:
    """Compare polls among all documents of a store with polls among few of them."""
    variables = environ(bench.store_of(MANY).database_url)
    everything = MANY.paths
    few = everything[:: len(everything) // FEW][:FEW]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runs = []
        for paths in (everything, few):
            server = stack.enter_context(gunicorn("wsgi:app", variables))
            tags = _tags(server, paths)
            file = folder / str(len(paths))
            lines = (f"{path} {tags[path]}\n" for path in paths)
            file.write_text("".join(lines), encoding="ascii")
            runs.append(partial(load_documents, server.url("/"), file, bench.seconds))
            runs[-1]()
        ours, rival = ([1e6 / rate for rate in rates] for rates in bench.interleaved(runs))
    return [
        Result(
            row="known",
            what="time of a poll answered 304",
            ours=Side(f"{len(everything):,} documents known", median(ours), "µs"),
            rival=Side(f"{FEW} documents", median(rival), "µs"),
            figures=ratios(ours, rival),
            target=Target(1.2, at_least=False),
        )
    ]


def first(bench: Bench) -> list[Result]:
    """Compare the first 304 of a document in a new process with a hot one, on each engine."""
    results = []
    for engine, copies in ENGINES.items():
        with copies(bench, FULL) as copy, copy() as settings:
            results += _first(bench, engine, settings)
    return results


def _first(bench: Bench, engine: str, settings: Settings) -> list[Result]:
    variables = environ(settings.database_url)
    paths = Dice(_SEED).shuffled(FULL.paths)[:FIRST]
    with gunicorn("wsgi:app", variables) as server:
        tags = _tags(server, paths)
    # The last ones are in any cache when they are polled again.
    again = list(islice(cycle(paths[-FEW:]), FIRST))

    def figures() -> tuple[float, float]:
        with gunicorn("wsgi:app", variables) as server:
            server.ask("/robots.txt", {})
            once = median(_costs(server, paths, tags))
            return once, median(_costs(server, again, tags))

    measured = [figures() for _ in range(bench.rounds)]
    ours, rival = ([one[side] for one in measured] for side in range(2))
    rendered = _rendered(settings, paths, tags)
    return [
        Result(
            row="first",
            what=f"CPU time of a poll answered 304, {engine}",
            ours=Side("first of a document in a new process", median(ours), "µs"),
            rival=Side("hot", median(rival), "µs"),
            figures=ratios(ours, rival),
            target=Target(6, at_least=False),
        ),
        Result(
            row="first",
            what=f"documents rendered, {engine}",
            ours=Side("rendered", rendered, ""),
            rival=Side("first polls answered 304", len(paths), ""),
            figures=[rendered],
            target=Target(0, at_least=False),
            unit="",
        ),
    ]


def _tags(server: Server, paths: Sequence[str]) -> dict[str, str]:
    """Request each document once; return their entity tags."""
    readers = Readers(server.port, paths)
    asyncio.run(readers.request_all())
    return readers.tags


def _costs(server: Server, paths: Sequence[str], tags: Mapping[str, str]) -> list[float]:
    """Poll these documents one after another; return the worker's CPU time of each, in µs."""
    (worker,) = workers(server)
    clock = cpu_clock(worker)
    costs = []
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        for path in paths:
            begin = time.clock_gettime_ns(clock)
            connection.request("GET", path, headers=GZIP | {"If-None-Match": tags[path]})
            response = connection.getresponse()
            response.read()
            if response.status != 304:  # noqa: PLR2004 - Not Modified
                raise RuntimeError(f"{path} answers {response.status} instead of 304")
            # The worker still has to wait for the next request.
            time.sleep(_PAUSE_SECONDS)
            costs.append((time.clock_gettime_ns(clock) - begin) / 1000)
    return costs


def _rendered(settings: Settings, paths: Sequence[str], tags: Mapping[str, str]) -> int:
    """Count the documents for whose first 304 an application reads bodies of releases."""
    with closed_connections(), _statements() as statements:
        client = create_app(settings).test_client()
        client.get("/robots.txt")
        count = 0
        for path in paths:
            statements.clear()
            answer = client.get(path, headers={"If-None-Match": tags[path]})
            if answer.status_code != 304:  # noqa: PLR2004 - Not Modified
                raise RuntimeError(f"{path} answers {answer.status} instead of 304")
            count += any(map(_BODY.search, statements))
    return count


@contextmanager
def _statements() -> Iterator[list[str]]:
    """Yield a list to which the SQL statements of this process are added."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
