"""The hosts on which the pictures and attachments of releases lie."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert

from feeds.store.schema.tables import MEDIA_HOST


def add(connection: Connection, hosts: Mapping[int, Mapping[str, int]]) -> None:
    """Store how many pictures and attachments of each of these releases lie on each host.

    ``hosts`` has the counts of a new release by its id.
    """
    rows = [
        {"release": release, "host": host, "count": count}
        for release, counts in hosts.items()
        for host, count in sorted(counts.items())
    ]
    if rows:
        connection.execute(insert(MEDIA_HOST), rows)


def replace(connection: Connection, release: int, counts: Mapping[str, int]) -> None:
    """Store the same for a release that has changed."""
    connection.execute(delete(MEDIA_HOST).where(MEDIA_HOST.c.release == release))
    add(connection, {release: counts})
