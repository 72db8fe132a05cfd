"""The text of a saved HTML page, in which each block element is a paragraph, and its markup."""

import html
import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

from lxml import etree

from feeds.ingest.sources.record import InvalidInputError
from feeds.text.html import escape_stray, with_links
from feeds.text.plain import remove_forbidden, web_address

# The possessive quantifiers prevent backtracking, which would take exponential time.
_HTML = re.compile(
    rb"\s*(?><!--(?>(?!-->).)*+-->\s*+|<\?(?>(?!\?>).)*+\?>\s*+)*+"
    rb"<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_CHARSET = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?([a-z0-9_-]{1,40})", re.IGNORECASE)
_INLINE = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong",
    "sub", "sup", "time", "tt", "u", "var", "wbr", "nobr", "img",
}  # fmt: skip
_UNSEEN = {
    "head", "iframe", "noscript", "object", "option", "script", "select", "style", "template",
    "textarea", "title", "x-iframe", "x-noframes",
}  # fmt: skip
# What a page has besides its content.
_HEAD = {"head", "title"}
_VOID = {
    "area",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
}
_ANCHOR = re.compile(r"</?a[\s>]")
# Browsers write it at the beginning of the pages that they save.
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(https?://\S+)")


def is_html(head: bytes) -> bool:
    """Whether a file begins like an HTML page."""
    return bool(_HTML.match(head.removeprefix(b"\xef\xbb\xbf")))


def declared_encoding(data: bytes) -> str | None:
    """Return the encoding that a page declares, or None."""
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii").lower() if found else None


@dataclass(frozen=True, slots=True)
class Piece:
    """A tag or a text of a page, and where it is in the text of the page."""

    offset: int
    markup: str
    length: int = 0


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page as text, with its markup.

    ``base`` is the address that the page states for itself, if any.
    """

    text: str
    pieces: list[Piece]
    base: str | None

    def html(self, begin: int, end: int) -> str:
        """Return the HTML of a part of the text, with the tags that are at its ends.

        Addresses in its text become links, as in a page without markup.
        """
        parts = []
        is_link = False
        first = bisect_left(self.pieces, begin, key=lambda piece: piece.offset + piece.length)
        for piece in self.pieces[first:]:
            if piece.offset >= end:
                break
            if piece.length:
                shown = self.text[max(begin, piece.offset) : min(end, piece.offset + piece.length)]
                parts.append(html.escape(shown, quote=False) if is_link else with_links(shown))
            else:
                parts.append(piece.markup)
                if _ANCHOR.match(piece.markup):
                    is_link = not piece.markup.startswith("</")
        return "".join(parts)


def saved_page(markup: str) -> SavedPage:
    """Read a page. Raises ``InvalidInputError`` if it is nested too deep."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    tree = etree.fromstring(f"<body>{escape_stray(remove_forbidden(markup))}".encode(), parser)
    if any("depth" in error.message for error in parser.error_log):
        raise InvalidInputError("its HTML is nested more than 255 deep")
    reader = _Reader()
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        reader.pass_(event, element)
    return SavedPage("".join(reader.parts), reader.pieces, _base(tree, markup))


class _Reader:
    """The text and the pieces of a page, as far as it has been read."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.pieces: list[Piece] = []
        self._length = 0
        self._unseen = 0

    def pass_(self, event: str, element: Any) -> None:
        """Read the beginning or the end of an element, and the text after it."""
        tag = element.tag
        is_start = event == "start"
        if tag in _UNSEEN:
            if is_start and not self._unseen and tag not in _HEAD:
                self._add(
                    etree.tostring(element, encoding="unicode", method="html", with_tail=False)
                )
            self._unseen += 1 if is_start else -1
        elif tag == "br":
            self._append("\n" if is_start else "")
        elif tag not in _INLINE:
            self._append("\n\n")
        if tag not in _UNSEEN and not self._unseen and tag not in {"html", "body"}:
            if is_start:
                self._add(f"<{tag}{_attributes(element)}>")
            elif tag not in _VOID:
                self._add(f"</{tag}>")
        text = element.text if is_start else element.tail
        # The tail of an element is outside it, and possibly inside an unseen one.
        if text and not self._unseen:
            shown = re.sub(r"\s+", " ", text)
            self.pieces.append(Piece(self._length, "", len(shown)))
            self._append(shown)

    def _add(self, markup: str) -> None:
        self.pieces.append(Piece(self._length, markup))

    def _append(self, text: str) -> None:
        self.parts.append(text)
        self._length += len(text)


def _attributes(element: Any) -> str:
    return "".join(f' {name}="{html.escape(value)}"' for name, value in element.attrib.items())


def _base(tree: Any, markup: str) -> str | None:
    """Return the address to which a page says that its links are relative, or its own."""
    for path in (
        "//base/@href",
        "//link[translate(@rel, 'CANONIL', 'canonil') = 'canonical']/@href",
        "//meta[@property = 'og:url']/@content",
    ):
        for stated in tree.xpath(path):
            if "://" in stated and (found := web_address(stated.strip())):
                return found
    saved = _SAVED_FROM.search(markup[:4096])
    return web_address(saved[1]) if saved else None
