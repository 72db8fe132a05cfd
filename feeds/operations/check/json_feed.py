"""The rules of JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

import json
from typing import Any

from feeds.operations.check.seen import Item, Seen, is_media_type, is_url, names

_VERSION = "https://jsonfeed.org/version/1.1"
_TEXTS = names("title description user_comment language content_text content_html summary name")
_ADDRESSES = names(
    "home_page_url feed_url next_url icon favicon url external_url image banner_image avatar"
)
_FEED = names(
    "version title home_page_url feed_url description user_comment next_url icon favicon authors "
    "language expired hubs items"
)
_ITEM = names(
    "id url external_url title content_html content_text summary image banner_image "
    "date_published date_modified authors tags language attachments"
)


def read(content: bytes) -> Seen:
    """Return what a reader sees in a document."""
    seen = Seen()
    try:
        feed = json.loads(content.decode(), object_pairs_hook=lambda pairs: _object(pairs, seen))
    except (ValueError, RecursionError) as error:
        seen.faults.append(f"it is not JSON in UTF-8: {error}")
        return seen
    if not isinstance(feed, dict) or feed.get("version") != _VERSION:
        seen.faults.append("its version is not JSON Feed 1.1")
        return seen
    seen.require(feed.get("title"), "the feed has no title")
    seen.links = _values(feed, _FEED, "the feed", seen)
    seen.address = feed.get("feed_url", "")
    seen.require(feed.get("next_url") != seen.address, "the next page of the feed is itself")
    items = feed.get("items")
    seen.require(isinstance(items, list), "the feed has no array of items")
    seen.items = [_item(item, seen) for item in items or () if isinstance(item, dict)]
    seen.require(len(seen.items) == len(items or ()), "an item is not an object")
    return seen


def _object(pairs: list[tuple[str, Any]], seen: Seen) -> dict[str, Any]:
    found = dict(pairs)
    seen.require(len(found) == len(pairs), "an object has two members with one name")
    return found


def _item(item: dict[str, Any], seen: Seen) -> Item:
    id_ = item.get("id")
    where = f"the item {id_}"
    seen.require(isinstance(id_, str) and id_, f"the id {id_!r} of an item is not a text")
    seen.require("content_html" in item or "content_text" in item, f"{where} has no content")
    links = _values(item, _ITEM, where, seen)
    tags = item.get("tags", [])
    seen.require(
        isinstance(tags, list) and all(isinstance(tag, str) for tag in tags),
        f"{where} has tags that are not texts",
    )
    for attachment in item.get("attachments", ()):
        url, kind = attachment.get("url"), attachment.get("mime_type")
        seen.require(is_url(url), f"{where} has an attachment {url!r}, not an absolute URL")
        seen.require(is_media_type(kind), f"{where} has an attachment of type {kind!r}")
        links.append(url)
    published, updated = item.get("date_published"), item.get("date_modified")
    html = item.get("content_html", "")
    return Item(
        id=str(id_),
        published=(published and seen.rfc3339(published, f"date_published of {where}")) or None,
        updated=(updated and seen.rfc3339(updated, f"date_modified of {where}")) or None,
        links=links,
        content=html if isinstance(html, str) else "",
    )


def _values(found: dict[str, Any], allowed: frozenset[str], where: str, seen: Seen) -> list[str]:
    """Check the members of a feed or an item; return the addresses among them."""
    links = []
    for name, value in found.items():
        known = name in allowed or name.startswith("_")
        seen.require(known, f"{where} has a member {name}, which is not one of JSON Feed")
        if name in _TEXTS:
            seen.require(isinstance(value, str), f"{name} of {where} is not a text")
        if name in _ADDRESSES:
            seen.require(is_url(value), f"{name} of {where} is not an absolute URL: {value!r}")
            links.append(value)
    for author in found.get("authors", ()):
        seen.require(
            isinstance(author, dict) and author.keys() & {"name", "url", "avatar"},
            f"{where} has an author without name, url and avatar",
        )
    return [link for link in links if isinstance(link, str)]
