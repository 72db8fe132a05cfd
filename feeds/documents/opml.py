"""OPML 2.0 (opml.org): a list of feeds that a feed reader can import."""

from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree

MEDIA_TYPE = "text/x-opml"
FILE_NAME = "feeds.opml"


class Outline(NamedTuple):
    """A feed's title and URL, and the URL of its HTML page."""

    title: str
    feed_url: str
    page_url: str


def render(title: str, outlines: Iterable[Outline]) -> bytes:
    """Return a list of feeds as an OPML document, in the order given."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    body = etree.SubElement(root, "body")
    for outline in outlines:
        attributes = {
            "text": outline.title,
            "title": outline.title,
            "type": "rss",  # OPML has one type for feeds of every format
            "xmlUrl": outline.feed_url,
            "htmlUrl": outline.page_url,
        }
        etree.SubElement(body, "outline", attributes)
    document: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
