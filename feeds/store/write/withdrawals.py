"""Withdrawn releases: taken off every list, and put back where they stood.

What a release says, its id, its path and its categories stay in the store, so that nothing of it
can be given to another, and an import that brings it again knows it.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update

from feeds.domain import Site
from feeds.store.schema.tables import MembershipRow, ReleaseRow
from feeds.store.write.change import Change
from feeds.store.write.listing import Listing, ListingEntry
from feeds.store.write.releases import ALL

# What no engine takes as text, and so no id or path can hold.
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Standing:
    """A release as far as it matters here: shown, or withdrawn at an instant."""

    id: int
    entry_id: str
    path: str
    published: datetime
    rank: int
    withdrawn: datetime | None


def find(change: Change, entry_id: str, path: str) -> Standing | None:
    """Return the release of this id, else the one at this path."""
    if _NO_TEXT.search(entry_id):
        return None
    rows = change.connection.execute(
        select(
            ReleaseRow.id,
            ReleaseRow.entry_id,
            ReleaseRow.path,
            ReleaseRow.published,
            ReleaseRow.rank,
            ReleaseRow.withdrawn,
        ).where(or_(ReleaseRow.entry_id == entry_id, ReleaseRow.path == path))
    )
    found = [Standing(*row) for row in rows]
    return min(found, key=lambda standing: standing.entry_id != entry_id, default=None)


def withdraw(change: Change, release: Standing, site: Site) -> None:
    """Take a release that is shown off every list; ``site``: see ``Listing``."""
    Listing(change, site).hide(release.id)
    _mark(change, release, change.instant)


def restore(change: Change, release: Standing, site: Site) -> None:
    """List a withdrawn release in all that it belongs to now; ``site``: see ``Listing``."""
    members = change.connection.scalars(
        select(MembershipRow.selection)
        .where(MembershipRow.release == release.id)
        .order_by(MembershipRow.selection)
    )
    Listing(change, site).show(
        [
            ListingEntry(selection, release.published, release.rank, release.id)
            for selection in (ALL, *members)
        ]
    )
    _mark(change, release, None)


def _mark(change: Change, release: Standing, withdrawn: datetime | None) -> None:
    change.connection.execute(
        update(ReleaseRow).where(ReleaseRow.id == release.id).values(withdrawn=withdrawn)
    )
