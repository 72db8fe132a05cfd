"""The number of a selection's releases and the chart of releases per year, for the pages."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from feeds.domain import Selection
from feeds.periods import Period
from feeds.store.read import Snapshot

_MOST_YEARS: Final = 100  # of a longer period, years without releases are left out
_LEAST_HEIGHT: Final = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """A year in the chart; ``height`` is a percentage of the highest bar, ``place`` its place."""

    place: int
    year: int
    count: int
    height: float

    @property
    def period(self) -> Period:
        """The period that the bar stands for."""
        return Period(self.year)


@dataclass(frozen=True, slots=True)
class YearChart:
    """The number of a selection's releases, in total and by year."""

    count: int
    bars: Sequence[Bar]

    @classmethod
    def of(cls, snapshot: Snapshot, selection: Selection) -> "YearChart":
        """Read the chart of a selection."""
        counts: Counter[int] = Counter()
        for month, count in snapshot.months(selection).items():
            counts[month.year] += count
        years = sorted(counts)
        if years and years[-1] - years[0] < _MOST_YEARS:
            years = list(range(years[0], years[-1] + 1))
        most = max(counts.values(), default=0)
        bars = [
            Bar(
                place, year, count, max(_LEAST_HEIGHT, round(100 * count / most, 1)) if count else 0
            )
            for place, year in enumerate(years)
            for count in [counts[year]]
        ]
        return cls(selection.count, bars)

    @property
    def first(self) -> int:
        """The first year. There must be a bar."""
        return self.bars[0].year

    @property
    def last(self) -> int:
        """The last year. There must be a bar."""
        return self.bars[-1].year

    @property
    def busiest(self) -> Bar:
        """The first of the years with the most releases."""
        return max(self.bars, key=lambda bar: bar.count)
