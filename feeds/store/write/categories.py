"""Categories under other names: what they are called now and what they were called.

Every slug that a category ever had stays its own: under it imports find it and its old addresses
lead to the new ones.
"""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from feeds.domain import Site
from feeds.store.schema.tables import LabelRow, SelectionRow
from feeds.store.write.change import Change
from feeds.store.write.listing import Listing


@dataclass(frozen=True, slots=True)
class Named:
    """A category as it is called now."""

    id: int
    slug: str
    name: str


def find(change: Change, slug: str) -> Named | None:
    """Return the category that has or had this slug."""
    row = change.connection.execute(
        select(SelectionRow.id, SelectionRow.slug, SelectionRow.name)
        .join(LabelRow, LabelRow.selection == SelectionRow.id)
        .where(LabelRow.slug == slug)
    ).first()
    return Named(*row) if row else None


def rename(change: Change, category: Named, slug: str, name: str, site: Site) -> None:
    """Give a category a name, which imports then leave alone, and a slug that is free or its own.

    ``site``: see ``Listing``.
    """
    change.connection.execute(
        update(SelectionRow)
        .where(SelectionRow.id == category.id)
        .values(slug=slug, name=name, named=True)
    )
    if find(change, slug) is None:
        change.connection.execute(insert(LabelRow).values(slug=slug, selection=category.id))
    if (slug, name) != (category.slug, category.name):
        Listing(change, site).rename(category.id)
