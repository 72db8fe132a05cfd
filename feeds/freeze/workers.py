"""The processes that write the files, one for each core.

Each has a snapshot of its own. All snapshots are of the same revision, or nothing is written.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal
from typing import TYPE_CHECKING, NamedTuple

from feeds.documents.codings import CODINGS
from feeds.errors import FeedsError, StoreError
from feeds.freeze.answers import Answer, Answers, Portion
from feeds.freeze.generations import SITE, Generation
from feeds.freeze.warc import Segment, Segments
from feeds.settings import Settings
from feeds.store import Store
from feeds.store.read import Head
from feeds.web.app import bare

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

SUFFIXES = {"gzip": ".gz", "br": ".br"}
_MOST_WAITING = 1000


State = tuple[str, int, int | None]
"""What identifies the state of a store."""


class Task(NamedTuple):
    """What a process needs to begin: the folders of generations, and the file of the deposit."""

    environ: dict[str, str]
    path: Path | None
    previous: Path | None
    wacz: Path | None


class Written(NamedTuple):
    """The files of a portion: lines of the manifest, counts, and records for the deposit."""

    manifest: list[str]
    answers: int
    written: int
    linked: int
    segment: Segment | None


def state(head: Head) -> State:
    """Return what identifies the state of the store."""
    return head.store_id, head.revision, head.token


def file_name(path: str) -> str:
    """Return the file of an answer, below the folder of the site; pages have an extension there."""
    if path.endswith("/"):
        return f"{SITE}{path}index.html"
    return SITE + path + ("" if "." in path.rpartition("/")[2] else ".html")


def write(generation: Generation, name: str, answer: Answer) -> Iterator[str]:
    """Write a body in each coding; yield the lines of the manifest."""
    content = answer.body.content()
    changed = None if answer.metadata is None else answer.metadata.changed
    is_new = generation.write(name, content, changed)
    yield line(name, content)
    for coding in CODINGS:
        coded = f"{name}{SUFFIXES[coding]}"
        encoded = None if is_new else generation.link(coded)
        if encoded is None:
            encoded = answer.body.encoded(coding)
            generation.write(coded, encoded, changed)
        yield line(coded, encoded)


def line(name: str, content: bytes) -> str:
    """Return the line of a file in the manifest, as ``sha256sum --check`` reads it."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n"


class Workers:
    """Running processes that have the same snapshot."""

    def __init__(self, connections: list[Connection]) -> None:
        self._connections = connections

    def map(self, portions: Iterator[Portion]) -> Iterator[Written]:
        """Yield what was written for each portion, in the order of the portions."""
        running: dict[Connection, int] = {}
        finished: dict[int, Written] = {}
        idle = list(self._connections)
        numbered = enumerate(portions)
        following = 0
        while True:
            # A slow portion holds up the order, but not the work; what waits is bounded.
            while idle and len(finished) < _MOST_WAITING and (task := next(numbered, None)):
                connection = idle.pop()
                running[connection] = task[0]
                with _noticed_end():
                    connection.send(task[1])
            if not running:
                return
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)  # noqa: S101 - no sockets were given
                written = _received(ready)
                assert isinstance(written, Written)  # noqa: S101 - the answer to a portion
                finished[running.pop(ready)] = written
                idle.append(ready)
            while following in finished:
                yield finished.pop(following)
                following += 1


def _received(connection: Connection) -> State | Written:
    """Receive what a process has sent; raise the error that it has met."""
    with _noticed_end():
        result: State | Written | BaseException = connection.recv()
    if isinstance(result, BaseException):
        raise result
    return result


@contextmanager
def _noticed_end() -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError):
        raise StoreError("A process that wrote files was killed: run the command again.") from None


@contextmanager
def started(task: Task, is_same: Callable[[object], bool]) -> Iterator[Workers | None]:
    """Start a process for each core; yield None if one of them sees another state of the store."""
    context = get_context("spawn")
    processes: list[SpawnProcess] = []
    connections: list[Connection] = []
    try:
        for _ in range(len(os.sched_getaffinity(0))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, task), daemon=True)
            process.start()
            theirs.close()  # so that either end learns of the other's end
            processes.append(process)
            connections.append(ours)
        states = [_received(connection) for connection in connections]
        yield Workers(connections) if all(map(is_same, states)) else None
    finally:
        for connection in connections:
            connection.close()
        for process in processes:
            process.join()


def _work(connection: Connection, task: Task) -> None:
    """Write portions until the other end is closed, also by the end of its process."""
    signal(SIGINT, SIG_IGN)  # the command closes the connection
    settings = Settings.read(task.environ)
    generation = Generation(task.path, task.previous) if task.path else None
    with suppress(EOFError, BrokenPipeError):
        try:
            with Store(settings.database_url).read() as snapshot, bare().app_context():
                head = snapshot.head()
                connection.send(state(head))
                answers = Answers(snapshot, settings.site, head.instant)
                segments = Segments(task.wacz, settings.base_url, head) if task.wacz else None
                while True:
                    answered = answers.of(connection.recv())
                    connection.send(_written(generation, segments, answered))
        except (FeedsError, OSError) as error:
            connection.send(error)  # fails as well if the other end is closed


def _written(
    generation: Generation | None, segments: Segments | None, answered: Iterator[Answer]
) -> Written:
    manifest: list[str] = []
    answers = 0
    for answer in answered:
        if segments:
            segments.add(answer)
        # A host answers the others from its configuration.
        if answer.status == HTTPStatus.OK:
            answers += 1
            if generation:
                manifest += write(generation, file_name(answer.path), answer)
    counts = generation.take_counts() if generation else (0, 0)
    return Written(manifest, answers, *counts, segments.take() if segments else None)
