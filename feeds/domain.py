"""The domain model: releases, notices, selections, feeds and entries.

They are frozen dataclasses. What a document has many of is a named tuple, since making one takes a
sixth of the time. This module does no input or output and knows no framework. Unless a field says
otherwise, every instant is an aware datetime in UTC with whole seconds, and every HTML string is
sanitised (``feeds.text.html``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from feeds.text.addresses import host
from feeds.text.catalogue import Words


@dataclass(frozen=True, slots=True)
class Site:
    """The settings that affect documents.

    ``base_url`` has no trailing slash. ``entries`` is the number of releases in a subscription
    document. Instants are shown in ``zone``. ``words`` are the service's own texts. ``contact`` is
    an e-mail address, or empty.
    """

    base_url: str
    title: str
    rights: str
    contact: str
    language: str
    words: Words
    zone: ZoneInfo
    entries: int

    @property
    def root(self) -> str:
        """The path of the base URL, without a trailing slash."""
        return urlsplit(self.base_url).path

    def local(self, instant: datetime) -> datetime:
        """Return an instant in the portal's zone.

        Where the zone's offset has seconds (local mean time), the instant stays in UTC: RFC 3339
        has no such offsets.
        """
        local = instant.astimezone(self.zone)
        offset = local.utcoffset()
        return instant if offset and offset.seconds % 60 else local


class Category(NamedTuple):
    """A category of releases, such as ``sabiedribas-integracija``, ``Sabiedrības integrācija``."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to a release: a picture, a document or a recording.

    ``length`` is in bytes, None if it is not known. ``featured`` marks the picture that stands for
    the release.
    """

    url: str
    media_type: str | None = None
    length: int | None = None
    title: str | None = None
    featured: bool = False

    @property
    def medium(self) -> str:
        """What kind of file it is: ``image``, ``audio``, ``video`` or, otherwise, ``document``."""
        kind = (self.media_type or "").partition("/")[0].lower()
        if self.featured:
            return "image"
        return kind if kind in {"image", "audio", "video"} else "document"


def featured(attachments: Iterable[Attachment]) -> Attachment | None:
    """Return the picture that stands for a release, or None."""
    return next((attachment for attachment in attachments if attachment.featured), None)


def media_hosts(pictures: Iterable[str], attachments: Iterable[Attachment]) -> Counter[str]:
    """Return how many pictures and attachments of a release lie on each host.

    ``pictures`` are the addresses of those in its body. What is both is counted once.
    """
    addresses = {*pictures, *(attachment.url for attachment in attachments)}
    return Counter(map(host, addresses))


class Headline(NamedTuple):
    """The part of a press release that lists show.

    ``path`` is ``yyyy/mm/dd/slug``, the date being that of the portal's zone at first import.
    ``rank`` orders releases of the same instant.
    """

    categories: tuple[Category, ...]
    path: str
    published: datetime
    rank: int
    title: str
    language: str | None


class Release(NamedTuple):
    """A press release; its first fields are those of its headline.

    ``permanent_id`` is the id in RSS and JSON Feed, which need not be a URI. ``original`` is the
    URL at which the release was first published.
    """

    categories: tuple[Category, ...]
    path: str
    published: datetime
    rank: int
    title: str
    language: str | None
    entry_id: str
    permanent_id: str
    updated: datetime
    body: str
    summary: str
    authors: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    website: str | None
    contact: str | None
    original: str | None


class ListedRelease(NamedTuple):
    """A release as a selection lists it: what its entry depends on, without reading its text.

    ``id`` is the store's, and ``token`` that of the last visible change of the release.
    """

    categories: tuple[Category, ...]
    id: int
    token: int
    published: datetime
    rank: int
    updated: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A release derived from an input, before it is added to the store or compared with it.

    ``source_keys`` identify the release when it is imported again, and ``permalinks`` are the old
    addresses that redirect to it. ``states_id`` means that a source has stated its id. ``digest``
    identifies the record and the version of the derivation. ``richness`` is that of its source, and
    ``modified`` the source's own modification date. ``media_hosts`` counts its pictures and
    attachments by host.
    ``labels`` name its categories, the main one first.
    """

    source_keys: tuple[str, ...]
    permalinks: tuple[str, ...]
    states_id: bool
    digest: str
    richness: int
    entry_id: str
    permanent_id: str
    rank: int
    path: str
    published: datetime
    modified: datetime | None
    title: str
    body: str
    summary: str
    language: str | None
    authors: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    media_hosts: Mapping[str, int]
    website: str | None
    contact: str | None
    original: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """A release in the store, as far as an import needs it to recognise a record.

    ``digest``, ``richness`` and ``modified`` are those of the record that determines its content.
    """

    id: int
    entry_id: str
    permanent_id: str
    path: str
    digest: str
    richness: int
    modified: datetime | None
    states_id: bool
    withdrawn: bool


class NoticeKind(StrEnum):
    """What a notice announces."""

    SUSPENSION = "suspension"
    RESUMPTION = "resumption"


@dataclass(frozen=True, slots=True)
class Notice:
    """An announcement by the portal, as plain text in paragraphs separated by blank lines.

    ``since`` is the start of a suspension and ``lifted`` its end, None while it is running. A
    resumption has neither. No document contains a notice that was ``retracted``.
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
    retracted: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether this is a suspension that has neither been lifted nor retracted."""
        return self.kind is NoticeKind.SUSPENSION and self.lifted is self.retracted is None


def running_suspension(notices: Iterable[Notice]) -> Notice | None:
    """Return the notice of the suspension that is in force, or None.

    At most one is: a second suspension is refused while one is running.
    """
    return next((notice for notice in notices if notice.running), None)


@dataclass(frozen=True, slots=True)
class PreviousState:
    """What a selection or an archive page was before its last visible change.

    ``tokens`` and ``changed`` are as in ``Selection``. ``revision`` is the last of the store with
    them.
    """

    revision: int
    changed: datetime
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The releases of one feed: all of them (no category), one category, or several.

    ``changed`` is the instant of the last visible change. ``count`` is the number of releases, for
    a combined selection the sum over its members. ``members`` are the store's ids of the selections
    it consists of, ``tokens`` the tokens of the last visible change of each. ``previous`` and the
    number of the ``newest_page`` are None unless it was read alone; ``previous`` also after a
    withdrawal.
    """

    feed_id: str
    categories: tuple[Category, ...]
    count: int
    changed: datetime
    created: datetime
    members: tuple[int, ...]
    tokens: tuple[int, ...]
    previous: PreviousState | None = None
    newest_page: int | None = None


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """A page of a selection's older releases, numbered from the oldest (RFC 5005 §4).

    It holds the releases after ``after`` (None for the first page) up to and including ``until``;
    both are a publication instant and a rank. ``newest`` means that there is no later page yet.
    ``changed`` and ``token`` are those of the page's last visible change, ``previous`` is as in
    ``Selection``.
    """

    number: int
    after: tuple[datetime, int] | None
    until: tuple[datetime, int]
    newest: bool
    changed: datetime
    token: int
    previous: PreviousState | None


class Link(NamedTuple):
    """A link of a feed or an entry (RFC 4287 §4.2.7)."""

    rel: str
    href: str
    type: str | None = None


class Entry(NamedTuple):
    """An entry of a feed, made from a release or a notice.

    ``entry_id`` is a URI, as Atom requires; ``permanent_id`` is the id in the other formats.
    ``local`` is the instant of publication in the portal's zone, and ``day`` its date as pages
    write it. ``byline`` names the authors in one text.
    """

    entry_id: str
    permanent_id: str
    title: str
    published: datetime
    local: datetime
    day: str
    updated: datetime
    authors: tuple[str, ...]
    byline: str
    content: str
    summary: str
    language: str | None
    categories: tuple[Category, ...]
    links: tuple[Link, ...]
    attachments: tuple[Attachment, ...] = ()

    @property
    def featured(self) -> Attachment | None:
        """The picture that stands for the release, or None."""
        return featured(self.attachments)

    def href(self, rel: str) -> str | None:
        """Return the URL of the first link with this relation, or None."""
        return next((link.href for link in self.links if link.rel == rel), None)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed document, independent of its format. ``entries`` are what its entries are made from.

    ``address`` is its URL without a format's extension; so are ``current`` (the subscription
    document of an archive document), ``previous`` and ``following`` (the archive documents before
    and after it). ``complete`` means that the document holds the whole feed. ``invitation`` is the
    text that a browser shows about the feed, ``page_name`` the text of the link to ``page_url``,
    and ``stylesheet`` the path of the style sheet.
    """

    feed_id: str
    title: str
    subtitle: str
    updated: datetime
    author: str
    author_url: str
    author_email: str
    rights: str
    language: str
    address: str
    page_url: str
    page_name: str
    invitation: str
    stylesheet: str
    category_scheme: str
    entries: Sequence[ListedRelease | Notice]
    current: str | None = None
    previous: str | None = None
    following: str | None = None
    complete: bool = False
