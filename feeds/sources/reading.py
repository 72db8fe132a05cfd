"""From inputs to items: each input through the source that recognises it, one after the other."""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from feeds.sources import SOURCES, recognised
from feeds.sources.inputs import Input
from feeds.sources.record import Context, Item, Skipped, Source, Unreadable, UnreadableError


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
            yield item
    except UnreadableError as error:
        yield Unreadable(str(error))
    except OSError as error:
        yield Unreadable(f"it cannot be read: {error.strerror}")
    else:
        if none:
            yield Skipped("it holds no release")
