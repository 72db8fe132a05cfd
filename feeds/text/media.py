"""The addresses of pictures, films and whatever else a page shows, lazily or not."""

import re
from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborNode

from feeds.text import addresses
from feeds.text.elements import MEDIA_SITES, NOT_SHOWN

Stated = Mapping[str, str | None]
"""The attributes of an element; one without a value is None."""

_SOURCES = ("src", "data-src", "data-lazy-src", "data-original", "data-lazy", "data-litespeed-src")
_SOURCE_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
_PLACEHOLDER = re.compile(
    r"(?:^|/)[^/?#]*(?:spacer|blank|placeholder|transparent|1x1|trans|pixel|loading|loader|lazy"
    r"|preload|grey|gray)[^/?#]*\.(?:gif|png|svg)(?:[?#]|$)",
    re.IGNORECASE,
)
"""Names of the picture that lazy-loading themes show until the real one is there."""


def pictures(stated: Stated, base: str | None) -> Iterator[str]:
    """Yield the addresses of a picture, the one to show first."""
    for key in _SOURCE_SETS:
        if found := addresses.largest(stated.get(key), base):
            yield found
    waits = _PLACEHOLDER.search((stated.get("src") or "").strip())
    for key in (*_SOURCES[1:], "src") if waits else _SOURCES:
        if found := addresses.web(stated.get(key), base):
            yield found
    for key in _SOURCE_SETS:
        for address, _ in addresses.candidates(stated.get(key)):
            if found := addresses.web(address, base):
                yield found


def sources(node: LexborNode) -> Iterator[Stated]:
    """Yield the attributes of the sources of a picture or of media."""
    for source in node.css("source"):
        yield source.attributes


def is_in_noscript(node: LexborNode) -> bool:
    """Whether ``noscript`` follows a picture and has what it stands for."""
    following = node.next
    while following is not None and following.tag == "-text":
        if (following.text_content or "").strip():
            return False
        following = following.next
    return (
        following is not None
        and name_of(following) == "noscript"
        and following.css_first("img") is not None
    )


def address_of(node: LexborNode, base: str | None) -> str | None:
    """Return the address to which a link leads, or of what an element shows, or None."""
    stated = node.attributes
    for key in ("href", *_SOURCES, "data"):
        if found := addresses.web(stated.get(key), base):
            return found
    return None


def shown_by(node: LexborNode, base: str | None) -> list[str]:
    """Return the addresses of what an element embeds, the most important one first."""
    stated = node.attributes
    found = [stated.get(key) for key in (*_SOURCES, "data", "data-href")]
    if site := MEDIA_SITES.get(node.tag or ""):
        found.append(f"{site}{stated.get('data-videoid') or ''}")
    found += [source.get("src") or source.get("data-src") for source in sources(node)]
    found += [
        param.attributes.get("value")
        for param in node.css("param")
        if (param.attributes.get("name") or "").lower() in {"filename", "movie", "src", "url"}
    ]
    return [address for stated in found if (address := addresses.web(stated, base))]


def name_of(node: LexborNode) -> str:
    """Return the name of a node, also if ``feeds.text.tags`` or ``feeds.text.html`` changed it."""
    return (node.tag or "").removeprefix("x-")


def is_word(node: LexborNode | None, at: int) -> bool:
    """Whether a node is text that begins, or ends, with a word."""
    text = (node.text_content or "") if node is not None and node.tag == "-text" else ""
    return text[at:][:1].isalnum()


def name_for(stated: Stated, address: str) -> str:
    """Return what a link is called that has no text of its own."""
    for key in ("title", "alt", "aria-label"):
        if name := (stated.get(key) or "").strip():
            return name
    return addresses.host(address)


def inner_addresses(node: LexborNode, base: str | None) -> Iterator[str]:
    """Yield the addresses of links and media in media."""
    for child in node.css("a[href],area[href],[src],[data]"):
        if child != node and name_of(child) not in NOT_SHOWN and (found := address_of(child, base)):
            yield found
