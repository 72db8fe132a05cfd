"""Small inputs as other programs write them, and functions that read them."""

import io
import json
from datetime import UTC, datetime
from typing import Any

from feeds.ingest.sources import SOURCES, Context, InvalidInputError, Item, Record, RefusedItem
from feeds.settings import zone

RIGA = zone("Europe/Riga")
NOON = datetime(2010, 5, 4, 9, 0, tzinfo=UTC)


def items(source: str, data: str | bytes, name: str = "input") -> list[Item]:
    """Return the items of a source, with a refused item for an exception."""
    raw = data.encode() if isinstance(data, str) else data
    found: list[Item] = []
    try:
        found.extend(SOURCES[source].read(io.BytesIO(raw), Context(name, raw[:65536], RIGA)))
    except InvalidInputError as error:
        found.append(RefusedItem(str(error)))
    return found


def records(source: str, data: str | bytes) -> list[Record]:
    """Return the records of a source that has no other items."""
    found = items(source, data)
    assert all(isinstance(item, Record) for item in found), found
    return [item for item in found if isinstance(item, Record)]


def refusals(source: str, data: str | bytes) -> list[tuple[str, str]]:
    """Return the positions and reasons of refused items."""
    return [
        (item.where, item.reason) for item in items(source, data) if isinstance(item, RefusedItem)
    ]


def atom(*entries: str, head: str = "", attributes: str = "") -> str:
    """Write an Atom feed."""
    return (
        f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" {attributes}>'
        f"<title>Citur</title>{head}{''.join(entries)}</feed>"
    )


def entry(
    more: str = "",
    *,
    id_: str = "urn:x:1",
    title: str = "<title>Tilts</title>",
    updated: str = "<updated>2010-05-04T12:00:00+03:00</updated>",
) -> str:
    """Write an Atom entry."""
    return f"<entry><id>{id_}</id>{title}{updated}{more}</entry>"


def rss(*items_: str, head: str = "") -> str:
    """Write an RSS 2.0 document."""
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Citur</title>{head}{''.join(items_)}</channel></rss>"
    )


def item(more: str = "", *, date: str = "Tue, 04 May 2010 12:00:00 +0300") -> str:
    """Write an item of RSS."""
    return f"<item><title>Tilts</title><pubDate>{date}</pubDate>{more}</item>"


def json_feed(*stated: dict[str, Any], **more: Any) -> str:
    """Write a JSON Feed."""
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": "C", "items": stated} | more
    )


def wxr(*posts: str, head: str = "") -> str:
    """Write a WordPress export."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
        ' xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:wp="http://wordpress.org/export/1.2/">'
        "<channel><title>Vietne</title><language>lv</language>"
        "<wp:author><wp:author_login>anna</wp:author_login>"
        "<wp:author_display_name><![CDATA[Anna Ozola]]></wp:author_display_name></wp:author>"
        f"{head}{''.join(posts)}</channel></rss>"
    )


def post(
    body: str = "Tilts savieno krastus.",
    more: str = "",
    *,
    title: str = "Tilts",
    kind: str = "post",
    state: str = "publish",
    gmt: str = "2010-05-04 09:00:00",
    number: int = 1,
) -> str:
    """Write a post of a WordPress export."""
    return (
        f"<item><title><![CDATA[{title}]]></title>"
        f"<link>https://a.example.lv/2010/05/tilts-{number}/</link>"
        "<pubDate>Tue, 04 May 2010 09:00:00 +0000</pubDate><dc:creator>anna</dc:creator>"
        f'<guid isPermaLink="false">https://a.example.lv/?p={number}</guid><description/>'
        f"<content:encoded><![CDATA[{body}]]></content:encoded>"
        "<excerpt:encoded><![CDATA[īsi]]></excerpt:encoded>"
        f"<wp:post_date>2010-05-04 12:00:00</wp:post_date>"
        f"<wp:post_date_gmt>{gmt}</wp:post_date_gmt>"
        f"<wp:status>{state}</wp:status><wp:post_type>{kind}</wp:post_type>{more}</item>"
    )


def media(id_: int, name: str, parent: int = 0, more: str = "") -> str:
    """Write an attachment of a WordPress export."""
    return (
        f"<item><title>{name.partition('.')[0]}</title><wp:post_id>{id_}</wp:post_id>"
        f"<wp:post_parent>{parent}</wp:post_parent><wp:status>inherit</wp:status>"
        f"<wp:post_type>attachment</wp:post_type>"
        f"<wp:attachment_url>https://a.example.lv/{name}</wp:attachment_url>{more}</item>"
    )


def meta(key: str, value: str) -> str:
    """Write a custom field of a post of a WordPress export."""
    return (
        f"<wp:postmeta><wp:meta_key>{key}</wp:meta_key><wp:meta_value><![CDATA[{value}]]>"
        "</wp:meta_value></wp:postmeta>"
    )
