"""How far a long command has come: a bar on a terminal, elsewhere a plain line now and then."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import click

T = TypeVar("T")

LINE_SECONDS = 5.0
_BAR_SECONDS = 0.2


class Amount(Protocol):
    """What is being worked through, in bytes."""

    @property
    def total(self) -> int:
        """How many there are."""

    @property
    def position(self) -> int:
        """How many of them are done."""


def told(results: Iterable[T], amount: Amount, every: float = LINE_SECONDS) -> Iterator[T]:
    """Pass results on, and tell on standard error how far that is; ``every`` is in seconds."""
    if sys.stderr.isatty():
        yield from _on_terminal(results, amount)
        return
    began = time.monotonic()
    due = began + every
    for count, result in enumerate(results, 1):
        now = time.monotonic()
        if now >= due:
            due = now + every
            click.echo(_line(count, now - began, amount), err=True)
        yield result


def _on_terminal(results: Iterable[T], amount: Amount) -> Iterator[T]:
    began = time.monotonic()
    due = 0.0
    with click.progressbar(
        length=max(1, amount.total), file=sys.stderr, item_show_func=lambda told: told
    ) as bar:
        for count, result in enumerate(results, 1):
            now = time.monotonic()
            if now >= due:
                due = now + _BAR_SECONDS
                rate = f"{count} done, {count / max(_BAR_SECONDS, now - began):.0f} a second"
                bar.update(amount.position - bar.pos, rate)
            yield result
        bar.update(amount.position - bar.pos)


def clear() -> None:
    """Take the bar off the terminal, so that what is printed next has a line to itself."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def _line(count: int, elapsed: float, amount: Amount) -> str:
    """Say how many are done, out of about how many, how fast, and how long the others take."""
    done = min(1.0, amount.position / max(1, amount.total))
    rate = f"{count / elapsed:.0f} a second"
    if not done:
        return f"{count} done, {rate}."
    left = _duration(elapsed / done - elapsed)
    return f"{count} of about {round(count / done)} done, {rate}, {left} left."


def _duration(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - a minute and a half reads better in seconds
        return f"{seconds:.0f} s"
    if seconds < 5400:  # noqa: PLR2004 - and an hour and a half in minutes
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
