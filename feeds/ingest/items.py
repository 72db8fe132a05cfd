"""Reads the items of inputs through their sources."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from feeds.ingest.inputs import Input
from feeds.ingest.sources import SOURCES, detect
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Item,
    Record,
    RefusedItem,
    SkippedItem,
    Source,
)

MOST_ATTACHMENTS = 1000

LONGEST = 2000
"""The number of characters that a title, or another text of one line, may have."""


def items(
    inputs: Iterable[Input],
    chosen: Source | None,
    zone: ZoneInfo,
    post_types: tuple[str, ...] = ("post",),
    taxonomies: tuple[str, ...] = ("category",),
) -> Iterator[tuple[str, Item]]:
    """Yield the items of the inputs, each with the name under which it is reported.

    Every input has at least one item. ``chosen`` is the source for all inputs; if it is None, the
    source of each is detected.
    """
    for found in inputs:
        context = Context(found.name, found.head, zone, post_types, taxonomies)
        for item in _read(found, chosen, context):
            yield f"{found.name}: {item.where}" if item.where else found.name, item


def _read(found: Input, chosen: Source | None, context: Context) -> Iterator[Item]:
    if found.stream is None:
        yield RefusedItem(found.reason)
        return
    empty = True
    try:
        source = chosen or detect(found.name, found.head)
        if source is None:
            kinds = ", ".join(SOURCES)
            reason = f"no source recognises it: choose one with --source ({kinds})"
            yield RefusedItem(reason) if found.named else SkippedItem(reason)
            return
        for item in source.read(found.stream, context):
            empty = False
            yield _bounded(item)
    except InvalidInputError as error:
        yield RefusedItem(str(error))
    except OSError as error:
        yield RefusedItem(f"it cannot be read: {error.strerror}")
    else:
        if empty:
            yield SkippedItem("it has no release")


def _bounded(item: Item) -> Item:
    """Refuse a record with long values, because some of what is done with them is slow.

    Of very many attachments only the first are kept.
    """
    if not isinstance(item, Record):
        return item
    texts = {
        "title": (item.title,),
        "category name": item.labels,
        "website": (item.website,),
        "contact": (item.contact,),
        "author": item.authors,
    }
    for field, stated in texts.items():
        if any(text is not None and len(text) > LONGEST for text in stated):
            return RefusedItem(f"its {field} is longer than {LONGEST} characters", item.where)
    if len(item.attachments) > MOST_ATTACHMENTS:
        remark = f"only the first {MOST_ATTACHMENTS} of its attachments are listed"
        return replace(
            item, attachments=item.attachments[:MOST_ATTACHMENTS], remarks=(*item.remarks, remark)
        )
    return item
