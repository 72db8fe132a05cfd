"""What is wrong with one document, given its bytes and what the store says should be in it.

Nothing here uses the code that writes documents.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from feeds.operations.check import atom, json_feed, rss
from feeds.operations.check.seen import Item, Seen, is_url, links_of

Instants = tuple[datetime, datetime]
"""When an entry was published and updated."""

CORRECTION: Final = (
    "Correct the link in the release and import it again, or redirect the address with "
    "`feeds address add`"
)
"""What to do about a dead link of a release; without a full stop."""

READERS: Final[Mapping[str, Callable[[bytes], Seen]]] = {
    "atom": atom.read,
    "rss": rss.read,
    "json": json_feed.read,
}


@dataclass(frozen=True, slots=True)
class Expected:
    """What a document should contain, with ids as its format has them.

    ``releases`` are in their order. ``notices`` are those that may be in it; ``running`` is the id
    of the one that must be the first entry, None if there is none.
    """

    address: str
    releases: Mapping[str, Instants]
    notices: Mapping[str, Instants]
    running: str | None


def read(extension: str, content: bytes) -> Seen:
    """Return what a reader sees in a document, with the rules of the format that it breaks."""
    try:
        seen = READERS[extension](content)
    except (TypeError, AttributeError):
        return Seen(faults=["a member of it has another type than its format allows"])
    seen.faults += _common(seen)
    return seen


def _common(seen: Seen) -> Iterator[str]:
    """Yield what no reader can use, whatever the format."""
    for id_, number in Counter(item.id for item in seen.items).items():
        if number > 1:
            yield f"the id {id_} is that of {number} entries"
    for item in seen.items:
        for link in links_of(item.content):
            if not is_url(link) and not link.startswith("#"):
                yield f"the content of {item.id} has a link {link!r} that is not an absolute URL"


def differences(seen: Seen, expected: Expected) -> Iterator[str]:
    """Yield in what a document differs from the store."""
    if seen.address != expected.address:
        yield f"it says that its address is {seen.address!r}, not {expected.address}"
    yield from arrangement(seen.items, expected.running)
    ids = [item.id for item in seen.items]
    releases = [id_ for id_ in ids if id_ not in expected.notices]
    if releases != list(expected.releases):
        yield from _other_releases(releases, list(expected.releases))
    known = {**expected.releases, **expected.notices}
    for item in seen.items:
        if item.id in known and (item.published, item.updated) != known[item.id]:
            yield f"the instants of {item.id} are not those of the store"


def arrangement(items: list[Item], running: str | None) -> Iterator[str]:
    """Yield what is wrong with the order: the notice first and once, then the newest first."""
    places = [place for place, item in enumerate(items) if item.id == running]
    if running is not None and places[:1] != [0]:
        yield f"the notice {running} is not its first entry"
    if len(places) > 1:
        yield f"the notice {running} is in it {len(places)} times"
    ordered = items[1:] if places[:1] == [0] else items
    for one, next_ in pairwise(ordered):
        if one.published and next_.published and one.published < next_.published:
            yield f"{next_.id} is newer than {one.id}, which stands before it"


def dead_links(
    seen: Seen, base_url: str, leads_somewhere: Callable[[str], bool]
) -> Iterator[tuple[str, bool]]:
    """Yield each link to the service itself that is dead, and whether an entry has it.

    ``leads_somewhere`` is asked about what follows the base URL.
    """
    for link, ids in sorted(_links_within(seen, base_url).items()):
        if not leads_somewhere(link.removeprefix(base_url)):
            for id_ in ids:
                yield f"the link {link}{f' of {id_}' if id_ else ''} leads nowhere", bool(id_)


def _links_within(seen: Seen, base_url: str) -> dict[str, list[str]]:
    """Return the links to the service itself with the ids of their entries, "" for the feed."""
    found: dict[str, list[str]] = {}
    owned = [("", seen.links)]
    owned += [(item.id, [*item.links, *links_of(item.content)]) for item in seen.items]
    for id_, links in owned:
        for link in dict.fromkeys(links):
            if link == base_url or link.startswith(f"{base_url}/"):
                found.setdefault(link, []).append(id_)
    return found


def _other_releases(found: list[str], expected: list[str]) -> Iterator[str]:
    missing = [id_ for id_ in expected if id_ not in set(found)]
    surplus = [id_ for id_ in found if id_ not in set(expected)]
    if missing:
        yield f"it lacks releases that the store has there ({len(missing)}, such as {missing[0]})"
    if surplus:
        yield f"it has entries that the store has not there ({len(surplus)}, such as {surplus[0]})"
    if not missing and not surplus:
        yield "its releases are not in the order of the store"
