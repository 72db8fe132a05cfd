"""The text of a saved HTML page, in which each block element is a paragraph."""

import re

from lxml import etree

from feeds.ingest.sources.record import InvalidInputError
from feeds.text.plain import remove_forbidden

# The possessive quantifiers prevent backtracking, which would take exponential time.
_HTML = re.compile(
    rb"\s*(?:<!--(?:(?!-->).)*+-->\s*+|<\?(?:(?!\?>).)*+\?>\s*+)*+"
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
    "textarea", "title",
}  # fmt: skip


def is_html(head: bytes) -> bool:
    """Whether a file begins like an HTML page."""
    return bool(_HTML.match(head.removeprefix(b"\xef\xbb\xbf")))


def declared_encoding(data: bytes) -> str | None:
    """Return the encoding that a page declares, or None."""
    found = _CHARSET.search(data[:4096])
    return found[1].decode("ascii").lower() if found else None


def page_text(markup: str) -> str:
    """Return the text of a page. Raises ``InvalidInputError`` if it is nested too deep."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    tree = etree.fromstring(f"<body>{remove_forbidden(markup)}".encode(), parser)
    if any("depth" in error.message for error in parser.error_log):
        raise InvalidInputError("its HTML is nested more than 255 deep")
    parts: list[str] = []
    unseen = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag
        unseen += (tag in _UNSEEN) * (1 if event == "start" else -1)
        if tag == "br":
            parts.append("\n" if event == "start" else "")
        elif tag not in _INLINE:
            parts.append("\n\n")
        text = element.text if event == "start" else element.tail
        # The tail of an element is outside it, and possibly inside an unseen one.
        if text and not unseen:
            parts.append(re.sub(r"\s+", " ", text))
    return "".join(parts)
