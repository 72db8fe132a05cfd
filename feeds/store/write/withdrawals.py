"""Withdrawing releases, and restoring them in their old places.

A withdrawn release is not listed, but its row stays in the store: its id and its path are given to
no other release, and an import recognises it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from feeds.domain import Site
from feeds.store.schema.tables import MEMBERSHIP, NOT_STORABLE, RELEASE
from feeds.store.write.change import Change, update_release
from feeds.store.write.listing import Listing, listing_entries


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """A release and its place in the order; ``withdrawn`` is None while it is shown."""

    id: int
    entry_id: str
    path: str
    published: datetime
    rank: int
    withdrawn: datetime | None


def find(change: Change, id_: str, path: str) -> ReleaseState | None:
    """Return the release with this entry id or permanent id, or the one with this path, or None."""
    if NOT_STORABLE.search(id_):
        return None
    rows = change.connection.execute(
        select(
            RELEASE.c.id,
            RELEASE.c.entry_id,
            RELEASE.c.path,
            RELEASE.c.published,
            RELEASE.c.rank,
            RELEASE.c.withdrawn,
        ).where(
            or_(
                RELEASE.c.entry_id == id_,
                RELEASE.c.permanent_id == id_,
                RELEASE.c.path == path,
            )
        )
    )
    found = [ReleaseState(**row._asdict()) for row in rows]
    # An id comes first: a path is not a URI, but may be another release's permanent id.
    return min(
        found, key=lambda release: (release.entry_id != id_, release.path == path), default=None
    )


def withdraw(change: Change, release: ReleaseState, site: Site) -> None:
    """Remove a release from the listing."""
    Listing(change, site).hide(release.id)
    change.mark_withdrawal()
    update_release(change.connection, release.id, {"withdrawn": change.instant})


def restore(change: Change, release: ReleaseState, site: Site) -> None:
    """List a withdrawn release in the selections to which it belongs now."""
    members = change.connection.scalars(
        select(MEMBERSHIP.c.selection).where(MEMBERSHIP.c.release == release.id)
    )
    Listing(change, site).show(
        listing_entries(release.id, release.published, release.rank, members)
    )
    update_release(change.connection, release.id, {"withdrawn": None})
