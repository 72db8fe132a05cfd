"""Finds items of one document that have no id and share an address, such as that of a front page.

The address does not tell these apart. That can only be known at the end of the document, so it is
read a second time if it has an item whose address stands for its id.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from feeds.ingest.sources.record import Context, InvalidInputError, Item, Record
from feeds.urls import comparable_address

Read = Callable[[BinaryIO, Context], Iterator[Item]]


def with_shared_addresses(read: Read) -> Read:
    """Return a function that reads as ``read`` does and marks records that share an address."""

    def marked(stream: BinaryIO, context: Context) -> Iterator[Item]:
        shared: set[bytes] | None = None
        for item in read(stream, context):
            key = _key(item)
            if key is None or not isinstance(item, Record):
                yield item
                continue
            if shared is None:
                place = stream.tell()
                stream.seek(0)
                shared = _shared(read(stream, context))
                stream.seek(place)
            yield replace(item, address_is_shared=key in shared)

    return marked


def _shared(items: Iterator[Item]) -> set[bytes]:
    """Return the keys that several items have."""
    seen: set[bytes] = set()
    shared: set[bytes] = set()
    try:
        for item in items:
            if key := _key(item):
                (shared if key in seen else seen).add(key)
    except InvalidInputError:
        pass  # It is raised again when the items are read.
    return shared


def _key(item: Item) -> bytes | None:
    """Return a digest of an address that stands for an id, so that many fit in memory."""
    if not isinstance(item, Record) or item.permanent_id or not item.original:
        return None
    return hashlib.blake2b(comparable_address(item.original).encode(), digest_size=16).digest()
