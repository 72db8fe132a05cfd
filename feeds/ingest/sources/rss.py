"""Items of RSS 0.9 to 2.0 (https://www.rssboard.org/rss-specification), for the source ``feed``."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
from feeds.ingest.sources.media import MEDIA, Stated, attachments, enclosures, media
from feeds.ingest.sources.record import Context, InvalidInputError, Record, Richness
from feeds.ingest.sources.xml_fields import DC, first_date
from feeds.ingest.sources.xml_stream import (
    Element,
    XmlItem,
    base_of,
    language_of,
    markup_of,
    text_of,
)
from feeds.text.html import Block, strip_tags

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
NAMESPACES = ("", "{http://purl.org/rss/1.0/}", "{http://my.netscape.com/rdf/simple/0.9/}")
_ATOM = "{http://www.w3.org/2005/Atom}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
_GOOGLE = "{http://www.google.com/schemas/play-podcasts/1.0}"
_ORIGINALS = (
    "{http://rssnamespace.org/feedburner/ext/1.0}origLink",
    "{http://www.pheedo.com/namespace/pheedo}origLink",
)
_TERMS = "{http://purl.org/dc/terms/}"
_CONTENTS = ("{http://purl.org/rss/1.0/modules/content/}encoded", f"{_XHTML}body", f"{_XHTML}div")
_PUBLISHED = {
    f"{DC}date": "dc:date",
    f"{_TERMS}issued": "dcterms:issued",
    f"{_ATOM}published": "atom:published",
}
_MODIFIED = {f"{_ATOM}updated": "atom:updated", f"{_TERMS}modified": "dcterms:modified"}
_ELEMENT = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel states about all its items."""

    site: str | None
    host: str
    language: str | None


def channel_of(item: Element) -> Channel:
    """Return the channel of an item, which in RSS 1.0 is not around it but before it."""
    of = item.tag.removesuffix("item")
    around = item.getparent()
    channel = around.find(f"{of}channel") if around.tag == f"{RDF}RDF" else around
    channel = around if channel is None else channel
    site = text_of(channel.find(f"{of}link")).strip() or None
    links = (link.get("href") for link in channel.iterchildren(f"{_ATOM}link"))
    spoken = channel.findtext(f"{of}language") or channel.findtext(f"{DC}language")
    return Channel(site, host(site, *links, channel.get(f"{RDF}about")), spoken)


def record(item: XmlItem, channel: Channel, context: Context, where: str) -> Record:
    """Return the record of an item. Raises ``InvalidInputError``."""
    element = item.element
    of = element.tag.removesuffix("item")
    base = base_of(element) or channel.site
    original = _address(element, of, base) or _guid_address(element, of)
    published = first_date(element, {f"{of}pubDate": "pubDate"} | _PUBLISHED, context)
    modified = first_date(element, _MODIFIED, context)
    if published is None:
        published = modified
    if published is None:
        raise InvalidInputError("it has no date: neither pubDate nor dc:date")
    guid = text_of(element.find(f"{of}guid")).strip() or element.get(f"{RDF}about", "")
    id_, replaced = permanent_id(guid)
    content, summary = _bodies(element, of, original or base)
    files = attachments(_files(element, of), original or base)
    return Record(
        title=title(strip_tags(text_of(element.find(f"{of}title")))),
        published=published.instant,
        labels=labels(
            strip_tags(text_of(child))
            for child in element.iterchildren(f"{of}category", f"{DC}subject")
        ),
        body=content or summary,
        fallback=summary if content else (),
        richness=Richness.CONTENT if content else Richness.SUMMARY,
        authors=_authors(element, of),
        attachments=files.kept,
        language=language(language_of(element) or channel.language),
        modified=modified.instant if modified else None,
        permanent_id=id_,
        host=channel.host,
        original=original,
        address_is_id=not replaced,
        may_recur=True,
        where=where,
        dropped=(*item.mended, *files.dropped),
        remarks=(
            *item.remarks,
            *replaced,
            *remarks_of(published, modified),
        ),
    )


def _address(item: Element, of: str, base: str | None) -> str | None:
    """Return the address of an item's page: the one behind a redirecting service, or its link.

    The link of an item without a guid is its id and stays.
    """
    originals = _ORIGINALS if text_of(item.find(f"{of}guid")).strip() else ()
    stated = [text_of(item.find(tag)) for tag in (*originals, f"{of}link")]
    stated += [
        link.get("href", "")
        for link in item.iterchildren(f"{_ATOM}link")
        if link.get("rel", "alternate") == "alternate"
    ]
    found = (absolute(base, link) for link in stated if link.strip())
    return next(filter(None, found), None)


def _guid_address(item: Element, of: str) -> str | None:
    """Return the guid if it is an address, which is the default in RSS 2.0."""
    guid = item.find(f"{of}guid")
    if guid is None or guid.get("isPermaLink", "true").strip().lower() != "true":
        return None
    return absolute(None, text_of(guid))


def _authors(item: Element, of: str) -> tuple[str, ...]:
    """Return the authors that the first of these elements names, which may be there repeatedly."""
    paths = (f"{DC}creator", f"{of}author", f"{_ITUNES}author", f"{_ATOM}author/{_ATOM}name")
    for path in (*paths, f"{_GOOGLE}author"):
        if found := authors(text_of(child) for child in item.iterfind(path)):
            return found
    return ()


def _bodies(
    item: Element, of: str, base: str | None
) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """Return the content and the summary of an item."""
    content = _first(item, _CONTENTS, base)
    summaries = (f"{of}description", f"{_ITUNES}summary", f"{_ATOM}summary")
    summary = _first(item, (*summaries, f"{_GOOGLE}description"), base)
    if not content and not summary:
        summary = _first(item, (f"{MEDIA}description", f"{MEDIA}group/{MEDIA}description"), base)
    return content, summary


def _first(item: Element, paths: Iterable[str], base: str | None) -> tuple[Block, ...]:
    for path in paths:
        for element in item.iterfind(path):
            if body := _body(markup_of(element), base_of(element) or base):
                return body
    return ()


def _body(markup: str, base: str | None) -> tuple[Block, ...]:
    """Return a description, which is HTML, unless it has lines and no element of HTML."""
    if "\n" in markup.strip() and not _ELEMENT.search(markup):
        return text_body(html.unescape(markup))
    return html_body(markup, base)


def _files(item: Element, of: str) -> Iterator[Stated]:
    yield from enclosures(item, f"{of}enclosure")
    yield from media(item)
    for image in item.iterchildren(f"{of}image"):
        address = image.get("url") or image.get("href") or text_of(image.find(f"{of}url"))
        yield Stated(address or text_of(image), base_of(image), featured=True)
