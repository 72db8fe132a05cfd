"""Items of RSS 0.9 to 2.0 (https://www.rssboard.org/rss-specification), for the source ``feed``."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

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
    enclosures,
    media,
    titles,
    unread_media,
)
from feeds.ingest.sources.record import Context, InvalidInputError, Record, Richness
from feeds.ingest.sources.unread import Shown, counted, of_element, other_links
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
_ENCLOSURE = "{http://purl.oclc.org/net/rss_2.0/enc#}"
_OTHER_AUTHORS = (f"{_ITUNES}author", f"{_ATOM}author/{_ATOM}name", f"{_GOOGLE}author")
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
    heading, untitled = title(_title(element, of), content or summary)
    files = attachments(_files(element, of), original or base)
    names = _authors(element, of)
    shown = Shown(content, summary, heading, *names, *titles(files.kept))
    unread = (
        *of_element(element, _taken(of), shown),
        *("author" for name in {*chain(*_names(element, of))}.difference(names)),
        *other_links(element, _ATOM),
        *unread_media(element, shown),
    )
    return Record(
        title=heading,
        published=published.instant,
        labels=labels(
            strip_tags(text_of(child))
            for child in element.iterchildren(f"{of}category", f"{DC}subject")
        ),
        body=content or summary,
        fallback=summary if content else (),
        richness=Richness.CONTENT if content else Richness.SUMMARY,
        authors=names,
        attachments=files.kept,
        language=language(
            language_of(element) or element.findtext(f"{DC}language") or channel.language
        ),
        modified=modified.instant if modified else None,
        permanent_id=id_,
        host=channel.host,
        original=original,
        address_is_id=not replaced,
        may_recur=True,
        where=where,
        dropped=(*item.mended, *files.dropped, *counted(unread)),
        remarks=(
            *item.remarks,
            *replaced,
            *untitled,
            *remarks_of(published, modified),
        ),
    )


@lru_cache
def _taken(of: str) -> frozenset[str]:
    """Return the elements of an item that are read wherever they are, or that programs use."""
    own = (
        "title", "link", "guid", "pubDate", "category", "enclosure", "image", "comments", "author",
    )  # fmt: skip
    return frozenset(
        {
            *(f"{of}{name}" for name in own),
            *(f"{DC}{name}" for name in ("date", "subject", "language", "identifier", "format")),
            *_PUBLISHED,
            *_MODIFIED,
            *_CONTENTS[1:],
            *OF_MEDIA,
            f"{DC}creator",
            f"{_ATOM}author",
            f"{_ATOM}link",
            f"{_ITUNES}author",
            f"{_GOOGLE}author",
            f"{_ENCLOSURE}enclosure",
            *(f"{_ITUNES}{name}" for name in ("block", "episodeType", "explicit", "order")),
            f"{_GOOGLE}block",
            f"{_GOOGLE}explicit",
        }
    )


def _title(item: Element, of: str) -> str:
    """Return the first title of an item that is not empty."""
    stated = (
        strip_tags(text_of(item.find(f"{namespace}title")))
        for namespace in (of, DC, _ITUNES, MEDIA)
    )
    return next(filter(str.strip, stated), "")


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
    return next(filter(None, _names(item, of)), ())


def _names(item: Element, of: str) -> Iterator[tuple[str, ...]]:
    """Yield the authors that each of the elements for authors names."""
    for path in (f"{DC}creator", f"{of}author", *_OTHER_AUTHORS):
        yield authors(text_of(child) for child in item.iterfind(path))


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
    for child in item.iterchildren(f"{_ENCLOSURE}enclosure"):
        address = child.get(f"{RDF}resource") or child.get(f"{_ENCLOSURE}url") or child.get("url")
        kind, length = (child.get(f"{_ENCLOSURE}{name}") for name in ("type", "length"))
        yield Stated(address, base_of(child), kind, length)
    yield from media(item)
    for image in item.iterchildren(f"{of}image"):
        address = image.get("url") or image.get("href") or text_of(image.find(f"{of}url"))
        yield Stated(address or text_of(image), base_of(image), featured=True)
