"""HTML that cannot break a feed, a parser or a browser.

The body of each release passes through here once, at import (rule 10). HTML is reduced to a safe
subset with absolute addresses, and text becomes such HTML. The summary is cut from the result.
"""

import contextlib
import html
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import nh3
from linkify_it import LinkifyIt
from lxml import etree

from feeds.text.plain import (
    clean_text,
    one_line,
    remove_forbidden,
    unix_newlines,
    web_address,
)

VERSION = 5
"""Part of every record's digest: raise it when the same record results in different HTML."""

SUMMARY_LENGTH = 280

# The beginning of a long body that is almost always enough for its summary.
_BEGINNING = 4 * SUMMARY_LENGTH
_END_OF_TEXT = re.compile(r"<(?:/p|/h\d|/li|/t[dhr]|/d[dt]|br|hr|[uod]l|table|blockquote|pre)>")
_ANY_TAG = re.compile(r"<[^>]*>")

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h2", "h3", "h4",
    "hr", "i", "ins", "li", "ol", "p", "pre", "q", "s", "strong", "sub", "sup", "table", "tbody",
    "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_OPTIONS: dict[str, Any] = {
    "tags": _TAGS,
    "attributes": {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
    "tag_attribute_values": {"th": {"scope": {"row", "col", "rowgroup", "colgroup"}}},
    "url_schemes": {"http", "https", "mailto"},
    "link_rel": None,
}
_CLEANER = nh3.Cleaner(**_OPTIONS, url_relative="deny")
_LINKS = LinkifyIt()
# Links are searched word by word: the time of a search grows with the square of the length.
_WORD = re.compile(r"\S+")
_LINK_LENGTH = 2000

# Elements that separate text like paragraphs, but are not in the safe subset.
_DIVISION = re.compile(
    r"<(/?)(?:address|article|aside|details|div|fieldset|figcaption|figure|footer|form|header|main"
    r"|nav|section|summary)(?=[\s/>])",
    re.IGNORECASE,
)
_OTHER_HEADING = re.compile(r"<(/?)h([156])(?=[\s/>])", re.IGNORECASE)
_OTHER_LEVEL = {"1": "h2", "5": "h4", "6": "h4"}
_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_EMPTY = re.compile(r"<p>\s*</p>\n?")

# The sanitiser's time grows with the square of the depth: 100,000 nested lists take minutes.
_MANY_TAGS = 1000
# It also grows with the square of the references in one text and of the attributes of one tag.
_MANY_REFERENCES = 200_000
# libxml2 would ignore what follows the end of either element.
_ENDS = re.compile(r"""</?(?:html|body)(?=[\s/>])(?:"[^"]*"|'[^']*'|[^<>"'])*>""", re.IGNORECASE)
_LONG_TAG = re.compile(r"<(\w+)[^<>]{10000,}>")
_OPAQUE = (
    "iframe", "math", "noembed", "noframes", "noscript", "plaintext", "script", "select", "style",
    "svg", "template", "textarea", "title", "xmp",
)  # fmt: skip


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


@dataclass(frozen=True, slots=True)
class Content:
    """A body as sanitised HTML, what was dropped from it, and the addresses of its pictures."""

    html: str
    dropped: Counter[str]
    pictures: tuple[str, ...]


class MarkupError(Exception):
    """The HTML cannot be sanitised; the message is the reason."""


Block = Heading | Paragraph | Text | Html
"""A part of a body."""


def content(blocks: Iterable[Block]) -> Content:
    """Return a body as sanitised HTML. Raises ``MarkupError``."""
    return Content(text_html(blocks), Counter(), ())


def text_html(blocks: Iterable[Block]) -> str:
    """Return a body as sanitised HTML. Web and e-mail addresses in text become links.

    Raises ``MarkupError``.
    """
    return clean_text("\n".join(map(_block, blocks)))


def _block(block: Block) -> str:
    if isinstance(block, Html):
        return sanitise(_reduce(block))
    if isinstance(block, Heading):
        return f"<h2>{_escape(block.text)}</h2>"
    if isinstance(block, Paragraph):
        return _paragraph(block.text)
    parts = (part.strip() for part in _BLANK.split(block.text))
    return "\n".join([_paragraph(part) for part in parts if part])


def _paragraph(text: str) -> str:
    if _may_contain_link(text):
        return sanitise(f"<p>{_with_links(remove_forbidden(text))}</p>")
    # This is what the sanitiser would return, without its cost.
    return f"<p>{_escape_lines(text)}</p>"


def sanitise(markup: str) -> str:
    """Reduce HTML to the safe subset, including forbidden characters written as references."""
    return clean_text(_CLEANER.clean(markup))


def _reduce(block: Html) -> str:
    """Reduce any HTML; divisions become paragraphs, and every address is absolute."""
    markup = _DIVISION.sub(r"<\1p", block.text)
    markup = _OTHER_HEADING.sub(lambda found: f"<{found[1]}{_OTHER_LEVEL[found[2]]}", markup)
    if markup.count("&") > _MANY_REFERENCES:
        raise MarkupError(f"its HTML has more than {_MANY_REFERENCES} character references")
    if markup.count("<") > _MANY_TAGS:
        markup = _rebuild(markup)
    markup = _LONG_TAG.sub(r"<\1>", markup)
    base = web_address(block.base) if block.base else None
    cleaner = _CLEANER
    if base and "href" in markup.lower():
        # The sanitiser is stricter about addresses: if it refuses the base, links are removed.
        with contextlib.suppress(ValueError):
            cleaner = nh3.Cleaner(**_OPTIONS, url_relative=("rewrite_with_base", base))
    return _EMPTY.sub("", cleaner.clean(markup)).strip()


def _rebuild(markup: str) -> str:
    """Parse and write HTML of many tags, so that it is well nested and its depth is bounded."""
    # Comments and raw text are removed: where two parsers disagree about them, the bound fails.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    tree = etree.fromstring(f"<body>{_ENDS.sub('', remove_forbidden(markup))}".encode(), parser)
    for error in parser.error_log.filter_from_fatals():
        if "depth" in error.message:
            raise MarkupError("its HTML is nested more than 255 deep")
        raise MarkupError("its HTML has one text or attribute of more than 10 MB")
    etree.strip_elements(tree, *_OPAQUE, with_tail=False)
    return str(etree.tostring(tree, encoding="unicode", method="html"))


def _with_links(text: str) -> str:
    """Escape text, and make links of the addresses in it."""
    parts: list[str] = []
    end = 0
    for word in _WORD.finditer(text):
        if len(word[0]) > _LINK_LENGTH or not _may_contain_link(word[0]):
            continue
        for begin, stop, url in _links(word[0]):
            parts.append(_escape_lines(text[end : word.start() + begin]))
            end = word.start() + stop
            shown = _escape(text[word.start() + begin : end])
            parts.append(f'<a href="{html.escape(url)}">{shown}</a>')
    parts.append(_escape_lines(text[end:]))
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


def _escape_lines(text: str) -> str:
    return _escape(text).replace("\n", "<br>\n")


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
