"""The schema of the store, as typed SQLAlchemy models.

The models only describe the tables: rows are read by Core selects. A test compares the models with
what the migrations create. Instants are whole seconds since 1970 in UTC.
"""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that no text may contain: NUL on PostgreSQL, lone surrogates on either engine."""

ALL_ID = 0
"""The id of the selection of all releases."""

ALL_SLUG = ""
"""The slug of the selection of all releases."""


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


class Base(DeclarativeBase):
    """Base class of all tables."""

    # Constraints need names to be altered by a migration on every engine.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text, datetime: UtcSeconds, int: BigInteger}  # noqa: RUF012 - SQLAlchemy's name


class HeadRow(Base):
    """The single row of the store itself. Each writer locks it until it commits (rule 5).

    ``revision`` and ``instant`` are the change clock. ``settings_digest`` is the digest of the
    settings and formats that documents are made with; it is empty if they are not known.
    ``settings_revision`` and ``settings_changed`` are those of its last change.
    """

    __tablename__ = "head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    store_id: Mapped[str]
    revision: Mapped[int]
    instant: Mapped[datetime]
    page_size: Mapped[int]
    settings_digest: Mapped[str]
    settings_revision: Mapped[int]
    settings_changed: Mapped[datetime]


class SelectionRow(Base):
    """All releases (id 0, empty slug and name) or one category, with its last visible change.

    ``count`` releases are shown; the newest ``tail`` of them are after the last archive page.
    ``named`` is true if an operator chose the name, which imports then leave unchanged.
    """

    __tablename__ = "selection"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    feed_id: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    named: Mapped[bool] = mapped_column(default=False)
    count: Mapped[int] = mapped_column(default=0)
    tail: Mapped[int] = mapped_column(default=0, index=True)
    revision: Mapped[int] = mapped_column(index=True)
    changed: Mapped[datetime]
    created: Mapped[datetime]


class LabelRow(Base):
    """A slug under which a category is or was known; imports find the category by any of them."""

    __tablename__ = "label"

    slug: Mapped[str] = mapped_column(primary_key=True)
    selection: Mapped[int] = mapped_column(Integer, ForeignKey("selection.id"), index=True)


class ReleaseRow(Base):
    """A release: what is shown of it, and what an import recognises it by."""

    __tablename__ = "release"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    entry_id: Mapped[str] = mapped_column(unique=True)
    rank: Mapped[int]
    path: Mapped[str] = mapped_column(unique=True)
    source_key: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    published: Mapped[datetime]
    updated: Mapped[datetime]
    title: Mapped[str]
    body: Mapped[str]
    summary: Mapped[str]
    language: Mapped[str | None]
    author: Mapped[str | None]
    website: Mapped[str | None]
    contact: Mapped[str | None]
    original: Mapped[str | None]
    withdrawn: Mapped[datetime | None]

    # The few withdrawn releases are listed without reading the others: the migration makes this a
    # partial index. Described here, its condition would load the PostgreSQL dialect for SQLite.
    __table_args__ = (Index("ix_release_withdrawn", "withdrawn"),)


class MembershipRow(Base):
    """A release belongs to a category."""

    __tablename__ = "membership"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's name

    release: Mapped[int] = mapped_column(Integer, ForeignKey("release.id"), primary_key=True)
    selection: Mapped[int] = mapped_column(
        Integer, ForeignKey("selection.id"), primary_key=True, index=True
    )


class ListingRow(Base):
    """A selection shows a release; derived from release and membership in the same transaction.

    The key is the order, so that the newest N and every archive page are range reads.
    """

    __tablename__ = "listing"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's name

    selection: Mapped[int] = mapped_column(Integer, ForeignKey("selection.id"), primary_key=True)
    published: Mapped[datetime] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    release: Mapped[int] = mapped_column(
        Integer, ForeignKey("release.id"), primary_key=True, index=True
    )


class ArchivePageRow(Base):
    """An archive page, numbered from the oldest; ``last_*`` are its boundary.

    It has ``size`` releases: those after the boundary of the page before it, up to its own
    (``feeds.store.write.archive_pages``).
    """

    __tablename__ = "archive_page"
    __table_args__ = (
        Index(None, "selection", "last_published", "last_rank", unique=True),
        {"sqlite_with_rowid": False},
    )

    selection: Mapped[int] = mapped_column(Integer, ForeignKey("selection.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_published: Mapped[datetime]
    last_rank: Mapped[int]
    size: Mapped[int] = mapped_column(index=True)
    revision: Mapped[int] = mapped_column(index=True)
    changed: Mapped[datetime]


class YearCountRow(Base):
    """How many releases of a year, in the portal's zone, a selection shows; no row means none."""

    __tablename__ = "year_count"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's name

    selection: Mapped[int] = mapped_column(Integer, ForeignKey("selection.id"), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int]


class RedirectRow(Base):
    """An old address (path and query) and its target: a selection in a format, or a release."""

    __tablename__ = "redirect"

    location: Mapped[str] = mapped_column(primary_key=True)
    selection: Mapped[int | None] = mapped_column(Integer, ForeignKey("selection.id"), index=True)
    release: Mapped[int | None] = mapped_column(Integer, ForeignKey("release.id"), index=True)
    format: Mapped[str | None]


class NoticeRow(Base):
    """The notice of a suspension or a resumption."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str]
    entry_id: Mapped[str] = mapped_column(unique=True)
    rank: Mapped[int]
    announced: Mapped[datetime] = mapped_column(unique=True)
    updated: Mapped[datetime]
    since: Mapped[datetime | None]
    lifted: Mapped[datetime | None]
    title: Mapped[str]
    text: Mapped[str]


class ImportRunRow(Base):
    """The outcome of an import; ``finished`` is null if it was interrupted."""

    __tablename__ = "import_run"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    started: Mapped[datetime]
    finished: Mapped[datetime | None]
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
