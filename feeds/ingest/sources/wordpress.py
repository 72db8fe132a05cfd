"""WordPress eXtended RSS (WXR 1.0 to 1.2), which “Tools → Export” of WordPress writes."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from feeds.ingest.sources.fields import (
    html_body,
    identifier,
    instant,
    labels,
    language,
    mail_instant,
    title,
)
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Item,
    Record,
    RefusedItem,
    SkippedItem,
    Source,
)
from feeds.ingest.sources.xml_stream import (
    Element,
    elements,
    head_text,
    root_name,
    strip_tags,
    text_of,
)
from feeds.text.plain import one_line, unix_newlines, web_address

_WP = re.compile(r"\{http://wordpress\.org/export/[0-9.]+/\}(.*)")
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
_NEVER = "0000-00-00"
_UTC = ZoneInfo("UTC")

_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|center|dd|div|dl|dt|fieldset|figure|form|h[1-6]|hr|li"
    r"|ol|p|section|ul)[\s/>]",
    re.IGNORECASE,
)
_VERBATIM = re.compile(r"<(?:pre|script|style|table|textarea)[\s>]", re.IGNORECASE)
_KINDS = {"attachment": "an attachment", "page": "a page", "nav_menu_item": "a menu item"}
_STATES = {
    "draft": "it is a draft",
    "auto-draft": "it is a draft",
    "pending": "it is pending review",
    "future": "it is scheduled for later",
    "private": "it is private",
    "trash": "it is in the trash",
}


def read(stream: BinaryIO, context: Context) -> Iterator[Item]:
    """Yield a record, a refusal or a skipped item for each item."""
    authors: dict[str, str] | None = None
    for number, item in enumerate(elements(stream, ("rss",), ("item",)), 1):
        where = f"item {number}"
        channel = item.getparent()
        if authors is None:
            authors = _authors(channel)
        stated = {_name(child): text_of(child) for child in item.iterchildren("*")}
        reason = _skip_reason(stated)
        if reason:
            yield SkippedItem(reason, where)
            continue
        try:
            spoken = language(channel.findtext("language"))
            yield _record(item, stated, authors, spoken, context.zone, where)
        except InvalidInputError as error:
            yield RefusedItem(str(error), where)


def _name(element: Element) -> str:
    """Return the name of an element, with the prefix ``wp:`` if it is one of WordPress."""
    return _WP.sub(r"wp:\1", element.tag)


def _authors(channel: Element) -> dict[str, str]:
    """Return the display names by login."""
    authors = {}
    for child in channel.iterchildren("*"):
        if _name(child) == "wp:author":
            stated = {_name(part): one_line(text_of(part)) for part in child.iterchildren("*")}
            authors[stated.get("wp:author_login", "")] = stated.get("wp:author_display_name", "")
    return authors


def _skip_reason(stated: dict[str, str]) -> str | None:
    kind, state = stated.get("wp:post_type", "post"), stated.get("wp:status", "publish")
    if kind != "post":
        return f"it is {_KINDS.get(kind, f'of the type {one_line(kind)}, not a post')}"
    if state != "publish":
        return _STATES.get(state, f"its status is {one_line(state)}, not publish")
    if stated.get("wp:post_password"):
        return "it is protected by a password"
    return None


def _record(  # noqa: PLR0913, PLR0917 - what an item and its channel state
    item: Element,
    stated: dict[str, str],
    authors: dict[str, str],
    spoken: str | None,
    zone: ZoneInfo,
    where: str,
) -> Record:
    link = web_address(one_line(stated.get("link", ""))) if stated.get("link") else None
    login = one_line(stated.get(_CREATOR, ""))
    return Record(
        title=title(strip_tags(stated.get("title", ""))),
        published=_published(stated, zone),
        labels=labels(
            strip_tags(text_of(category))
            for category in item.iterchildren("category")
            if category.get("domain") == "category"
        ),
        body=html_body(paragraphed(stated.get(_CONTENT, "")), link),
        authors=tuple(filter(None, [authors.get(login) or login])),
        language=spoken,
        modified=_local(stated, "post_modified", zone),
        permanent_id=identifier(stated.get("guid", "")),
        original=link,
        where=where,
    )


def _published(stated: dict[str, str], zone: ZoneInfo) -> datetime:
    found = _local(stated, "post_date", zone)
    if found:
        return found
    if not stated.get("pubDate"):
        raise InvalidInputError("it has no publication date")
    return mail_instant(stated["pubDate"], zone, "pubDate")


def _local(stated: dict[str, str], field: str, zone: ZoneInfo) -> datetime | None:
    """Return an instant from its field in GMT, otherwise from the one in the site's zone."""
    for name, of in ((f"wp:{field}_gmt", _UTC), (f"wp:{field}", zone)):
        text = stated.get(name, "").strip()
        if text and not text.startswith(_NEVER):
            return instant(text, of, name).astimezone(UTC)
    return None


def paragraphed(content: str) -> str:
    """Make paragraphs of text between blank lines, as WordPress does when it shows a post.

    Text with block elements is left as it is.
    """
    text = unix_newlines(content)
    if _VERBATIM.search(text):
        return text
    parts = (part.strip() for part in re.split(r"\n\s*\n", text))
    return "\n".join(
        part if _BLOCK.search(part) else "<p>" + part.replace("\n", "<br>\n") + "</p>"
        for part in parts
        if part
    )


def _matches(name: str, head: bytes) -> bool:
    del name
    return root_name(head) == "rss" and "http://wordpress.org/export/" in head_text(head)


SOURCE = Source((".xml",), _matches, read)
