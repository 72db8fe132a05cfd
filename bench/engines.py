"""Copies of a store on each engine, for rows that change it or that compare the engines."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from bench.corpus import Corpus, environ, fill
from bench.measure import Bench
from bench.servers import CORES
from feeds.settings import Settings
from tests.databases import Server, postgresql

Copies = Callable[[], AbstractContextManager[Settings]]
"""Makes a copy of a store that exists until the block ends."""


@contextmanager
def _sqlite(bench: Bench, corpus: Corpus) -> Iterator[Copies]:
    original = str(make_url(bench.store_of(corpus).database_url).database)

    @contextmanager
    def copy() -> Iterator[Settings]:
        with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
            path = Path(folder).resolve() / "feeds.db"
            with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(path)) as to:
                source.backup(to)
            # The disk must not be busy with it while the copy is measured.
            os.sync()
            yield Settings.read(environ(path))

    yield copy


@contextmanager
def _postgresql(_bench: Bench, corpus: Corpus) -> Iterator[Copies]:
    with _server() as server:
        original = server.database()
        fill(Settings.read(environ(original)), corpus)

        @contextmanager
        def copy() -> Iterator[Settings]:
            made = server.database(original)
            yield Settings.read(environ(made))
            server.drop(made)

        yield copy


@contextmanager
def _server() -> Iterator[Server]:
    """Run the PostgreSQL of the tests, on all cores: this process is limited to one."""
    own = os.sched_getaffinity(0)
    with ExitStack() as stack:
        os.sched_setaffinity(0, CORES)
        try:
            server = stack.enter_context(postgresql())
        finally:
            os.sched_setaffinity(0, own)
        yield server


ENGINES: Final[Mapping[str, Callable[[Bench, Corpus], AbstractContextManager[Copies]]]] = {
    "SQLite": _sqlite,
    "PostgreSQL": _postgresql,
}
"""For each engine, what makes a store that holds a corpus and yields a maker of its copies."""
