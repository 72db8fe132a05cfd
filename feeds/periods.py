"""Years, months and days of the portal's zone, in which releases are counted and listed."""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from feeds.domain import Site

_PATH = re.compile(r"([0-9]{4})(?:/([0-9]{2}))?(?:/([0-9]{2}))?")
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A year, a month or a day; of a year ``month`` is 0, of a year and of a month ``day`` is 0."""

    year: int
    month: int = 0
    day: int = 0

    @classmethod
    def parse(cls, path: str) -> "Period | None":
        """Parse ``yyyy``, ``yyyy/mm`` or ``yyyy/mm/dd``; return None if there is no such date."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        parts = [int(part) for part in found.groups() if part]
        try:
            date(*[*parts, 1, 1][:3])
        except ValueError:
            return None
        return cls(*parts)

    def __str__(self) -> str:
        """Return the path of the period, as ``parse`` reads it."""
        parts = (f"{self.year:04}", f"{self.month:02}", f"{self.day:02}")
        return "/".join(parts[: 1 + (self.month > 0) + (self.day > 0)])

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def month_of_day(self) -> "Period":
        """The month of a day."""
        return replace(self, day=0)

    def days(self) -> list["Period"]:
        """Return the days of a month."""
        return [replace(self, day=day) for day in range(1, self._last_day + 1)]

    def interval(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the beginning of a month or a day, and that of the next one."""
        last = date(self.year, self.month, self.day or self._last_day)
        return _midnight(zone, self.first), _midnight(zone, last + _DAY)

    @property
    def _last_day(self) -> int:
        return monthrange(self.year, self.month)[1]


def day_of(site: Site, instant: datetime) -> date:
    """Return the day in whose interval an instant is.

    It is nearly always that of the local time. But where clocks are set back past midnight, a day
    begins twice; its interval begins at the first time.
    """
    day = site.local(instant).date()
    if instant < _midnight(site.zone, day):
        return day - _DAY
    return day if instant < _midnight(site.zone, day + _DAY) else day + _DAY


@lru_cache(maxsize=4096)
def _midnight(zone: ZoneInfo, day: date) -> datetime:
    """Return the instant at which a day begins."""
    local = datetime.combine(day, time(), zone)
    # As in ``Site.local``: where the offset has seconds, days are those of UTC.
    if local.utcoffset() % _MINUTE:  # type: ignore[operator] # a zone has an offset
        return local.replace(tzinfo=UTC)
    return local.astimezone(UTC)
