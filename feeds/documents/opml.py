"""OPML 2.0 (opml.org): a list of feeds, for import into a feed reader."""

from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree

MEDIA_TYPE = "text/x-opml"


class Outline(NamedTuple):
    """A feed: its title, its address, and that of its page."""

    title: str
    feed: str
    page: str


def render(title: str, outlines: Iterable[Outline]) -> bytes:
    """Write a list of feeds, in its order."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    body = etree.SubElement(root, "body")
    for outline in outlines:
        attributes = {
            "text": outline.title,
            "title": outline.title,
            "type": "rss",  # of a feed in whatever format
            "xmlUrl": outline.feed,
            "htmlUrl": outline.page,
        }
        etree.SubElement(body, "outline", attributes)
    document: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
