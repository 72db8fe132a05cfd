"""Untrusted XML as a stream of elements, without entities, DTD or network access.

The parser limits the depth (256 elements) and the length of a text (10 MB). The limits here bound
the memory for everything else.
"""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from urllib.parse import urljoin

from lxml import etree

from feeds.ingest.sources.record import InvalidInputError

_CHUNK = 65536
_GAP_LIMIT = 16 * 1024 * 1024
_PROLOGUE_LIMIT = 1024 * 1024
_OUTSIDE_LIMIT = 100_000
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")

Element = Any  # lxml publishes no types


def root_name(head: bytes) -> str | None:
    """Return the local name of the root element that a document begins with, if it is XML."""
    text = head_text(head).lstrip()
    if not text.startswith("<"):
        return None
    found = _ROOT.search(re.sub(r"<!--.*?(?:-->|$)", "", text, flags=re.DOTALL))
    return found[1] if found else None


def head_text(head: bytes) -> str:
    """Decode first bytes of any encoding. Only the ASCII characters in the result are reliable."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore")
    return head.decode("utf-8-sig", "replace")


def elements(stream: BinaryIO, roots: Sequence[str], wanted: Sequence[str]) -> Iterator[Element]:
    """Yield each complete element with one of the ``wanted`` names; the next one discards it.

    Its ancestors have everything that is before the first of them. Raises ``InvalidInputError`` if
    the root is not one of ``roots``, or where the document is not well-formed.
    """
    document = _Document(roots)
    passed: Element | None = None
    for event, element in document.events(stream, (*roots, *wanted)):
        if event == "end" and element.tag in wanted:
            if passed is not None:
                _discard(passed, element)
            document.since = 0
            yield element
            passed = element


class _Document:
    """A document that is being parsed; ``since`` counts the bytes after the last wanted element."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = roots
        self._rooted = False
        self._root: Element | None = None
        self.since = 0

    def events(self, stream: BinaryIO, tags: Sequence[str]) -> Iterator[tuple[str, Element]]:
        """Yield the events of the parser up to the end or the first error."""
        parser = etree.XMLPullParser(
            events=("start", "end"),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        more = True
        while more:
            chunk = stream.read(_CHUNK)
            more = bool(chunk)
            self.since += len(chunk)
            error = _feed(parser, chunk)
            for event, element in parser.read_events():
                if not self._rooted:
                    self._begin(element.getroottree().getroot())
                yield event, element
            if error:
                raise InvalidInputError(f"it is not well-formed XML from here on: {error}")
            self._check_size()
        if not self._rooted:
            raise InvalidInputError("it is not a document of its kind")

    def _begin(self, root: Element) -> None:
        _check_declarations(root)
        if root.tag not in self._roots:
            raise InvalidInputError("it is not a document of its kind")
        self._rooted = True
        self._root = root

    def _check_size(self) -> None:
        root = self._root
        if root is not None and len(root) and max(len(root), len(root[-1])) > _OUTSIDE_LIMIT:
            raise InvalidInputError(
                f"it has more than {_OUTSIDE_LIMIT} elements outside releases: the rest is not read"
            )
        if self.since > _GAP_LIMIT:
            raise InvalidInputError("it has 16 MiB without a release: the rest is not read")
        if self.since > _PROLOGUE_LIMIT and not self._rooted:
            raise InvalidInputError("it does not begin like a document of its kind")


def _feed(parser: etree.XMLPullParser, chunk: bytes) -> str | None:
    """Parse a chunk; an empty one ends the document. Return the error, if there is one."""
    try:
        if chunk:
            parser.feed(chunk)
        else:
            parser.close()
    except etree.XMLSyntaxError as error:
        # The parser stops at an undeclared entity, and raises at the end of the document.
        first = next(iter(parser.feed_error_log.filter_from_fatals()), None)
        return f"{first.message.strip()}, line {first.line}" if first else str(error.msg)
    return None


def _check_declarations(root: Element) -> None:
    """Refuse a document that declares entities, which may expand to anything, or elements."""
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and (any(declared.iterentities()) or any(declared.iterelements())):
        raise InvalidInputError("its DOCTYPE declares entities or elements")


def _discard(passed: Element, element: Element) -> None:
    """Remove an element, and everything between it and the next one, from the tree."""
    parent = passed.getparent()
    while parent is not None and passed is not None and passed is not element:
        following = passed.getnext()
        parent.remove(passed)
        passed = following


def text_of(element: Element | None) -> str:
    """Return all text within an element. An undeclared entity is taken for HTML's."""
    if element is None:
        return ""
    parts = [element.text or ""]
    for inner in element:
        parts.append(html.unescape(inner.text) if inner.tag is etree.Entity else text_of(inner))
        parts.append(inner.tail or "")
    return "".join(parts)


def strip_tags(markup: str) -> str:
    """Return the text of a value that may be HTML, such as an RSS title."""
    return html.unescape(_TAG.sub("", markup))


def inner_html(element: Element) -> str:
    """Return the HTML within an XHTML element (RFC 4287 §3.1.1.3)."""
    for inner in element.iter(etree.Element):
        inner.tag = inner.tag.rpartition("}")[2]
    etree.cleanup_namespaces(element)
    return str(etree.tostring(element, encoding="unicode", method="html", with_tail=False))


def base_of(element: Element) -> str | None:
    """Return the base address of an element (XML Base), or None."""
    bases = [at.get(_XML_BASE) for at in (element, *element.iterancestors())]
    return resolve(*reversed([base for base in bases if base]))


def resolve(*addresses: str | None) -> str | None:
    """Resolve each address against the one before. Return None if one is invalid."""
    result = ""
    for address in addresses:
        try:
            result = urljoin(result, (address or "").strip())
        except ValueError:
            return None
    return result or None


def language_of(element: Element) -> str | None:
    """Return the nearest ``xml:lang`` of an element, or None."""
    stated = (at.get(_XML_LANG) for at in (element, *element.iterancestors()))
    return next((language for language in stated if language), None)
