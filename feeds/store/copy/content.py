"""One state of a store that replaces another: what differs, and the identity of the new one."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from feeds.domain import Notice
from feeds.store.read.rows import Head
from feeds.store.read.snapshot import Snapshot
from feeds.store.schema.tables import ALL_ID, HEAD, IMPORT_RUN, LABEL, RELEASE, SELECTION
from feeds.urls import Target


class NamedCategory(NamedTuple):
    """The slug and the name of a category; ``named`` means that an operator chose the name."""

    slug: str
    name: str
    named: bool


class Version(NamedTuple):
    """A version of a release: the token of its last visible change, and the digest of its record.

    A release that was edited and edited back has another token, but the same digest. A record that
    differs in nothing that is shown has another digest, but leaves the token.
    """

    token: int
    digest: str

    def differs(self, other: "Version") -> bool:
        """Return whether documents may show different content of the release."""
        return self.token != other.token and self.digest != other.digest


@dataclass(frozen=True, slots=True)
class Content:
    """What an operator would miss in another state of the store.

    The releases are given by entry id, each with its version and whether it is shown, and the
    notices by entry id. ``imports`` are numbered, each with the instant at which it was started.
    The categories are given by feed id; ``labels`` has the feed id for each current or former slug.
    """

    head: Head
    releases: dict[str, tuple[Version, bool]]
    notices: dict[str, Notice]
    imports: frozenset[tuple[int, datetime]]
    suspension: Notice | None
    categories: dict[str, NamedCategory]
    labels: dict[str, str]
    addresses: dict[str, Target]

    @property
    def empty(self) -> bool:
        """Whether nothing was imported, announced or redirected."""
        return not (self.releases or self.notices or self.imports or self.addresses)


def content(connection: Connection) -> Content:
    """Read what a store contains."""
    snapshot = Snapshot(connection)
    columns = (RELEASE.c.entry_id, RELEASE.c.token, RELEASE.c.digest, RELEASE.c.withdrawn)
    return Content(
        head=snapshot.head(),
        releases={
            row.entry_id: (Version(row.token, row.digest), row.withdrawn is None)
            for row in connection.execute(select(*columns))
        },
        notices={notice.entry_id: notice for notice in snapshot.all_notices()},
        imports=frozenset(
            (row.id, row.started)
            for row in connection.execute(select(IMPORT_RUN.c.id, IMPORT_RUN.c.started))
        ),
        suspension=snapshot.running_suspension(),
        categories={
            row.feed_id: NamedCategory(row.slug, row.name, row.named)
            for row in connection.execute(select(SELECTION).where(SELECTION.c.id != ALL_ID))
        },
        labels={
            row.slug: row.feed_id
            for row in connection.execute(
                select(LABEL.c.slug, SELECTION.c.feed_id).join_from(LABEL, SELECTION)
            )
        },
        addresses=dict(snapshot.redirects()),
    )


def become_another(connection: Connection, instant: datetime | None) -> None:
    """Give the store another id; documents count as changed not before ``instant``, if given."""
    values: dict[str, object] = {"store_id": secrets.token_hex(16)}
    if instant is not None:
        values |= {"instant": instant, "settings_changed": instant}
    connection.execute(update(HEAD).values(values))
