"""Feeds of another service: Atom 1.0, RSS 0.9 to 2.0, JSON Feed 1.0 and 1.1.

An entry keeps the id under which the feed published it if that is a URI, so that no reader shows it
twice when the feed moves here.
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from feeds.identity import is_notice_id
from feeds.ingest.sources import json_feed
from feeds.ingest.sources.fields import (
    html_body,
    identifier,
    instant,
    labels,
    language,
    mail_instant,
    text_body,
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
    base_of,
    elements,
    inner_html,
    language_of,
    resolve,
    root_name,
    strip_tags,
    text_of,
)
from feeds.text.html import Block
from feeds.text.plain import one_line, web_address

_ATOM = "{http://www.w3.org/2005/Atom}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RSS = ("", "{http://purl.org/rss/1.0/}", "{http://my.netscape.com/rdf/simple/0.9/}")
_DC = "{http://purl.org/dc/elements/1.1/}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_ROOTS = (f"{_ATOM}feed", f"{_ATOM}entry", "rss", f"{_RDF}RDF")
_ITEMS = (f"{_ATOM}entry", *(f"{name}item" for name in _RSS))
_NAMED = re.compile(r"[^\s@]+@[^\s@()]+\s*\((.+)\)")


def read(stream: BinaryIO, context: Context) -> Iterator[Item]:
    """Yield a record or refusal for each entry. Skip the notices of a service like this one."""
    for item in _items(stream, context):
        if isinstance(item, Record) and is_notice_id(item.permanent_id or ""):
            yield SkippedItem(
                "it is a notice: run `feeds suspend` or `feeds resume` to announce one here",
                item.where,
            )
        else:
            yield item


def _items(stream: BinaryIO, context: Context) -> Iterator[Item]:
    if json_feed.is_object(context.head):
        yield from json_feed.read(stream, context)
        return
    for number, element in enumerate(elements(stream, _ROOTS, _ITEMS), 1):
        atom = element.tag == f"{_ATOM}entry"
        where = f"{'entry' if atom else 'item'} {number}"
        make: Callable[[Element, Context, str], Record] = _entry if atom else _item
        try:
            yield make(element, context, where)
        except InvalidInputError as error:
            yield RefusedItem(str(error), where)


def _entry(entry: Element, context: Context, where: str) -> Record:
    """Return the record of an Atom entry (RFC 4287 §4.1.2)."""
    base = base_of(entry)
    original = _alternate(entry, base)
    updated = entry.findtext(f"{_ATOM}updated", "").strip()
    published = entry.findtext(f"{_ATOM}published", "").strip() or updated
    if not published:
        raise InvalidInputError("it has no date: neither published nor updated")
    names = (
        one_line(text_of(author.find(f"{_ATOM}name"))) for author in entry.findall(f"{_ATOM}author")
    )
    return Record(
        title=title(_text_construct(entry.find(f"{_ATOM}title"))),
        published=instant(published, context.zone, "published"),
        labels=labels(
            category.get("label") or category.get("term") or ""
            for category in entry.findall(f"{_ATOM}category")
        ),
        body=_content(entry, original),
        authors=tuple(filter(None, names)),
        language=language(language_of(entry)),
        modified=instant(updated, context.zone, "updated") if updated else None,
        permanent_id=identifier(entry.findtext(f"{_ATOM}id", "")),
        original=original,
        address_is_id=True,
        may_recur=True,
        where=where,
    )


def _alternate(entry: Element, base: str | None) -> str | None:
    """Return the address of the entry's own page (RFC 4287 §4.2.7)."""
    links = [
        link
        for link in entry.findall(f"{_ATOM}link")
        if link.get("rel", "alternate") == "alternate" and link.get("href", "").strip()
    ]
    links.sort(key=lambda link: link.get("type", "text/html") != "text/html")
    return _absolute(base_of(links[0]) or base, links[0].get("href")) if links else None


def _absolute(base: str | None, address: str | None) -> str | None:
    found = one_line(resolve(base, address) or "")
    return web_address(found) if "://" in found else None


def _text_construct(element: Element | None) -> str:
    """Return the plain text of a text construct (RFC 4287 §3.1)."""
    text = text_of(element)
    return strip_tags(text) if element is not None and element.get("type") == "html" else text


def _content(entry: Element, original: str | None) -> tuple[Block, ...]:
    """Return the content if its type is supported and it is in the document, else the summary."""
    for name in ("content", "summary"):
        element = entry.find(f"{_ATOM}{name}")
        if element is None or element.get("src"):
            continue
        base = base_of(element) or original
        kind = element.get("type", "text").strip().lower()
        if kind == "xhtml":
            division = next(iter(element), element)
            return html_body(inner_html(element), base_of(division) or original)
        if kind in {"html", "text/html"}:
            return html_body(text_of(element), base)
        if kind in {"text", "text/plain"} and text_of(element).strip():
            return text_body(text_of(element))
    return ()


def _item(item: Element, context: Context, where: str) -> Record:
    """Return the record of an RSS item."""
    stated = {child.tag: text_of(child) for child in reversed(item.findall("*"))}
    of = item.tag.removesuffix("item")
    stated |= {name.removeprefix(of): text for name, text in stated.items() if name.startswith(of)}
    channel = item.getparent()
    site = channel.findtext("link", "")
    original = (
        _absolute(base_of(item) or site, stated["link"]) if stated.get("link", "").strip() else None
    )
    id_ = identifier(stated.get("guid", "")) or identifier(item.get(f"{_RDF}about", ""))
    if stated.get("pubDate", "").strip():
        published = mail_instant(stated["pubDate"], context.zone, "pubDate")
    elif stated.get(f"{_DC}date", "").strip():
        published = instant(stated[f"{_DC}date"], context.zone, "dc:date")
    else:
        raise InvalidInputError("it has no date: neither pubDate nor dc:date")
    body = stated.get(_CONTENT, "").strip() or stated.get("description", "")
    author = one_line(stated.get(f"{_DC}creator", "")) or one_line(stated.get("author", ""))
    named = _NAMED.fullmatch(author)
    spoken = language_of(item) or channel.findtext("language") or channel.findtext(f"{_DC}language")
    return Record(
        title=title(strip_tags(stated.get("title", ""))),
        published=published,
        labels=labels(
            strip_tags(text_of(child))
            for child in item.findall("*")
            if child.tag in {f"{of}category", f"{_DC}subject"}
        ),
        body=html_body(body, original or site or None),
        authors=tuple(filter(None, [named[1] if named else author])),
        language=language(spoken),
        permanent_id=id_,
        original=original or _guid_address(item),
        address_is_id=True,
        may_recur=True,
        where=where,
    )


def _guid_address(item: Element) -> str | None:
    """Return the guid if it is an address, which is the default in RSS 2.0."""
    guid = item.find("guid")
    if guid is None or guid.get("isPermaLink", "true").strip().lower() != "true":
        return None
    return _absolute(None, text_of(guid))


def _matches(name: str, head: bytes) -> bool:
    del name
    return root_name(head) in {"feed", "entry", "rss", "RDF"} or json_feed.matches(head)


SOURCE = Source((".xml", ".atom", ".rss", ".json"), _matches, read)
