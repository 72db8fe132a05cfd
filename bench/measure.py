"""A row of the benchmark: the figures of its rounds, their spread, and a target.

On a shared, noisy machine a figure cannot be compared with a figure of another hour. So the service
and its rival are measured in turn, in rounds. Each round gives one ratio, and the ratios are
compared with the target.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import comb
from pathlib import Path
from typing import Final, TypeVar

from bench.corpus import CATEGORIES, Corpus, store
from feeds.settings import Settings

T = TypeVar("T")

LEAST_ROUNDS: Final = 10
CONFIDENCE: Final = 0.95

_CALL_SECONDS = 0.3  # the least time for one side of a round measured in process


class SkippedError(Exception):
    """A row cannot be measured now; the message gives the reason as a sentence."""


@dataclass(frozen=True, slots=True)
class Target:
    """The value that the median, or if ``lenient`` a part of the 95 % interval, must reach."""

    value: float
    at_least: bool
    lenient: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.value:.3g}"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sides of a row, with the median of its own measurements."""

    name: str
    value: float
    unit: str

    def __str__(self) -> str:
        return f"{number(self.value)} {self.unit}".strip()


@dataclass(frozen=True)
class Result:
    """One row: a figure for each round, usually ours as a multiple of the rival's."""

    row: str
    what: str
    ours: Side
    rival: Side
    figures: Sequence[float]
    target: Target | None = None
    unit: str = "×"

    @cached_property
    def median(self) -> float:
        """The median of the figures."""
        return statistics.median(self.figures)

    @cached_property
    def quartiles(self) -> tuple[float, float] | None:
        """The lower and the upper quartile, or None for a figure measured once."""
        if len(self.figures) == 1:
            return None
        low, _, high = statistics.quantiles(self.figures, n=4, method="inclusive")
        return low, high

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of the median, from the sign test.

        It reaches from the k-th smallest to the k-th largest figure. The true median is outside
        only if fewer than k figures are on one side of it, which has a binomial probability.
        Nothing is assumed about the distribution of the noise. None if there are too few figures.
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
        """Whether the target is reached, or None if there is no target."""
        if self.target is None:
            return None
        best = self.median
        if self.target.lenient and self.interval is not None:
            best = self.interval[1] if self.target.at_least else self.interval[0]
        return best >= self.target.value if self.target.at_least else best <= self.target.value


@dataclass(frozen=True)
class Bench:
    """The options of a run of the benchmark, and its stores."""

    rounds: int
    seconds: int
    releases: int
    folder: Path
    fresh: bool
    _built: dict[Corpus, Settings] = field(default_factory=dict)

    def store(self, releases: int, categories: int = CATEGORIES) -> Settings:
        """Return the settings of a store of this size; build it if it does not exist."""
        return self.store_of(Corpus(releases, categories))

    def store_of(self, corpus: Corpus) -> Settings:
        """Return the settings of a store with this corpus; build it if it does not exist."""
        if corpus not in self._built:
            self._built[corpus] = store(self.folder, corpus, fresh=self.fresh)
        return self._built[corpus]

    def interleaved(self, runs: Sequence[Callable[[], T]]) -> list[list[T]]:
        """Call each of these once a round, in alternating order; return the results of each."""
        results: list[list[T]] = [[] for _ in runs]
        for turn in range(self.rounds):
            order = list(zip(runs, results, strict=True))
            for run, found in order if turn % 2 == 0 else reversed(order):
                found.append(run())
        return results


def number(value: float) -> str:
    """Write a figure with about three digits, and an integer in full; thousands have commas."""
    if isinstance(value, int):
        return f"{value:,}"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2  # noqa: PLR2004 - digits, not meanings
    return f"{value:,.{digits}f}"


def ratios(ours: Sequence[float], rival: Sequence[float]) -> list[float]:
    """Return ours as a multiple of the rival's, round by round."""
    return [one / other for one, other in zip(ours, rival, strict=True)]


def timed(call: Callable[[], object]) -> Callable[[], float]:
    """Return a function that measures the average time of a call, in milliseconds."""
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
