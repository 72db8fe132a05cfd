"""Feeds of another service: Atom 1.0, RSS 0.9 to 2.0, JSON Feed 1.0 and 1.1.

An entry keeps the id under which that feed published it, where that is a permanent URI: so no
reader is shown it twice when its feed moves here.
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
    permanent,
    text_body,
)
from feeds.ingest.sources.record import (
    Context,
    Item,
    Record,
    Skipped,
    Source,
    Unreadable,
    UnreadableError,
)
from feeds.ingest.sources.xml_stream import (
    Element,
    base_of,
    elements,
    inner_html,
    joined,
    language_of,
    plain,
    root_name,
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
    """Yield a record or a refusal for each entry; skip the notices of a service like this one."""
    for item in _items(stream, context):
        if isinstance(item, Record) and is_notice_id(item.entry_id or ""):
            yield Skipped(
                "it announces a suspension or its end: run `feeds suspend` or `feeds resume`",
                item.where,
            )
        else:
            yield item


def _items(stream: BinaryIO, context: Context) -> Iterator[Item]:
    if json_feed.begins(context.head):
        yield from json_feed.read(stream, context)
        return
    for number, element in enumerate(elements(stream, _ROOTS, _ITEMS), 1):
        atom = element.tag == f"{_ATOM}entry"
        where = f"{'entry' if atom else 'item'} {number}"
        make: Callable[[Element, Context, str], Record] = _entry if atom else _item
        try:
            yield make(element, context, where)
        except UnreadableError as error:
            yield Unreadable(str(error), where)


def _entry(entry: Element, context: Context, where: str) -> Record:
    """Read an Atom entry (RFC 4287 §4.1.2)."""
    base = base_of(entry)
    original = _alternate(entry, base)
    id_ = identifier(entry.findtext(f"{_ATOM}id", "")) or identifier(original or "")
    updated = entry.findtext(f"{_ATOM}updated", "").strip()
    published = entry.findtext(f"{_ATOM}published", "").strip() or updated
    if not published:
        raise UnreadableError("it has no date: neither published nor updated")
    names = (
        one_line(text_of(author.find(f"{_ATOM}name"))) for author in entry.findall(f"{_ATOM}author")
    )
    return Record(
        title=_titled(_text_construct(entry.find(f"{_ATOM}title"))),
        published=instant(published, context.zone, "published"),
        labels=labels(
            category.get("label") or category.get("term") or ""
            for category in entry.findall(f"{_ATOM}category")
        ),
        body=_content(entry, original),
        author=", ".join(filter(None, names)) or None,
        language=language(language_of(entry)),
        modified=instant(updated, context.zone, "updated") if updated else None,
        original_id=id_,
        original=original,
        entry_id=permanent(id_),
        may_recur=True,
        where=where,
    )


def _titled(stated: str) -> str:
    title = one_line(stated)
    if not title:
        raise UnreadableError("it has no title")
    return title


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
    found = one_line(joined(base, address) or "")
    return web_address(found) if "://" in found else None


def _text_construct(element: Element | None) -> str:
    """Return the plain text of a text construct (RFC 4287 §3.1)."""
    text = text_of(element)
    return plain(text) if element is not None and element.get("type") == "html" else text


def _content(entry: Element, original: str | None) -> tuple[Block, ...]:
    """Return the content where it is here and of a kind that is read, else the summary."""
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
    """Read an item of RSS."""
    stated = {child.tag: text_of(child) for child in reversed(item.findall("*"))}
    of = item.tag.removesuffix("item")
    stated |= {name.removeprefix(of): text for name, text in stated.items() if name.startswith(of)}
    channel = item.getparent()
    site = channel.findtext("link", "")
    original = (
        _absolute(base_of(item) or site, stated["link"]) if stated.get("link", "").strip() else None
    )
    id_ = identifier(stated.get("guid", "")) or identifier(item.get(f"{_RDF}about", ""))
    id_ = id_ or identifier(original or "")
    if stated.get("pubDate", "").strip():
        published = mail_instant(stated["pubDate"], context.zone, "pubDate")
    elif stated.get(f"{_DC}date", "").strip():
        published = instant(stated[f"{_DC}date"], context.zone, "dc:date")
    else:
        raise UnreadableError("it has no date: neither pubDate nor dc:date")
    body = stated.get(_CONTENT, "").strip() or stated.get("description", "")
    author = one_line(stated.get(f"{_DC}creator", "")) or one_line(stated.get("author", ""))
    named = _NAMED.fullmatch(author)
    spoken = language_of(item) or channel.findtext("language") or channel.findtext(f"{_DC}language")
    return Record(
        title=_titled(plain(stated.get("title", ""))),
        published=published,
        labels=labels(
            plain(text_of(child))
            for child in item.findall("*")
            if child.tag in {f"{of}category", f"{_DC}subject"}
        ),
        body=html_body(body, original or site or None),
        author=(named[1] if named else author) or None,
        language=language(spoken),
        original_id=id_,
        original=original or _guid_address(item),
        entry_id=permanent(id_),
        may_recur=True,
        where=where,
    )


def _guid_address(item: Element) -> str | None:
    """Return the guid where it is an address, as it is unless it says otherwise (RSS 2.0)."""
    guid = item.find("guid")
    if guid is None or guid.get("isPermaLink", "true").strip().lower() != "true":
        return None
    return _absolute(None, text_of(guid))


def _recognises(name: str, head: bytes) -> bool:
    del name
    return root_name(head) in {"feed", "entry", "rss", "RDF"} or json_feed.recognises(head)


SOURCE = Source((".xml", ".atom", ".rss", ".json"), _recognises, read)
