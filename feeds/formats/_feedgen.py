"""Build a feedgen ``FeedGenerator`` from a feed. Nothing else imports feedgen.

feedgen has no way to write some links, dates, languages, attachments and RFC 5005 elements, and it
spends time validating authors and categories that are valid by their types. Two extensions, one for
the feed and one for each entry, add these elements to the finished element tree.
"""

import threading
from collections.abc import Callable, Sequence
from email.utils import format_datetime

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

from feeds.domain import Attachment, Entry, Feed
from feeds.formats.instants import rfc3339
from feeds.formats.pieces import UNKNOWN_TYPE

GENERATOR = "release-feeds"

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
_HISTORY = "http://purl.org/syndication/history/1.0"
_MEDIA = "http://search.yahoo.com/mrss/"
_PAGE = "urn:uuid:65542ac4-bc2f-4814-ad69-8fa9ccbc716a"
_DAY = f"{{{_PAGE}}}day"
_XHTML = "http://www.w3.org/1999/xhtml"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_UPDATED = 2  # the position at which feedgen writes this element of an entry

LOCALE = threading.Lock()
"""Held while feedgen renders RSS: for each date it sets the locale of the whole process."""


class _FeedExtension:
    """Adds the elements that place a document in the history of its feed (RFC 5005).

    Declares the prefixes of all elements once, at the root of the document.
    """

    feed: Feed
    media_type: str
    extension: str

    def extend_ns(self) -> dict[str, str]:
        prefixes = {"fh": _HISTORY, "page": _PAGE}
        return {"dc": _DC, "media": _MEDIA, **prefixes} if self.extension == "rss" else prefixes

    def extend_atom(self, root: etree._Element) -> None:
        root.find("updated").text = rfc3339(self.feed.updated)
        self._extend(root, "link")
        _add_browser_view(root, self.feed)

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


def _add_browser_view(root: etree._Element, feed: Feed) -> None:
    """Let a browser show what the document is (docs/decisions/0020-feeds-in-browsers.md).

    The subtitle is the only element of a feed in which a browser shows a link that works.
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
    """Adds the elements of an entry that feedgen cannot write."""

    entry: Entry
    feed: Feed

    def extend_atom(self, element: etree._Element) -> None:
        entry, scheme = self.entry, self.feed.category_scheme
        updated = rfc3339(entry.updated)
        # Finding the element by its name would take as long as adding another.
        element[_UPDATED].text = updated
        unchanged = entry.published == entry.updated
        published = updated if unchanged else rfc3339(entry.published)
        etree.SubElement(element, "published").text = published
        day = self._add_day(element)
        for name in entry.authors:
            author = etree.SubElement(element, "author")
            etree.SubElement(author, "name").text = name
        for category in entry.categories:
            # Many readers show the term, even where there is a label.
            attributes = {"term": category.name, "scheme": scheme}
            etree.SubElement(element, "category", attributes)
        if entry.language:
            element.set(_LANG, entry.language)
            day.set(_LANG, self.feed.language)
        for link in entry.links:
            attributes = {"rel": link.rel, "href": link.href}
            if link.type:
                attributes["type"] = link.type
            etree.SubElement(element, "link", attributes)
        for attachment in entry.attachments:
            etree.SubElement(element, "link", _enclosure_link(attachment))

    def extend_rss(self, item: etree._Element) -> None:
        for category in self.entry.categories:
            attributes = {"domain": self.feed.category_scheme}
            etree.SubElement(item, "category", attributes).text = category.name
        etree.SubElement(item, "pubDate").text = format_datetime(self.entry.local)
        self._add_day(item)
        etree.SubElement(item, f"{{{_DC}}}creator").text = self.entry.byline
        if self.entry.language:
            etree.SubElement(item, f"{{{_DC}}}language").text = self.entry.language
        etree.SubElement(item, f"{{{_ATOM}}}updated").text = rfc3339(self.entry.updated)
        for link in self.entry.links:
            if link.rel != "alternate":
                etree.SubElement(item, f"{{{_ATOM}}}link", {"rel": link.rel, "href": link.href})
        if self.entry.attachments:
            # Readers expect at most one enclosure (RSS Best Practices Profile); Media RSS has all.
            first = min(self.entry.attachments, key=lambda one: _ENCLOSED.index(one.medium))
            etree.SubElement(item, "enclosure", _enclosure(first))
        for attachment in self.entry.attachments:
            content = etree.SubElement(item, f"{{{_MEDIA}}}content", _media_content(attachment))
            if attachment.title:
                etree.SubElement(content, f"{{{_MEDIA}}}title").text = attachment.title

    def _add_day(self, element: etree._Element) -> etree._Element:
        """Add the date as pages write it, which a style sheet cannot make of an instant."""
        day = etree.SubElement(element, _DAY)
        day.text = self.entry.day
        return day


_ENCLOSED = ("audio", "video", "document", "image")  # the first of these is the enclosure


def _enclosure_link(attachment: Attachment) -> dict[str, str]:
    """Return the attributes of an Atom link (RFC 4287 §4.2.7)."""
    stated = {
        "rel": "enclosure",
        "href": attachment.url,
        "type": attachment.media_type,
        "length": attachment.length and str(attachment.length),
        "title": attachment.title,
    }
    return {name: value for name, value in stated.items() if value}


def _enclosure(attachment: Attachment) -> dict[str, str]:
    """Return the attributes of an RSS enclosure, each of which is required."""
    return {
        "url": attachment.url,
        "length": str(attachment.length or 0),
        "type": attachment.media_type or UNKNOWN_TYPE,
    }


def _media_content(attachment: Attachment) -> dict[str, str]:
    """Return the attributes of ``media:content`` (Media RSS 1.5.1)."""
    stated = {
        "url": attachment.url,
        "fileSize": attachment.length and str(attachment.length),
        "type": attachment.media_type,
        "medium": attachment.medium,
    }
    return {name: value for name, value in stated.items() if value}


def feed_generator(
    feed: Feed,
    media_type: str,
    extension: str,
    entries: Sequence[Entry],
    fill: Callable[[FeedEntry, Entry], None],
) -> FeedGenerator:
    """Return a generator of the feed with these entries.

    ``fill`` sets what differs between formats in each entry.
    """
    generator = FeedGenerator()
    generator.register_extension("own", _FeedExtension, _EntryExtension)
    generator.own.feed, generator.own.media_type = feed, media_type
    generator.own.extension = extension
    generator.id(feed.feed_id)
    generator.title(feed.title)
    generator.subtitle(feed.subtitle)
    generator.updated(feed.updated)
    author = {"name": feed.author, "uri": feed.author_url}
    if feed.author_email:
        author["email"] = feed.author_email
        generator.managingEditor(f"{feed.author_email} ({feed.author})")
    generator.author(author)
    generator.link(href=f"{feed.address}.{extension}", rel="self", type=media_type)
    # feedgen uses the last link as the link of an RSS channel.
    generator.link(href=feed.page_url, rel="alternate", type="text/html")
    generator.language(feed.language)
    generator.generator(GENERATOR)
    if feed.rights:
        generator.rights(feed.rights)
    for entry in entries:
        element = generator.add_entry(order="append")
        element.own.entry, element.own.feed = entry, feed
        element.title(entry.title)
        element.updated(entry.updated)
        fill(element, entry)
    return generator
