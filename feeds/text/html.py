"""HTML that cannot break a feed, a parser or a browser.

The body of each release passes through here once, at import (rule 10). HTML is reduced to a safe
subset with absolute addresses, and text becomes such HTML. The summary is cut from the result.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import nh3
from linkify_it import LinkifyIt
from lxml import etree

from feeds.text import tags
from feeds.text.plain import (
    clean_text,
    one_line,
    remove_forbidden,
    unix_newlines,
    web_address,
)
from feeds.text.tags import escape_stray, strip_tags
from feeds.text.tree import Writer

__all__ = [
    "SUMMARY_LENGTH", "VERSION", "Block", "Content", "Heading", "Html", "MarkupError", "Paragraph",
    "Text", "content", "escape_stray", "sanitise", "strip_tags", "summary", "text_html",
    "with_links",
]  # fmt: skip

VERSION = 8
"""Part of every record's digest: raise it when the same record results in different HTML."""

SUMMARY_LENGTH = 280

# The beginning of a long body that is almost always enough for its summary.
_BEGINNING = 4 * SUMMARY_LENGTH
_END_OF_TEXT = re.compile(
    r"<(?:/p|/h\d|/li|/t[dhr]|/d[dt]|/(?:fig)?caption"
    r"|(?:br|hr|[uod]l|table|blockquote|pre)(?: [^<>]*)?)>"
)
_ANY_TAG = re.compile(r"<[^>]*>")

# What feeds.text.elements writes. What else gets here has no attributes, or is from a fast path.
_CLEANER = nh3.Cleaner(
    tags={
        "a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "code", "dd", "del", "div",
        "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "hr", "i", "img", "ins", "li",
        "ol", "p", "picture", "pre", "q", "rp", "rt", "ruby", "s", "span", "strong", "sub", "sup",
        "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "wbr",
    },
    attributes={
        "*": {"dir", "id", "lang", "title"},
        "a": {"href", "name"},
        "blockquote": {"cite"},
        "del": {"cite"},
        "img": {"alt", "height", "src", "width"},
        "ins": {"cite"},
        "li": {"value"},
        "ol": {"reversed", "start", "type"},
        "q": {"cite"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan"},
    },
    tag_attribute_values={"th": {"scope": {"row", "col", "rowgroup", "colgroup"}}},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
    url_relative=lambda address: address if address.startswith("#") else None,
)  # fmt: skip
_LINKS = LinkifyIt()
# Links are searched word by word: the time of a search grows with the square of the length.
_WORD = re.compile(r"\S+")
_LINK_LENGTH = 2000

_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_EMPTY = re.compile(r"<p>\s*</p>\n?")

# The sanitiser's time grows with the square of the depth: 100,000 nested lists take minutes.
_MANY_TAGS = 1000
# It also grows with the square of the references in one text and of the attributes of one tag.
_MANY_REFERENCES = 200_000
# libxml2 would ignore what follows the end of either element.
_ENDS = re.compile(r"""</?(?:html|body)(?=[\s/>])(?:"[^"]*"|'[^']*'|[^<>"'])*>""", re.IGNORECASE)
# Elements about whose content parsers disagree.
_OPAQUE = (
    "math", "noscript", "script", "select", "style", "svg", "template", "textarea", "title", "xmp",
)  # fmt: skip

# A body that needs no more than the sanitiser: paragraphs, headings, lists, absolute links, and
# pictures that have no other address.
# No style has an address, as those of backgrounds have.
_PLAIN = (
    r"""(?: (?:(?:align|class|data-(?!b)[a-z-]+|rel|target)="[^"<>]*"|"""
    r"""style="(?>[^"<>(]++|(?<![uU][rR][lL])\()*+"))*"""
)
_WEB = r"https?://[\w.-]++(?:/[^\"<>\s\\^`{|}]*+)?"
_UNSEEN = r"""(?> (?:class|decoding|fetchpriority|loading|sizes)="[^"<>]*")*+"""
_SIMPLE_PICTURE = (
    rf"""img{_UNSEEN} src="{_WEB}"{_UNSEEN}(?> alt="[^"<>]*")?+{_UNSEEN}"""
    rf"""(?> width="[1-9]\d{{0,4}}")?+(?> height="[1-9]\d{{0,4}}")?+{_UNSEEN} ?/?"""
)
_PHRASE = (
    rf"(?>[^<]++|<(?:(?:abbr|b|code|del|em|i|ins|q|s|strong|sub|sup|u){_PLAIN}|br ?/?"
    r"|/(?:a|abbr|b|code|del|em|i|ins|q|s|strong|sub|sup|u)"
    rf"""|{_SIMPLE_PICTURE}|a{_PLAIN} href="{_WEB}"{_PLAIN})>)*+"""
)
_SIMPLE = re.compile(
    rf"(?>\s++|<p{_PLAIN}>{_PHRASE}</p>|<h([234]){_PLAIN}>{_PHRASE}</h\1>"
    rf"|<([uo]l){_PLAIN}>\s*+(?><li{_PLAIN}>{_PHRASE}</li>\s*+)*+</\2>"
    r"|<!-- /?wp:[^<>]*+ -->)*+"
)
_PICTURE = re.compile(
    r'<img(?> (?!src=)[a-z]++="[^"<>]*+")*+(?> src="([^"<>]*+)")?+(?> [a-z]++="[^"<>]*+")*+>'
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a body, as plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a body, as plain text. Its line breaks are kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A part of a body as plain text. Blank lines separate the paragraphs."""

    text: str


@dataclass(frozen=True, slots=True)
class Html:
    """A part of a body as any HTML. Its relative addresses are relative to ``base``."""

    text: str
    base: str | None = None


class MarkupError(Exception):
    """The HTML cannot be sanitised; the message is the reason."""


Block = Heading | Paragraph | Text | Html
"""A part of a body."""


@dataclass(frozen=True, slots=True)
class Content:
    """A body as sanitised HTML.

    ``dropped`` counts by kind what was dropped or replaced; the plural of a kind ends in "s".
    ``pictures`` are the absolute addresses of the pictures, in order.
    """

    html: str
    dropped: Counter[str]
    pictures: tuple[str, ...]


def content(blocks: Iterable[Block]) -> Content:
    """Return a body as sanitised HTML, and what of it was dropped. Raises ``MarkupError``."""
    dropped: Counter[str] = Counter()
    body = _cleaned("\n".join([_block(block, dropped) for block in blocks]), dropped)
    pictures = _PICTURE.finditer(body) if "<img" in body else ()
    return Content(body, dropped, tuple(html.unescape(found[1]) for found in pictures))


def text_html(blocks: Iterable[Block]) -> str:
    """Return a body as sanitised HTML. Web and e-mail addresses in text become links.

    Raises ``MarkupError``.
    """
    return content(blocks).html


def _cleaned(text: str, dropped: Counter[str]) -> str:
    cleaned = clean_text(text)
    if len(cleaned) < len(text):
        dropped["control character"] += len(text) - len(cleaned)
    return cleaned


def _block(block: Block, dropped: Counter[str]) -> str:
    if isinstance(block, Html):
        return _reduce(block, dropped)
    if isinstance(block, Heading):
        return f"<h2>{_escape(block.text)}</h2>"
    if isinstance(block, Paragraph):
        return _paragraph(block.text, _escape(block.text))
    return _text(block.text)


def _text(text: str) -> str:
    parts = [part for part in map(str.strip, _BLANK.split(unix_newlines(text))) if part]
    # No part contains a blank line, so all are escaped at once.
    escaped = _escape("\n\n".join(parts)).split("\n\n") if parts else ()
    return "\n".join([_paragraph(*pair) for pair in zip(parts, escaped, strict=True)])


def _paragraph(text: str, escaped: str) -> str:
    if _may_contain_link(text):
        return sanitise(f"<p>{with_links(remove_forbidden(text))}</p>")
    # This is what the sanitiser would return, without its cost.
    return f"<p>{_with_breaks(escaped)}</p>"


def sanitise(markup: str) -> str:
    """Reduce HTML to the safe subset, including forbidden characters written as references."""
    return clean_text(_CLEANER.clean(markup))


def _reduce(block: Html, dropped: Counter[str]) -> str:
    """Reduce any HTML; divisions become paragraphs, and every address is absolute."""
    text = _cleaned(block.text, dropped)
    if text.count("&") > _MANY_REFERENCES:
        raise MarkupError(f"its HTML has more than {_MANY_REFERENCES} character references")
    if not _SIMPLE.fullmatch(text):
        markup = tags.read(text)
        if not markup.names:
            lines = html.unescape(markup.text).splitlines()
            return _text("\n".join([line.strip() for line in lines]))
        text = _rewritten(markup, block.base, dropped)
    elif text.count("<") > _MANY_TAGS:
        text = _rebuild(text)
    reduced = _EMPTY.sub("", _cleaned(_passed(text, dropped), dropped)).strip()
    return reduced if "<" in reduced or not reduced else f"<p>{reduced}</p>"


def _rewritten(markup: tags.Markup, base: str | None, dropped: Counter[str]) -> str:
    """Write HTML again with the elements that a release may have."""
    text = markup.text
    if text.count("&") > _MANY_REFERENCES:
        raise MarkupError(f"its HTML has more than {_MANY_REFERENCES} signs to escape")
    if text.count("<") > _MANY_TAGS:
        text = _rebuild(text)
    writer = Writer(web_address(base) if base else None)
    written = writer.write(text)
    dropped.update(writer.dropped)
    return written


def _passed(markup: str, dropped: Counter[str]) -> str:
    """Pass HTML through the sanitiser, and count the addresses that it refuses."""
    passed = _CLEANER.clean(markup)
    if (lost := markup.count('<a href="') - passed.count('<a href="')) > 0:
        dropped["link"] += lost
    if "<img" in markup:
        if (lost := markup.count('<img src="') - passed.count('<img src="')) > 0:
            dropped["picture"] += lost
        passed = _PICTURE.sub(lambda found: found[0] if found[1] else "", passed)
    return passed


def _rebuild(markup: str) -> str:
    """Parse and write HTML of many tags, so that it is well nested and its depth is bounded."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    tree = etree.fromstring(f"<body>{_ENDS.sub('', markup)}".encode(), parser)
    for error in parser.error_log.filter_from_fatals():
        if "depth" in error.message:
            raise MarkupError("its HTML is nested more than 255 deep")
        raise MarkupError("its HTML has one text or attribute of more than 10 MB")
    # Under other names their content is text for every parser: otherwise the bound would fail.
    for element in tree.iter(*_OPAQUE):
        element.tag = f"x-{element.tag}"
    return str(etree.tostring(tree, encoding="unicode", method="html"))


def with_links(text: str) -> str:
    """Return text as HTML in which the addresses are links."""
    parts: list[str] = []
    end = 0
    for word in _WORD.finditer(text):
        if len(word[0]) > _LINK_LENGTH or not _may_contain_link(word[0]):
            continue
        for begin, stop, url in _links(word[0]):
            parts.append(_with_breaks(_escape(text[end : word.start() + begin])))
            end = word.start() + stop
            shown = _escape(text[word.start() + begin : end])
            parts.append(f'<a href="{html.escape(url)}">{shown}</a>')
    parts.append(_with_breaks(_escape(text[end:])))
    return "".join(parts)


@lru_cache(maxsize=4096)  # the addresses of a few organisations recur
def _links(word: str) -> tuple[tuple[int, int, str], ...]:
    """Return where in a word links begin and end, and their URLs."""
    return tuple(
        (match.index, match.last_index, match.url)
        for match in _LINKS.match(word) or ()
        # A bare host is linked only with its ``www.``: "gadā.Ir" is a missing space.
        if match.schema or match.raw.lower().startswith("www.")
    )


def _may_contain_link(text: str) -> bool:
    """Whether the text has what every linked address has. The search for links is slow."""
    if "@" in text or "://" in text:
        return True
    return ("w." in text or "W." in text) and "www." in text.lower()


def _with_breaks(escaped: str) -> str:
    return escaped.replace("\n", "<br>\n")


def _escape(text: str) -> str:
    """Escape text as the sanitiser does, which also normalizes line ends."""
    return html.escape(unix_newlines(text), quote=False).replace("\xa0", "&nbsp;")


def summary(body: str) -> str:
    """Return the beginning of a body as plain text on one line, cut after a word."""
    text = _text_of(_beginning(body))
    if len(text) <= 2 * SUMMARY_LENGTH:
        text = _text_of(body)
    if len(text) <= SUMMARY_LENGTH:
        return text
    cut = text[:SUMMARY_LENGTH].rpartition(" ")[0] or text[: SUMMARY_LENGTH - 1]
    return cut.rstrip(" .,;:–-") + "…"


def _beginning(body: str) -> str:
    """Return the beginning of a long body, not cut within a tag or a character reference."""
    if len(body) <= _BEGINNING:
        return body
    tag = body.rfind("<", 0, _BEGINNING)
    end = body.rfind(">", 0, _BEGINNING)
    return body[: end + 1] if tag > end else body[: body.rfind(" ", 0, _BEGINNING) + 1]


def _text_of(body: str) -> str:
    spaced = _END_OF_TEXT.sub(" ", body)
    return one_line(html.unescape(_ANY_TAG.sub("", spaced)))
