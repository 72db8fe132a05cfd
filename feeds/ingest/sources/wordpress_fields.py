"""The elements of a WordPress export, whose namespace has the version in it."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from feeds.ingest.sources.media import Stated
from feeds.ingest.sources.unread import Shown, of_element
from feeds.ingest.sources.xml_stream import Element, text_of
from feeds.text.html import strip_tags
from feeds.text.plain import one_line, web_address

CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_WP = re.compile(r"\{http://wordpress\.org/export/[0-9.]+/\}(.*)")
_EXCERPT = re.compile(r"\{http://wordpress\.org/export/[0-9.]+/excerpt/\}encoded")
_READ = frozenset({
    "title", "link", "pubDate", "guid", "category", CONTENT, CREATOR,
})  # fmt: skip


def name_of(element: Element) -> str:
    """Return the name of an element, with the prefix ``wp:`` if it is one of WordPress."""
    return _short_name(element.tag)


@lru_cache(maxsize=256)
def _short_name(tag: str) -> str:
    return "excerpt" if _EXCERPT.fullmatch(tag) else _WP.sub(r"wp:\1", tag)


def stated_by(element: Element) -> dict[str, str]:
    """Return the texts of the children by name."""
    return {name_of(child): text_of(child) for child in element.iterchildren("*")}


def custom_fields(item: Element) -> list[tuple[str, str]]:
    """Return the custom fields of a post, keys and values. Several may have one key."""
    found = (
        stated_by(child) for child in item.iterchildren("*") if name_of(child) == "wp:postmeta"
    )
    return [(one.get("wp:meta_key", ""), one.get("wp:meta_value", "").strip()) for one in found]


def terms(item: Element, *taxonomies: str) -> Iterator[Element]:
    """Yield the terms of a post that are in some taxonomies."""
    return (term for term in item.iterchildren("category") if term.get("domain") in taxonomies)


def authors_of(channel: Element) -> dict[str, str]:
    """Return the display names by login."""
    authors = {}
    for child in channel.iterchildren("*"):
        if name_of(child) == "wp:author":
            stated = stated_by(child)
            name = one_line(strip_tags(stated.get("wp:author_display_name", "")))
            authors[one_line(stated.get("wp:author_login", ""))] = name
    return authors


def host_of(address: str) -> str:
    """Return the host of an address as people write it, or an empty string."""
    found = web_address(address.strip()) if address.strip() else None
    return (urlsplit(found).hostname or "") if found else ""


def enclosures(fields: Iterable[tuple[str, str]]) -> Iterator[Stated]:
    """Yield the recordings of a post; address, length and media type are lines of a field."""
    for key, value in fields:
        if key == "enclosure" and value:
            address, length, kind, *_ = [*value.splitlines(), "", "", ""]
            yield Stated(address.strip(), None, kind.strip(), length.strip())


def unread(item: Element, fields: Iterable[tuple[str, str]], shown: Shown) -> Iterator[str]:
    """Yield the kinds of what a post states and its release does not have."""
    yield from of_element(item, _READ, shown)
    for key, value in fields:
        # Those of WordPress itself and of programs begin with an underscore.
        if value and not key.startswith("_") and key != "enclosure" and not shown.has(value):
            yield "custom field"
    for child in item.iterchildren("*"):
        if name_of(child) == "wp:comment":
            yield "comment"
