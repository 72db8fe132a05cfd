"""The one place where feedgen is met: a feed into a ``FeedGenerator``, and round its limits.

feedgen drops what it does not know of links, dates and languages; one extension for the feed and
one for its entries add these elements themselves. Both work on the finished element tree.
"""

import threading
from collections.abc import Callable
from email.utils import format_datetime

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

from feeds.domain import Entry, Feed

GENERATOR = "release-feeds"

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

LOCALE = threading.Lock()
"""Held while feedgen writes RSS: it sets the locale of the whole process for each date."""


class _FeedExtension:
    """Names the prefixes of an RSS document once, at its root."""

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DC}

    def extend_rss(self, root: etree._Element) -> None:
        """Add nothing."""


class _EntryExtension:
    """Adds to one entry what feedgen leaves out of it."""

    entry: Entry

    def extend_atom(self, element: etree._Element) -> None:
        if self.entry.language:
            element.set(_LANG, self.entry.language)
        for link in self.entry.links:
            attributes = {"rel": link.rel, "href": link.href}
            if link.type:
                attributes["type"] = link.type
            etree.SubElement(element, "link", attributes)

    def extend_rss(self, item: etree._Element) -> None:
        etree.SubElement(item, "pubDate").text = format_datetime(self.entry.published)
        etree.SubElement(item, f"{{{_DC}}}creator").text = self.entry.author
        if self.entry.language:
            etree.SubElement(item, f"{{{_DC}}}language").text = self.entry.language
        etree.SubElement(item, f"{{{_ATOM}}}updated").text = self.entry.updated.isoformat()
        for link in self.entry.links:
            if link.rel != "alternate":
                etree.SubElement(item, f"{{{_ATOM}}}link", {"rel": link.rel, "href": link.href})


def generator(
    feed: Feed, media_type: str, extension: str, fill: Callable[[FeedEntry, Entry], None]
) -> FeedGenerator:
    """Build a generator that lacks nothing but what ``fill`` sets of each entry."""
    made = FeedGenerator()
    made.register_extension("words", _FeedExtension, atom=False)
    made.id(feed.feed_id)
    made.title(feed.title)
    made.subtitle(feed.subtitle)
    made.updated(feed.updated)
    made.author({"name": feed.author, "uri": feed.author_url})
    made.link(href=f"{feed.address}.{extension}", rel="self", type=media_type)
    # The last link is the one that feedgen takes for the channel's own.
    made.link(href=feed.page_url, rel="alternate", type="text/html")
    made.language(feed.language)
    made.generator(GENERATOR)
    if feed.rights:
        made.rights(feed.rights)
    for entry in feed.entries:
        element = made.add_entry(order="append")
        element.register_extension("words", _EntryExtension)
        element.words.entry = entry
        element.id(entry.entry_id)
        element.title(entry.title)
        element.updated(entry.updated)
        element.category(
            [
                {"term": category.slug, "label": category.name, "scheme": feed.category_scheme}
                for category in entry.categories
            ]
        )
        fill(element, entry)
    return made
