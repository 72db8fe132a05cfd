"""Progress of a long command on standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

TERMINAL_SECONDS = 0.2
LOG_SECONDS = 30.0


class Amount(Protocol):
    """The size of the work in bytes."""

    @property
    def total(self) -> int:
        """The number of bytes."""

    @property
    def position(self) -> int:
        """How many of them are done."""


def reported(results: Iterable[T], amount: Amount) -> Iterator[T]:
    """Yield the results; print one line of progress now and then.

    On a terminal the line is overwritten, elsewhere one is printed every ``LOG_SECONDS``.
    """
    terminal = sys.stderr.isatty()
    interval = TERMINAL_SECONDS if terminal else LOG_SECONDS
    start = time.monotonic()
    due = start + interval
    last = None
    try:
        for count, result in enumerate(results, 1):
            now = time.monotonic()
            if now >= due:
                due = now + interval
                if last:
                    clear()
                    click.echo(_line(*last), nl=not terminal, err=True)
            yield result
            # Results come in bursts, one for each commit. When one begins, its bytes have been
            # read but its results have not been counted, so the line is about the last burst.
            last = count, time.monotonic() - start, amount.position / max(1, amount.total)
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
