"""Old addresses and their targets, which are stored by id, so that they follow a rename.

No document contains them: a change takes no revision, and each request reads them from the store.
"""

from typing import NamedTuple

from sqlalchemy import delete, insert, select

from feeds.store.schema.tables import ALL_ID, ALL_SLUG, LABEL, REDIRECT, RELEASE
from feeds.store.write.change import Change
from feeds.urls import Target


class StoredTarget(NamedTuple):
    """The id of a selection or of a release, and a format."""

    selection: int | None
    release: int | None
    format: str | None


def resolve(change: Change, target: Target) -> StoredTarget | None:
    """Return the stored form of a target, or None if there is no such release or category.

    A category is found by its former slugs, too.
    """
    if target.release is not None:
        release = change.connection.scalar(
            select(RELEASE.c.id).where(RELEASE.c.path == target.release)
        )
        return None if release is None else StoredTarget(None, release, None)
    if target.slug == ALL_SLUG:
        return StoredTarget(ALL_ID, None, target.format)
    selection = change.connection.scalar(
        select(LABEL.c.selection).where(LABEL.c.slug == target.slug)
    )
    return None if selection is None else StoredTarget(selection, None, target.format)


def find(change: Change, location: str) -> StoredTarget | None:
    """Return the target of an old address, or None if it has no redirect."""
    row = change.connection.execute(
        select(REDIRECT.c.selection, REDIRECT.c.release, REDIRECT.c.format).where(
            REDIRECT.c.location == location
        )
    ).first()
    return StoredTarget(**row._asdict()) if row else None


def add(change: Change, location: str, target: StoredTarget) -> None:
    """Add a redirect for an old address that has none."""
    change.mark_invisible()
    change.connection.execute(insert(REDIRECT).values(location=location, **target._asdict()))


def remove(change: Change, location: str) -> bool:
    """Remove the redirect of an old address; return whether there was one."""
    result = change.connection.execute(
        delete(REDIRECT).where(REDIRECT.c.location == location).returning(REDIRECT.c.location)
    )
    found = result.first() is not None
    if found:
        change.mark_invisible()
    return found
