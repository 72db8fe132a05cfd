"""Progress of a long command on standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

T_co = TypeVar("T_co", covariant=True)

TERMINAL_SECONDS = 0.2
LOG_SECONDS = 30.0


class Work(Protocol[T_co]):
    """Work that is done while it is iterated over, often more at once than it yields."""

    def __iter__(self) -> Iterator[T_co]:
        """Do it."""

    @property
    def total(self) -> int:
        """The size of the work in bytes or in other units, 0 if it is not known."""

    @property
    def position(self) -> int:
        """How many of them are behind."""

    @property
    def done(self) -> int:
        """The number of results so far, also of those that were not yielded yet."""


def reported(work: Work[T_co]) -> Iterator[T_co]:
    """Yield the results; print one line of progress now and then.

    On a terminal the line is overwritten, elsewhere one is printed every ``LOG_SECONDS``.
    """
    terminal = sys.stderr.isatty()
    interval = TERMINAL_SECONDS if terminal else LOG_SECONDS
    start = time.monotonic()
    due = start + interval
    try:
        for result in work:
            now = time.monotonic()
            if now >= due:
                due = now + interval
                clear()
                line = _line(work.done, now - start, work.position / max(1, work.total))
                click.echo(line, nl=not terminal, err=True)
            yield result
    finally:
        clear()


def clear() -> None:
    """Erase the line of progress from a terminal before something else is printed."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def _line(count: int, elapsed: float, done: float) -> str:
    rate = f"{count / elapsed:.0f} a second"
    if not done:
        return f"{count} done, {rate}."
    left = _duration(max(0, elapsed / done - elapsed))
    return f"{count} of about {round(count / min(1, done))} done, {rate}, {left} left."


def _duration(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - a minute and a half reads better in seconds
        return f"{seconds:.0f} s"
    if seconds < 5400:  # noqa: PLR2004 - and an hour and a half in minutes
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
