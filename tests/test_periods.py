"""Years, months and days: their paths, and the instants that belong to them in any zone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.domain import Site
from feeds.periods import Period, day_of
from feeds.settings import zone
from feeds.text.catalogue import words

# Zones whose days begin twice, are left out or are repeated, and zones of local mean time.
ZONES = (
    "America/St_Johns", "Pacific/Apia", "Pacific/Kwajalein", "America/Sao_Paulo", "Europe/Riga",
    "America/New_York", "America/Juneau", "Asia/Manila", "Africa/Monrovia", "UTC",
)  # fmt: skip


def site_in(name: str) -> Site:
    return Site("https://feeds.example.org", "T", "", "", "en", words("en"), zone(name), 50)


@settings(max_examples=50)
@given(
    st.datetimes(datetime(1000, 1, 2), datetime(2060, 1, 1)).map(  # noqa: DTZ001 - made aware below
        lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
    ),
    st.sampled_from(ZONES),
)
def test_an_instant_belongs_to_the_day_and_the_month_of_its_date(
    instant: datetime, name: str
) -> None:
    site = site_in(name)
    for moment in (instant, instant + timedelta(hours=1)):
        day = day_of(site, moment)
        for period in (Period(day.year, day.month, day.day), Period(day.year, day.month)):
            begin, end = period.interval(site.zone)
            assert begin <= moment < end
            assert Period.parse(str(period)) == period
    assert day_of(site, instant) <= day_of(site, instant + timedelta(hours=1))


@pytest.mark.parametrize(
    ("name", "instant", "day"),
    [
        # Clocks were set back at one minute past midnight, so November began twice.
        ("America/St_Johns", datetime(2009, 11, 1, 2, 30, tzinfo=UTC), date(2009, 11, 1)),
        ("America/St_Johns", datetime(2009, 11, 1, 3, 0, tzinfo=UTC), date(2009, 11, 1)),
        # Local mean time has seconds, so these days are those of UTC …
        ("Europe/Riga", datetime(1850, 12, 31, 23, 0, tzinfo=UTC), date(1850, 12, 31)),
        # … also the one that began under it by the time that followed.
        ("Europe/Riga", datetime(1926, 5, 10, 22, 30, tzinfo=UTC), date(1926, 5, 10)),
        ("America/New_York", datetime(1901, 1, 1, 4, 59, tzinfo=UTC), date(1900, 12, 31)),
    ],
)
def test_each_instant_has_one_day_where_clocks_were_set_back(
    name: str, instant: datetime, day: date
) -> None:
    assert day_of(site_in(name), instant) == day


def test_a_day_that_was_left_out_is_empty() -> None:
    begin, end = Period(2011, 12, 30).interval(zone("Pacific/Apia"))
    assert begin == end


@pytest.mark.parametrize(
    "path",
    ["", "209", "20091", "2009/", "2009/1", "2009/13", "2009/00", "0000", "2009/02/29", "2009/1/1",
     "2009/02/00", "٢٠٠٩", "2009/01/01/", "2009\n", "-009"],
)  # fmt: skip
def test_what_is_no_date_is_no_period(path: str) -> None:
    assert Period.parse(path) is None
