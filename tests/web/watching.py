"""What the tests of the cache watch: statements, what happens meanwhile, what comes true."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from tests.portal import Portal

ADDRESSES = ("/releases.atom", "/categories/kultura.rss", "/categories/kultura", "/")
CATEGORIES = ("kultura", "sports")


class Statement(str):
    """A statement, with the thread that ran it."""

    __slots__ = ("thread",)

    def __init__(self, _: str) -> None:
        self.thread = threading.current_thread()


@contextmanager
def statements(portal: Portal) -> Iterator[list[Statement]]:
    """Collect every statement that this process runs on the store of a portal."""
    run: list[Statement] = []

    def note(connection: Any, _: object, statement: str, *__: object) -> None:
        if connection.engine.url == make_url(portal.url):
            run.append(Statement(statement))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield run
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def until(true: Callable[[], bool]) -> None:
    """Wait for something that is to come true by itself."""
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, "it did not come true within two minutes"
        time.sleep(0.02)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Do something while the next document is being made."""
    left = [act]

    def note(_: Any, __: Any, statement: str, *___: object) -> None:
        if "release.body" in statement and left:
            left.pop()()

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert not left


def elsewhere(act: Callable[[], object]) -> None:
    """Do something in another thread, and wait until it is done."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()
