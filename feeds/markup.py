"""Text and HTML that no feed, parser or browser can be broken with.

Whatever a source delivers passes through here once, at import: characters that XML 1.0 forbids
go, HTML is reduced to a safe subset with absolute addresses, text becomes such HTML, and the
summary is cut. Nothing here knows where the text came from or where it goes.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import nh3
from linkify_it import LinkifyIt

VERSION = 1
"""Part of every record's digest: raise it when the same record comes to give other HTML."""

SUMMARY_LENGTH = 280

# XML 1.0 §2.2, Char: all but these.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "dl", "dt", "em", "h2", "h3", "h4",
    "hr", "i", "ins", "li", "ol", "p", "pre", "q", "s", "strong", "sub", "sup", "table", "tbody",
    "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)
_LINKS = LinkifyIt()
# What every web or e-mail address that is linked here contains; the search itself is slow.
_LINK_HINT = re.compile(r"://|@|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a body, as plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a body, as plain text; its lines stay lines."""

    text: str


def legal(text: str) -> tuple[str, int]:
    """Remove the characters that XML 1.0 forbids; return the text and how many there were."""
    return _FORBIDDEN.subn("", text)


def one_line(text: str) -> str:
    """Return legal text on one line, each run of white space as one space."""
    return " ".join(legal(text)[0].split())


def web_address(text: str) -> str | None:
    """Return an absolute http(s) URL for an address as people write it, or None.

    ``www.integracija.gov.lv`` becomes ``http://www.integracija.gov.lv``.
    """
    candidate = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(candidate)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or not host or _unsafe(candidate):
        return None
    return candidate


def _unsafe(address: str) -> bool:
    return any(letter.isspace() or letter in '<>"{}|\\^`' for letter in legal(address)[0])


def text_html(blocks: Iterable[Heading | Paragraph]) -> str:
    """Write text blocks as sanitised HTML; what is text stays text, addresses become links."""
    parts = [
        f"<h2>{html.escape(block.text, quote=False)}</h2>"
        if isinstance(block, Heading)
        else f"<p>{_linked(block.text)}</p>"
        for block in blocks
    ]
    return sanitised("\n".join(parts))


def plain_html(text: str) -> str:
    """Write plain text, in paragraphs parted by blank lines, as sanitised HTML."""
    return text_html(Paragraph(part.strip()) for part in re.split(r"\n\s*\n", text) if part.strip())


def sanitised(markup: str) -> str:
    """Reduce HTML to the safe subset. A character reference may hide a forbidden character."""
    return legal(_CLEANER.clean(markup))[0]


def _linked(text: str) -> str:
    parts: list[str] = []
    end = 0
    for match in (_LINKS.match(text) or ()) if _LINK_HINT.search(text) else ():
        # A bare host is linked only with its ``www.``: "gadā.Ir" is a missing space.
        if not match.schema and not match.raw.lower().startswith("www."):
            continue
        parts.append(_escaped(text[end : match.index]))
        href = html.escape(match.url)
        parts.append(f'<a href="{href}">{html.escape(match.raw, quote=False)}</a>')
        end = match.last_index
    parts.append(_escaped(text[end:]))
    return "".join(parts)


def _escaped(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>\n")


def summary(body: str) -> str:
    """Return the beginning of a body as plain text on one line, cut at the end of a word."""
    spaced = re.sub(r"<(?:/p|/h\d|/li|/t[dhr]|/d[dt]|br|hr)>", " ", body)
    text = one_line(html.unescape(re.sub(r"<[^>]*>", "", spaced)))
    if len(text) <= SUMMARY_LENGTH:
        return text
    cut = text[:SUMMARY_LENGTH].rpartition(" ")[0] or text[: SUMMARY_LENGTH - 1]
    return cut.rstrip(" .,;:–-") + "…"
