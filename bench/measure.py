"""What a row of the benchmark is: rounds of one figure, their spread, and the target.

A machine that is shared and noisy gives no figure that can be compared with one of another hour.
So ours and its rival run in turn, in rounds, each round gives one ratio, and the ratios are what
is judged.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import comb
from pathlib import Path
from typing import Final, TypeVar

from bench.corpus import Corpus, store
from feeds.settings import Settings

T = TypeVar("T")

LEAST_ROUNDS: Final = 10
CONFIDENCE: Final = 0.95

_CALL_SECONDS = 0.3  # at least so long is one side of a round measured in process


class SkippedError(Exception):
    """A row cannot be measured here and now; the message is the reason, as a sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a row shall reach: its median, or for ``lenient`` ones some of the 95 % interval."""

    value: float
    at_least: bool
    lenient: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that a row compares, with the median of what was measured of it."""

    name: str
    value: float
    unit: str
    latency: tuple[float, float] | None = None  # p50 and p99, in milliseconds

    def __str__(self) -> str:
        return f"{number(self.value)} {self.unit}".strip()


@dataclass(frozen=True)
class Result:
    """One row: a figure of each round, most often ours as a multiple of the rival's."""

    row: str
    what: str
    ours: Side
    rival: Side
    figures: Sequence[float]
    target: Target | None = None
    unit: str = "×"

    @cached_property
    def median(self) -> float:
        """The middle of the rounds' figures."""
        return statistics.median(self.figures)

    @cached_property
    def quartiles(self) -> tuple[float, float] | None:
        """What a quarter of the rounds is below, and above; None for a figure measured once."""
        if len(self.figures) == 1:
            return None
        low, _, high = statistics.quantiles(self.figures, n=4, method="inclusive")
        return low, high

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the median, by the signs of the rounds.

        The true median lies outside of the k-th least and the k-th greatest figure only where all
        but k - 1 rounds fell on the same side of it, which is a matter of coins. Nothing is
        supposed of how the noise is distributed.
        """
        count = len(self.figures)
        outside = 0.0
        place = 0
        while (outside := outside + 2 * comb(count, place) / 2**count) <= 1 - CONFIDENCE:
            place += 1
        if place == 0:
            return None
        ordered = sorted(self.figures)
        return ordered[place - 1], ordered[count - place]

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached, or None where there is none."""
        if self.target is None:
            return None
        best = self.median
        if self.target.lenient and self.interval is not None:
            best = self.interval[1] if self.target.at_least else self.interval[0]
        return best >= self.target.value if self.target.at_least else best <= self.target.value


@dataclass(frozen=True)
class Bench:
    """How a run of the benchmark was asked for, and its stores."""

    rounds: int
    seconds: int
    releases: int
    folder: Path
    fresh: bool
    _built: dict[Corpus, Settings] = field(default_factory=dict)

    def store(self, releases: int, categories: int = 30) -> Settings:
        """Return the settings of a store of this size, building it where it is not there."""
        corpus = Corpus(releases, categories)
        if corpus not in self._built:
            self._built[corpus] = store(self.folder, corpus, fresh=self.fresh)
        return self._built[corpus]

    def interleaved(self, runs: Sequence[Callable[[], T]]) -> list[list[T]]:
        """Make all of these runs in each round, in alternating order; return what each gave."""
        given: list[list[T]] = [[] for _ in runs]
        for turn in range(self.rounds):
            order = list(zip(runs, given, strict=True))
            for run, found in order if turn % 2 == 0 else reversed(order):
                found.append(run())
        return given


def number(value: float) -> str:
    """Write a figure with about three digits, thousands parted by commas; a count whole."""
    if isinstance(value, int):
        return f"{value:,}"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2  # noqa: PLR2004 - digits, not meanings
    return f"{value:,.{digits}f}"


def ratios(ours: Sequence[float], rival: Sequence[float]) -> list[float]:
    """Return ours as a multiple of the rival's, round by round."""
    return [one / other for one, other in zip(ours, rival, strict=True)]


def timed(call: Callable[[], object]) -> Callable[[], float]:
    """Return a run that measures the milliseconds a call takes, on average over enough calls."""
    call()
    begin = time.perf_counter()
    call()
    once = time.perf_counter() - begin
    count = max(1, round(_CALL_SECONDS / once))

    def run() -> float:
        start = time.perf_counter()
        for _ in range(count):
            call()
        return (time.perf_counter() - start) * 1000 / count

    return run
