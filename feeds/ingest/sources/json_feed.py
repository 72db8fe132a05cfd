"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/): a part of the source ``feed``."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from feeds.ingest.sources.fields import (
    html_body,
    identifier,
    instant,
    labels,
    language,
    permanent,
    quoted,
    text_body,
)
from feeds.ingest.sources.record import Context, Item, Record, Unreadable, UnreadableError
from feeds.text.plain import one_line, web_address

SIZE_LIMIT = 16 * 1024 * 1024

_SPACE_AND_MARK = b"\xef\xbb\xbf \t\r\n"


def begins(head: bytes) -> bool:
    """Whether these first bytes are those of a JSON object."""
    return head.lstrip(_SPACE_AND_MARK).startswith(b"{")


def recognises(head: bytes) -> bool:
    """Whether these first bytes are those of a JSON Feed; its version may stand anywhere."""
    return begins(head) and (b"jsonfeed.org/version" in head or b'"items"' in head)


def read(stream: BinaryIO, context: Context) -> Iterator[Item]:
    """Yield a record or a refusal for each item. A document is read whole: it may not be large."""
    data = stream.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        raise UnreadableError(f"it is larger than {SIZE_LIMIT // 1024 // 1024} MiB: part it")
    try:
        feed = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        raise UnreadableError("it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"it is not JSON: {quoted(str(error))}") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise UnreadableError("it is no JSON Feed: it has no list of items")
    site = one_line(_text(feed, "home_page_url")) or None
    for number, item in enumerate(items, 1):
        where = f"item {number}"
        try:
            if not isinstance(item, dict):
                raise UnreadableError("it is no JSON object")  # noqa: TRY301 - one way out
            yield _record(item, feed, site, context, where)
        except UnreadableError as error:
            yield Unreadable(str(error), where)


def _text(stated: dict[str, Any], field: str) -> str:
    """Return a text, or a number as one: ids of version 1.0 may be numbers."""
    value = stated.get(field)
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        raise UnreadableError(f"its {field} is no text")
    return str(value)


def _record(
    item: dict[str, Any], feed: dict[str, Any], site: str | None, context: Context, where: str
) -> Record:
    title = one_line(_text(item, "title"))
    if not title:
        raise UnreadableError("it has no title")
    url = one_line(_text(item, "url"))
    original = web_address(url) if "://" in url else None
    id_ = identifier(_text(item, "id")) or identifier(original or "")
    published = _text(item, "date_published") or _text(item, "date_modified")
    if not published:
        raise UnreadableError("it has no date: neither date_published nor date_modified")
    modified = _text(item, "date_modified")
    tags = item.get("tags")
    html = _text(item, "content_html")
    external = one_line(_text(item, "external_url"))
    return Record(
        title=title,
        published=instant(published, context.zone, "date_published"),
        labels=labels(str(tag) for tag in tags if type(tag) in {str, int, float})
        if isinstance(tags, list)
        else (),
        body=html_body(html, original or site)
        or text_body(_text(item, "content_text") or _text(item, "summary")),
        website=web_address(external) if external else None,
        author=_authors(item),
        language=language(_text(item, "language") or _text(feed, "language")),
        modified=instant(modified, context.zone, "date_modified") if modified else None,
        original_id=id_,
        original=original,
        entry_id=permanent(id_),
        may_recur=True,
        where=where,
    )


def _authors(item: dict[str, Any]) -> str | None:
    """Return the names of the authors: a list since 1.1, one object before."""
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else [item.get("author")]
    names = (one_line(_text(author, "name")) for author in listed if isinstance(author, dict))
    return ", ".join(filter(None, names)) or None
