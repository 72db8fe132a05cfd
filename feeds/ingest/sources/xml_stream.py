"""Untrusted XML as a stream of items, without entities, DTD or network access.

The document is divided before it is parsed (``xml_scan``), and each item is parsed by itself,
strictly at first, and otherwise mended (``xml_mend``): one fault costs at most one item. The parser
limits the depth (256 elements) and the length of a text (10 MB). The limits here and in the scanner
bound the memory for everything else.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from lxml import etree

from feeds.ingest.sources.fields import resolve
from feeds.ingest.sources.record import InvalidInputError
from feeds.ingest.sources.xml_encoding import LEADING, opened
from feeds.ingest.sources.xml_mend import DamagedError, Mender
from feeds.ingest.sources.xml_scan import SIZE_LIMIT, Kind, Part, Scanner
from feeds.text.html import strip_tags
from feeds.text.plain import quoted

_PROLOGUE_LIMIT = 1024 * 1024
_OUTSIDE_LIMIT = 100_000
_ELEMENTS_LIMIT = 1_000_000
_CONTAINERS = ("rss", "feed", "RDF", "channel")
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_ROOT_TAG = re.compile(r"<([^\W\d][\w.:-]*)(?>[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+>")
_ANY_START = re.compile(rb"<[A-Za-z_]")
_TITLE = re.compile(r"<(?:\w+:)?title[^<>]{0,200}>\s{0,200}(?:<!\[CDATA\[)?([^<\]]{1,200})")
_PLACE_IN_PARSER = re.compile(r"(?:, line \d+, column \d+)?(?: \(<string>, line \d+\))?$")
_WELL_KNOWN = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
}
_INCOMPLETE = {
    Kind.CUT_OFF: "the document ends in the middle of it",
    Kind.TOO_LARGE: f"it is larger than {SIZE_LIMIT // 1024 // 1024} MiB",
    Kind.HEADLESS: "its start tag is missing or damaged",
}
_STRICT: dict[str, Any] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_PARSER = etree.XMLParser(**_STRICT)
_RECOVERING_PARSER = etree.XMLParser(**_STRICT, recover=True)

Element = Any  # lxml publishes no types


@dataclass(frozen=True, slots=True)
class XmlItem:
    """An element that was wanted.

    ``element`` is in a tree with its ancestors, which have everything that is before the first
    item; it leaves the tree when the next item is read. ``mended`` says what was mended in it:
    kinds and numbers. ``remarks`` are about its encoding.
    """

    element: Element
    mended: tuple[tuple[str, int], ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DamagedItem:
    """An item that cannot be read. The reason says on which line it begins."""

    reason: str


def root_name(head: bytes) -> str | None:
    """Return the local name of the root element that a document begins with, if it is XML."""
    text = head_text(head).lstrip("\ufeff \t\r\n")
    if not text.startswith("<"):
        return None
    found = _ROOT.search(re.sub(r"<!--.*?(?:-->|$)", "", text, flags=re.DOTALL))
    return found[1] if found else None


def head_text(head: bytes) -> str:
    """Decode first bytes of any encoding. Only the ASCII characters in the result are reliable."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "ignore")
    return head.lstrip(LEADING).decode("utf-8", "replace")


def items(
    stream: BinaryIO, roots: Sequence[str], wanted: Sequence[str]
) -> Iterator[XmlItem | DamagedItem]:
    """Yield each element with one of the ``wanted`` names, whatever faults the others have.

    Raises ``InvalidInputError`` if the root is not one of ``roots``, at a limit, or at the end of a
    document that was cut off.
    """
    document = _Document(stream, roots, wanted)
    for part in document.scanner.parts():
        if part.kind is Kind.OUTSIDE:
            document.pass_over(part.raw)
            continue
        item = document.item(part)
        yield item
        if isinstance(item, XmlItem) and (parent := item.element.getparent()) is not None:
            parent.remove(item.element)
    document.finish()


class _Document:
    """A document whose parts are read one after the other."""

    def __init__(self, stream: BinaryIO, roots: Sequence[str], wanted: Sequence[str]) -> None:
        chunks, self._decoder = opened(stream)
        names = tuple(dict.fromkeys(name.rpartition("}")[2] for name in wanted))
        self.scanner = Scanner(chunks, names, _CONTAINERS, self._is_item)
        self._roots = roots
        self._wanted = wanted
        self._before = ""  # what is before the first item, from the root on
        self._namespaces: dict[str | None, str] | None = None  # of the root
        self._root = b""  # its name, if it has an end tag and is not an item
        self._entities_declared = False
        self._ancestors: list[Element] | None = None
        self._wrapper = ("", "")
        self._since = 0  # the bytes, and the start tags, after the last item
        self._tags = 0

    def pass_over(self, raw: bytes) -> None:
        """Read a part outside items. Raises ``InvalidInputError`` at a limit."""
        self._since += len(raw)
        self._tags += len(_ANY_START.findall(raw))
        if self._ancestors is None:
            self._before += self._decoder.text(raw)[0]
            if self._namespaces is None:
                self._find_root()
        if self._tags > (_ELEMENTS_LIMIT if self._ancestors is None else _OUTSIDE_LIMIT):
            _refuse_outside()
        if self._since > _PROLOGUE_LIMIT and self._namespaces is None:
            raise InvalidInputError("it does not begin like a document of its kind")
        if self._since > SIZE_LIMIT:
            raise InvalidInputError("it has 16 MiB without a release: the rest is not read")

    def item(self, part: Part) -> XmlItem | DamagedItem:
        """Return the item of a part, in the tree of its ancestors."""
        self._since = self._tags = 0
        text, invalid = self._decoder.text(part.raw)
        title = _TITLE.search(text)
        place = f"line {part.line}" + (f", {quoted(strip_tags(title[1]))}" if title else "")
        if part.kind is not Kind.ITEM:
            return DamagedItem(f"{_INCOMPLETE[part.kind]} ({place})")
        mended: Counter[str] = Counter({"invalid byte": invalid})
        try:
            element = self._element(text, mended)
        except (DamagedError, etree.XMLSyntaxError) as error:
            return DamagedItem(f"it is not well-formed XML ({place}): {_reason(error)}")
        if element.tag not in self._wanted:
            return DamagedItem(f"its namespace is not known ({place})")
        if self._ancestors:
            self._ancestors[-1].append(element)
        counts = tuple((kind, number) for kind, number in mended.items() if number)
        return XmlItem(element, counts, tuple(filter(None, [self._decoder.remark])))

    def finish(self) -> None:
        """Raise ``InvalidInputError`` if the document is not one, or not all of one."""
        if self._namespaces is None:
            empty = not self._before.strip()
            raise InvalidInputError(
                "it is empty" if empty else "it does not begin like a document of its kind"
            )
        if self._root and self.scanner.last_end != self._root:
            raise InvalidInputError(
                "it is cut off: its root element does not end, and what may follow is missing"
            )

    def _find_root(self) -> None:
        """Look for the root, and drop what precedes it: no parser gets to see a DOCTYPE."""
        at, prologue = _root_place(self._before)
        tag = _ROOT_TAG.match(self._before, at) if at is not None else None
        if tag is None:
            return
        _check_declarations(prologue)
        self._entities_declared = "<!DOCTYPE" in prologue
        self._before = self._before[tag.start() :]
        self._begin(tag[0], tag[1])

    def _begin(self, tag: str, name: str) -> None:
        """Begin with a root of this start tag. Raises ``InvalidInputError`` if it is not one."""
        alone = tag.removesuffix(">").removesuffix("/") + "/>"
        root = etree.fromstring(alone.encode(), _RECOVERING_PARSER)
        if root is None or root.tag not in self._roots:
            raise InvalidInputError("it is not a document of its kind")
        self._namespaces = dict(root.nsmap)
        if not tag.endswith("/>"):
            self._root = name.encode()
            self.scanner.ancestors.add(self._root)

    def _is_item(self, tag: bytes, name: bytes) -> bool:
        """Whether a start tag is that of an item, as far as its prefix says."""
        if self._namespaces is None:
            # The root is an item.
            _check_declarations(self._before)
            self._begin(tag.decode("utf-8", "replace"), name.decode())
            self._ancestors = []
            self._root = b""
            self.scanner.ancestors.clear()
        prefix, _, local = name.decode().rpartition(":")
        namespace = (self._namespaces or {}).get(prefix or None)
        known = (f"{{{namespace}}}{local}" if namespace else local) in self._wanted
        if not known and b"xmlns" not in tag:
            return False
        if self._ancestors is None:
            self._ancestors = self._parse_before()
            self._before = ""
            self._wrapper = _wrapper(*self._ancestors)
        return True

    def _parse_before(self) -> list[Element]:
        """Return the elements that contain the items, with what is before the first item."""
        mender = Mender(item=False, entities_declared=self._entities_declared)
        try:
            root = _parse(mender.mend(self._before))
            names = mender.open
        except (DamagedError, etree.XMLSyntaxError):
            root = etree.fromstring(self._before.encode(), _RECOVERING_PARSER)
            names = ["", "channel"]
        ancestors = [root]
        if len(root) and len(names) > 1 and etree.QName(root[-1]).localname == "channel":
            ancestors.append(root[-1])
            self.scanner.ancestors.add(names[1].encode())
        if max(map(len, ancestors)) > _OUTSIDE_LIMIT:
            _refuse_outside()
        return ancestors

    def _element(self, text: str, mended: Counter[str]) -> Element:
        """Parse an item, mending it if necessary.

        Raises ``DamagedError`` or ``XMLSyntaxError`` if that is impossible.
        """
        before, after = self._wrapper
        try:
            root = _parse(f"{before}{text}{after}")
        except etree.XMLSyntaxError:
            mender = Mender(item=True, entities_declared=self._entities_declared)
            text = mender.mend(text)
            mended.update(mender.mended)
            for prefix in sorted(mender.prefixes.difference(self._namespaces or ())):
                namespace = _WELL_KNOWN.get(prefix, f"urn:undeclared:{prefix}")
                text = re.sub(r"[\s/>]", rf' xmlns:{prefix}="{namespace}"\g<0>', text, count=1)
                mended["undeclared prefix"] += 1
            root = _parse(f"{before}{text}{after}")
        for _ in self._ancestors or ():
            if not len(root):
                raise DamagedError("it has no start tag")
            root = root[0]
        return root


def _parse(text: str) -> Element:
    return etree.fromstring(text.encode(), _PARSER)


def _wrapper(root: Element, *ancestors: Element) -> tuple[str, str]:
    """Return the start tags and the end tags of the elements that contain the items."""
    shell = etree.Element(root.tag, dict(root.attrib), root.nsmap)
    for ancestor in ancestors:
        shell = etree.SubElement(shell, ancestor.tag, dict(ancestor.attrib), ancestor.nsmap)
    shell.text = "|"
    before, _, after = etree.tostring(shell.getroottree(), encoding="unicode").rpartition("|")
    return before, after


def _root_place(text: str) -> tuple[int | None, str]:
    """Return where the root begins, and what precedes it, without comments."""
    position, prologue = 0, ""
    while (at := text.find("<", position)) >= 0:
        prologue += text[position:at]
        position = at + 1
        for opener, closing in (("<!--", "-->"), ("<?", "?>")):
            if text.startswith(opener, at):
                end = text.find(closing, at)
                if end < 0:
                    return None, prologue
                position = end + len(closing)
                break
        else:
            if _ROOT.match(text, at):
                return at, prologue
            prologue += "<"
    return None, prologue


def _check_declarations(prologue: str) -> None:
    """Refuse a document that declares entities, which may expand to anything, or elements."""
    if "<!ENTITY" in prologue or "<!ELEMENT" in prologue:
        raise InvalidInputError("its DOCTYPE declares entities or elements")


def _refuse_outside() -> NoReturn:
    raise InvalidInputError(
        f"it has more than {_OUTSIDE_LIMIT} elements outside releases: the rest is not read"
    )


def _reason(error: Exception) -> str:
    """Return a reason without the parser's place, which is one within the item."""
    return _PLACE_IN_PARSER.sub("", str(error))


def text_of(element: Element | None) -> str:
    """Return all text within an element."""
    return "" if element is None else "".join(element.itertext())


def markup_of(element: Element) -> str:
    """Return the content of an element that has HTML in it, whether that is escaped or not."""
    return inner_html(element) if len(element) else text_of(element)


def inner_html(element: Element) -> str:
    """Return the HTML within an element that contains XHTML (RFC 4287 §3.1.1.3), emptying it."""
    for inner in element.iterdescendants(etree.Element):
        inner.tag = inner.tag.rpartition("}")[2]
    alone = etree.Element("div")
    alone.text = element.text
    alone.extend(element)
    etree.cleanup_namespaces(alone)
    written = str(etree.tostring(alone, encoding="unicode", method="html"))
    return written.removeprefix("<div>").removesuffix("</div>")


def base_of(element: Element) -> str | None:
    """Return the base address of an element (XML Base), or None."""
    bases = [at.get(_XML_BASE) for at in (element, *element.iterancestors())]
    return resolve(*reversed([base for base in bases if base]))


def language_of(element: Element) -> str | None:
    """Return the nearest ``xml:lang`` of an element, or None."""
    stated = (at.get(_XML_LANG) for at in (element, *element.iterancestors()))
    return next((language for language in stated if language), None)
