"""Reads: everything that is served, as dataclasses of the domain.

A ``Snapshot`` belongs to one transaction: everything that it returns is of one state of the store
(rule 6). A statement of a document selects by key or by a range of keys, and never scans or sorts a
table; only the index of sitemaps reads every archive page.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from feeds.domain import (
    ArchivePage,
    Category,
    Headline,
    ListedRelease,
    Notice,
    NoticeKind,
    Release,
    Selection,
    running_suspension,
)
from feeds.identity import combined_feed_id
from feeds.periods import Period
from feeds.store.read import queries, sitemaps
from feeds.store.read.rows import (
    Head,
    ImportOutcome,
    MergedArchive,
    Withdrawal,
    head_of,
    ordered,
    previous_state,
    readable_values,
    selection_of,
    target_of,
)
from feeds.store.read.sitemaps import ReleaseSitemap
from feeds.store.schema.tables import ALL_ID, ALL_SLUG
from feeds.urls import Target

Part = int | tuple[int, int]
"""What a document depends on: a selection (its id) or an archive page (selection id, number)."""

WHOLE_STORE: Part = -1
"""The part that changes with every visible change."""

_MOST_CHANGED = 1000  # a change of more parts counts as a change of everything

_BATCH = 1000  # rows that are read at a time where all rows of a table are wanted

_ORDER = attrgetter("published", "rank")
_BEFORE_RANKS = -1  # in an order key: before all releases of the same instant


class LatestNotices:
    """The notices that snapshots of one state of the store share.

    ``found`` is that state, as store id, revision and token, with its notices; None before.
    """

    found: tuple[tuple[str, int, int], list[Notice]] | None = None


class Snapshot:
    """One state of the store.

    With ``latest``, the notices are read once for several snapshots of the same state.
    """

    def __init__(self, connection: Connection, latest: LatestNotices | None = None) -> None:
        self._connection = connection
        self._latest = latest
        self._head: Head | None = None
        self._releases: dict[int, Release] = {}

    def head(self) -> Head:
        """Return the store's head."""
        if self._head is None:
            self._head = head_of(self._rows(queries.HEAD)[0])
        return self._head

    def settings(self) -> str:
        """Return the settings and formats that were last recorded, as a text."""
        return str(self._connection.execute(queries.SETTINGS).scalar_one())

    def changed_parts(self, since: int) -> dict[Part, int] | None:
        """Return the parts that changed visibly after a revision; None means perhaps all parts.

        Each has the revision at which a release was last withdrawn from it, or a notice
        retracted; 0 if never.
        """
        # A category that was merged has left no row that says that it has changed.
        if max(self.head().settings_revision, self.head().merge) > since:
            return None
        bounds = {"since": since, "most": _MOST_CHANGED}
        selections = self._rows(queries.CHANGED_SELECTIONS, **bounds)
        pages = self._rows(queries.CHANGED_PAGES, **bounds)
        if max(len(selections), len(pages)) == _MOST_CHANGED:
            return None
        parts: dict[Part, int] = {row.id: row.withdrawal for row in selections}
        return parts | {(row.selection, row.number): row.withdrawal for row in pages}

    def tokens(self, since: int) -> dict[int, int]:
        """Return the tokens of the latest changes by revision, from a revision on.

        Older ones are not stored.
        """
        return {row.revision: row.token for row in self._rows(queries.TOKENS, since=since)}

    def server(self) -> tuple[bool, int]:
        """Return whether the server is a replica, and its timeline; SQLite has neither."""
        if self._connection.dialect.name != "postgresql":
            return False, 0
        (row,) = self._connection.execute(queries.SERVER).all()
        return row.in_recovery, row.timeline

    def selection(self, slugs: Sequence[str]) -> Selection | None:
        """Return the selection of these categories; without slugs, that of all releases.

        Returns None if one of the categories is unknown. A combined selection has the greatest
        instants of its members (rule 5). Reads the head in the same statement.
        """
        rows = self._rows(queries.SELECTIONS, slugs=slugs or (ALL_SLUG,))
        self._head = head_of(rows[0])
        if rows[0].id is None or len(rows) < len(slugs):
            return None
        members = sorted(rows, key=attrgetter("slug"))
        previous = previous_state([(row, row.changed, row.selection_token) for row in members])
        if len(rows) == 1:
            (row,) = rows
            return replace(selection_of(row), previous=previous, newest_page=row.newest_page)
        return Selection(
            feed_id=combined_feed_id([row.feed_id for row in members]),
            categories=tuple(Category(slug=row.slug, name=row.name) for row in members),
            count=sum(row.shown for row in members),
            changed=max(row.changed for row in members),
            created=max(row.created for row in members),
            members=tuple(row.id for row in members),
            tokens=tuple(row.selection_token for row in members),
            previous=previous,
        )

    def everything(self) -> Selection:
        """Return the selection of all releases, which every store has."""
        return selection_of(self._rows(queries.SELECTIONS, slugs=(ALL_SLUG,))[0])

    def categories(self) -> list[Selection]:
        """Return the selection of each category, sorted by slug."""
        return [selection_of(row) for row in self._rows(queries.CATEGORIES)]

    def largest_categories(self, limit: int) -> list[Selection]:
        """Return the selections of the categories with the most releases, the largest first."""
        return [selection_of(row) for row in self._rows(queries.LARGEST_CATEGORIES, limit=limit)]

    def categories_by_slug(self, slugs: Sequence[str]) -> dict[str, Selection]:
        """Return the selections of the known categories among these, by slug."""
        rows = self._rows(queries.CATEGORIES_BY_SLUG, slugs=slugs)
        return {row.slug: selection_of(row) for row in rows}

    def category_names(self) -> list[Category]:
        """Return all categories, unordered."""
        return [Category(*row) for row in self._rows(queries.CATEGORY_NAMES)]

    def count_categories(self) -> int:
        """Return the number of categories."""
        return int(self._connection.execute(queries.COUNT_CATEGORIES).scalar_one())

    def current_slugs(self, slugs: Sequence[str]) -> dict[str, str]:
        """Return the current slug for each of these slugs that a category has or had."""
        return {row.given: row.slug for row in self._rows(queries.CURRENT_SLUGS, slugs=slugs)}

    def former_slugs(self) -> dict[str, tuple[str, ...]]:
        """Return the former slugs of renamed categories by their current slug."""
        found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for row in self._rows(queries.FORMER_SLUGS):
            found[row.slug] += (row.given,)
        return found

    def merged_archives(self) -> list[MergedArchive]:
        """Return the archive of each slug of a category that was merged, sorted by slug."""
        return [MergedArchive(**row._asdict()) for row in self._rows(queries.MERGED_ARCHIVES)]

    def newest_listed(
        self, selection: Selection, limit: int, *, whole: bool = False
    ) -> list[ListedRelease]:
        """Return the newest releases of a selection as they are listed, newest first (rule 7).

        If ``whole``, the same statement reads their texts, for ``releases``.
        """
        if len(selection.members) == 1:
            wanted = queries.NEWEST_LISTED
            return self._listed(wanted, whole, selection=selection.members[0], limit=limit)
        members = {f"selection_{number}": id_ for number, id_ in enumerate(selection.members)}
        return self._listed(queries.newest_listed(len(members)), whole, limit=limit, **members)

    def newest_headlines(self, selection: Selection, limit: int) -> list[Headline]:
        """Return the headlines of the newest releases of one category or of all, newest first."""
        return self._headlines(
            queries.NEWEST_HEADLINES, selection=selection.members[0], limit=limit
        )

    def releases(self, listed: Sequence[ListedRelease]) -> dict[int, Release]:
        """Return releases by their ids, at least these.

        Those of the last list that was read as a whole are not read again.
        """
        known = self._releases
        categories = {one.id: one.categories for one in listed if one.id not in known}
        if not categories:
            return known
        rows = self._rows(queries.GIVEN_RELEASES, ids=list(categories))
        return known | {id_: Release(categories[id_], *fields) for id_, *fields in rows}

    def newest_page(self, selection: Selection) -> int:
        """Return the number of a selection's newest archive page; 0 if it has none."""
        if selection.newest_page is not None:
            return selection.newest_page
        (found,) = self._rows(queries.NEWEST_PAGE, selection=selection.members[0])
        return int(found[0])

    def page_of(self, selection: Selection, release: Headline) -> int:
        """Return the number of the archive page that contains a release; 0 if none does."""
        rows = self._rows(
            queries.PAGE_OF,
            selection=selection.members[0],
            published=release.published,
            rank=release.rank,
        )
        return rows[0].number if rows else 0

    def page(self, slugs: Sequence[str], number: int) -> tuple[Selection, ArchivePage] | None:
        """Return a selection and its archive page, or None if there is none with this number.

        Reads the head in the same statement.
        """
        slug = slugs[0] if slugs else ALL_SLUG
        rows = self._rows(queries.PAGES, slug=slug, first=number - 1, last=number + 1)
        self._head = head_of(rows[0])
        found = {row.number: row for row in rows}
        if number not in found:
            return None
        row, before = found[number], found.get(number - 1)
        return selection_of(row), ArchivePage(
            number=number,
            after=(before.last_published, before.last_rank) if before else None,
            until=(row.last_published, row.last_rank),
            newest=number + 1 not in found,
            changed=row.page_changed,
            token=row.page_token,
            previous=previous_state([(row, row.page_changed, row.page_token)]),
        )

    def page_dates(
        self, selection: Selection, numbers: Sequence[int]
    ) -> list[tuple[int, datetime | None, datetime | None]]:
        """Return archive pages in order, each with the dates of its oldest and newest release.

        The dates are None if all releases of the page have been withdrawn.
        """
        values = {"selection": selection.members[0], "numbers": numbers}
        rows = self._rows(queries.PAGE_DATES, **values)
        return [(row.number, row.oldest, row.newest) for row in rows]

    def page_listed(
        self, selection: Selection, page: ArchivePage, *, whole: bool = False
    ) -> list[ListedRelease]:
        """Return the releases of an archive page as ``newest_listed`` does."""
        return self._listed(queries.PAGE_LISTED, whole, **_page_interval(selection, page))

    def page_headlines(self, selection: Selection, page: ArchivePage) -> list[Headline]:
        """Return the headlines of an archive page, newest first."""
        return self._headlines(queries.PAGE_HEADLINES, **_page_interval(selection, page))

    def release_sitemap(self, number: int | None) -> ReleaseSitemap | None:
        """Return a sitemap of releases; None if there is none with this number, or it is empty.

        Without a number it is that of the newest releases. Reads the head in the same statement.
        """
        if number is None:
            rows = self._rows(sitemaps.NEWEST, slug=ALL_SLUG)
        else:
            rows = self._rows(sitemaps.NUMBERED, slug=ALL_SLUG, number=number)
        self._head = head_of(rows[0])
        return sitemaps.release_sitemap(rows, number)

    def release_sitemaps(self) -> dict[int, datetime]:
        """Return the instant of the last change of each numbered sitemap of releases."""
        # The last one has the newest releases as well, and no number yet.
        blocks = self._rows(sitemaps.BLOCKS)[:-1]
        return {number: changed for number, (changed, size) in enumerate(blocks, 1) if size}

    def sitemap_releases(self, sitemap: ReleaseSitemap) -> list[tuple[str, datetime]]:
        """Return path and last change of the releases of a sitemap, newest first (rule 7)."""
        interval = _interval(ALL_ID, sitemap.after, sitemap.until)
        return [(row.path, row.updated) for row in self._rows(sitemaps.RELEASES, **interval)]

    def count_selection_sitemaps(self) -> int:
        """Return the number of sitemaps of the pages of selections.

        Reads the head in the same statement.
        """
        (row,) = self._rows(sitemaps.COUNT_PAGES_OF_SELECTIONS)
        self._head = head_of(row)
        return ceil(int(row.pages) / sitemaps.SELECTION_PAGES)

    def selection_sitemaps(self) -> list[datetime | None]:
        """Return the instant of the last change of each sitemap of the pages of selections.

        It is None if the sitemap has pages of years and months alone.
        """
        return [row[0] for row in self._rows(sitemaps.CHANGES_OF_SELECTIONS)]

    def selection_pages(self, number: int) -> list[tuple[str, Period | None, int, datetime | None]]:
        """Return slug, period, number and last change of each page of selections in a sitemap.

        A page of a year or a month has a period, and no instant. Of the others, that of a
        selection's newest releases has number 0, and the rest are archive pages.
        """
        return [
            (row.slug, Period(row.year, row.month) if row.year else None, row.number, row.changed)
            for row in self._rows(sitemaps.PAGES_OF_SELECTIONS, sitemap=number)
        ]

    def months(self, selection: Selection) -> dict[Period, int]:
        """Return the months in which a selection has releases, in order, and how many in each."""
        found = self._rows(queries.MONTHS, selection=selection.members[0])
        return {Period(row.year, row.month): row.shown for row in found}

    def count_between(self, selection: Selection, begin: datetime, end: datetime, most: int) -> int:
        """Return how many releases of a selection are of an interval, ``most`` if there are more.

        The interval does not include its end.
        """
        interval = _of_instants(selection, begin, end)
        (found,) = self._rows(queries.COUNT_INTERVAL, **interval, limit=most)
        return int(found[0])

    def headlines_between(
        self, selection: Selection, begin: datetime, end: datetime, limit: int
    ) -> list[Headline]:
        """Return the headlines of the newest releases of an interval, newest first.

        The interval does not include its end.
        """
        interval = _of_instants(selection, begin, end)
        return self._headlines(queries.INTERVAL_HEADLINES, **interval, limit=limit)

    def neighbours(
        self, selection: Selection, release: Headline | Release
    ) -> tuple[Headline | None, Headline | None]:
        """Return the releases of a selection just before and just after a release, or None."""
        key = (release.published, release.rank)
        return self._beside(selection, key, key)

    def neighbours_of_interval(
        self, selection: Selection, begin: datetime, end: datetime
    ) -> tuple[Headline | None, Headline | None]:
        """Return the releases of a selection just before and just after an interval, or None."""
        return self._beside(selection, (begin, _BEFORE_RANKS), (end, _BEFORE_RANKS))

    def _beside(
        self, selection: Selection, first: tuple[datetime, int], last: tuple[datetime, int]
    ) -> tuple[Headline | None, Headline | None]:
        earlier, later = (
            self._rows(statement, selection=selection.members[0], published=instant, rank=rank)
            for statement, (instant, rank) in (
                (queries.NEXT_EARLIER, first),
                (queries.NEXT_LATER, last),
            )
        )
        ids = [row.release for row in (*earlier, *later)]
        found = self._headlines(queries.GIVEN_HEADLINES, ids=ids)
        return (found[-1] if earlier else None, found[0] if later else None)

    def release(self, path: str) -> Release | None:
        """Return the release at ``yyyy/mm/dd/slug``, unless it was withdrawn."""
        listed = self._listed(queries.LISTED_AT, whole=True, path=path)
        return self._releases[listed[0].id] if listed else None

    def is_withdrawn(self, path: str) -> bool:
        """Return whether the release at ``yyyy/mm/dd/slug`` was withdrawn."""
        return bool(self._rows(queries.WITHDRAWN_AT, path=path))

    def count_withdrawn(self) -> int:
        """Return the number of withdrawn releases."""
        return int(self._connection.execute(queries.COUNT_WITHDRAWN).scalar_one())

    def withdrawals(self) -> list[Withdrawal]:
        """Return all withdrawn releases, the latest withdrawal first."""
        return [Withdrawal(**row._asdict()) for row in self._rows(queries.WITHDRAWALS)]

    def redirect(self, location: str, permalink: str | None) -> tuple[Target, bool] | None:
        """Return the target of an old address, and whether it is a withdrawn release.

        A redirect that an operator added comes first. Otherwise it is the release with this
        permalink, if there is only one.
        """
        rows = self._rows(queries.OLD_ADDRESS, location=location, permalink=permalink)
        found = [row for row in rows if row.location is not None] or rows
        if len(found) != 1:
            return None
        return target_of(found[0]), found[0].withdrawn is not None

    def media_hosts(self) -> dict[str, int]:
        """Return how many pictures and attachments lie on each host, the largest number first.

        Those of withdrawn releases do not count. This reads the row of every release that has any.
        """
        rows = self._rows(queries.MEDIA_HOSTS)
        return {row.host: row.media for row in sorted(rows, key=lambda row: (-row.media, row.host))}

    def redirects(self) -> list[tuple[str, Target]]:
        """Return all old addresses with their targets, sorted."""
        return [(row.location, target_of(row)) for row in self._rows(queries.REDIRECTS)]

    def release_paths(self) -> Iterator[str]:
        """Yield the path of each release that is shown, sorted; a few are read at a time."""
        after = ""
        while rows := self._rows(queries.RELEASE_PATHS, after=after, limit=_BATCH):
            yield from (row.path for row in rows)
            after = rows[-1].path

    def permalinks(self) -> Iterator[tuple[str, Target]]:
        """Yield each permalink that one release has, with the release; a few are read at a time."""
        after = ""
        while rows := self._rows(queries.PERMALINKS, after=after, limit=_BATCH):
            for row in rows:
                yield row.location, Target(release=row.path, slug=ALL_SLUG, format=None)
            after = rows[-1].location

    def notices(self) -> list[Notice]:
        """Return the notices that documents contain, the latest first."""
        head, latest = self._head, self._latest
        if head is None or head.token is None or latest is None:
            return self._notices(queries.NOTICES)
        state = head.store_id, head.revision, head.token
        found = latest.found
        if found is None or found[0] != state:
            found = latest.found = state, self._notices(queries.NOTICES)
        return found[1]

    def all_notices(self) -> list[Notice]:
        """Return every notice, also those that were retracted, the latest first."""
        return self._notices(queries.ALL_NOTICES)

    def _notices(self, statement: queries.Statement) -> list[Notice]:
        rows = self._rows(statement)
        with readable_values():
            return [Notice(**{**row._asdict(), "kind": NoticeKind(row.kind)}) for row in rows]

    def running_suspension(self) -> Notice | None:
        """Return the notice of the running suspension, or None."""
        return running_suspension(self.notices())

    def last_import(self) -> ImportOutcome | None:
        """Return the outcome of the import that was started last, or None."""
        rows = self._rows(queries.LAST_IMPORT)
        return ImportOutcome(**rows[0]._asdict()) if rows else None

    def _headlines(self, wanted: queries.ReleaseQueries, **values: object) -> list[Headline]:
        """Return headlines, newest first (rule 7)."""
        categories: defaultdict[int, dict[int, Category]] = defaultdict(dict)
        for row in self._rows(wanted.memberships, **values):
            categories[row.release][row.position] = Category(slug=row.slug, name=row.name)
        found = []
        for row in self._rows(wanted.headlines, **values):
            fields = row._asdict()
            found.append(Headline(categories=ordered(categories[fields.pop("id")]), **fields))
        found.sort(key=_ORDER, reverse=True)
        return found

    def _listed(
        self, wanted: queries.ListedQueries, whole: bool, **values: object
    ) -> list[ListedRelease]:
        """Return releases as they are listed, newest first (rule 7)."""
        columns = {}
        categories: defaultdict[int, dict[int, Category]] = defaultdict(dict)
        rows = self._rows(wanted.whole if whole else wanted.listed, **values)
        for position, slug, name, id_, token, *others in rows:
            columns[id_] = token, others
            if slug is not None:
                categories[id_][position] = Category(slug, name)
        found = []
        if whole:
            self._releases = {}
        for id_, (token, others) in columns.items():
            members = ordered(categories[id_])
            if whole:
                release = self._releases[id_] = Release(members, *others)
                key = release.published, release.rank, release.updated
                found.append(ListedRelease(members, id_, token, *key))
            else:
                found.append(ListedRelease(members, id_, token, *others))
        found.sort(key=_ORDER, reverse=True)
        return found

    def _rows(self, statement: queries.Statement, **values: object) -> Sequence[Any]:
        """Return all rows of a statement: fetching them one by one takes twice as long."""
        with readable_values():
            return self._connection.execute(statement, values).all()


def _of_instants(selection: Selection, begin: datetime, end: datetime) -> dict[str, object]:
    return _interval(selection.members[0], (begin, _BEFORE_RANKS), (end, _BEFORE_RANKS))


def _page_interval(selection: Selection, page: ArchivePage) -> dict[str, object]:
    return _interval(selection.members[0], page.after or queries.BEGINNING, page.until)


def _interval(
    selection: int, after: tuple[datetime, int], until: tuple[datetime, int]
) -> dict[str, object]:
    return {
        "selection": selection,
        "after": after[0],
        "after_rank": after[1],
        "until": until[0],
        "until_rank": until[1],
    }
