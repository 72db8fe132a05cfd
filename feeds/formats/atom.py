"""Atom 1.0 (RFC 4287)."""

from collections.abc import Sequence
from typing import Any

from feeds.domain import Entry, Feed
from feeds.formats.pieces import elements

MEDIA_TYPE = "application/atom+xml"
EXTENSION = "atom"
SEPARATOR = b""
END = b"</feed>"
locate = elements(b"entry")


def render(feed: Feed, entries: Sequence[Entry]) -> bytes:
    """Render a feed as an Atom document, on one line and without a byte order mark."""
    from feeds.formats import _feedgen  # noqa: PLC0415 - commands that render nothing skip it

    generator = _feedgen.feed_generator(feed, MEDIA_TYPE, EXTENSION, entries, _fill)
    document: bytes = generator.atom_str()
    return document


def _fill(element: Any, entry: Entry) -> None:
    element.id(entry.entry_id)
    element.summary(entry.summary)
    element.content(entry.content, type="html")
