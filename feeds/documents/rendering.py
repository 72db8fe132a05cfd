"""Render feeds, taking entries that have not changed from the previous document.

What an entry depends on is known without the text of its release. A suspension changes only the
head of a document, and most imports change one entry.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, takewhile

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
    same = previous if previous and shown and previous.entries.keys == keys else None
    finished = dict(_finished(previous, form)) if previous and not same else {}
    missing = [
        one for one, key in zip(shown, keys, strict=True) if not same and key not in finished
    ]
    releases = read([one for one in missing if isinstance(one, ListedRelease)])
    content = form.render(
        feed, [_entry(site, one, releases) for one in (*feed.entries[:above], *missing)]
    )
    if len(missing) == len(shown):
        first = next(islice(form.locate(content, 0), above, None), slice(0))
        return Rendering(content, Entries(first.start or 0, keys))
    places = list(form.locate(content, 0))
    rendered = [content[place] for place in places]
    before = content[: places[0].start] if places else content.removesuffix(form.end)
    head = before + form.separator.join([*rendered[:above], b""])
    if same:
        return Rendering(head, Entries(len(head), keys), same)
    rest = iter(rendered[above:])
    entries = form.separator.join([finished.get(key) or next(rest) for key in keys])
    return Rendering(b"".join((head, entries, form.end)), Entries(len(head), keys))


def _finished(previous: Body, form: Format) -> Iterator[tuple[int, bytes]]:
    """Yield the entries of a document with their keys."""
    content = previous.content()
    start, keys = previous.entries
    places = form.locate(content, start) if keys else ()
    for key, place in zip(keys, places, strict=True):
        yield key, content[place]


def _is_notice(shown: ListedRelease | Notice) -> bool:
    return isinstance(shown, Notice)


def _entry(site: Site, shown: ListedRelease | Notice, releases: Mapping[int, Release]) -> Entry:
    if isinstance(shown, Notice):
        return notice_entry(site, shown)
    return release_entry(site, releases[shown.id])
