"""From inputs to items: each input through the source that recognises it, one after the other."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from feeds.ingest.inputs import Input
from feeds.ingest.sources import SOURCES, recognised
from feeds.ingest.sources.record import (
    Context,
    Item,
    Record,
    Skipped,
    Source,
    Unreadable,
    UnreadableError,
)

LONGEST = 2000
"""How many characters a title, or another text of one line, may have."""


def items(
    inputs: Iterable[Input], chosen: Source | None, zone: ZoneInfo
) -> Iterator[tuple[str, Item]]:
    """Yield all that the inputs hold, each with the name it is reported under.

    Every input gives one item at least. ``chosen`` reads them all, whatever they look like.
    """
    for found in inputs:
        for item in _read(found, chosen, zone):
            yield f"{found.name}: {item.where}" if item.where else found.name, item


def _read(found: Input, chosen: Source | None, zone: ZoneInfo) -> Iterator[Item]:
    if found.stream is None:
        yield Unreadable(found.reason)
        return
    none = True
    try:
        source = chosen or recognised(found.name, found.head)
        if source is None:
            kinds = ", ".join(SOURCES)
            reason = f"no source recognises it: name its kind with --source ({kinds})"
            yield Unreadable(reason) if found.named else Skipped(reason)
            return
        for item in source.read(found.stream, Context(found.name, found.head, zone)):
            none = False
            yield _bounded(item)
    except UnreadableError as error:
        yield Unreadable(str(error))
    except OSError as error:
        yield Unreadable(f"it cannot be read: {error.strerror}")
    else:
        if none:
            yield Skipped("it holds no release")


def _bounded(item: Item) -> Item:
    """Refuse a record whose short texts are long: what is done with them takes its time."""
    if not isinstance(item, Record):
        return item
    texts = {
        "title": (item.title,),
        "categories": item.labels,
        "website": (item.website,),
        "contact": (item.contact,),
        "author": (item.author,),
    }
    for field, stated in texts.items():
        if any(text is not None and len(text) > LONGEST for text in stated):
            return Unreadable(f"its {field} is longer than {LONGEST} characters", item.where)
    return item
