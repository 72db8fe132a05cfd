"""Feeds of another service: Atom 0.3 and 1.0, RSS 0.9 to 2.0, JSON Feed 1.0 and 1.1.

An entry keeps the id under which the feed published it, so that no reader shows it twice when the
feed moves here.
"""

from collections.abc import Iterator
from typing import BinaryIO

from feeds.ingest.sources import atom, json_feed, rss
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Item,
    Record,
    RefusedItem,
    SkippedItem,
    Source,
)
from feeds.ingest.sources.shared_addresses import with_shared_addresses
from feeds.ingest.sources.xml_fields import skip_reason
from feeds.ingest.sources.xml_stream import DamagedItem, XmlItem, items, root_name

_ATOMS = (atom.ATOM, atom.ATOM_03)
_ROOTS = (*(f"{of}{name}" for of in _ATOMS for name in ("feed", "entry")), "rss", f"{rss.RDF}RDF")
_ENTRIES = tuple(f"{of}entry" for of in _ATOMS)
_ITEMS = tuple(f"{of}item" for of in rss.NAMESPACES)


def _read(stream: BinaryIO, context: Context) -> Iterator[Item]:
    """Yield a record, a refusal or a skipped item for each entry."""
    if json_feed.is_object(context.head):
        return json_feed.read(stream, context)
    return _xml(stream, context)


def _xml(stream: BinaryIO, context: Context) -> Iterator[Item]:
    reader = _Reader(context)
    for number, item in enumerate(items(stream, _ROOTS, (*_ENTRIES, *_ITEMS)), 1):
        if isinstance(item, DamagedItem):
            yield RefusedItem(item.reason, f"item {number}")
            continue
        where = f"{'entry' if item.element.tag in _ENTRIES else 'item'} {number}"
        if reason := skip_reason(item.element):
            yield SkippedItem(reason, where)
            continue
        try:
            yield reader.record(item, where)
        except InvalidInputError as error:
            yield RefusedItem(str(error), where)


class _Reader:
    """Makes records of the items of one document, whose own statements it looks up once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._host: str | None = None
        self._channel: rss.Channel | None = None

    def record(self, item: XmlItem, where: str) -> Record:
        if item.element.tag in _ENTRIES:
            if self._host is None:
                self._host = atom.site_host(item.element)
            return atom.record(item, self._host, self._context, where)
        if self._channel is None:
            self._channel = rss.channel_of(item.element)
        return rss.record(item, self._channel, self._context, where)


def _matches(name: str, head: bytes) -> bool:
    del name
    return root_name(head) in {"feed", "entry", "rss", "RDF"} or json_feed.matches(head)


SOURCE = Source((".xml", ".atom", ".rss", ".json"), _matches, with_shared_addresses(_read))
