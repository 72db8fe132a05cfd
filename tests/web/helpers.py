"""Observing the statements of a process, acting while a document is rendered, and waiting."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import make_url

from tests.listeners import listening
from tests.portal import Portal

RENDERING = "AS listed"
"""Part of the statement that is executed whenever a feed is rendered, and only then."""

ADDRESSES = ("/releases.atom", "/categories/kultura.rss", "/categories/kultura", "/")
CATEGORIES = ("kultura", "sports")


class Statement(str):
    """A statement with the thread that ran it."""

    __slots__ = ("thread",)

    def __init__(self, _: str) -> None:
        self.thread = threading.current_thread()


@contextmanager
def statements(portal: Portal) -> Iterator[list[Statement]]:
    """Collect the statements that this process runs on the store of a portal."""
    run: list[Statement] = []

    def record(connection: Any, _: object, statement: str, *__: object) -> None:
        if connection.engine.url == make_url(portal.url):
            run.append(Statement(statement))

    with listening("before_cursor_execute", record):
        yield run


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition becomes true by itself."""
    deadline = time.perf_counter() + 120  # some tests stop the monotonic clock
    while not condition():
        assert time.perf_counter() < deadline, "the condition was false for two minutes"
        time.sleep(0.02)


@contextmanager
def while_rendering(act: Callable[[], object]) -> Iterator[None]:
    """Call a function while the next document is rendered."""
    pending = [act]

    def intervene(_: Any, __: Any, statement: str, *___: object) -> None:
        if RENDERING in statement and pending:
            pending.pop()()

    with listening("before_cursor_execute", intervene):
        yield
    assert not pending


def in_thread(act: Callable[[], object]) -> None:
    """Call a function in another thread and wait for it."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


def is_in(thread: threading.Thread, function: Callable[..., Any]) -> bool:
    """Return whether a thread is in a call of a function, such as one that waits."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - documented
    while frame is not None:
        if frame.f_code is function.__code__:
            return True
        frame = frame.f_back
    return False


def waits_for_a_future(thread: threading.Thread) -> bool:
    """Return whether a thread waits for what another one computes."""
    return is_in(thread, Future.result)
