"""The rules of Atom 1.0 (RFC 4287)."""

from lxml import etree

from feeds.operations.check.seen import (
    Item,
    Seen,
    is_iri,
    is_media_type,
    is_url,
    names,
    parse_xml,
    single,
)

_ATOM = "{http://www.w3.org/2005/Atom}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_FEED = names(
    "id title updated author category contributor generator icon link logo rights subtitle entry"
)
_ENTRY = names(
    "id title updated author category content contributor link published rights source summary"
)
_TEXTS = ("title", "subtitle", "rights", "summary", "content")


def read(content: bytes) -> Seen:
    """Return what a reader sees in a document."""
    seen = Seen()
    root = parse_xml(content, seen)
    if root is None:
        return seen
    if root.tag != f"{_ATOM}feed":
        seen.faults.append("its root is not an Atom feed")
        return seen
    single(root, "a:id a:title a:updated a:generator? a:icon? a:logo? a:rights? a:subtitle?",
           "the feed", seen)  # fmt: skip
    _known(root, _FEED, "the feed", seen)
    seen.require(is_iri(root.findtext(f"{_ATOM}id")), "the id of the feed is not an absolute IRI")
    seen.rfc3339(root.findtext(f"{_ATOM}updated"), "updated of the feed")
    links = _links(root, "the feed", seen)
    seen.links = [href for _, href in links]
    seen.address = next((href for rel, href in links if rel == "self"), "")
    seen.require(seen.address, "the feed has no link to itself (rel=self)")
    _persons(root, "the feed", seen)
    for entry in root.findall(f"{_ATOM}entry"):
        seen.items.append(_item(root, entry, seen))
    return seen


def _item(root: etree._Element, entry: etree._Element, seen: Seen) -> Item:
    id_ = entry.findtext(f"{_ATOM}id") or ""
    where = f"the entry {id_}"
    single(entry, "a:id a:title a:updated a:published? a:content? a:summary? a:rights? a:source?",
           where, seen)  # fmt: skip
    _known(entry, _ENTRY, where, seen)
    seen.require(is_iri(id_), f"the id {id_!r} of an entry is not an absolute IRI")
    authors = root.findall(f"{_ATOM}author") + entry.findall(f"{_ATOM}author")
    seen.require(authors, f"{where} has no author, and neither has the feed")
    _persons(entry, where, seen)
    links = _links(entry, where, seen)
    content = entry.find(f"{_ATOM}content")
    seen.require(
        content is not None or any(rel == "alternate" for rel, _ in links),
        f"{where} has neither content nor a link to it",
    )
    for category in entry.findall(f"{_ATOM}category"):
        seen.require(category.get("term"), f"{where} has a category without term")
    published = entry.findtext(f"{_ATOM}published")
    return Item(
        id=id_,
        published=(published and seen.rfc3339(published, f"published of {where}")) or None,
        updated=seen.rfc3339(entry.findtext(f"{_ATOM}updated"), f"updated of {where}"),
        links=[href for _, href in links],
        content=(content.text or "") if content is not None else "",
    )


def _known(parent: etree._Element, allowed: frozenset[str], where: str, seen: Seen) -> None:
    """Require that all Atom elements are ones that may be there, and texts what they say."""
    for child in parent.iterchildren(f"{_ATOM}*"):
        name = etree.QName(child).localname
        seen.require(name in allowed, f"{where} has an element {name}, which may not be there")
        if name in _TEXTS:
            _text(child, f"{name} of {where}", seen)


def _text(element: etree._Element, where: str, seen: Seen) -> None:
    kind = element.get("type", "text")
    if kind == "xhtml":
        children = [child.tag for child in element.iterchildren("*")]
        seen.require(children == [f"{_XHTML}div"], f"{where} is not one div of XHTML")
    elif kind in {"text", "html"}:
        seen.require(not len(element), f"{where} has elements, although its type is {kind}")
    else:
        media = element.tag == f"{_ATOM}content" and is_media_type(kind)
        seen.require(media, f"{where} has the unknown type {kind!r}")


def _persons(parent: etree._Element, where: str, seen: Seen) -> None:
    for person in (*parent.findall(f"{_ATOM}author"), *parent.findall(f"{_ATOM}contributor")):
        single(person, "a:name a:uri? a:email?", f"a person of {where}", seen)
        seen.require(person.findtext(f"{_ATOM}name"), f"{where} has an author without name")


def _links(parent: etree._Element, where: str, seen: Seen) -> list[tuple[str, str]]:
    """Return the links as relation and address."""
    found = []
    alternates = []
    for link in parent.findall(f"{_ATOM}link"):
        rel, href, kind = link.get("rel", "alternate"), link.get("href", ""), link.get("type")
        seen.require(is_url(href), f"{where} has a link {href!r} that is not an absolute URL")
        seen.require(kind is None or is_media_type(kind), f"{where} has a link of type {kind!r}")
        length = link.get("length", "0")
        seen.require(length.isdecimal(), f"{where} has a link with the length {length!r}")
        if rel == "alternate":
            alternates.append((kind, link.get("hreflang")))
        found.append((rel, href))
    seen.require(
        len(alternates) == len(set(alternates)),
        f"{where} has two alternate links of one type and language",
    )
    return found
