"""The rules of RSS 2.0 (rssboard.org/rss-specification) and of its Best Practices Profile."""

from lxml import etree

from feeds.operations.check.seen import (
    Item,
    Seen,
    is_media_type,
    is_url,
    names,
    parse_xml,
    single,
)

_ATOM = "{http://www.w3.org/2005/Atom}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_CHANNEL = names(
    "title link description language copyright managingEditor webMaster pubDate "
    "lastBuildDate category generator docs cloud ttl image rating textInput skipHours skipDays "
    "item"
)
_ITEM = names("title link description author category comments enclosure guid pubDate source")


def read(content: bytes) -> Seen:
    """Return what a reader sees in a document."""
    seen = Seen()
    root = parse_xml(content, seen)
    if root is None:
        return seen
    if root.tag != "rss" or root.get("version") != "2.0":
        seen.faults.append("its root is not rss of version 2.0")
        return seen
    single(root, "channel", "the document", seen)
    channel = root.find("channel")
    if channel is None:
        return seen
    single(channel, "title link description language? copyright? pubDate? lastBuildDate? "
           "generator? docs? ttl? image?", "the channel", seen)  # fmt: skip
    _known(channel, _CHANNEL, "the channel", seen)
    for name in ("pubDate", "lastBuildDate"):
        if (text := channel.findtext(name)) is not None:
            seen.rfc822(text, f"{name} of the channel")
    page = channel.findtext("link") or ""
    seen.links = [page, *(link.get("href", "") for link in channel.findall(f"{_ATOM}link"))]
    for link in seen.links:
        seen.require(is_url(link), f"the channel has a link {link!r} that is not an absolute URL")
    own = channel.find(f"{_ATOM}link[@rel='self']")
    seen.address = own.get("href", "") if own is not None else ""
    seen.require(seen.address, "the channel has no link to itself (atom:link, rel=self)")
    seen.items = [_item(item, seen) for item in channel.findall("item")]
    return seen


def _item(item: etree._Element, seen: Seen) -> Item:
    guid = item.find("guid")
    id_ = "" if guid is None else guid.text or ""
    where = f"the item {id_}"
    single(item, "title? link? description? content:encoded? author? comments? enclosure? guid "
           "pubDate? source?", where, seen)  # fmt: skip
    _known(item, _ITEM, where, seen)
    seen.require(
        item.findtext("title") or item.findtext("description"),
        f"{where} has neither title nor description",
    )
    if guid is not None and guid.get("isPermaLink", "true") != "false":
        seen.require(is_url(id_), f"the guid {id_!r} is a permalink, but not an absolute URL")
    links = [page.text or "" for page in item.findall("link")]
    links += [link.get("href", "") for link in item.findall(f"{_ATOM}link")]
    links += _enclosures(item, where, seen)
    for link in links:
        seen.require(is_url(link), f"{where} has a link {link!r} that is not an absolute URL")
    # Some readers show the last of them.
    ordered = [child.tag for child in item.iterchildren(_CONTENT, "description")]
    seen.require(
        ordered != [_CONTENT, "description"], f"{where} has its description after its content"
    )
    published, updated = item.findtext("pubDate"), item.findtext(f"{_ATOM}updated")
    return Item(
        id=id_,
        published=(published and seen.rfc822(published, f"pubDate of {where}")) or None,
        updated=(updated and seen.rfc3339(updated, f"atom:updated of {where}")) or None,
        links=links,
        content=item.findtext(_CONTENT) or "",
    )


def _enclosures(item: etree._Element, where: str, seen: Seen) -> list[str]:
    found = []
    for enclosure in item.findall("enclosure"):
        found.append(enclosure.get("url", ""))
        length, kind = enclosure.get("length", ""), enclosure.get("type")
        seen.require(
            length.isdecimal() and is_media_type(kind),
            f"{where} has an enclosure without length or type",
        )
    return found


def _known(parent: etree._Element, allowed: frozenset[str], where: str, seen: Seen) -> None:
    """Require that all elements of RSS itself are ones that may be there."""
    for child in parent.iterchildren("{}*"):
        name = etree.QName(child).localname
        seen.require(name in allowed, f"{where} has an element {name}, which may not be there")
