"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), for the source ``feed``."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from feeds.ingest.sources.fields import (
    html_body,
    identifier,
    instant,
    labels,
    language,
    quoted,
    text_body,
    title,
)
from feeds.ingest.sources.record import Context, InvalidInputError, Item, Record, RefusedItem
from feeds.text.plain import one_line, web_address

SIZE_LIMIT = 16 * 1024 * 1024

_SPACE_AND_MARK = b"\xef\xbb\xbf \t\r\n"


def is_object(head: bytes) -> bool:
    """Whether these are the first bytes of a JSON object."""
    return head.lstrip(_SPACE_AND_MARK).startswith(b"{")


def matches(head: bytes) -> bool:
    """Whether these are the first bytes of a JSON Feed. Its version may be anywhere in it."""
    return is_object(head) and (b"jsonfeed.org/version" in head or b'"items"' in head)


def read(stream: BinaryIO, context: Context) -> Iterator[Item]:
    """Yield a record or refusal for each item. The document is read as a whole."""
    data = stream.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        raise InvalidInputError(f"it is larger than {SIZE_LIMIT // 1024 // 1024} MiB: split it")
    try:
        feed = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        raise InvalidInputError("it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"it is not JSON: {quoted(str(error))}") from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise InvalidInputError("it is not a JSON Feed: it has no list of items")
    site = one_line(_text(feed, "home_page_url")) or None
    for number, item in enumerate(items, 1):
        where = f"item {number}"
        if not isinstance(item, dict):
            yield RefusedItem("it is not a JSON object", where)
            continue
        try:
            yield _record(item, feed, site, context, where)
        except InvalidInputError as error:
            yield RefusedItem(str(error), where)


def _text(stated: dict[str, Any], field: str) -> str:
    """Return a field that is a string, or a number, like some ids in version 1.0."""
    value = stated.get(field)
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        raise InvalidInputError(f"its {field} is not a string")
    return str(value)


def _record(
    item: dict[str, Any], feed: dict[str, Any], site: str | None, context: Context, where: str
) -> Record:
    title_ = title(_text(item, "title"))
    url = one_line(_text(item, "url"))
    original = web_address(url) if "://" in url else None
    published = _text(item, "date_published") or _text(item, "date_modified")
    if not published:
        raise InvalidInputError("it has no date: neither date_published nor date_modified")
    modified = _text(item, "date_modified")
    tags = item.get("tags")
    html = _text(item, "content_html")
    external = one_line(_text(item, "external_url"))
    return Record(
        title=title_,
        published=instant(published, context.zone, "date_published"),
        labels=labels(str(tag) for tag in tags if type(tag) in {str, int, float})
        if isinstance(tags, list)
        else (),
        body=html_body(html, original or site)
        or text_body(_text(item, "content_text") or _text(item, "summary")),
        website=web_address(external) if external else None,
        authors=_authors(item),
        language=language(_text(item, "language") or _text(feed, "language")),
        modified=instant(modified, context.zone, "date_modified") if modified else None,
        permanent_id=identifier(_text(item, "id")),
        original=original,
        address_is_id=True,
        may_recur=True,
        where=where,
    )


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the authors: version 1.1 has a list of them, version 1.0 one object."""
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else [item.get("author")]
    names = (one_line(_text(author, "name")) for author in listed if isinstance(author, dict))
    return tuple(filter(None, names))
