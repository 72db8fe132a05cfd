"""What a reader sees in a feed, and the rules that the formats have in common."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from lxml import etree

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_RFC822 = re.compile(
    r"(?P<day>Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d (?:[+-]\d{4}|GMT)"
)
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:\s*;.*)?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_FORBIDDEN = re.compile(r'[\s<>"{}|\\^`\x00-\x1f\x7f-\x9f]')


@dataclass(slots=True)
class Item:
    """An entry as a reader sees it; an instant is None if it is missing or invalid."""

    id: str
    published: datetime | None
    updated: datetime | None
    links: list[str]
    content: str


@dataclass(slots=True)
class Seen:
    """A feed as a reader sees it; ``faults`` are the rules of its format that it breaks."""

    address: str = ""
    links: list[str] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def require(self, holds: object, fault: str) -> None:
        """Record a fault unless a rule holds."""
        if not holds:
            self.faults.append(fault)

    def rfc3339(self, text: str | None, where: str) -> datetime | None:
        """Return an instant of Atom or JSON Feed."""
        if text is not None and _RFC3339.fullmatch(text):
            try:
                return datetime.fromisoformat(text).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        self.faults.append(f"{where} is not a date and time of RFC 3339: {text!r}")
        return None

    def rfc822(self, text: str | None, where: str) -> datetime | None:
        """Return an instant of RSS: RFC 822 with a year of four digits, and the right weekday."""
        if match := _RFC822.fullmatch(text or ""):
            try:
                found = parsedate_to_datetime(match[0])
                if found.strftime("%a") == match["day"]:
                    return found.astimezone(UTC)
            except (ValueError, OverflowError):
                pass
        self.faults.append(f"{where} is not a date and time of RFC 822: {text!r}")
        return None


def names(text: str) -> frozenset[str]:
    """Return the names in a text."""
    return frozenset(text.split())


def is_iri(text: str | None) -> bool:
    """Return whether a text is an absolute IRI (RFC 3987)."""
    return bool(text and _SCHEME.fullmatch(text) and not _FORBIDDEN.search(text))


def is_url(text: object) -> bool:
    """Return whether a text is an absolute URL that a reader can follow."""
    if not isinstance(text, str) or not is_iri(text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.netloc) if parts.scheme in {"http", "https"} else True


def is_media_type(text: object) -> bool:
    """Return whether a text is a media type."""
    return isinstance(text, str) and _MEDIA_TYPE.fullmatch(text) is not None


def links_of(content: str) -> list[str]:
    """Return the addresses in HTML."""
    return _found(content, "//@href | //@src | //@cite | //@poster")


def pictures_of(content: str) -> list[str]:
    """Return the addresses of the pictures in HTML."""
    return _found(content, "//img/@src")


def _found(content: str, xpath: str) -> list[str]:
    tree = etree.HTML(f"<div>{content}</div>") if "=" in content else None
    return [] if tree is None else list(map(str, tree.xpath(xpath)))


def parse_xml(content: bytes, seen: Seen) -> etree._Element | None:
    """Return the root of an XML document, without resolving entities."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        root: etree._Element = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        seen.faults.append(f"it is not well-formed XML: {error.msg}")
        return None
    seen.require(not root.getroottree().docinfo.doctype, "it has a document type declaration")
    return root


def single(parent: etree._Element, names: str, where: str, seen: Seen) -> None:
    """Require exactly one of some child elements, and at most one of those with a ``?``."""
    for name in names.split():
        tag = name.rstrip("?")
        number = len(parent.findall(tag, _NAMESPACES))
        optional = name.endswith("?")
        if number > 1 or (number == 0 and not optional):
            wanted = "at most one" if optional else "exactly one"
            seen.faults.append(f"{where} has {number} elements {tag}, not {wanted}")


_NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
}
