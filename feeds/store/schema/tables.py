"""The schema of the store, as typed SQLAlchemy tables.

Rows are read and written by Core statements. Without the ORM a short command needs a fifth less
time. A test compares the tables with what the migrations create. Instants are whole seconds since
1970 in UTC.
"""

import json
import re
import secrets
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Named,
    Table,
    Text,
    TypedColumns,
    TypeDecorator,
)

from feeds.domain import Attachment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that no text may contain: NUL on PostgreSQL, lone surrogates on either engine."""

ALL_ID = 0
"""The id of the selection of all releases."""

ALL_SLUG = ""
"""The slug of the selection of all releases."""


def random_token() -> int:
    """Return a random token for a change: no two changes of any store have the same one."""
    return secrets.randbits(63)


_NONE = "[]"


class UtcSeconds(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as whole seconds, so that every engine sorts it as a number."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert to seconds since 1970."""
        return None if value is None else (value - _EPOCH) // _SECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert from seconds since 1970, also for years before 1970 and after 2038."""
        return None if value is None else _EPOCH + timedelta(seconds=value)


class Authors(TypeDecorator[tuple[str, ...]]):
    """The names of the authors, stored as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert to JSON."""
        return json.dumps(value, ensure_ascii=False) if value else _NONE

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert from JSON; raise ``ValueError`` for anything else."""
        if value == _NONE:  # as for most releases; the parser would take a hundred times as long
            return ()
        return tuple(map(_text, _array(json.loads(value or ""))))


class Attachments(TypeDecorator[tuple[Attachment, ...]]):
    """The attachments of a release, stored as a JSON array of arrays in the order of the fields."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Attachment, ...] | None, dialect: Dialect) -> str:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert to JSON."""
        return json.dumps(list(map(astuple, value)), ensure_ascii=False) if value else _NONE

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Attachment, ...]:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert from JSON; raise ``ValueError`` for anything else."""
        if value == _NONE:
            return ()
        return tuple(map(_attachment, _array(json.loads(value or ""))))


def _attachment(values: object) -> Attachment:
    url, media_type, length, title, featured = _array(values)
    if not (length is None or type(length) is int) or type(featured) is not bool:
        raise ValueError(f"{values!r} is not an attachment")
    return Attachment(
        url=_text(url),
        media_type=None if media_type is None else _text(media_type),
        length=length,
        title=None if title is None else _text(title),
        featured=featured,
    )


def _array(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is not an array")  # noqa: TRY004 - of the value, not of the call
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or NOT_STORABLE.search(value):
        raise ValueError(f"{value!r} is not a text")
    return value


# Constraints need names to be altered by a migration on every engine.
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class HeadColumns(TypedColumns):
    """The single row of the store itself. Each writer locks it until it commits (rule 5).

    ``timezone`` and ``language`` are the settings with which the store was created.
    ``revision`` and ``instant`` are the change clock. ``settings_digest`` is the digest of the
    settings and formats that documents are made with; it is empty if they are not known.
    ``settings`` is what it was last made from (``documents.version.settings_text``).
    ``settings_revision``, ``settings_changed`` and ``settings_token`` are those of its last change.
    ``list_token`` and ``list_changed`` are those of the last change of the list of feeds,
    ``withdrawal`` is the revision at which a release was last withdrawn or a notice retracted, and
    ``merge`` that at which categories were last merged.
    """

    id: Named[int] = Column(Integer, primary_key=True)
    store_id: Named[str] = Column(Text)
    revision: Named[int] = Column(BigInteger)
    instant: Named[datetime] = Column(UtcSeconds)
    page_size: Named[int] = Column(BigInteger)
    timezone: Named[str] = Column(Text)
    language: Named[str] = Column(Text)
    settings_digest: Named[str] = Column(Text)
    settings: Named[str] = Column(Text)
    settings_revision: Named[int] = Column(BigInteger)
    settings_changed: Named[datetime] = Column(UtcSeconds)
    settings_token: Named[int] = Column(BigInteger)
    list_token: Named[int] = Column(BigInteger)
    list_changed: Named[datetime] = Column(UtcSeconds)
    withdrawal: Named[int] = Column(BigInteger, default=0)
    merge: Named[int] = Column(BigInteger, default=0)


HEAD = Table("head", METADATA, HeadColumns)


class ChangeTokenColumns(TypedColumns):
    """The random tokens of the latest changes, which tell two histories of one store apart.

    After a failover that lost a change, another change may have its revision, but not its token.
    """

    revision: Named[int] = Column(BigInteger, primary_key=True, autoincrement=False)
    token: Named[int] = Column(BigInteger)


CHANGE_TOKEN = Table("change_token", METADATA, ChangeTokenColumns, sqlite_with_rowid=False)


class SelectionColumns(TypedColumns):
    """All releases (id 0, empty slug and name) or one category, with its last visible change.

    ``token`` is the random token of that change: entity tags are made from it. ``previous_token``
    and ``previous_changed`` are those of the change before it, null if there was none.
    ``withdrawal`` is the revision at which a release was last withdrawn from it, or a notice
    retracted; 0 if never.
    ``count`` releases are shown; the newest ``tail`` of them are after the last archive page, and
    ``tail_changed`` is the instant at which one of these was last added, changed or withdrawn.
    ``named`` is true if an operator chose the name, which imports then leave unchanged.
    """

    id: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    feed_id: Named[str] = Column(Text, unique=True)
    slug: Named[str] = Column(Text, unique=True)
    name: Named[str] = Column(Text)
    named: Named[bool] = Column(Boolean, default=False)
    count: Named[int] = Column(BigInteger, default=0, index=True)
    tail: Named[int] = Column(BigInteger, default=0, index=True)
    tail_changed: Named[datetime] = Column(UtcSeconds)
    revision: Named[int] = Column(BigInteger, index=True)
    changed: Named[datetime] = Column(UtcSeconds)
    token: Named[int] = Column(BigInteger)
    previous_changed: Named[datetime | None] = Column(UtcSeconds)
    previous_token: Named[int | None] = Column(BigInteger)
    withdrawal: Named[int] = Column(BigInteger, default=0)
    created: Named[datetime] = Column(UtcSeconds)


SELECTION = Table("selection", METADATA, SelectionColumns)


class LabelColumns(TypedColumns):
    """A slug under which a category is or was known; imports find the category by any of them.

    ``archive_pages`` is null, unless the slug is that of a category that was merged into this one:
    then it is the number of archive pages that the other had.
    """

    slug: Named[str] = Column(Text, primary_key=True)
    selection: Named[int] = Column(Integer, ForeignKey("selection.id"), index=True)
    archive_pages: Named[int | None] = Column(BigInteger)


LABEL = Table("label", METADATA, LabelColumns)


class ReleaseColumns(TypedColumns):
    """A release: what is shown of it, and what an import compares.

    ``digest``, ``richness`` and ``modified`` are those of the record that its content comes from,
    and ``states_id`` means that a record has stated an id.
    ``permanent_id`` is the id in the formats whose ids need not be URIs. ``token`` is that of the
    last change of what is shown of it. ``checksum`` is that of the other columns
    (``feeds.store.schema.checksum``).
    """

    id: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    entry_id: Named[str] = Column(Text, unique=True)
    permanent_id: Named[str] = Column(Text, unique=True)
    rank: Named[int] = Column(BigInteger)
    path: Named[str] = Column(Text, unique=True)
    states_id: Named[bool] = Column(Boolean)
    digest: Named[str] = Column(Text)
    richness: Named[int] = Column(Integer)
    modified: Named[datetime | None] = Column(UtcSeconds)
    published: Named[datetime] = Column(UtcSeconds)
    updated: Named[datetime] = Column(UtcSeconds)
    title: Named[str] = Column(Text)
    body: Named[str] = Column(Text)
    summary: Named[str] = Column(Text)
    language: Named[str | None] = Column(Text)
    authors: Named[tuple[str, ...]] = Column(Authors)
    attachments: Named[tuple[Attachment, ...]] = Column(Attachments)
    website: Named[str | None] = Column(Text)
    contact: Named[str | None] = Column(Text)
    original: Named[str | None] = Column(Text)
    token: Named[int] = Column(BigInteger)
    withdrawn: Named[datetime | None] = Column(UtcSeconds)
    checksum: Named[int] = Column(BigInteger)


# The few withdrawn releases are listed without reading the others: the migration makes this a
# partial index. Described here, its condition would load the PostgreSQL dialect for SQLite.
RELEASE = Table("release", METADATA, ReleaseColumns, Index("ix_release_withdrawn", "withdrawn"))


class SourceKeyColumns(TypedColumns):
    """A key by which imports recognise a release; several releases may have the same address."""

    key: Named[str] = Column(Text, primary_key=True)
    release: Named[int] = Column(Integer, ForeignKey("release.id"), primary_key=True)


SOURCE_KEY = Table("source_key", METADATA, SourceKeyColumns, sqlite_with_rowid=False)


class PermalinkColumns(TypedColumns):
    """An original address of a release, path and query; it redirects if only one release has it."""

    location: Named[str] = Column(Text, primary_key=True)
    release: Named[int] = Column(Integer, ForeignKey("release.id"), primary_key=True)


PERMALINK = Table("permalink", METADATA, PermalinkColumns, sqlite_with_rowid=False)


class MembershipColumns(TypedColumns):
    """A release belongs to a category; ``position`` is its place among those of the release."""

    release: Named[int] = Column(Integer, ForeignKey("release.id"), primary_key=True)
    selection: Named[int] = Column(
        Integer, ForeignKey("selection.id"), primary_key=True, index=True
    )
    position: Named[int] = Column(Integer)


MEMBERSHIP = Table("membership", METADATA, MembershipColumns, sqlite_with_rowid=False)


class MediaHostColumns(TypedColumns):
    """How many pictures and attachments of a release lie on a host; no row means none."""

    release: Named[int] = Column(Integer, ForeignKey("release.id"), primary_key=True)
    host: Named[str] = Column(Text, primary_key=True)
    count: Named[int] = Column(BigInteger)


MEDIA_HOST = Table("media_host", METADATA, MediaHostColumns, sqlite_with_rowid=False)


class ListingColumns(TypedColumns):
    """A selection shows a release; derived from release and membership in the same transaction.

    The key is the order, so that the newest N and every archive page are range reads.
    """

    selection: Named[int] = Column(Integer, ForeignKey("selection.id"), primary_key=True)
    published: Named[datetime] = Column(UtcSeconds, primary_key=True)
    rank: Named[int] = Column(BigInteger, primary_key=True)
    release: Named[int] = Column(Integer, ForeignKey("release.id"), primary_key=True, index=True)


LISTING = Table("listing", METADATA, ListingColumns, sqlite_with_rowid=False)


class ArchivePageColumns(TypedColumns):
    """An archive page, numbered from the oldest; ``last_*`` are its boundary.

    It has ``size`` releases: those after the boundary of the page before it, up to its own
    (``feeds.store.write.archive_pages``). The columns from ``revision`` on are as in ``selection``.
    """

    selection: Named[int] = Column(Integer, ForeignKey("selection.id"), primary_key=True)
    number: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    last_published: Named[datetime] = Column(UtcSeconds)
    last_rank: Named[int] = Column(BigInteger)
    size: Named[int] = Column(BigInteger, index=True)
    revision: Named[int] = Column(BigInteger, index=True)
    changed: Named[datetime] = Column(UtcSeconds)
    token: Named[int] = Column(BigInteger)
    previous_changed: Named[datetime | None] = Column(UtcSeconds)
    previous_token: Named[int | None] = Column(BigInteger)
    withdrawal: Named[int] = Column(BigInteger, default=0)


ARCHIVE_PAGE = Table(
    "archive_page",
    METADATA,
    ArchivePageColumns,
    Index(None, "selection", "last_published", "last_rank", unique=True),
    sqlite_with_rowid=False,
)


class MonthCountColumns(TypedColumns):
    """How many releases of a month, in the portal's zone, a selection shows; no row means none."""

    selection: Named[int] = Column(Integer, ForeignKey("selection.id"), primary_key=True)
    year: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    month: Named[int] = Column(Integer, primary_key=True, autoincrement=False)
    count: Named[int] = Column(BigInteger)


MONTH_COUNT = Table("month_count", METADATA, MonthCountColumns, sqlite_with_rowid=False)


class RedirectColumns(TypedColumns):
    """An old address (path and query) and its target: a selection in a format, or a release."""

    location: Named[str] = Column(Text, primary_key=True)
    selection: Named[int | None] = Column(Integer, ForeignKey("selection.id"), index=True)
    release: Named[int | None] = Column(Integer, ForeignKey("release.id"), index=True)
    format: Named[str | None] = Column(Text)


REDIRECT = Table("redirect", METADATA, RedirectColumns)


class NoticeColumns(TypedColumns):
    """The notice of a suspension or a resumption; no document contains a ``retracted`` one."""

    id: Named[int] = Column(Integer, primary_key=True)
    kind: Named[str] = Column(Text)
    entry_id: Named[str] = Column(Text, unique=True)
    rank: Named[int] = Column(BigInteger)
    announced: Named[datetime] = Column(UtcSeconds, unique=True)
    updated: Named[datetime] = Column(UtcSeconds)
    since: Named[datetime | None] = Column(UtcSeconds)
    lifted: Named[datetime | None] = Column(UtcSeconds)
    title: Named[str] = Column(Text)
    text: Named[str] = Column(Text)
    retracted: Named[datetime | None] = Column(UtcSeconds)


NOTICE = Table("notice", METADATA, NoticeColumns)


class ImportRunColumns(TypedColumns):
    """The outcome of an import; ``finished`` is null if it was interrupted."""

    id: Named[int] = Column(Integer, primary_key=True)
    started: Named[datetime] = Column(UtcSeconds)
    finished: Named[datetime | None] = Column(UtcSeconds)
    added: Named[int] = Column(BigInteger, default=0)
    changed: Named[int] = Column(BigInteger, default=0)
    unchanged: Named[int] = Column(BigInteger, default=0)
    skipped: Named[int] = Column(BigInteger, default=0)
    refused: Named[int] = Column(BigInteger, default=0)


IMPORT_RUN = Table("import_run", METADATA, ImportRunColumns)
