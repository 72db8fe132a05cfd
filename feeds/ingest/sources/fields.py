"""Values of fields that several sources have: titles, instants, ids, languages and bodies."""

import html
import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from feeds.ingest.sources.record import InvalidInputError
from feeds.text.html import Block, Html, Text, strip_tags
from feeds.text.plain import (
    clean_text,
    one_line,
    remove_forbidden,
    title_line,
    unix_newlines,
    web_address,
)

ID_LENGTH = 2000
_TITLE_LENGTH = 80
# What is more than enough of a body for a title.
_BEGINNING = 10_000

_ASCII_SPACE = " \t\n\r\f\v"
_INNER_CONTROL = re.compile("[\t\n\r\u0085]")

_TRACKING = re.compile(r"(?:utm_[^=]*|gclid|fbclid)(?:=|$)", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_NAMED = re.compile(r"[^\s@]+@[^\s@()]+\s*\((.+)\)")
_ALT = re.compile(r"""\salt\s*=\s*["']([^"'<>]+)["']""", re.IGNORECASE)
_FILE = re.compile(r"""\ssrc\s*=\s*["'](?:[^"'<>?#]*/)?([^"'<>?#/]+)""", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*", re.IGNORECASE | re.ASCII)


def title(stated: str, body: Iterable[Block] = ()) -> tuple[str, tuple[str, ...]]:
    """Return a title on one line, with its no-break spaces, and a remark if it was not stated.

    It is then the beginning of the body. Raises ``InvalidInputError`` if that has no text either.
    """
    if line := title_line(stated):
        return line, ()
    text = one_line(" ".join([_text(block) for block in body]))
    if not text:
        raise InvalidInputError("it has no title, and no text for one")
    if len(text) > _TITLE_LENGTH:
        text = (text[:_TITLE_LENGTH].rpartition(" ")[0] or text[:_TITLE_LENGTH]) + "…"
    return text, ("it has no title, so its first words stand for it",)


def _text(block: Block) -> str:
    """Return the beginning of a block as plain text; of pictures their texts, or their files."""
    if not isinstance(block, Html):
        return block.text[:_BEGINNING]
    markup = block.text[:_BEGINNING]
    text = strip_tags(markup)
    if text.strip():
        return text
    return " ".join(map(html.unescape, _ALT.findall(markup) or _FILE.findall(markup)))


def permanent_id(stated: str) -> tuple[str | None, tuple[str, ...]]:
    """Return a permanent id letter for letter, or None, and a remark if it cannot be kept."""
    id_ = stated.strip(_ASCII_SPACE)
    if id_ != clean_text(id_) or _INNER_CONTROL.search(id_):
        return None, ("its id contains control characters and was replaced",)
    if len(id_.encode()) > ID_LENGTH:
        return None, (f"its id is longer than {ID_LENGTH} bytes and was replaced",)
    return id_ or None, ()


def resolve(*addresses: str | None) -> str | None:
    """Resolve each address against the one before. Return None if one is invalid."""
    result = ""
    for address in addresses:
        try:
            result = urljoin(result, (address or "").strip())
        except ValueError:
            return None
    return result or None


def absolute(base: str | None, address: str | None) -> str | None:
    """Return the http or https address that an address means, or None."""
    found = one_line(resolve(base, address) or "")
    return web_address(found) if "://" in found else None


def host(*addresses: str | None) -> str:
    """Return the host of the first of these addresses that is one of http or https, or ""."""
    for address in addresses:
        if found := absolute(None, address):
            return urlsplit(found).hostname or ""
    return ""


def language(stated: str | None) -> str | None:
    """Return a language tag (RFC 5646), or None if it is not one."""
    line = one_line(stated or "")
    return line if _LANGUAGE.fullmatch(line) else None


def labels(stated: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct labels of a release, each on one line."""
    return tuple(dict.fromkeys(line for text in stated if (line := one_line(text))))


def author_name(stated: str) -> str:
    """Return the name of an author, as RSS and people write it: ``a@b (Name)``, ``Name <a@b>``."""
    line = one_line(stated)
    name, bracket, address = line.rpartition("<")
    if bracket and "@" in address and address.endswith(">") and name.strip(' "'):
        line = name.strip(' "')
    named = _NAMED.fullmatch(line)
    return one_line(strip_tags(named[1] if named else line))


def authors(stated: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct names of authors in their order. Several in one text stay one."""
    return tuple(dict.fromkeys(name for text in stated if (name := author_name(text))))


def text_body(text: str) -> tuple[Block, ...]:
    """Return plain text as a body. Blank lines separate its paragraphs."""
    plain = unix_newlines(text).strip()
    return (Text(plain),) if plain else ()


def html_body(text: str, base: str | None) -> tuple[Block, ...]:
    """Return HTML as a body. Its relative addresses are relative to ``base``."""
    return (Html(remove_forbidden(text), base),) if text.strip() else ()
