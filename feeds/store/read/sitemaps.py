"""What each sitemap lists: the statements, and where one sitemap ends and the next begins.

A sitemap of releases has those of some archive pages of all releases, whose boundaries do not move.
So a release stays in its sitemap (docs/decisions/0032-sitemaps.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Row,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from feeds.store.read import queries
from feeds.store.schema import tables

MOST_LISTED = 50_000
"""Maximum number of URLs in a sitemap (sitemaps.org)."""

SELECTION_PAGES = 5_000
"""Number of pages in a sitemap of the pages of selections."""

_END = (datetime.max.replace(tzinfo=UTC, microsecond=0), 2**63 - 1)

_head = tables.HEAD.c
_selection = tables.SELECTION.c
_page = tables.ARCHIVE_PAGE.c
_release = tables.RELEASE.c
_last = tables.ARCHIVE_PAGE.alias("last").c
_month_count = tables.MONTH_COUNT.c
_years = select(_month_count.selection, _month_count.year).distinct().subquery("years")
_unknown = cast(null(), tables.UtcSeconds)

# An archive page may grow to four times its size: 20 pages of 625 releases, or 12 of 1,000, which
# is the largest size, then have at most 50,000.
_pages = case((_head.page_size > 625, 12), else_=20)  # noqa: PLR2004 - explained above
_number = bindparam("number", type_=BigInteger)
_last_number = select(func.max(_last.number)).where(_last.selection == tables.ALL_ID)

NUMBERED = queries.with_pages(
    _page.number.between((_number - 1) * _pages, _number * _pages + 1)
).add_columns(_pages.label("pages"))
"""The archive pages of a sitemap of releases, the one before them and the one after them."""

NEWEST = queries.with_pages(
    _page.number >= (_last_number.scalar_subquery() - 1) // _pages * _pages
).add_columns(_pages.label("pages"))
"""The archive pages of the sitemap of the newest releases, and the one before them."""

RELEASES = (
    select(_release.path, _release.updated)
    .join_from(tables.LISTING, tables.RELEASE)
    .where(queries.IN_INTERVAL)
    .order_by(*queries.NEWEST_FIRST)
    .limit(MOST_LISTED)
)

_block = (_page.number - 1) // _pages
BLOCKS = (
    select(func.max(_page.changed), func.max(_page.size))
    .join_from(tables.HEAD, tables.ARCHIVE_PAGE, _page.selection == tables.ALL_ID)
    .group_by(_block)
    .order_by(_block)
)
"""The last change and the largest size of the archive pages of each sitemap of releases."""

# The first page of a selection is that of its newest releases. The pages of years and months follow
# those of the archive: when they last changed is not recorded.
_none = literal(0, Integer)
_selection_pages = union_all(
    select(
        _selection.id.label("selection"),
        _none.label("year"),
        _none.label("month"),
        _none.label("number"),
        _selection.changed,
    ),
    select(_page.selection, _none, _none, _page.number, _page.changed),
    select(_month_count.selection, _month_count.year, _none, _none, _unknown).distinct(),
    select(_month_count.selection, _month_count.year, _month_count.month, _none, _unknown),
)
_order = ("selection", "year", "month", "number")
_listed = (
    _selection_pages.order_by(*_order)
    .limit(SELECTION_PAGES)
    .offset((bindparam("sitemap", type_=Integer) - 1) * SELECTION_PAGES)
    .subquery("listed")
)
PAGES_OF_SELECTIONS = (
    select(_selection.slug, _listed.c.year, _listed.c.month, _listed.c.number, _listed.c.changed)
    .join_from(_listed, tables.SELECTION, _selection.id == _listed.c.selection)
    .order_by(*(_listed.c[name] for name in _order))
)
"""The pages of selections in a sitemap; without a year, page 0 is that of the newest releases."""

COUNT_PAGES_OF_SELECTIONS = queries.HEAD.add_columns(
    (
        select(func.count()).select_from(tables.SELECTION).scalar_subquery()
        + select(func.count()).select_from(tables.ARCHIVE_PAGE).scalar_subquery()
        + select(func.count()).select_from(_years).scalar_subquery()
        + select(func.count()).select_from(tables.MONTH_COUNT).scalar_subquery()
    ).label("pages")
)
"""The head with the number of pages of selections."""

_placed = _selection_pages.subquery().c
_place = func.row_number().over(order_by=[_placed[name] for name in _order])
_sitemaps = select(_placed.changed, ((_place - 1) // SELECTION_PAGES).label("sitemap")).subquery().c
CHANGES_OF_SELECTIONS = (
    select(func.max(_sitemaps.changed)).group_by(_sitemaps.sitemap).order_by(_sitemaps.sitemap)
)
"""The last change of the pages in each sitemap of the pages of selections."""


@dataclass(frozen=True, slots=True)
class ReleaseSitemap:
    """The releases of a sitemap: those after ``after``, up to and including ``until``.

    ``parts`` are the parts of the store that they belong to, ``tokens`` those of the last visible
    change of each, and ``changed`` is the instant of the latest. ``releases_changed`` leaves out
    what changes the selection of all releases, but none of these: a notice.
    """

    after: tuple[datetime, int]
    until: tuple[datetime, int]
    parts: tuple[int | tuple[int, int], ...]
    tokens: tuple[int, ...]
    changed: datetime
    releases_changed: datetime


def release_sitemap(rows: Sequence[Row[Any]], number: int | None) -> ReleaseSitemap | None:
    """Return a sitemap of releases from the rows of its statement, or None if it has no release.

    Without a number it is that of the newest releases. It has the newest archive page: a page that
    is followed by another one changes only with its releases.
    """
    everything = rows[0]
    found = {row.number: row for row in rows if row.number is not None}
    newest = max(found, default=1)
    first = ((newest - 1) // everything.pages if number is None else number - 1) * everything.pages
    last = newest if number is None else first + everything.pages
    if number is not None and last >= newest:
        return None
    pages = [row for place, row in sorted(found.items()) if first < place <= last]
    tail = [everything] if number is None else []
    if not sum(row.size for row in pages) + sum(row.tail for row in tail):
        return None
    before, end = found.get(first), found.get(last)
    return ReleaseSitemap(
        after=(before.last_published, before.last_rank) if before else queries.BEGINNING,
        until=(end.last_published, end.last_rank) if end and not tail else _END,
        parts=(*((row.id, row.number) for row in pages), *(row.id for row in tail)),
        tokens=(*(row.page_token for row in pages), *(row.selection_token for row in tail)),
        changed=max([*(row.page_changed for row in pages), *(row.changed for row in tail)]),
        releases_changed=max(
            [*(row.page_changed for row in pages), *(row.tail_changed for row in tail)]
        ),
    )
