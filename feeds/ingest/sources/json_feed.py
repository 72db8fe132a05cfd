"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), for the source ``feed``."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from feeds.ingest.sources.dates import Date, date
from feeds.ingest.sources.fields import (
    absolute,
    host,
    html_body,
    labels,
    language,
    permanent_id,
    text_body,
    title,
)
from feeds.ingest.sources.json_damage import Damage, mended, whole_or_damaged
from feeds.ingest.sources.media import Stated, attachments, titles
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Item,
    Record,
    RefusedItem,
    Richness,
    SkippedItem,
)
from feeds.ingest.sources.unread import Shown, counted
from feeds.text.plain import one_line, web_address

# How programs that have a field for it, in the item or in an extension of it, call what is not
# public. JSON Feed itself has none.
_STATES = {
    "draft": "it is a draft",
    "pending": "it is pending review",
    "private": "it is private",
    "future": "it is scheduled for later",
    "scheduled": "it is scheduled for later",
    "trash": "it is in the trash",
}

_LONGEST_NAME = 60
SIZE_LIMIT = 16 * 1024 * 1024

_READ = {
    "attachments", "author", "authors", "banner_image", "content_html", "date_modified",
    "date_published", "draft", "external_url", "id", "image", "is_draft", "language",
    "post_status", "status", "tags", "title", "url", "visibility", "_draft",
}  # fmt: skip

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
    feed, items = whole_or_damaged(data.removeprefix(b"\xef\xbb\xbf"))
    site = one_line(_text(feed, "home_page_url")) or None
    for number, item in enumerate(items, 1):
        where = f"item {number}"
        if isinstance(item, Damage):
            yield RefusedItem(item.reason, where)
            continue
        if not isinstance(item, dict):
            yield RefusedItem("it is not a JSON object", where)
            continue
        if reason := skip_reason(item):
            yield SkippedItem(reason, where)
            continue
        try:
            stated, invalid = mended(item)
            record = _record(stated, feed, site, context, where)
            counted = (("invalid byte", invalid), *record.dropped)
            yield replace(record, dropped=counted) if invalid else record
        except InvalidInputError as error:
            yield RefusedItem(str(error), where)


def skip_reason(item: dict[str, Any]) -> str | None:
    """Return why an item is not public, or None: it or an extension of it says so."""
    extensions = (value for name, value in item.items() if name.startswith("_"))
    for stated in (item, *(each for each in extensions if isinstance(each, dict))):
        if any(stated.get(name) is True for name in ("draft", "_draft", "is_draft")):
            return _STATES["draft"]
        for name in ("status", "post_status", "visibility"):
            reason = _STATES.get(str(stated.get(name)).strip().lower())
            if reason:
                return reason
    return None


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
    id_, replaced = permanent_id(_text(item, "id"))
    url = _text(item, "url")
    original = absolute(site, url) if url.strip() else None
    published, modified = (
        _date(item, f"date_{name}", context) for name in ("published", "modified")
    )
    dated = published or modified
    if dated is None:
        raise InvalidInputError("it has no date: neither date_published nor date_modified")
    content = html_body(_text(item, "content_html"), original or site)
    text = text_body(_text(item, "content_text"))
    summary = text_body(_text(item, "summary"))
    bodies = [body for body in (content, text, summary) if body]
    title_, untitled = title(_text(item, "title"), bodies[0] if bodies else ())
    files = attachments(_files(item), original or site)
    names = _authors(item)
    others = (block for body in bodies[1:] for block in body)
    shown = Shown(bodies[0] if bodies else (), others, title_, *names, *titles(files.kept))
    external = one_line(_text(item, "external_url"))
    return Record(
        title=title_,
        published=dated.instant,
        labels=_labels(item),
        body=bodies[0] if bodies else (),
        fallback=bodies[1] if len(bodies) > 1 else (),
        richness=Richness.CONTENT if content or text else Richness.SUMMARY,
        website=web_address(external) if external else None,
        authors=names,
        attachments=files.kept,
        language=language(_text(item, "language") or _text(feed, "language")),
        modified=modified.instant if modified else None,
        permanent_id=id_,
        host=host(site, _text(feed, "feed_url")),
        original=original,
        address_is_id=not replaced,
        may_recur=True,
        where=where,
        dropped=(*files.dropped, *counted(_unread(item, shown))),
        remarks=(
            *replaced,
            *untitled,
            *(("its tags are not a list and were dropped",) if _is_lost(item.get("tags")) else ()),
            *dict.fromkeys((*dated.remarks, *(modified.remarks if modified else ()))),
        ),
    )


def _unread(item: dict[str, Any], shown: Shown) -> Iterator[str]:
    """Yield the kind of each field that is not read and says more than is shown."""
    for field, value in item.items():
        is_read = field in _READ or not value or (isinstance(value, str) and shown.has(value))
        if not is_read:
            yield f"{one_line(field)[:_LONGEST_NAME]} field"


def _date(item: dict[str, Any], field: str, context: Context) -> Date | None:
    stated = _text(item, field)
    return date(stated, context.zone, field) if stated.strip() else None


def _labels(item: dict[str, Any]) -> tuple[str, ...]:
    tags = item.get("tags")
    if not isinstance(tags, list):
        return ()
    return labels(str(tag) for tag in tags if type(tag) in {str, int, float})


def _is_lost(tags: object) -> bool:
    return bool(tags) and not isinstance(tags, list)


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of the authors: version 1.1 has a list of them, version 1.0 one object.

    Some feeds state a name where the object should be.
    """
    stated = item.get("authors")
    listed = stated if isinstance(stated, list) else [item.get("author")]
    objects = ({"name": each} if isinstance(each, str) else each for each in listed)
    names = (one_line(_text(author, "name")) for author in objects if isinstance(author, dict))
    return tuple(dict.fromkeys(filter(None, names)))


def _files(item: dict[str, Any]) -> Iterator[Stated]:
    listed = item.get("attachments")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict):
            url, kind, name = (_text(one, field) for field in ("url", "mime_type", "title"))
            yield Stated(url, None, kind, one.get("size_in_bytes"), name)
    for field in ("image", "banner_image"):
        if address := _text(item, field).strip():
            yield Stated(address, featured=True)
