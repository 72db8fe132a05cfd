"""Renaming categories.

A category keeps every slug that it ever had: imports find it by them, and its old URLs redirect to
the new ones.
"""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from feeds.domain import Site
from feeds.store.schema.tables import LABEL, SELECTION
from feeds.store.write.change import Change
from feeds.store.write.listing import Listing


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
    if (slug, name) != (category.slug, category.name):
        Listing(change, site).touch_renamed(category.id)
