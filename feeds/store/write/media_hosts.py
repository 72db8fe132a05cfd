"""The hosts on which the pictures and attachments of releases lie."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert

from feeds.store.schema.tables import MEDIA_HOST
from feeds.store.write.change import chunks


def replace(connection: Connection, hosts: Mapping[int, Mapping[str, int]]) -> None:
    """Store how many pictures and attachments of each of these releases lie on each host.

    ``hosts`` has the counts of a release by its id, as ``feeds.domain.media_hosts`` returns them.
    """
    for chunk in chunks(sorted(hosts)):
        connection.execute(delete(MEDIA_HOST).where(MEDIA_HOST.c.release.in_(chunk)))
    rows = [
        {"release": release, "host": host, "count": count}
        for release, counts in hosts.items()
        for host, count in sorted(counts.items())
    ]
    if rows:
        connection.execute(insert(MEDIA_HOST), rows)
