"""The SELECT statements of snapshots, each built once.

Building a statement at each request would cost more than running it
(docs/decisions/0013-profile.md).
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    text,
    tuple_,
    union,
    union_all,
)

from feeds.domain import ListedRelease, NoticeKind, Release
from feeds.store.schema import tables

_head = tables.HEAD.c
_change_token = tables.CHANGE_TOKEN.c
_label = tables.LABEL.c
_selection = tables.SELECTION.c
_release = tables.RELEASE.c
_membership = tables.MEMBERSHIP.c
_media_host = tables.MEDIA_HOST.c
_listing = tables.LISTING.c
_page = tables.ARCHIVE_PAGE.c
_month_count = tables.MONTH_COUNT.c
_redirect = tables.REDIRECT.c
_permalink = tables.PERMALINK.c
_notice = tables.NOTICE.c
_import_run = tables.IMPORT_RUN.c

Statement = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
"""A statement whose rows have any columns."""

BEGINNING = (datetime.min.replace(tzinfo=UTC), 0)
"""An order key before those of all releases."""

HEAD = select(
    _head.store_id,
    _head.revision,
    select(_change_token.token)
    .where(_change_token.revision == _head.revision)
    .scalar_subquery()
    .label("token"),
    _head.instant,
    _head.page_size,
    _head.timezone,
    _head.language,
    _head.settings_digest,
    _head.settings_revision,
    _head.settings_changed,
    _head.settings_token,
    _head.list_token,
    _head.list_changed,
    _head.withdrawal,
    _head.merge,
    # The suspension that ``domain.running_suspension`` finds among the notices.
    select(_notice.announced)
    .where(
        _notice.kind == NoticeKind.SUSPENSION.value,
        _notice.lifted.is_(None),
        _notice.retracted.is_(None),
    )
    .limit(1)
    .scalar_subquery()
    .label("announced"),
)

SETTINGS = select(_head.settings)


def _last_change(
    part: "tables.SelectionColumns | tables.ArchivePageColumns",
) -> tuple[ColumnElement[Any], ...]:
    """Return the columns that say what a part was before its last change."""
    return (
        part.revision.label("last_revision"),
        part.withdrawal.label("last_withdrawal"),
        part.previous_changed,
        part.previous_token,
    )


_selection_columns = (
    _selection.id,
    _selection.feed_id,
    _selection.slug,
    _selection.name,
    _selection["count"].label("shown"),
    _selection.changed,
    _selection.token.label("selection_token"),
    _selection.created,
)
_newest_page = select(func.coalesce(func.max(_page.number), 0))
SELECTIONS = HEAD.add_columns(
    *_selection_columns,
    *_last_change(_selection),
    _newest_page.where(_page.selection == _selection.id)
    .correlate(tables.SELECTION)
    .scalar_subquery()
    .label("newest_page"),
).outerjoin_from(
    tables.HEAD,
    tables.SELECTION,
    _selection.slug.in_(bindparam("slugs", expanding=True)),
)
"""The head with selections: one row at least, without a selection if there is none."""


def with_pages(numbers: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the statement for the head with a selection and its archive pages of these numbers.

    It has one row at least.
    """
    return (
        HEAD.add_columns(
            *_selection_columns,
            _selection.tail,
            _selection.tail_changed,
            _page.number,
            _page.last_published,
            _page.last_rank,
            _page.size,
            _page.changed.label("page_changed"),
            _page.token.label("page_token"),
            *_last_change(_page),
        )
        .outerjoin_from(tables.HEAD, tables.SELECTION, _selection.slug == bindparam("slug"))
        .outerjoin(tables.ARCHIVE_PAGE, (_page.selection == _selection.id) & numbers)
    )


PAGES = with_pages(_page.number.between(bindparam("first"), bindparam("last")))

_CATEGORIES = select(*_selection_columns).where(_selection.slug > "")
CATEGORIES = _CATEGORIES.order_by(_selection.slug)
CATEGORIES_BY_SLUG = _CATEGORIES.where(_selection.slug.in_(bindparam("slugs", expanding=True)))
LARGEST_CATEGORIES = _CATEGORIES.order_by(_selection["count"].desc(), _selection.id.desc()).limit(
    bindparam("limit", type_=Integer)
)
CATEGORY_NAMES = select(_selection.slug, _selection.name).where(_selection.slug > "")
COUNT_CATEGORIES = select(func.count()).where(_selection.slug > "")

_SLUGS = select(_label.slug.label("given"), _selection.slug).join_from(
    tables.LABEL, tables.SELECTION
)
CURRENT_SLUGS = _SLUGS.where(_label.slug.in_(bindparam("slugs", expanding=True)))
FORMER_SLUGS = _SLUGS.where(_label.slug != _selection.slug).order_by(_label.slug)
MERGED_ARCHIVES = (
    select(_label.slug, _selection.slug.label("current"), _label.archive_pages.label("pages"))
    .join_from(tables.LABEL, tables.SELECTION)
    .where(_label.archive_pages.is_not(None))
    .order_by(_label.slug)
)

TOKENS = select(_change_token.revision, _change_token.token).where(
    _change_token.revision >= bindparam("since")
)

# The timeline of a primary is in the name of its current log file; a replica, which writes none,
# knows that of its last restart point and the one up to which it must recover.
SERVER = text(
    "SELECT pg_is_in_recovery() AS in_recovery, CASE WHEN pg_is_in_recovery() "
    "THEN greatest((SELECT timeline_id FROM pg_control_checkpoint()), "
    "(SELECT min_recovery_end_timeline FROM pg_control_recovery())) "
    "ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int "
    "END AS timeline"
)

CHANGED_SELECTIONS = (
    select(_selection.id, _selection.withdrawal)
    .where(_selection.revision > bindparam("since"))
    .limit(bindparam("most"))
)
CHANGED_PAGES = (
    select(_page.selection, _page.number, _page.withdrawal)
    .where(_page.revision > bindparam("since"))
    .limit(bindparam("most"))
)

NEWEST_PAGE = _newest_page.where(_page.selection == bindparam("selection"))
WITHDRAWN_AT = select(_release.id).where(
    _release.path == bindparam("path"), _release.withdrawn.is_not(None)
)


WITHDRAWALS = (
    select(_release.entry_id, _release.path, _release.title, _release.withdrawn)
    .where(_release.withdrawn.is_not(None))
    .order_by(_release.withdrawn.desc(), _release.id.desc())
)

COUNT_WITHDRAWN = select(func.count()).where(_release.withdrawn.is_not(None))

MEDIA_HOSTS = (
    select(_media_host.host, cast(func.sum(_media_host["count"]), BigInteger).label("media"))
    .join_from(tables.MEDIA_HOST, tables.RELEASE)
    .where(_release.withdrawn.is_(None))
    .group_by(_media_host.host)
)


class ReleaseQueries(NamedTuple):
    """Statements for the headlines of releases and for their categories; unordered."""

    headlines: Statement
    memberships: Statement


def _release_queries(ids: Select[int] | BindParameter[Any]) -> ReleaseQueries:
    headlines = select(
        _release.id,
        _release.path,
        _release.published,
        _release.rank,
        _release.title,
        _release.language,
    ).where(_release.id.in_(ids))
    memberships = (
        select(_membership.release, _membership.position, _selection.slug, _selection.name)
        .join_from(tables.MEMBERSHIP, tables.SELECTION)
        .where(_membership.release.in_(ids))
    )
    return ReleaseQueries(headlines, memberships)


def _fields(kind: type[ListedRelease] | type[Release]) -> list[Column[Any]]:
    """Return the columns of a named tuple in the order of its fields, without its categories.

    Reading so many rows by the names of their columns would take half as long again.
    """
    return [tables.RELEASE.c[name] for name in kind._fields if name != "categories"]


class ListedQueries(NamedTuple):
    """Statements for releases, with a row for each of their categories; unordered.

    After the category, ``listed`` has the columns of ``ListedRelease``, and ``whole`` the id, the
    token and the columns of ``Release``, which include the others of ``ListedRelease``.
    """

    listed: Statement
    whole: Statement


def _listed(ids: Select[*tuple[Any, ...]]) -> ListedQueries:
    listed = ids.subquery("listed")
    categories = (
        select(_membership.position, _selection.slug, _selection.name)
        .join_from(listed, tables.RELEASE, _release.id == listed.c.release)
        .outerjoin(tables.MEMBERSHIP, _membership.release == _release.id)
        .outerjoin(tables.SELECTION, _selection.id == _membership.selection)
    )
    return ListedQueries(
        listed=categories.add_columns(*_fields(ListedRelease)),
        whole=categories.add_columns(_release.id, _release.token, *_fields(Release)),
    )


_limit = bindparam("limit", type_=Integer)
NEWEST_FIRST = (_listing.published.desc(), _listing.rank.desc())
"""The order of releases (rule 7)."""


def _newest(parameter: str = "selection") -> Select[datetime, int, int]:
    return (
        select(_listing.published, _listing.rank, _listing.release)
        .where(_listing.selection == bindparam(parameter))
        .order_by(*NEWEST_FIRST)
        .limit(_limit)
    )


NEWEST = _newest().offset(bindparam("offset", 0, type_=Integer))
"""The order keys and ids of a selection's newest releases."""

NEWEST_HEADLINES = _release_queries(_newest().with_only_columns(_listing.release))
NEWEST_LISTED = _listed(_newest())


@lru_cache
def newest_listed(members: int) -> ListedQueries:
    """Return the statements for the newest releases of several selections, each release once.

    The ids of the selections are the parameters ``selection_0`` and so on.
    """
    newest = [
        _newest(f"selection_{number}").subquery(f"newest_{number}") for number in range(members)
    ]
    merged = union(*map(select, newest)).subquery("merged").c
    return _listed(
        select(merged.release).order_by(merged.published.desc(), merged.rank.desc()).limit(_limit)
    )


_key = tuple_(_listing.published, _listing.rank)
_given_key = tuple_(
    bindparam("published", type_=tables.UtcSeconds), bindparam("rank", type_=BigInteger)
)
_neighbour = select(_listing.release).where(_listing.selection == bindparam("selection")).limit(1)
NEXT_EARLIER = _neighbour.where(_key < _given_key).order_by(*NEWEST_FIRST)
NEXT_LATER = _neighbour.where(_key > _given_key).order_by(_listing.published, _listing.rank)

PAGE_OF = (
    select(_page.number)
    .where(
        _page.selection == bindparam("selection"),
        tuple_(_page.last_published, _page.last_rank) >= _given_key,
    )
    .order_by(_page.last_published, _page.last_rank)
    .limit(1)
)

MONTHS = (
    select(_month_count.year, _month_count.month, _month_count["count"].label("shown"))
    .where(_month_count.selection == bindparam("selection"))
    .order_by(_month_count.year, _month_count.month)
)

_after = tuple_(
    bindparam("after", type_=tables.UtcSeconds), bindparam("after_rank", type_=BigInteger)
)
_until = tuple_(
    bindparam("until", type_=tables.UtcSeconds), bindparam("until_rank", type_=BigInteger)
)
IN_INTERVAL = (_listing.selection == bindparam("selection")) & (_key > _after) & (_key <= _until)
"""Whether a release is in an interval of a selection, as those of an archive page are."""
_of_page = select(_listing.release).where(IN_INTERVAL)
PAGE_HEADLINES = _release_queries(_of_page)
PAGE_LISTED = _listed(_of_page)
_newest_of_interval = _of_page.order_by(*NEWEST_FIRST).limit(_limit)
INTERVAL_HEADLINES = _release_queries(_newest_of_interval)
COUNT_INTERVAL = select(func.count()).select_from(_of_page.limit(_limit).subquery())

_before = tables.ARCHIVE_PAGE.alias("before")
_listed_on_page = (
    select(_listing.published)
    .where(
        _listing.selection == _page.selection,
        _key <= tuple_(_page.last_published, _page.last_rank),
        # SQLite would not use its index for an alternative.
        _key
        > tuple_(
            func.coalesce(_before.c.last_published, literal(BEGINNING[0], tables.UtcSeconds)),
            func.coalesce(_before.c.last_rank, 0),
        ),
    )
    .limit(1)
    .correlate(tables.ARCHIVE_PAGE, _before)
)
PAGE_DATES = (
    select(
        _page.number,
        _listed_on_page.order_by(_listing.published, _listing.rank)
        .scalar_subquery()
        .label("oldest"),
        _listed_on_page.order_by(*NEWEST_FIRST).scalar_subquery().label("newest"),
    )
    .outerjoin_from(
        tables.ARCHIVE_PAGE,
        _before,
        (_before.c.selection == _page.selection) & (_before.c.number == _page.number - 1),
    )
    .where(
        _page.selection == bindparam("selection"),
        _page.number.in_(bindparam("numbers", expanding=True)),
    )
    .order_by(_page.number)
)
"""Archive pages with the dates of their oldest and newest releases; null if all are withdrawn."""
LISTED_AT = _listed(
    select(_release.id.label("release")).where(
        _release.path == bindparam("path"), _release.withdrawn.is_(None)
    )
)

GIVEN_HEADLINES = _release_queries(bindparam("ids", expanding=True))
GIVEN_RELEASES = select(_release.id, *_fields(Release)).where(
    _release.id.in_(bindparam("ids", expanding=True))
)

ALL_NOTICES = select(
    _notice.kind,
    _notice.entry_id,
    _notice.rank,
    _notice.announced,
    _notice.updated,
    _notice.since,
    _notice.lifted,
    _notice.title,
    _notice.text,
    _notice.retracted,
).order_by(_notice.announced.desc())
NOTICES = ALL_NOTICES.where(_notice.retracted.is_(None))

REDIRECTS = (
    select(
        _redirect.location,
        _release.path,
        _selection.slug,
        _redirect.format,
        _release.withdrawn,
    )
    .outerjoin_from(tables.REDIRECT, tables.RELEASE)
    .outerjoin(tables.SELECTION, _redirect.selection == _selection.id)
    .order_by(_redirect.location)
)
_owners = (
    select(_permalink.release)
    .where(_permalink.location == bindparam("permalink"))
    .limit(2)
    .subquery("owners")
)
OLD_ADDRESS: CompoundSelect[*tuple[Any, ...]] = union_all(
    REDIRECTS.where(_redirect.location == bindparam("location")).order_by(None),
    select(null(), _release.path, null(), null(), _release.withdrawn).join_from(
        tables.RELEASE, _owners, _release.id == _owners.c.release
    ),
)
"""The redirect of an old address, and releases of which it is a permalink: two tell enough.

Only the redirect has a location.
"""

RELEASE_PATHS = (
    select(_release.path)
    .where(_release.withdrawn.is_(None), _release.path > bindparam("after"))
    .order_by(_release.path)
    .limit(bindparam("limit"))
)

_locations = (
    select(_permalink.location, func.min(_permalink.release).label("release"))
    .where(_permalink.location > bindparam("after"))
    .group_by(_permalink.location)
    .having(func.count() == 1)
    .order_by(_permalink.location)
    .limit(bindparam("limit"))
    .subquery("locations")
)
PERMALINKS = (
    select(_locations.c.location, _release.path)
    .join_from(_locations, tables.RELEASE, _release.id == _locations.c.release)
    .order_by(_locations.c.location)
)

LAST_IMPORT = (
    select(
        _import_run.started,
        _import_run.finished,
        _import_run.added,
        _import_run.changed,
        _import_run.unchanged,
        _import_run.skipped,
        _import_run.refused,
    )
    .order_by(_import_run.id.desc())
    .limit(1)
)
