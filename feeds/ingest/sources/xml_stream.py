"""XML of any origin as a stream of elements: no entities, no DTD, no network, bounded in all.

The parser itself bounds the depth (256 elements) and the length of one text (10 MB).
"""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from urllib.parse import urljoin

from lxml import etree

from feeds.ingest.sources.record import UnreadableError

_CHUNK = 65536
_BETWEEN = 16 * 1024 * 1024
_PROLOGUE = 1024 * 1024
_BESIDE = 100_000
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
    """Return first bytes as text, whatever their encoding, as far as its ASCII goes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore")
    return head.decode("utf-8-sig", "replace")


def elements(stream: BinaryIO, roots: Sequence[str], wanted: Sequence[str]) -> Iterator[Element]:
    """Yield each element of these names once it is complete; it is forgotten with the next.

    Its ancestors are there with all that stood before the first. Raises ``UnreadableError`` where
    the document is none of these roots, or ends to be XML.
    """
    document = _Document(roots)
    passed: Element | None = None
    for event, element in document.events(stream, (*roots, *wanted)):
        if event == "end" and element.tag in wanted:
            if passed is not None:
                _forget_from(passed, element)
            document.since = 0
            yield element
            passed = element


class _Document:
    """A document as it is parsed; ``since`` counts the bytes since a wanted element ended."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = roots
        self._rooted = False
        self._root: Element | None = None
        self.since = 0

    def events(self, stream: BinaryIO, tags: Sequence[str]) -> Iterator[tuple[str, Element]]:
        """Yield what the parser meets, to the end or to where it is no XML any more."""
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
                raise UnreadableError(f"it is not well-formed XML from here on: {error}")
            self._check_size()
        if not self._rooted:
            raise UnreadableError("it is not a document of its kind")

    def _begin(self, root: Element) -> None:
        _check_declarations(root)
        if root.tag not in self._roots:
            raise UnreadableError("it is not a document of its kind")
        self._rooted = True
        self._root = root

    def _check_size(self) -> None:
        root = self._root
        if root is not None and len(root) and max(len(root), len(root[-1])) > _BESIDE:
            raise UnreadableError(
                f"it has more than {_BESIDE} elements beside its releases: the rest is not read"
            )
        if self.since > _BETWEEN:
            raise UnreadableError("it holds 16 MiB without a release: the rest is not read")
        if self.since > _PROLOGUE and not self._rooted:
            raise UnreadableError("it does not begin as a document of its kind does")


def _feed(parser: etree.XMLPullParser, chunk: bytes) -> str | None:
    """Parse on, or to the end where there is no more; return what is wrong there."""
    try:
        if chunk:
            parser.feed(chunk)
        else:
            parser.close()
    except etree.XMLSyntaxError as error:
        # At an entity that is not declared the parser stops, and complains at the end.
        first = next(iter(parser.feed_error_log.filter_from_fatals()), None)
        return f"{first.message.strip()}, line {first.line}" if first else str(error.msg)
    return None


def _check_declarations(root: Element) -> None:
    """Refuse a document that brings definitions of its own: they may stand for anything."""
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and (any(declared.iterentities()) or any(declared.iterelements())):
        raise UnreadableError("its DOCTYPE declares entities or elements, which is not read here")


def _forget_from(passed: Element, element: Element) -> None:
    """Forget an element and what stands between it and the next one."""
    parent = passed.getparent()
    while parent is not None and passed is not None and passed is not element:
        following = passed.getnext()
        parent.remove(passed)
        passed = following


def text_of(element: Element | None) -> str:
    """Return all text within an element; an undeclared entity is the character HTML has for it."""
    if element is None:
        return ""
    parts = [element.text or ""]
    for inner in element:
        parts.append(html.unescape(inner.text) if inner.tag is etree.Entity else text_of(inner))
        parts.append(inner.tail or "")
    return "".join(parts)


def plain(markup: str) -> str:
    """Return the text of a title that may be HTML, as titles of RSS are."""
    return html.unescape(_TAG.sub("", markup))


def inner_html(element: Element) -> str:
    """Return the HTML within an XHTML element (RFC 4287 §3.1.1.3)."""
    for inner in element.iter(etree.Element):
        inner.tag = inner.tag.rpartition("}")[2]
    etree.cleanup_namespaces(element)
    return str(etree.tostring(element, encoding="unicode", method="html", with_tail=False))


def base_of(element: Element) -> str | None:
    """Return the address that relative ones within an element are relative to (XML Base)."""
    bases = [at.get(_XML_BASE) for at in (element, *element.iterancestors())]
    return joined(*reversed([base for base in bases if base]))


def joined(*addresses: str | None) -> str | None:
    """Resolve each address against the one before; None where one is none."""
    result = ""
    for address in addresses:
        try:
            result = urljoin(result, (address or "").strip())
        except ValueError:
            return None
    return result or None


def language_of(element: Element) -> str | None:
    """Return the language that an element is in, by its own or the nearest ``xml:lang``."""
    stated = (at.get(_XML_LANG) for at in (element, *element.iterancestors()))
    return next((language for language in stated if language), None)
