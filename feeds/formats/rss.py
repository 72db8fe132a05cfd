"""RSS 2.0, following its specification and the RSS Best Practices Profile."""

import html
import re
from collections.abc import Sequence
from typing import Any

from feeds.domain import Entry, Feed
from feeds.formats.pieces import elements

MEDIA_TYPE = "application/rss+xml"
EXTENSION = "rss"
SEPARATOR = b""
END = b"</channel></rss>"
locate = elements(b"item")

# An element that contains only text and is not one of the two that contain HTML.
_PLAIN = re.compile(rb"<(?!/|description|content:encoded)[^<>]+>[^<]*&(?:amp|lt);[^<]*")


def render(feed: Feed, entries: Sequence[Entry]) -> bytes:
    """Render a feed as an RSS document, on one line and without a byte order mark."""
    from feeds.formats import _feedgen  # noqa: PLC0415 - commands that render nothing skip it

    generator = _feedgen.feed_generator(feed, MEDIA_TYPE, EXTENSION, entries, _fill)
    with _feedgen.LOCALE:
        document: bytes = generator.rss_str()
    # Some readers decode plain text twice; the Profile's numeric references survive that.
    return _PLAIN.sub(_profiled, document)


def _profiled(match: re.Match[bytes]) -> bytes:
    tag, _, text = match[0].partition(b">")
    return tag + b">" + text.replace(b"&amp;", b"&#x26;").replace(b"&lt;", b"&#x3C;")


def _fill(element: Any, entry: Entry) -> None:
    element.id(entry.permanent_id)
    link = entry.href("alternate")
    element.link(href=link, rel="alternate")
    # A picture alone has no summary; without a description feedgen would put the content there.
    element.description(html.escape(entry.summary or entry.title, quote=False))
    element.content(entry.content, type="html")
