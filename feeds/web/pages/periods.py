"""The pages of years, months and days, which lead to any release of a selection in three steps."""

from collections.abc import Iterator, Mapping, Sequence

from feeds.documents.representation import Representation
from feeds.domain import Headline, Selection, Site
from feeds.periods import Period, day_of
from feeds.store.read import Snapshot
from feeds.text.catalogue import Words
from feeds.urls import page_url, period_url
from feeds.web.pages import layout

MOST_LISTED = 500
"""Maximum number of releases on a page; a month with more is divided into days."""

_Counts = Mapping[Period, int]
"""The number of releases of each month."""


def page(
    site: Site, slugs: Sequence[str], period: Period, snapshot: Snapshot
) -> Representation | None:
    """Return the page of a year, a month or a day.

    Returns None if the category is unknown or has no release then. Also returns None for a day if
    its month is not divided into days.
    """
    selection = snapshot.selection(slugs)
    if selection is None:
        return None
    months = snapshot.months(selection)
    count = _count(site, selection, period, months, snapshot)
    if not count:
        return None
    divisions = _divisions(site, selection, period, months, snapshot)
    releases: Sequence[Headline] = ()
    older = None
    if not divisions:
        interval = period.interval(site.zone)
        releases = snapshot.headlines_between(selection, *interval, MOST_LISTED)
    if count > len(releases) > 0:
        # What is on no archive page yet is among the newest releases.
        older = layout.older(snapshot, site, selection, releases) or page_url(
            site, selection.categories
        )
    earlier, later = _beside(site, selection, period, months, snapshot)
    return layout.page(
        "period.html",
        snapshot,
        site,
        selection.categories,
        address=period_url(site, selection.categories, period),
        feeds=layout.feeds(site, selection.categories) + (layout.feeds(site, ()) if slugs else []),
        categories=selection.categories,
        period=period,
        enclosing=_enclosing(period),
        period_name=lambda named: period_name(site.words, named),
        count=count,
        most=MOST_LISTED,
        divisions=divisions,
        releases=releases,
        older=older,
        earlier=earlier,
        later=later,
    )


def period_name(words: Words, period: Period) -> str:
    """Return the name of a period, in the form of the dates on other pages."""
    if period.day:
        return words.date(period.first)
    return words.month(period.first) if period.month else str(period.year)


def lists_day(site: Site, slugs: Sequence[str], day: Period, snapshot: Snapshot) -> bool:
    """Return whether a selection has releases of a day."""
    selection = snapshot.selection(slugs)
    if selection is None or day.month_of_day not in snapshot.months(selection):
        return False
    return snapshot.count_between(selection, *day.interval(site.zone), 1) > 0


def all_periods(site: Site, selection: Selection, snapshot: Snapshot) -> Iterator[Period]:
    """Yield the years, months and days of which a selection has pages."""
    months = snapshot.months(selection)
    yield from _years(months)
    for month in months:
        yield month
        for day, _ in _divisions(site, selection, month, months, snapshot):
            yield day


def _enclosing(period: Period) -> list[Period]:
    """Return the year of a month, or the year and the month of a day."""
    year = Period(period.year)
    return [each for each in (year, period.month_of_day) if each != period]


def _years(months: _Counts) -> list[Period]:
    return list(dict.fromkeys(Period(month.year) for month in months))


def _count(
    site: Site, selection: Selection, period: Period, months: _Counts, snapshot: Snapshot
) -> int:
    """Return the number of releases of a page, 0 if there is no page.

    The day of a divided month has at most one more than a page lists.
    """
    if not period.month:
        return sum(count for month, count in months.items() if month.year == period.year)
    count = months.get(period.month_of_day, 0)
    if not period.day or count <= MOST_LISTED:
        return 0 if period.day else count
    return snapshot.count_between(selection, *period.interval(site.zone), MOST_LISTED + 1)


def _divisions(
    site: Site, selection: Selection, period: Period, months: _Counts, snapshot: Snapshot
) -> list[tuple[Period, int]]:
    """Return the months of a year, or the days of a divided month, with their numbers."""
    if not period.month:
        return [(month, count) for month, count in months.items() if month.year == period.year]
    if period.day or months[period] <= MOST_LISTED:
        return []
    counted = (
        (day, snapshot.count_between(selection, *day.interval(site.zone), MOST_LISTED + 1))
        for day in period.days()
    )
    return [(day, count) for day, count in counted if count]


def _beside(
    site: Site, selection: Selection, period: Period, months: _Counts, snapshot: Snapshot
) -> tuple[Period | None, Period | None]:
    """Return the periods before and after that have pages, or None."""
    if period.day:
        interval = period.interval(site.zone)
        earlier, later = snapshot.neighbours_of_interval(selection, *interval)
        return _page_of(site, earlier, months), _page_of(site, later, months)
    known = [None, *(months if period.month else _years(months)), None]
    place = known.index(period)
    return known[place - 1], known[place + 1]


def _page_of(site: Site, release: Headline | None, months: _Counts) -> Period | None:
    """Return the day of a release, or its month if that is not divided."""
    if release is None:
        return None
    day = day_of(site, release.published)
    month = Period(day.year, day.month)
    return Period(day.year, day.month, day.day) if months[month] > MOST_LISTED else month
