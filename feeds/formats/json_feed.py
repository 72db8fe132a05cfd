"""JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from feeds.domain import Attachment, Entry, Feed
from feeds.formats.instants import rfc3339
from feeds.formats.pieces import UNKNOWN_TYPE

MEDIA_TYPE = "application/feed+json"
EXTENSION = "json"
SEPARATOR = b","
END = b"]}"

_BEGIN = b'"items":['
# A string cannot contain these bytes: each quotation mark in it is escaped. No other object within
# an item has an id.
_BETWEEN = re.compile(rb'(?<=}),(?={"id":)')
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def render(feed: Feed, entries: Sequence[Entry]) -> bytes:
    """Render a feed as a JSON document in UTF-8."""
    document: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page_url,
        "feed_url": f"{feed.address}.{EXTENSION}",
        "description": feed.subtitle,
        "language": feed.language,
        "authors": [{"name": feed.author, "url": feed.author_url}],
    }
    if feed.author_email:
        # An author has one URL, which may be a mailbox, and the portal's page is named above.
        document["authors"][0]["url"] = f"mailto:{feed.author_email}"
    if feed.previous:
        document["next_url"] = f"{feed.previous}.{EXTENSION}"
    # JSON Feed has no fields for the feed's own id, date, rights and history: an extension has.
    document["_feed"] = {"id": feed.feed_id, "updated": rfc3339(feed.updated)}
    if feed.rights:
        document["_feed"]["rights"] = feed.rights
    if feed.complete:
        document["_feed"]["complete"] = True
    if feed.current:
        document["_feed"]["archive"] = True
    for name, address in (
        ("current", feed.current),
        ("prev_archive", feed.previous),
        ("next_archive", feed.following),
    ):
        if address:
            document["_feed"][name] = f"{address}.{EXTENSION}"
    document["items"] = [_item(entry) for entry in entries]
    return _encode(document).encode()


def locate(content: bytes, start: int) -> Iterator[slice]:
    """Locate the items; ``start`` is where the first one begins, or 0."""
    begin = start or content.index(_BEGIN) + len(_BEGIN)
    for match in _BETWEEN.finditer(content, begin):
        yield slice(begin, match.start())
        begin = match.end()
    if begin < len(content) - len(END):
        yield slice(begin, len(content) - len(END))


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.permanent_id,
        "url": entry.href("alternate"),
        "title": entry.title,
        "content_html": entry.content,
        "summary": entry.summary,
        "date_published": rfc3339(entry.published),
        "date_modified": rfc3339(entry.updated),
        "authors": [{"name": name} for name in entry.authors],
    }
    if entry.categories:
        item["tags"] = [category.name for category in entry.categories]
    if entry.featured:
        item["image"] = entry.featured.url
    if entry.attachments:
        item["attachments"] = [_attachment(attachment) for attachment in entry.attachments]
    if entry.language:
        item["language"] = entry.language
    links = {link.rel: link.href for link in entry.links if link.rel != "alternate"}
    if links:
        item["_links"] = links
    return item


def _attachment(attachment: Attachment) -> dict[str, Any]:
    stated = {
        "url": attachment.url,
        "mime_type": attachment.media_type or UNKNOWN_TYPE,
        "title": attachment.title,
        "size_in_bytes": attachment.length,
    }
    return {name: value for name, value in stated.items() if value}
