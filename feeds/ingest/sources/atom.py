"""Entries of Atom 1.0 (RFC 4287) and Atom 0.3, for the source ``feed``."""

import base64
import binascii
from collections.abc import Iterator

from feeds.ingest.sources.dates import remarks_of
from feeds.ingest.sources.fields import (
    absolute,
    authors,
    host,
    html_body,
    labels,
    language,
    permanent_id,
    text_body,
    title,
)
from feeds.ingest.sources.media import (
    MEDIA,
    OF_MEDIA,
    Stated,
    attachments,
    media,
    titles,
    unread_media,
)
from feeds.ingest.sources.record import Context, InvalidInputError, Record, Richness
from feeds.ingest.sources.unread import Shown, counted, of_element, of_summary, other_links
from feeds.ingest.sources.xml_fields import DC, first_date, is_kind
from feeds.ingest.sources.xml_stream import (
    Element,
    XmlItem,
    base_of,
    language_of,
    markup_of,
    text_of,
)
from feeds.text.html import Block, strip_tags

ATOM = "{http://www.w3.org/2005/Atom}"
ATOM_03 = "{http://purl.org/atom/ns#}"
_READ = (
    "id", "title", "updated", "published", "issued", "created", "modified", "category", "link",
    "content", "summary", "author",
)  # fmt: skip
_HTML = {"html", "text/html", "xhtml", "application/xhtml+xml"}


def site_host(entry: Element) -> str:
    """Return the host of the feed: of its page, of itself, or of its id."""
    feed = entry.getparent()
    if feed is None:
        return ""
    of = entry.tag.removesuffix("entry")
    links: dict[str, str | None] = {}
    for link in feed.iterchildren(f"{of}link"):
        links.setdefault(link.get("rel", "alternate"), link.get("href"))
    base = base_of(feed)
    stated = [absolute(base, links[rel]) for rel in ("alternate", "self") if rel in links]
    return host(*stated, feed.findtext(f"{of}id"))


def record(item: XmlItem, site: str, context: Context, where: str) -> Record:
    """Return the record of an entry (RFC 4287 §4.1.2). Raises ``InvalidInputError``."""
    entry = item.element
    of = entry.tag.removesuffix("entry")
    original = _alternate(entry, of)
    names = {f"{of}{name}": name for name in ("published", "issued", "created")}
    changed = first_date(entry, {f"{of}{name}": name for name in ("updated", "modified")}, context)
    published = first_date(entry, names | {f"{DC}date": "dc:date"}, context) or changed
    if published is None:
        raise InvalidInputError("it has no date: neither published nor updated")
    id_, replaced = permanent_id(text_of(entry.find(f"{of}id")))
    files = attachments((*_enclosures(entry, of), *media(entry)), original)
    content = _body(_contents(entry, of), original)
    summary = _body(entry.iterchildren(f"{of}summary"), original)
    if not content and not summary:
        summary = _media_description(entry)
    heading, untitled = title(_text_construct(entry.find(f"{of}title")), content or summary)
    people = authors(_authors(entry, of))
    shown = Shown(content, summary, heading, *people, *titles(files.kept))
    unread = (*of_summary(content, summary, "summary element", shown), *_other(entry, of, shown))
    return Record(
        title=heading,
        published=published.instant,
        labels=labels(map(strip_tags, _labels(entry, of))),
        body=content or summary,
        fallback=summary if content else (),
        richness=Richness.CONTENT if content else Richness.SUMMARY,
        authors=people,
        attachments=files.kept,
        language=language(language_of(entry)),
        modified=changed.instant if changed else None,
        permanent_id=id_,
        host=site,
        original=original,
        address_is_id=not replaced,
        may_recur=True,
        where=where,
        dropped=(*item.mended, *files.dropped, *counted(unread)),
        remarks=(
            *item.remarks,
            *replaced,
            *untitled,
            *remarks_of(published, changed),
            *(() if content else _unread(entry, of)),
        ),
    )


def _other(entry: Element, of: str, shown: Shown) -> Iterator[str]:
    """Yield the kinds of what an entry states and the release does not have."""
    taken = {f"{of}{name}" for name in _READ}
    yield from of_element(entry, taken | OF_MEDIA | {f"{DC}date", f"{DC}subject"}, shown)
    yield from other_links(entry, of)
    yield from unread_media(entry, shown)


def _alternate(entry: Element, of: str) -> str | None:
    """Return the address of the entry's own page (RFC 4287 §4.2.7)."""
    links = [
        link
        for link in entry.iterchildren(f"{of}link")
        if link.get("rel", "alternate") == "alternate" and link.get("href", "").strip()
    ]
    links.sort(key=lambda link: link.get("type", "text/html") != "text/html")
    return absolute(base_of(links[0]), links[0].get("href")) if links else None


def _labels(entry: Element, of: str) -> Iterator[str]:
    for child in entry.iterchildren(f"{of}category", f"{DC}subject"):
        if child.tag == f"{DC}subject":
            yield text_of(child)
        elif not is_kind(child):
            yield child.get("label") or child.get("term") or ""


def _authors(entry: Element, of: str) -> list[str]:
    """Return the names of the authors; of one without a name the e-mail address."""
    found = [
        text_of(author.find(f"{of}name")).strip() or text_of(author.find(f"{of}email"))
        for author in entry.iterchildren(f"{of}author")
    ]
    return found or [text_of(creator) for creator in entry.iterchildren(f"{DC}creator")]


def _enclosures(entry: Element, of: str) -> Iterator[Stated]:
    """Yield the files of an entry: its enclosures, and content that is elsewhere."""
    for link in entry.iterchildren(f"{of}link"):
        if link.get("rel") == "enclosure":
            kind, length, title_ = (link.get(name) for name in ("type", "length", "title"))
            yield Stated(link.get("href"), base_of(link), kind, length, title_ or "")
    for content in entry.iterchildren(f"{of}content"):
        if source := content.get("src"):
            yield Stated(source, base_of(content), content.get("type"))


def _text_construct(element: Element | None) -> str:
    """Return the plain text of a text construct (RFC 4287 §3.1)."""
    if element is None:
        return ""
    kind, text = _decoded(element)
    return strip_tags(text) if kind in {"html", "text/html"} and not len(element) else text


def _contents(entry: Element, of: str) -> Iterator[Element]:
    """Yield the contents of an entry; of alternatives, as Atom 0.3 has them, HTML first."""
    for content in entry.iterchildren(f"{of}content"):
        if content.get("type", "").strip().lower() == "multipart/alternative":
            kinds = sorted(content.iterchildren(f"{of}content"), key=lambda e: not _is_html(e))
            yield from kinds
        else:
            yield content


def _is_html(content: Element) -> bool:
    return _decoded(content)[0] in _HTML


def _unread(entry: Element, of: str) -> Iterator[str]:
    """Yield a remark on each content that is in the entry and has another type."""
    for content in _contents(entry, of):
        kind, text = _decoded(content)
        readable = kind in _HTML or kind == "text" or kind.startswith("text/")
        if not readable and not content.get("src") and (len(content) or text.strip()):
            yield f"its content of the type {kind} was dropped"


def _media_description(entry: Element) -> tuple[Block, ...]:
    """Return the description of Media RSS, which is plain text unless it says otherwise."""
    for path in (f"{MEDIA}description", f"{MEDIA}group/{MEDIA}description"):
        for element in entry.iterfind(path):
            if element.get("type", "plain") == "html":
                body = html_body(text_of(element), base_of(element))
            else:
                body = text_body(text_of(element))
            if body:
                return body
    return ()


def _body(elements: Iterator[Element], original: str | None) -> tuple[Block, ...]:
    """Return the first of these elements that is in the document and has a supported type."""
    for element in elements:
        if element.get("src"):
            continue
        division = next(iter(element), element)
        base = base_of(division) or original
        kind, text = _decoded(element)
        if kind in _HTML:
            body = html_body(text if not len(element) else markup_of(element), base)
        else:
            body = text_body(text) if kind == "text" or kind.startswith("text/") else ()
        if body:
            return body
    return ()


def _decoded(element: Element) -> tuple[str, str]:
    """Return the type of a text or content, and the text, which Atom 0.3 may have encoded."""
    kind = element.get("type", "text").partition(";")[0].strip().lower()
    text = text_of(element)
    if element.get("mode") == "base64":
        try:
            text = base64.b64decode(text).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            text = ""
    return kind, text
