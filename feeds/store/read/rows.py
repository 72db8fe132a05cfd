"""What the rows of the store become: dataclasses, mapped by the names of the columns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row

from feeds.domain import Category, PreviousState, Selection
from feeds.errors import StoreError
from feeds.store.schema.tables import ALL_SLUG
from feeds.urls import Target


@dataclass(frozen=True, slots=True)
class Head:
    """The store as a whole; see ``HEAD``.

    ``token`` is that of the change with this revision, and ``announced`` the instant at which a
    running suspension was announced.
    """

    store_id: str
    revision: int
    token: int | None
    instant: datetime
    page_size: int
    timezone: str
    language: str
    settings_digest: str
    settings_revision: int
    settings_changed: datetime
    settings_token: int
    list_token: int
    list_changed: datetime
    withdrawal: int
    merge: int
    announced: datetime | None


class MergedArchive(NamedTuple):
    """The archive that a category had under a slug before it was merged into ``current``."""

    slug: str
    current: str
    pages: int


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """The outcome of an import; ``finished`` is None if it was interrupted."""

    started: datetime
    finished: datetime | None
    added: int
    changed: int
    unchanged: int
    skipped: int
    refused: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawn release, and the instant at which it was withdrawn."""

    entry_id: str
    path: str
    title: str
    withdrawn: datetime


@contextmanager
def readable_values() -> Iterator[None]:
    """Raise ``StoreError`` for a stored value that is not of its column's type or range."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        raise StoreError(
            f"The release store holds a value that cannot be read: {error}."
        ) from error


def ordered(categories: dict[int, Category]) -> tuple[Category, ...]:
    """Return the categories of a release by their positions: the main one first."""
    if len(categories) < 2:  # noqa: PLR2004 - as most releases: nothing to sort
        return tuple(categories.values())
    return tuple(categories[position] for position in sorted(categories))


def head_of(row: Row[Any]) -> Head:
    """Return the head that a row contains, whatever else it has."""
    return Head(**{name: getattr(row, name) for name in Head.__slots__})


def target_of(row: Row[Any]) -> Target:
    """Return what an old address is redirected to."""
    return Target(release=row.path, slug=row.slug or ALL_SLUG, format=row.format)


def previous_state(parts: Sequence[tuple[Row[Any], datetime, int]]) -> PreviousState | None:
    """Return what parts of the store were before the last change of any of them.

    Each has its row, its instant and its token. Returns None if it is not known, or if the change
    was a withdrawal, after which nothing is served as it was (rule 6).
    """
    last = max(row.last_revision for row, _, _ in parts)
    before = []
    for row, changed, token in parts:
        if row.last_revision < last:
            before.append((changed, token))
        elif row.previous_token is None or row.last_withdrawal == last:
            return None
        else:
            before.append((row.previous_changed, row.previous_token))
    instants, tokens = zip(*before, strict=True)
    return PreviousState(revision=last - 1, changed=max(instants), tokens=tokens)


def selection_of(row: Row[Any]) -> Selection:
    """Return the selection of one category, or of all releases."""
    return Selection(
        feed_id=row.feed_id,
        categories=(Category(slug=row.slug, name=row.name),) if row.slug else (),
        count=row.shown,
        changed=row.changed,
        created=row.created,
        members=(row.id,),
        tokens=(row.selection_token,),
    )
