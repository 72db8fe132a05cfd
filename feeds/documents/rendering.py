"""Render feeds, taking entries that have not changed from the previous document.

What an entry depends on is known without the text of its release. A suspension changes only the
head of a document, and most imports change one entry.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile

from feeds.documents.assemble import notice_entry, release_entry
from feeds.documents.body import Body, Entries, Rendering
from feeds.domain import Entry, Feed, ListedRelease, Notice, Release, Site
from feeds.formats import Format


def render(
    site: Site,
    form: Format,
    feed: Feed,
    read: Callable[[Sequence[ListedRelease]], Mapping[int, Release]],
    previous: Body | None,
) -> Rendering:
    """Render a feed; ``previous`` is the body of the previous document, if it is known.

    ``read`` reads releases and returns them by their ids. It is called for those that ``previous``
    does not have.
    """
    # Notices above the newest release come and go while no release changes.
    above = sum(1 for _ in takewhile(_is_notice, feed.entries))
    shown = feed.entries[above:]
    keys = array("q", map(hash, shown))
    same = previous if previous is not None and previous.entries.keys == keys else None
    finished = {} if previous is None or same else dict(_finished(previous, form))
    missing = [
        one for one, key in zip(shown, keys, strict=True) if not same and key not in finished
    ]
    releases = read([one for one in missing if isinstance(one, ListedRelease)])
    before, entries, after = form.render(
        feed, [_entry(site, one, releases) for one in (*feed.entries[:above], *missing)]
    )
    head = before + form.separator.join([*entries[:above], b""] if shown else entries[:above])
    if same:
        return Rendering(same, head, same.entries._replace(start=len(head)))
    rendered = iter(entries[above:])
    entries = [finished.get(key) or next(rendered) for key in keys]
    rest = [piece for entry in entries for piece in (form.separator, entry)]
    return Rendering(
        [*rest[1:], after], head, Entries(len(head), keys, array("I", map(len, entries)))
    )


def _finished(previous: Body, form: Format) -> Iterator[tuple[int, bytes]]:
    """Yield the entries of a document with their keys."""
    content = previous.content()
    start, keys, sizes = previous.entries
    for key, size in zip(keys, sizes, strict=True):
        yield key, content[start : start + size]
        start += size + len(form.separator)


def _is_notice(shown: ListedRelease | Notice) -> bool:
    return isinstance(shown, Notice)


def _entry(site: Site, shown: ListedRelease | Notice, releases: Mapping[int, Release]) -> Entry:
    if isinstance(shown, Notice):
        return notice_entry(site, shown)
    return release_entry(site, releases[shown.id])
