"""JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

import json
from collections.abc import Sequence
from typing import Any

from feeds.domain import Entry, Feed
from feeds.formats.pieces import Pieces

MEDIA_TYPE = "application/feed+json"
EXTENSION = "json"
SEPARATOR = b","

_AFTER = b"]}"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def render(feed: Feed, entries: Sequence[Entry]) -> Pieces:
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
    if feed.previous:
        document["next_url"] = f"{feed.previous}.{EXTENSION}"
    # JSON Feed has no fields for the feed's own id, date, rights and history: an extension has.
    document["_feed"] = {"id": feed.feed_id, "updated": feed.updated.isoformat()}
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
    document["items"] = []
    before = _encode(document).encode().removesuffix(_AFTER)
    return Pieces(before, [_encode(_item(entry)).encode() for entry in entries], _AFTER)


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.permanent_id,
        "url": entry.href("alternate"),
        "title": entry.title,
        "content_html": entry.content,
        "summary": entry.summary,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "authors": [{"name": name} for name in entry.authors],
    }
    if entry.categories:
        item["tags"] = [category.name for category in entry.categories]
    if entry.language:
        item["language"] = entry.language
    links = {link.rel: link.href for link in entry.links if link.rel != "alternate"}
    if links:
        item["_links"] = links
    return item
