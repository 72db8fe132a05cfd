"""Text and HTML that no feed, parser or browser can be broken with.

Whatever a source delivers passes through here once, at import: characters that XML 1.0 forbids
go, HTML is reduced to a safe subset with absolute addresses, text becomes such HTML, and the
summary is cut. Nothing here knows where the text came from or where it goes.
"""

import contextlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import nh3
from linkify_it import LinkifyIt
from lxml import etree

from feeds.text.plain import legal, one_line, straightened, web_address

VERSION = 4
"""Part of every record's digest: raise it when the same record comes to give other HTML."""

SUMMARY_LENGTH = 280

# Of a long body no more is looked at than is sure to hold its summary.
_BEGINNING = 4 * SUMMARY_LENGTH
_END_OF_TEXT = re.compile(r"<(?:/p|/h\d|/li|/t[dhr]|/d[dt]|br|hr|[uod]l|table|blockquote|pre)>")
_ANY_TAG = re.compile(r"<[^>]*>")

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h2", "h3", "h4",
    "hr", "i", "ins", "li", "ol", "p", "pre", "q", "s", "strong", "sub", "sup", "table", "tbody",
    "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_VALUES = {"th": {"scope": {"row", "col", "rowgroup", "colgroup"}}}
_SCHEMES = {"http", "https", "mailto"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    tag_attribute_values=_VALUES,
    url_schemes=_SCHEMES,
    link_rel=None,
    url_relative="deny",
)
_LINKS = LinkifyIt()
# The search for links is made word by word, for its time grows with the square of what it is given.
_WORD = re.compile(r"\S+")
_LINK_LENGTH = 2000

# Elements that part text as paragraphs do, but are not in the safe subset.
_DIVISION = re.compile(
    r"<(/?)(?:address|article|aside|details|div|fieldset|figcaption|figure|footer|form|header|main"
    r"|nav|section|summary)(?=[\s/>])",
    re.IGNORECASE,
)
_OTHER_HEADING = re.compile(r"<(/?)h([156])(?=[\s/>])", re.IGNORECASE)
_OTHER_LEVEL = {"1": "h2", "5": "h4", "6": "h4"}
_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
_EMPTY = re.compile(r"<p>\s*</p>\n?")

# The sanitiser's time grows with the square of the nesting: 100,000 nested lists take minutes.
_MANY_TAGS = 1000
# So does it with the references in one text, and with the attributes of one tag.
_MANY_REFERENCES = 200_000
# After the end of either nothing more would be of the document.
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
    """A paragraph of a body, as plain text; its lines stay lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A part of a body as plain text, in paragraphs parted by blank lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Html:
    """A part of a body as HTML, of whatever kind; ``base`` is the address it was published at."""

    text: str
    base: str | None = None


class MarkupError(Exception):
    """The HTML cannot be made harmless; the message is the reason."""


Block = Heading | Paragraph | Text | Html
"""A part of a body."""


def text_html(blocks: Iterable[Block]) -> str:
    """Write a body as sanitised HTML; what is text stays text, addresses in it become links.

    Raises ``MarkupError``.
    """
    return straightened("\n".join(map(_block, blocks)))


def _block(block: Block) -> str:
    if isinstance(block, Html):
        return sanitised(_harmless(block))
    if isinstance(block, Heading):
        return f"<h2>{_escaped(block.text)}</h2>"
    if isinstance(block, Paragraph):
        return _paragraph(block.text)
    parted = (part.strip() for part in _BLANK.split(block.text))
    return "\n".join([_paragraph(part) for part in parted if part])


def _paragraph(text: str) -> str:
    if _may_link(text):
        return sanitised(f"<p>{_linked(legal(text)[0])}</p>")
    # Of nearly every paragraph the sanitiser would make what stands here already.
    return f"<p>{_lines(text)}</p>"


def sanitised(markup: str) -> str:
    """Reduce HTML to the safe subset. A character reference may hide a forbidden character."""
    return straightened(_CLEANER.clean(markup))


def _harmless(block: Html) -> str:
    """Reduce HTML of any origin: what parts text goes on doing so, every address is absolute."""
    markup = _DIVISION.sub(r"<\1p", block.text)
    markup = _OTHER_HEADING.sub(lambda found: f"<{found[1]}{_OTHER_LEVEL[found[2]]}", markup)
    if markup.count("&") > _MANY_REFERENCES:
        raise MarkupError(f"its HTML holds more than {_MANY_REFERENCES} character references")
    if markup.count("<") > _MANY_TAGS:
        markup = _levelled(markup)
    markup = _LONG_TAG.sub(r"<\1>", markup)
    base = web_address(block.base) if block.base else None
    cleaner = _CLEANER
    if base and "href" in markup.lower():
        # A base may be an address to us and none to the sanitiser: then its links are no links.
        with contextlib.suppress(ValueError):
            cleaner = nh3.Cleaner(
                tags=_TAGS,
                attributes=_ATTRIBUTES,
                tag_attribute_values=_VALUES,
                url_schemes=_SCHEMES,
                link_rel=None,
                url_relative=("rewrite_with_base", base),
            )
    return _EMPTY.sub("", cleaner.clean(markup)).strip()


def _levelled(markup: str) -> str:
    """Write HTML of many tags anew, well nested and to a bounded depth."""
    # Whatever two parsers may read differently, comments and raw text, would undo the bound.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    tree = etree.fromstring(f"<body>{_ENDS.sub('', legal(markup)[0])}".encode(), parser)
    for error in parser.error_log.filter_from_fatals():
        if "depth" in error.message:
            raise MarkupError("its HTML is nested more than 255 deep")
        raise MarkupError("its HTML has one text or attribute of more than 10 MB")
    etree.strip_elements(tree, *_OPAQUE, with_tail=False)
    return str(etree.tostring(tree, encoding="unicode", method="html"))


def _linked(text: str) -> str:
    parts: list[str] = []
    end = 0
    for word in _WORD.finditer(text):
        if len(word[0]) > _LINK_LENGTH or not _may_link(word[0]):
            continue
        for begin, stop, url in _links(word[0]):
            parts.append(_lines(text[end : word.start() + begin]))
            end = word.start() + stop
            shown = _escaped(text[word.start() + begin : end])
            parts.append(f'<a href="{html.escape(url)}">{shown}</a>')
    parts.append(_lines(text[end:]))
    return "".join(parts)


@lru_cache(maxsize=4096)  # the same few organisations are named again and again
def _links(word: str) -> tuple[tuple[int, int, str], ...]:
    """Return where in a word links begin and end, and where they lead."""
    return tuple(
        (match.index, match.last_index, match.url)
        for match in _LINKS.match(word) or ()
        # A bare host is linked only with its ``www.``: "gadā.Ir" is a missing space.
        if match.schema or match.raw.lower().startswith("www.")
    )


def _may_link(text: str) -> bool:
    """Whether there is what every address that is linked here has; the search itself is slow."""
    if "@" in text or "://" in text:
        return True
    return ("w." in text or "W." in text) and "www." in text.lower()


def _lines(text: str) -> str:
    return _escaped(text).replace("\n", "<br>\n")


def _escaped(text: str) -> str:
    """Write text as the sanitiser does, which knows one kind of line end."""
    plain = re.sub("\r\n?", "\n", text) if "\r" in text else text
    return html.escape(plain, quote=False).replace("\xa0", "&nbsp;")


def summary(body: str) -> str:
    """Return the beginning of a body as plain text on one line, cut at the end of a word."""
    text = _text_of(_beginning(body))
    if len(text) <= 2 * SUMMARY_LENGTH:
        text = _text_of(body)
    if len(text) <= SUMMARY_LENGTH:
        return text
    cut = text[:SUMMARY_LENGTH].rpartition(" ")[0] or text[: SUMMARY_LENGTH - 1]
    return cut.rstrip(" .,;:–-") + "…"


def _beginning(body: str) -> str:
    """Return enough of a long body to find its summary in, and no half of a tag or reference."""
    if len(body) <= _BEGINNING:
        return body
    tag = body.rfind("<", 0, _BEGINNING)
    end = body.rfind(">", 0, _BEGINNING)
    return body[: end + 1] if tag > end else body[: body.rfind(" ", 0, _BEGINNING) + 1]


def _text_of(body: str) -> str:
    spaced = _END_OF_TEXT.sub(" ", body)
    return one_line(html.unescape(_ANY_TAG.sub("", spaced)))
