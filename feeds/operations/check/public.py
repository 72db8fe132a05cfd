"""The public address, asked as a feed reader asks it."""

from collections.abc import Iterator

from feeds.domain import Site
from feeds.store import Store


def public_faults(store: Store, site: Site) -> Iterator[str]:
    yield from ()
