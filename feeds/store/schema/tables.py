"""The schema of the release store, as typed SQLAlchemy models.

The models describe; they are not used to load rows, which are read by Core selects. What they say
and what the migrations make is compared by a test. Instants are whole seconds since 1970 in UTC.
"""

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
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class UtcSeconds(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as whole seconds: it sorts as a number on every engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert to seconds since 1970."""
        return None if value is None else (value - _EPOCH) // _SECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Convert from seconds since 1970; years before 1970 and after 2038 are dates, too."""
        return None if value is None else _EPOCH + timedelta(seconds=value)


class Base(DeclarativeBase):
    """Base of every table."""

    # Named constraints can be altered later on every engine.
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
    """The one row of the store itself; locking it until commit is what orders all changes.

    ``settings_*`` say which settings and formats the documents were last known to be made with,
    and when that last changed.
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

    ``count`` releases are shown, the newest ``tail`` of them after its last archive page.
    ``named`` tells that an operator chose the name, which an import then leaves alone.
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
    """Every slug of a label under which an import finds a category, its former names' too."""

    __tablename__ = "label"

    slug: Mapped[str] = mapped_column(primary_key=True)
    selection: Mapped[int] = mapped_column(Integer, ForeignKey("selection.id"), index=True)


class ReleaseRow(Base):
    """A release: what is shown of it and what it is recognised by."""

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

    # The few that were withdrawn are listed without a look at all others.
    __table_args__ = (
        Index(
            "ix_release_withdrawn",
            "withdrawn",
            sqlite_where=text("withdrawn IS NOT NULL"),
            postgresql_where=text("withdrawn IS NOT NULL"),
        ),
    )


class MembershipRow(Base):
    """The fact that a release belongs to a category."""

    __tablename__ = "membership"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's name

    release: Mapped[int] = mapped_column(Integer, ForeignKey("release.id"), primary_key=True)
    selection: Mapped[int] = mapped_column(
        Integer, ForeignKey("selection.id"), primary_key=True, index=True
    )


class ListingRow(Base):
    """What a selection shows, derived from release and membership in the same transaction.

    Its key is its order: the newest N and every interval are range reads.
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
    """An archive page, numbered from the oldest, by its fence: the order key of its last release.

    It holds ``size`` releases: those after the fence of the page before it, up to its own.
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
    """How many releases of a year, in the portal's zone, a selection shows; none: no row."""

    __tablename__ = "year_count"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's name

    selection: Mapped[int] = mapped_column(Integer, ForeignKey("selection.id"), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int]


class RedirectRow(Base):
    """An old address, path and query, and the selection or release that it leads to."""

    __tablename__ = "redirect"

    location: Mapped[str] = mapped_column(primary_key=True)
    selection: Mapped[int | None] = mapped_column(Integer, ForeignKey("selection.id"), index=True)
    release: Mapped[int | None] = mapped_column(Integer, ForeignKey("release.id"), index=True)
    format: Mapped[str | None]


class NoticeRow(Base):
    """A suspension or a resumption as it was announced."""

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
    """The outcome of one run of an import; ``finished`` is empty where it was interrupted."""

    __tablename__ = "import_run"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    started: Mapped[datetime]
    finished: Mapped[datetime | None]
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
