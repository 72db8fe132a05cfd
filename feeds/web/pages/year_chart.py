"""What a selection shows in all, for the pages: how many releases, and a chart of their years."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from feeds.domain import Selection
from feeds.store.read import Snapshot

_LONG: Final = 100  # years that a chart shows one by one, those without a release too
_LOWEST: Final = 2  # what a bar has of a hundred at least


@dataclass(frozen=True, slots=True)
class Bar:
    """A year in a chart; ``height`` is in hundredths of the highest."""

    year: int
    count: int
    height: float


@dataclass(frozen=True, slots=True)
class YearChart:
    """What a selection shows in all: how many releases, of which years."""

    count: int
    bars: Sequence[Bar]

    @classmethod
    def of(cls, snapshot: Snapshot, selection: Selection) -> "YearChart":
        """Read it; of years that lie far apart those without a release are left out."""
        counts = dict(snapshot.years(selection))
        years = sorted(counts)
        if years and years[-1] - years[0] < _LONG:
            years = list(range(years[0], years[-1] + 1))
        most = max(counts.values(), default=0)
        bars = [
            Bar(year, count, max(_LOWEST, round(100 * count / most, 1)) if count else 0)
            for year in years
            for count in [counts.get(year, 0)]
        ]
        return cls(selection.count, bars)

    @property
    def first(self) -> int:
        """The first year, where there is one."""
        return self.bars[0].year

    @property
    def last(self) -> int:
        """The last year, where there is one."""
        return self.bars[-1].year

    @property
    def busiest(self) -> Bar:
        """The year with the most releases, the first of them."""
        return max(self.bars, key=lambda bar: bar.count)
