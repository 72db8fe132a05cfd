"""The words of the service as frozen dataclasses: releases, notices, selections, feeds, entries.

No input or output and no framework is known here. Every instant is an aware datetime in UTC, in
whole seconds, unless a field says otherwise; every HTML string has been through ``markup``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from feeds.text.catalogue import Words


@dataclass(frozen=True, slots=True)
class Site:
    """What stands in documents and does not come from the store.

    ``base_url`` has no trailing slash; ``entries`` is the number of releases in a subscription
    document; ``zone`` is the zone in which instants are shown, ``words`` what is said around them.
    """

    base_url: str
    title: str
    rights: str
    language: str
    words: Words
    zone: ZoneInfo
    entries: int

    @property
    def root(self) -> str:
        """The path of the service, without a trailing slash."""
        return urlsplit(self.base_url).path

    def local(self, instant: datetime) -> datetime:
        """Show an instant in the portal's zone; in UTC where that kept no whole minutes (LMT)."""
        local = instant.astimezone(self.zone)
        offset = local.utcoffset() or timedelta()
        return instant if offset % timedelta(minutes=1) else local


@dataclass(frozen=True, slots=True, order=True)
class Category:
    """A topic: ``sabiedribas-integracija``, shown as ``Sabiedrības integrācija``."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Headline:
    """What a list tells of a press release.

    ``path`` is ``yyyy/mm/dd/slug`` in the zone of the portal at first import. ``rank`` orders
    releases of one instant.
    """

    categories: tuple[Category, ...]
    path: str
    published: datetime
    rank: int
    title: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Release(Headline):
    """One press release as it is shown, whole.

    ``original`` is the address under which it was first published.
    """

    entry_id: str
    updated: datetime
    body: str
    summary: str
    author: str | None
    website: str | None
    contact: str | None
    original: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A release as derived from one input, before the store has decided what it is.

    ``digest`` identifies the raw record and the version of the derivation; ``source_key`` is how
    the release is recognised again; ``modified`` is the source's own modification date.
    """

    source_key: str
    digest: str
    entry_id: str
    rank: int
    path: str
    published: datetime
    modified: datetime | None
    title: str
    body: str
    summary: str
    language: str | None
    author: str | None
    website: str | None
    contact: str | None
    original: str | None
    labels: tuple[str, ...]


class NoticeKind(StrEnum):
    """A suspension is announced; later, perhaps, a resumption."""

    SUSPENSION = "suspension"
    RESUMPTION = "resumption"


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement by the portal itself: plain text, in paragraphs parted by blank lines.

    A suspension has ``since`` and, once it is over, ``lifted``; a resumption has neither.
    """

    kind: NoticeKind
    entry_id: str
    rank: int
    announced: datetime
    updated: datetime
    since: datetime | None
    lifted: datetime | None
    title: str
    text: str

    @property
    def running(self) -> bool:
        """Whether this is the suspension that holds now."""
        return self.kind is NoticeKind.SUSPENSION and self.lifted is None


def running_suspension(notices: Iterable[Notice]) -> Notice | None:
    """Return the notice of the suspension that is in force, or None.

    At most one is: a second suspension is refused while one is running.
    """
    return next((notice for notice in notices if notice.running), None)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a feed is about: all releases (no category), one category, or several.

    ``revision`` and ``changed`` are those of the last visible change; ``count`` is the number of
    releases shown, or of a combined selection the sum over its members. ``members`` are the
    numbers under which the store lists what it shows.
    """

    feed_id: str
    categories: tuple[Category, ...]
    count: int
    revision: int
    changed: datetime
    created: datetime
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """A full page of a selection's older releases, numbered from the oldest (RFC 5005 §4).

    It takes in what is ordered after ``after`` (None: from the beginning) up to ``until``, both
    a publication instant and a rank. ``newest`` tells that no page follows yet; ``revision`` and
    ``changed`` are those of its last visible change.
    """

    number: int
    after: tuple[datetime, int] | None
    until: tuple[datetime, int]
    newest: bool
    revision: int
    changed: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a feed or an entry (RFC 4287 §4.2.7)."""

    rel: str
    href: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A release or a notice as it stands in a feed. Instants are in the portal's zone."""

    entry_id: str
    title: str
    published: datetime
    updated: datetime
    author: str
    content: str
    summary: str
    language: str | None
    categories: tuple[Category, ...]
    links: tuple[Link, ...]

    def href(self, rel: str) -> str | None:
        """Return the target of the first link of this relation."""
        return next((link.href for link in self.links if link.rel == rel), None)


@dataclass(frozen=True, slots=True)
class Feed:
    """A format-neutral document.

    ``address`` is its own URL without the format's extension, and so are ``current`` (of an
    archive document: the subscription document), ``previous`` and ``following`` (the archive
    documents before and after it). ``complete`` tells that nothing of the feed is elsewhere.
    ``invitation`` tells a person what a browser shows here, ``page_name`` what ``page_url`` leads
    to; ``stylesheet`` is the address by which a browser shows it.
    """

    feed_id: str
    title: str
    subtitle: str
    updated: datetime
    author: str
    author_url: str
    rights: str
    language: str
    address: str
    page_url: str
    page_name: str
    invitation: str
    stylesheet: str
    category_scheme: str
    entries: Sequence[Entry]
    current: str | None = None
    previous: str | None = None
    following: str | None = None
    complete: bool = False
