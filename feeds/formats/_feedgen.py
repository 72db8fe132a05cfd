"""The one place where feedgen is met: a feed into a ``FeedGenerator``, and round its limits.

feedgen drops what it does not know of links, dates, languages and history, and checks authors and
categories at length that are right by their types; extensions for the feed and for its entries
add these elements themselves. They work on the finished element tree.
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
_HISTORY = "http://purl.org/syndication/history/1.0"
_XHTML = "http://www.w3.org/1999/xhtml"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

LOCALE = threading.Lock()
"""Held while feedgen writes RSS: it sets the locale of the whole process for each date."""


class _DublinCore:
    """Names the prefix of an RSS document's elements once, at its root."""

    def extend_ns(self) -> dict[str, str]:
        return {"dc": _DC}

    def extend_rss(self, root: etree._Element) -> None:
        """Add nothing."""


class _History:
    """Adds to a document where it stands in the history of its feed (RFC 5005)."""

    feed: Feed
    media_type: str
    extension: str

    def extend_ns(self) -> dict[str, str]:
        return {"fh": _HISTORY}

    def extend_atom(self, root: etree._Element) -> None:
        self._extend(root, "link")
        _dress(root, self.feed)

    def extend_rss(self, root: etree._Element) -> None:
        self._extend(root[0], f"{{{_ATOM}}}link")
        root.addprevious(_stylesheet(self.feed))

    def _extend(self, element: etree._Element, link: str) -> None:
        feed = self.feed
        if feed.complete:
            etree.SubElement(element, f"{{{_HISTORY}}}complete")
        if feed.current:
            etree.SubElement(element, f"{{{_HISTORY}}}archive")
        for rel, address in (
            ("current", feed.current),
            ("prev-archive", feed.previous),
            ("next-archive", feed.following),
        ):
            if address:
                href = f"{address}.{self.extension}"
                etree.SubElement(element, link, {"rel": rel, "href": href, "type": self.media_type})


def _dress(root: etree._Element, feed: Feed) -> None:
    """Let a browser show a person what the document is (docs/decisions/0020-feeds-in-browsers.md).

    Of all that it holds, the subtitle alone can have a link that can be followed.
    """
    root.addprevious(_stylesheet(feed))
    subtitle = root.find("subtitle")
    subtitle.set("type", "xhtml")
    subtitle.text = None
    division = etree.SubElement(subtitle, f"{{{_XHTML}}}div", nsmap={None: _XHTML})
    division.text = f"{feed.subtitle} {feed.invitation} "
    link = etree.SubElement(division, f"{{{_XHTML}}}a", {"href": feed.page_url})
    link.text = feed.page_name
    link.tail = "."


def _stylesheet(feed: Feed) -> etree._ProcessingInstruction:
    return etree.ProcessingInstruction(
        "xml-stylesheet", f'type="text/css" href="{feed.stylesheet}"'
    )


class _EntryExtension:
    """Adds to one entry what feedgen leaves out of it."""

    entry: Entry
    scheme: str

    def extend_atom(self, element: etree._Element) -> None:
        author = etree.SubElement(element, "author")
        etree.SubElement(author, "name").text = self.entry.author
        for category in self.entry.categories:
            attributes = {"term": category.slug, "scheme": self.scheme, "label": category.name}
            etree.SubElement(element, "category", attributes)
        if self.entry.language:
            element.set(_LANG, self.entry.language)
        for link in self.entry.links:
            attributes = {"rel": link.rel, "href": link.href}
            if link.type:
                attributes["type"] = link.type
            etree.SubElement(element, "link", attributes)

    def extend_rss(self, item: etree._Element) -> None:
        for category in self.entry.categories:
            etree.SubElement(item, "category", {"domain": self.scheme}).text = category.name
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
    made.register_extension("dc", _DublinCore, atom=False)
    made.register_extension("history", _History)
    made.history.feed, made.history.media_type = feed, media_type
    made.history.extension = extension
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
        element.words.entry, element.words.scheme = entry, feed.category_scheme
        element.id(entry.entry_id)
        element.title(entry.title)
        element.updated(entry.updated)
        fill(element, entry)
    return made
