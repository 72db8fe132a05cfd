"""A portal under test: real pages on disk, the real command line, a real store and service."""

import contextlib
import io
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from werkzeug.routing import Rule

from feeds.app import create_app
from feeds.cli import main as cli
from feeds.ingest.run import import_paths
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.engine import open_engine, writing
from tests.databases import Server, make_store

BANNER = "Vortāla darbība pārtraukta uz nenoteiktu laiku. Jaunas preses relīzes publicētas netiks."
NO_CONTACT = "Preses relīzes iesniedzēja kontaktinformācija šobrīd nav pieejama."
START = datetime(2024, 3, 1, 10, 0, tzinfo=UTC)


def page(
    title: str = "Liepkalnē atklāj tiltu",
    category: str = "Pašvaldības",
    published: str = "2010-05-04 12:00:00",
    body: str = "Tilts savieno abus krastus.",
    *,
    banner: str = BANNER,
    website: str = "www.liepkalne.example.lv",
    contact: str = NO_CONTACT,
) -> str:
    """Return the text form of a page, as the portal writes it."""
    return (
        f"{banner}\n\n{category}\n\n{title}\n\nPublicēts {published}\n\n"
        f"Samazināt palielināt tekstu\n\n{body}\n\n\n{website}\n\n{contact}\n\n"
        "Copyright © 2007-2022 PRCentrs.Lv"
    )


class _Templates(BytecodeCache):
    """The compiled templates of all applications of this process."""

    def __init__(self) -> None:
        self._compiled: dict[str, Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._compiled.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.code


# Each client has an application of its own. If each compiled its routes and its templates again,
# that would be a fifth of the CPU time of the tests that use one.
_TEMPLATES = _Templates()
_compile_builder = Rule._compile_builder  # noqa: SLF001 - there is no public name
_builders: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}


def _shared_builder(rule: Rule, append_unknown: bool) -> Callable[..., tuple[str, str]]:
    key = (rule.rule, str(rule.defaults), append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _shared_builder  # type: ignore[assignment, method-assign]  # noqa: SLF001


@contextmanager
def one_core() -> Iterator[None]:
    """Let a command that starts a process for each core start one, which imports all it needs."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {secrets.choice(sorted(cores))})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@dataclass(frozen=True)
class Ran:
    """The output and the exit code of a command, and what it told systemd's journal."""

    code: int
    out: str
    err: str
    journal: tuple[dict[str, str], ...]


class Portal:
    """A portal with a folder and a store of its own."""

    def __init__(self, folder: Path, url: str | None = None, **settings: str) -> None:
        self.folder = folder
        self.file = folder / "feeds.db"
        self.url = url or f"sqlite:///{self.file}"
        self.environ = {
            "FEEDS_BASE_URL": "https://feeds.example.org",
            "FEEDS_AUTHORITY": "prcentrs.example",
            "FEEDS_AUTHORITY_YEAR": "2008",
            "FEEDS_TIMEZONE": "Europe/Riga",
            "FEEDS_ENTRIES": "50",
            "FEEDS_TITLE": "PRCentrs.Lv",
            "FEEDS_RIGHTS": "Copyright © 2007-2022 PRCentrs.Lv",
            "FEEDS_DATABASE_URL": self.url,
            # The next request sees a change; other tests test longer intervals.
            "FEEDS_REVISION_TTL": "0",
        } | settings

    @cached_property
    def address(self) -> str:
        """The URL at which the portal is served, on a port that was free at the first use."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return f"http://127.0.0.1:{probe.getsockname()[1]}"

    @property
    def settings(self) -> Settings:
        return Settings.read(self.environ)

    @property
    def store(self) -> Store:
        return Store(self.settings.database_url)

    @property
    def engine(self) -> Engine:
        """An engine for tests that look into the store past its interface."""
        return open_engine(self.settings.database_url)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Execute a statement in the store; return its rows, if any."""
        with writing(self.engine) as connection:
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []

    @contextmanager
    def unavailable(self) -> Iterator[None]:
        """Make the store unavailable for the block."""
        address = make_url(self.url)
        if address.get_backend_name() == "sqlite":
            aside = self.file.rename(self.folder / "aside.db")
            try:
                yield
                assert not self.file.exists()
            finally:
                aside.rename(self.file)
            return
        server = Server(self.url)
        server.close(self.url)
        try:
            yield
        finally:
            server.run(f"ALTER DATABASE {address.database} ALLOW_CONNECTIONS true")

    def made(self, now: datetime = START) -> "Portal":
        """Make a new store as ``feeds migrate`` does, at a given instant."""
        make_store(self.settings, now)
        return self

    def empty(self) -> "Portal":
        """Make the database on PostgreSQL, without a store; ``feeds migrate`` makes a file."""
        if not self.url.startswith("sqlite"):
            Server(self.url).create(self.url)
        return self

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a page into the portal's folder."""
        path = self.folder / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def feeds(self, *arguments: str | Path, journal: bool = True) -> Ran:
        """Run a command of ``feeds`` in this process through its entry point, at the real time.

        A socket stands for systemd's journal, or nothing does.
        """
        out, err = io.StringIO(), io.StringIO()
        code = 0
        argv = ["feeds", *map(str, arguments)]
        with (
            pytest.MonkeyPatch.context() as process,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            for name, value in self.environ.items():
                process.setenv(name, value)
            process.setattr(sys, "argv", argv)
            if journal:
                systemd.bind("")  # Linux finds an abstract address
            process.setattr("feeds.cli.journal.SOCKET", systemd.getsockname() or "/nowhere")
            try:
                cli.main()
            except SystemExit as stop:
                code = int(stop.code or 0)
            told = tuple(_received(systemd)) if journal else ()
        return Ran(code, out.getvalue(), err.getvalue(), told)

    def imported(self, *texts: str) -> "Portal":
        """Import pages; all of them must be accepted."""
        start = len(list((self.folder / "pages").glob("*"))) if texts else 0
        paths = [self.write(f"{start + n:04}.txt", text) for n, text in enumerate(texts)]
        ran = self.feeds("import", *paths)
        assert ran.code == 0, ran.err
        return self

    def imported_at(self, now: datetime, *texts: str) -> "Portal":
        """Import pages at ``now`` into a portal that has none; all of them must be new."""
        paths = [self.write(f"{n:04}.txt", text) for n, text in enumerate(texts)]
        results = list(import_paths(self.store, self.settings, paths, lambda: now))
        assert {result.outcome.value for result in results} == {"added"}
        return self

    def client(self, clock: Callable[[], datetime] | None = None) -> FlaskClient:
        """Return a client of the WSGI application."""
        arguments: tuple[Any, ...] = (clock,) if clock else ()
        app = create_app(self.settings, *arguments)
        app.testing = True
        app.jinja_env.bytecode_cache = _TEMPLATES
        return app.test_client()

    @contextmanager
    def served(self, *command: str, **environ: str) -> Iterator[str]:
        """Serve the portal with the real gunicorn; yield its URL."""
        bind = self.address.removeprefix("http://")
        with (
            (self.folder / "gunicorn.out").open("w") as out,
            (self.folder / "gunicorn.err").open("w") as err,
        ):
            process = subprocess.Popen(
                command or (str(Path(sys.executable).with_name("feeds")), "serve"),
                cwd=Path(__file__).parents[1],
                env=os.environ | self.environ | {"FEEDS_BIND": bind} | environ,
                stdout=out,
                stderr=err,
            )
        try:
            wait_for(f"{self.address}/healthz", process)
            yield self.address
        finally:
            process.terminate()
            process.wait(120)


def _received(journal: socket.socket) -> Iterator[dict[str, str]]:
    """Yield the entries that a socket has received, in the journal's native protocol."""
    journal.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while entry := journal.recv(65536).decode():
            assert entry.endswith("\n")
            yield dict(line.split("=", 1) for line in entry.splitlines())


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until a URL answers; fail if its process ends before."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended before it answered"
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=120).close()
            return
        time.sleep(0.05)
    raise AssertionError(f"{address} did not answer within two minutes")


def command(portal: Portal, *arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
    """Start a command of ``feeds`` in a process of its own."""
    program = Path(sys.executable).with_name("feeds")
    paths = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environ = os.environ | portal.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(
        [program, *arguments], env=environ, text=True, stderr=subprocess.PIPE, **options
    )
