"""Old addresses: what each leads to, by number, so that it follows a rename.

No document names them, so that a change of them takes no revision; requests read them anew.
"""

from sqlalchemy import delete, insert, select

from feeds.store.read.snapshot import EVERYTHING
from feeds.store.schema.tables import LabelRow, RedirectRow, ReleaseRow
from feeds.store.write.change import Change
from feeds.store.write.releases import ALL
from feeds.urls import Target

Stored = tuple[int | None, int | None, str | None]
"""A selection, or a release, and a format."""


def resolve(change: Change, target: Target) -> Stored | None:
    """Return the numbers of what an address names, under a former name too, if it is there."""
    if target.release is not None:
        release = change.connection.scalar(
            select(ReleaseRow.id).where(ReleaseRow.path == target.release)
        )
        return None if release is None else (None, release, None)
    if target.slug == EVERYTHING:
        return ALL, None, target.format
    selection = change.connection.scalar(
        select(LabelRow.selection).where(LabelRow.slug == target.slug)
    )
    return None if selection is None else (selection, None, target.format)


def get(change: Change, location: str) -> Stored | None:
    """Return what an old address leads to."""
    row = change.connection.execute(
        select(RedirectRow.selection, RedirectRow.release, RedirectRow.format).where(
            RedirectRow.location == location
        )
    ).first()
    return (row[0], row[1], row[2]) if row else None


def put(change: Change, location: str, stored: Stored) -> None:
    """Let an old address that leads nowhere yet lead there."""
    selection, release, format_ = stored
    change.connection.execute(
        insert(RedirectRow).values(
            location=location, selection=selection, release=release, format=format_
        )
    )


def remove(change: Change, location: str) -> bool:
    """Let an old address lead nowhere; return whether it led anywhere."""
    result = change.connection.execute(
        delete(RedirectRow).where(RedirectRow.location == location).returning(RedirectRow.location)
    )
    return result.first() is not None
