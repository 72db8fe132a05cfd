"""What becomes of each element of any HTML.

The HTML is parsed into a tree, and the tree is written again: what a release may have, as it is;
what shows something else, as a link to that; other elements without their tags. What is lost is
counted. The result is HTML of few elements, which the sanitiser still has to pass.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.text import addresses

_INLINE = frozenset(
    "abbr b bdi bdo br code del em i ins q rp rt ruby s strong sub sup u wbr".split()
)
_BLOCKS = frozenset("dl h2 h3 h4 hr ol pre table tbody tfoot thead tr ul".split())
# Blocks that may contain others.
_CONTAINERS = frozenset("blockquote caption dd dt figcaption figure li td th".split())
# Elements that separate text like paragraphs, but are not in the safe subset.
_DIVISIONS = frozenset(
    "address article aside center details dialog div fieldset footer form header hgroup legend main"
    " nav optgroup option p search section summary title".split()
)
_OTHER_NAMES = {
    "acronym": "abbr",
    "dir": "ul",
    "h1": "h2",
    "h5": "h4",
    "h6": "h4",
    "listing": "pre",
    "menu": "ul",
    "xmp": "pre",
}
_VOID = frozenset({"br", "hr", "wbr"})
_PICTURES = frozenset({"amp-anim", "amp-img", "img"})
_MEDIA = frozenset(
    "amp-audio amp-facebook amp-iframe amp-video amp-vimeo amp-youtube applet audio bgsound embed"
    " iframe object video".split()
)
_MEDIA_SITES = {
    "amp-vimeo": "https://vimeo.com/",
    "amp-youtube": "https://www.youtube.com/watch?v=",
}
# Elements that go with all that is in them, and what they are called.
_DROPPED = {
    "datalist": "form field",
    "math": "formula",
    "script": "script",
    "select": "form field",
    "style": "style",
    "svg": "drawing",
    "template": "template",
}
# Elements that go, but not what is in them.
_COUNTED = {
    "button": "form field",
    "canvas": "drawing",
    "form": "form",
    "input": "form field",
    "keygen": "form field",
    "textarea": "form field",
    "track": "subtitle track",
}
# Fields with text, which would run into the text before.
_FIELDS = frozenset({"button", "textarea"})
# Elements that show nothing by themselves.
_UNSEEN = frozenset("base col colgroup link meta param source track".split())
# Elements with an address that is not that of what an embedding element shows.
_NOT_SHOWN = frozenset("amp-img img input param script source track".split())
SEPARATING = _BLOCKS | _CONTAINERS | _DIVISIONS | _OTHER_NAMES.keys() - {"acronym"}
"""Elements that are not within a line of text."""
_BLOCK_SELECTOR = ",".join(sorted(SEPARATING))

_NUMBER = re.compile(r"-?\d{1,9}")
_POSITIVE = re.compile(r"\d{1,4}")
_SIZE = re.compile(r"([1-9]\d{0,4})(?:\.\d+)?\s*(?:px)?", re.IGNORECASE)
_ID = re.compile(r"\S{1,500}")
_COMMON_ATTRIBUTES = (
    ("dir", re.compile(r"ltr|rtl|auto", re.IGNORECASE)),
    ("lang", re.compile(r"[a-z]{2,8}(?:-[a-z0-9]{1,8})*", re.IGNORECASE)),
    ("title", re.compile(r".+", re.DOTALL)),
)
_SPANS = (("colspan", _POSITIVE), ("rowspan", _POSITIVE))
_ATTRIBUTES: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {
    "img": (("alt", re.compile(r".*", re.DOTALL)), ("width", _SIZE), ("height", _SIZE)),
    "li": (("value", _NUMBER),),
    "ol": (("start", _NUMBER), ("type", re.compile(r"[1aAiI]"))),
    "td": _SPANS,
    "th": (*_SPANS, ("scope", re.compile(r"(?:row|col)(?:group)?", re.IGNORECASE))),
}
_BREAK = frozenset({"<br>", ""})
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_SOURCES = ("src", "data-src", "data-lazy-src", "data-original", "data-lazy", "data-litespeed-src")
_SOURCE_SETS = ("srcset", "data-srcset", "data-lazy-srcset")


_Leave = Callable[[], None]
_Stated = Mapping[str, str | None]


@dataclass(slots=True)
class _Flow:
    """The inside of an element that may have both text and blocks.

    A run is a part of it without blocks; where the flow ``wraps``, each becomes a paragraph.
    ``depth`` is the number of its elements that are open.
    """

    wraps: bool = False
    depth: int = 0
    begin: int | None = None
    has_block: bool = False
    runs: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """An element that is open: what is written at its end, and what ends with it."""

    end: str = ""
    is_deep: bool = False
    flow: _Flow | None = None
    leave: _Leave | None = None


class Writer:
    """Writes the tree of a body. ``dropped`` counts by kind what it does not write."""

    def __init__(self, base: str | None, *, blank_lines: bool) -> None:
        self.dropped: Counter[str] = Counter()
        self._base = base
        self._blank_lines = blank_lines
        self._parts: list[str] = []
        self._flows = [_Flow()]
        self._open: list[_Open] = []
        self._targets: frozenset[str] = frozenset()
        self._link: str | None = None
        self._after_link: list[str] = []
        self._noscripts = 0
        self._seen: dict[bool, set[str]] = {False: set(), True: set()}

    def write(self, markup: str) -> str:
        """Return HTML as the elements that a release may have, well nested."""
        tree = LexborHTMLParser(f"<body>{markup}")
        body = tree.body
        if body is None:  # pragma: no cover - there always is one
            return ""
        if "#" in markup:
            self._targets = frozenset(_targets(body))
        if "<base" in markup.lower() and (base := tree.css_first("base[href]")):
            self._base = addresses.web(base.attributes.get("href"), self._base) or self._base
        self._walk(body)
        self._end_run()
        self._wrap(self._flows[0])
        return "".join(self._parts)

    def _walk(self, body: LexborNode) -> None:
        """Write everything within an element; the depth of the tree is not that of the calls."""
        node = body.first_child
        while node is not None:
            if self._enter(node):
                if (child := node.first_child) is not None:
                    node = child
                    continue
                self._leave()
            while (following := node.next) is None and self._open:
                node = node.parent
                if node is None:  # pragma: no cover - each open element has a parent
                    return
                self._leave()
            node = following

    def _enter(self, node: LexborNode) -> bool:
        """Write the beginning of a node. Return whether its children are to be written."""
        tag = _tag(node)
        if tag == "-text":
            self._text(node.text_content or "")
            return False
        if kind := _DROPPED.get(tag) or _COUNTED.get(tag):
            self.dropped[kind] += 1
        if tag in _DROPPED or tag in _UNSEEN or tag.startswith("-"):
            self._unseen(node, tag)
            return False
        if handler := _HANDLERS.get(tag):
            return handler(self, node)
        tag = _OTHER_NAMES.get(tag, tag)
        if tag in _FIELDS:
            self._text(" ")
        if tag in _DIVISIONS:
            self._division(node)
        elif tag in _INLINE:
            self._inline(tag, self._attributes(node, tag))
        elif tag in _BLOCKS or tag in _CONTAINERS:
            self._block(tag, self._attributes(node, tag))
        elif attributes := self._attributes(node, "span"):
            self._inline("span", attributes)
        else:
            self._open.append(_Open())
        return True

    def _unseen(self, node: LexborNode, tag: str) -> None:
        attributes = node.attributes
        if tag == "math" and (formula := attributes.get("alttext")):
            self._text(formula)
        if tag == "link" and "stylesheet" in (attributes.get("rel") or "").lower():
            self.dropped["style"] += 1

    def _leave(self) -> None:
        """Write the end of the innermost open element."""
        left = self._open.pop()
        if left.flow:
            self._end_run()
            self._wrap(self._flows.pop())
        if left.is_deep:
            self._flows[-1].depth -= 1
        if left.end:
            self._parts.append(left.end)
        if left.leave:
            left.leave()

    # Runs and paragraphs

    def _text(self, text: str) -> None:
        flow = self._flows[-1]
        if flow.depth == 0 and not text.isspace():
            if self._blank_lines and len(self._flows) == 1:
                first, *rest = _BLANK_LINE.split(text)
                self._append_text(first)
                for part in rest:
                    self._end_run()
                    flow.wraps = True
                    self._parts.append("\n")
                    self._append_text(part)
                return
        self._append_text(text)

    def _append_text(self, text: str) -> None:
        if text and not text.isspace():
            self._begin_run()
        self._parts.append(_escape(text))

    def _begin_run(self) -> None:
        flow = self._flows[-1]
        if flow.depth == 0 and flow.begin is None:
            flow.begin = len(self._parts)
            flow.has_block = False

    def _end_run(self) -> None:
        flow = self._flows[-1]
        if flow.begin is not None and not flow.has_block:
            flow.runs.append((flow.begin, len(self._parts)))
        flow.begin = None

    def _wrap(self, flow: _Flow) -> None:
        """Make paragraphs of the runs of a flow; white space around them stays outside."""
        if not flow.wraps:
            return
        parts = self._parts
        for begin, end in flow.runs:
            last = next(n for n in range(end - 1, begin - 1, -1) if parts[n].strip())
            if not any(part not in _BREAK and part.strip() for part in parts[begin:end]):
                parts[begin:end] = [""] * (end - begin)
                continue
            text = parts[last].rstrip()
            parts[last] = f"{text}</p>{parts[last][len(text) :]}"
            text = parts[begin].lstrip()
            blank = parts[begin][: len(parts[begin]) - len(text)]
            parts[begin] = f"{blank}<p>{text}"

    def _before_block(self) -> None:
        flow = self._flows[-1]
        if flow.depth == 0:
            self._end_run()
        else:
            flow.has_block = True
        self._flows[0].wraps |= len(self._flows) == 1

    def _inline(self, tag: str, attributes: str = "", leave: _Leave | None = None) -> None:
        self._begin_run()
        self._parts.append(f"<{tag}{attributes}>")
        self._flows[-1].depth += 1
        self._open.append(_Open("" if tag in _VOID else f"</{tag}>", is_deep=True, leave=leave))

    def _block(self, tag: str, attributes: str = "") -> None:
        self._before_block()
        self._parts.append(f"<{tag}{attributes}>")
        end = "" if tag in _VOID else f"</{tag}>"
        if tag in _CONTAINERS:
            flow = _Flow()
            self._flows.append(flow)
            self._open.append(_Open(end, flow=flow))
        else:
            self._flows[-1].depth += 1
            self._open.append(_Open(end, is_deep=True))

    def _division(self, node: LexborNode) -> None:
        """Begin what separates text, and is a paragraph unless it has blocks of its own."""
        attributes = self._attributes(node, "p")
        is_inside = self._flows[-1].depth > 0
        has_block = (is_inside or attributes) and _has_block(node)
        self._before_block()
        if is_inside and has_block and not attributes:
            self._parts.append(" ")
            self._open.append(_Open())
        elif has_block or not (is_inside or attributes):
            self._parts.append(f"<div{attributes}>" if attributes else "")
            flow = _Flow(wraps=True)
            self._flows.append(flow)
            self._open.append(_Open("</div>" if attributes else "", flow=flow))
        else:
            self._parts.append(f"<p{attributes}>")
            self._flows[-1].depth += 1
            self._open.append(_Open("</p>", is_deep=True))

    def _attributes(self, node: LexborNode, tag: str) -> str:
        """Return the attributes of an element that stay, each after a space."""
        stated = node.attributes
        if not stated:
            return ""
        kept: dict[str, str] = {}
        for name, form in (*_ATTRIBUTES.get(tag, ()), *_COMMON_ATTRIBUTES):
            value = stated.get(name)
            if value is not None and (found := form.fullmatch(value.strip())):
                kept[name] = found[found.lastindex or 0]
        if "reversed" in stated and tag == "ol":
            kept["reversed"] = ""
        for name in ("id", "name") if tag == "a" else ("id",):
            if (value := stated.get(name)) and value in self._targets:
                kept[name] = value
        return _joined(kept)

    # Links, pictures and media

    def _anchor(self, node: LexborNode) -> bool:
        stated = node.attributes
        address = (stated.get("href") or "").strip()
        found = None
        if address.startswith("#") and {address[1:], unquote(address[1:])} & self._targets:
            found = address
        elif "href" in stated:
            found = addresses.link(address, self._base)
            if found is None:
                self.dropped["link"] += 1
        self._begin_link(found, self._attributes(node, "a"))
        if node.tag == "area":
            self._append_text(_name(stated, found or ""))
            self._after_link.append(" ")
        return True

    def _begin_link(self, address: str | None, attributes: str = "") -> None:
        outer, self._link = self._link, address or self._link or ""

        def leave() -> None:
            self._link = outer
            if outer is None:
                self._parts += self._after_link
                self._after_link.clear()

        self._inline("a", _joined({"href": address} if address else {}) + attributes, leave)

    def _image(self, node: LexborNode) -> bool:
        stated = node.attributes
        if node.parent is not None and node.parent.tag == "picture":
            sources = [stated, *_sources(node.parent)]
        else:
            sources = [stated]
        every = [found for source in sources for found in _pictures(source, self._base)]
        self._write_image(node, next(iter(every), None), set(every))
        self._open.append(_Open())
        return True

    def _write_image(self, node: LexborNode, address: str | None, every: set[str]) -> None:
        """Write a picture, but only once if ``noscript`` has it, too."""
        is_noscript = self._noscripts > 0
        if address is None:
            if not is_noscript and _is_in_noscript(node):
                return
            self.dropped["picture"] += 1
            self._append_text(node.attributes.get("alt") or "")
        elif self._seen[not is_noscript].isdisjoint(every):
            self._begin_run()
            written = _joined({"src": address})
            self._parts.append(f"<img{written}{self._attributes(node, 'img')}>")
            self._seen[is_noscript] |= every

    def _picture(self, node: LexborNode) -> bool:
        if node.css_first("img,amp-img") is None:
            every = [found for source in _sources(node) for found in _pictures(source, self._base)]
            self._write_image(node, next(iter(every), None), set(every))
            self._open.append(_Open())
            return True
        begin = len(self._parts) + (self._flows[-1].depth == 0)

        def leave() -> None:
            if not any(part.startswith("<img") for part in self._parts[begin:]):
                self._parts[self._parts.index("<picture>", begin - 1)] = ""
                self._parts[-1] = ""

        self._inline("picture", leave=leave)
        return True

    def _noscript(self, node: LexborNode) -> bool:
        del node
        self._noscripts += 1

        def leave() -> None:
            self._noscripts -= 1

        self._open.append(_Open(leave=leave))
        return True

    def _media(self, node: LexborNode) -> bool:
        """Write a link to what an element shows, unless a link to the same is in it."""
        stated = node.attributes
        shown = _shown_by(node, self._base)
        inner = [
            found
            for child in node.css("a[href],area[href],[src],[data]")
            if child != node and child.tag not in _NOT_SHOWN
            if (found := _address(child, self._base))
        ]
        if not shown:
            self._without_address(node, stated, inner)
        elif not set(shown).isdisjoint(inner):
            self._open.append(_Open())
        elif self._link is not None:
            name = _name(stated, shown[0])
            if self._link not in shown:
                self._after_link.append(f" {_anchor_to(shown[0], name)}")
            if not node.text().strip():
                self._append_text(name)
            self._open.append(_Open())
        elif inner or _has_block(node) or not (node.text().strip() or node.css_first("img")):
            self._begin_run()
            self._parts.append(_anchor_to(shown[0], _name(stated, shown[0])))
            self._parts.append(" " if node.text().strip() else "")
            self._open.append(_Open())
        else:
            self._begin_link(shown[0])
        return True

    def _without_address(self, node: LexborNode, stated: _Stated, inner: list[str]) -> None:
        if not inner:
            self.dropped["embedded object"] += 1
        if poster := addresses.web(stated.get("poster"), self._base):
            self._write_image(node, poster, {poster})
        self._open.append(_Open())


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _joined(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{html.escape(value)}"' for name, value in attributes.items())


def _anchor_to(address: str, name: str) -> str:
    return f"<a{_joined({'href': address})}>{_escape(name)}</a>"


def _name(stated: _Stated, address: str) -> str:
    """Return what a link to media is called if the media have no text of their own."""
    for key in ("title", "alt", "aria-label"):
        if name := (stated.get(key) or "").strip():
            return name
    return addresses.host(address)


def _tag(node: LexborNode) -> str:
    """Return the name of a node, also if ``feeds.text.tags`` or ``feeds.text.html`` changed it."""
    return (node.tag or "").removeprefix("x-")


def _has_block(node: LexborNode) -> bool:
    return any(inner != node for inner in node.css(_BLOCK_SELECTOR))


def _targets(body: LexborNode) -> Iterator[str]:
    """Yield the ids to which links of the same body lead."""
    wanted: set[str] = set()
    for link in body.css('a[href^="#"],area[href^="#"]'):
        target = (link.attributes.get("href") or "").strip()[1:]
        wanted |= {target, unquote(target)}
    for node in body.css("[id],a[name]"):
        for key in ("id", "name"):
            if (value := node.attributes.get(key)) in wanted and value and _ID.fullmatch(value):
                yield value


def _pictures(stated: _Stated, base: str | None) -> Iterator[str]:
    """Yield the addresses of a picture, the one to show first."""
    for key in _SOURCE_SETS:
        if found := addresses.largest(stated.get(key), base):
            yield found
    for key in _SOURCES:
        if found := addresses.web(stated.get(key), base):
            yield found
    for key in _SOURCE_SETS:
        for address, _ in addresses.candidates(stated.get(key)):
            if found := addresses.web(address, base):
                yield found


def _sources(node: LexborNode) -> Iterator[_Stated]:
    """Yield the attributes of the sources of a picture or of media."""
    for source in node.css("source"):
        yield source.attributes


def _is_in_noscript(node: LexborNode) -> bool:
    """Whether ``noscript`` follows a picture and has what it stands for."""
    following = node.next
    while following is not None and following.tag == "-text":
        if (following.text_content or "").strip():
            return False
        following = following.next
    return (
        following is not None
        and _tag(following) == "noscript"
        and following.css_first("img") is not None
    )


def _address(node: LexborNode, base: str | None) -> str | None:
    stated = node.attributes
    for key in ("href", *_SOURCES, "data"):
        if found := addresses.web(stated.get(key), base):
            return found
    return None


def _shown_by(node: LexborNode, base: str | None) -> list[str]:
    """Return the addresses of what an element embeds, the most important one first."""
    stated = node.attributes
    found = [stated.get(key) for key in (*_SOURCES, "data", "data-href")]
    if site := _MEDIA_SITES.get(node.tag or ""):
        found.append(f"{site}{stated.get('data-videoid') or ''}")
    found += [source.get("src") or source.get("data-src") for source in _sources(node)]
    found += [
        param.attributes.get("value")
        for param in node.css("param")
        if (param.attributes.get("name") or "").lower() in {"filename", "movie", "src", "url"}
    ]
    return [address for stated in found if (address := addresses.web(stated, base))]


_HANDLERS: dict[str, Callable[[Writer, LexborNode], bool]] = {
    "a": Writer._anchor,
    "area": Writer._anchor,
    "noscript": Writer._noscript,
    "picture": Writer._picture,
    **dict.fromkeys(_PICTURES, Writer._image),
    **dict.fromkeys(_MEDIA, Writer._media),
}
