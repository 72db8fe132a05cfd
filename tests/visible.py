"""Which selections and archive pages get a new revision from a change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.portal import Portal


def revisions(portal: Portal) -> dict[str, int]:
    """Return the revisions of the store (``head``), of each selection and of each archive page."""
    (head,) = portal.sql("SELECT revision FROM head")
    found = {"head": head[0]}
    for slug, revision in portal.sql("SELECT slug, revision FROM selection"):
        found[slug or "releases"] = revision
    pages = portal.sql(
        "SELECT slug, number, archive_page.revision"
        " FROM archive_page JOIN selection ON selection.id = selection"
    )
    for slug, number, revision in pages:
        found[f"{slug or 'releases'}/archive/{number}"] = revision
    return found


@contextmanager
def moved(portal: Portal) -> Iterator[Callable[[], set[str]]]:
    """Yield a function that returns what got a new revision in the block, without ``head``."""
    before = revisions(portal)
    yield lambda: {
        name
        for name, revision in revisions(portal).items()
        if name != "head" and before.get(name) != revision
    }
