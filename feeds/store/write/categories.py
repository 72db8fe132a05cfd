"""Renaming and merging categories.

A category keeps every slug that it ever had, and gets those of a category that is merged into it:
imports find it by them, and the old URLs redirect to its own.
"""

from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from feeds.domain import Site
from feeds.store.schema.tables import (
    ARCHIVE_PAGE,
    LABEL,
    LISTING,
    MEMBERSHIP,
    MONTH_COUNT,
    REDIRECT,
    SELECTION,
)
from feeds.store.write.change import Change
from feeds.store.write.listing import Listing, ListingEntry


@dataclass(frozen=True, slots=True)
class StoredCategory:
    """A category with its current slug and name."""

    id: int
    slug: str
    name: str


def find(change: Change, slug: str) -> StoredCategory | None:
    """Return the category that has or had a slug, or None."""
    row = change.connection.execute(
        select(SELECTION.c.id, SELECTION.c.slug, SELECTION.c.name)
        .join(LABEL, LABEL.c.selection == SELECTION.c.id)
        .where(LABEL.c.slug == slug)
    ).first()
    return StoredCategory(**row._asdict()) if row else None


def rename(change: Change, category: StoredCategory, slug: str, name: str, site: Site) -> None:
    """Give a category a name, which imports then leave unchanged, and a slug.

    No other category may have or have had the slug.
    """
    change.connection.execute(
        update(SELECTION)
        .where(SELECTION.c.id == category.id)
        .values(slug=slug, name=name, named=True)
    )
    if find(change, slug) is None:
        change.connection.execute(insert(LABEL).values(slug=slug, selection=category.id))
    # The category has archive pages of its own at a slug that it got with another category.
    change.connection.execute(update(LABEL).where(LABEL.c.slug == slug).values(archive_pages=None))
    if (slug, name) != (category.slug, category.name):
        Listing(change, site).touch_renamed(category.id)


def merge(change: Change, merged: StoredCategory, into: StoredCategory, site: Site) -> None:
    """Move the releases, the slugs and the redirects of a category to another one; delete it."""
    listing = Listing(change, site)
    listing.touch_renamed(merged.id)
    change.mark_merge()
    pages = select(func.count()).where(ARCHIVE_PAGE.c.selection == merged.id).scalar_subquery()
    change.connection.execute(
        update(LABEL)
        .where(LABEL.c.selection == merged.id)
        .values(selection=into.id, archive_pages=func.coalesce(LABEL.c.archive_pages, pages))
    )
    change.connection.execute(
        update(REDIRECT).where(REDIRECT.c.selection == merged.id).values(selection=into.id)
    )
    _merge_memberships(change, merged.id, into.id)
    shown_there = select(LISTING.c.release).where(LISTING.c.selection == into.id)
    rows = change.connection.execute(
        select(LISTING.c.published, LISTING.c.rank, LISTING.c.release).where(
            LISTING.c.selection == merged.id, LISTING.c.release.not_in(shown_there)
        )
    ).all()
    for derived in (LISTING, ARCHIVE_PAGE, MONTH_COUNT):
        change.connection.execute(delete(derived).where(derived.c.selection == merged.id))
    change.connection.execute(delete(SELECTION).where(SELECTION.c.id == merged.id))
    # Otherwise an import could name the category as the other one was named.
    change.connection.execute(update(SELECTION).where(SELECTION.c.id == into.id).values(named=True))
    if rows:
        listing.add([ListingEntry(into.id, **row._asdict()) for row in rows])


def _merge_memberships(change: Change, merged: int, into: int) -> None:
    """Let the releases of a category belong to another one, at the first of both positions."""
    of_both = MEMBERSHIP.alias().c
    of_merged = MEMBERSHIP.alias().c
    # The categories after the second of both move up, so that no position is left out.
    second = (
        select(func.max(of_both.position))
        .where(of_both.release == MEMBERSHIP.c.release, of_both.selection.in_((merged, into)))
        .having(func.count() > 1)
        .scalar_subquery()
    )
    releases = select(of_merged.release).where(of_merged.selection == merged)
    change.connection.execute(
        update(MEMBERSHIP)
        .where(MEMBERSHIP.c.release.in_(releases), MEMBERSHIP.c.position > second)
        .values(position=MEMBERSHIP.c.position - 1)
    )
    first = (
        select(func.min(of_both.position))
        .where(of_both.release == MEMBERSHIP.c.release, of_both.selection.in_((merged, into)))
        .scalar_subquery()
    )
    change.connection.execute(
        update(MEMBERSHIP).where(MEMBERSHIP.c.selection == into).values(position=first)
    )
    other = MEMBERSHIP.alias().c
    change.connection.execute(
        delete(MEMBERSHIP).where(
            MEMBERSHIP.c.selection == merged,
            select(other.release)
            .where(other.release == MEMBERSHIP.c.release, other.selection == into)
            .exists(),
        )
    )
    change.connection.execute(
        update(MEMBERSHIP).where(MEMBERSHIP.c.selection == merged).values(selection=into)
    )
