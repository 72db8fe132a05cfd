"""Any HTML, written again with the elements that a release may have.

The HTML is parsed into a tree. What a release may have is written as it is; what shows something
else, as a link to that; other elements without their tags. What is lost is counted. The sanitiser
still has to pass the result.
"""

import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.text import addresses, unwritten
from feeds.text.elements import (
    ATTRIBUTES,
    CITING,
    COMMON_ATTRIBUTES,
    COUNTED,
    DIVISIONS,
    DROPPED,
    FIELDS,
    HEADINGS,
    INLINE,
    MEDIA,
    OTHER_NAMES,
    PARENTS,
    PICTURES,
    SEPARATING,
    UNSEEN,
)
from feeds.text.media import (
    Stated,
    inner_addresses,
    is_in_noscript,
    is_word,
    name_for,
    name_of,
    pictures,
    shown_by,
    sources,
)
from feeds.text.paragraphs import Output, attributes, escaped
from feeds.text.plain import clean_text
from feeds.text.targets import Targets

_TAG = re.compile(r"<[^>]*>")
_BLOCK = ",".join(sorted(SEPARATING))


class Writer:
    """Writes the tree of a body. ``dropped`` counts by kind what it does not write."""

    def __init__(self, base: str | None) -> None:
        self.dropped: Counter[str] = Counter()
        self._base = base
        self._output = Output()
        self._body: LexborNode | None = None
        self._with_blocks: set[int] | None = None
        self._targets: Targets | None = None
        # The address of the link that is open, and what follows its end.
        self._link: str | None = None
        self._after_link: list[str] = []
        self._media_depth = 0
        self._noscript_depth = 0
        # The sources of the picture that is open; its img has not been written yet.
        self._sources: list[Stated] | None = None
        # The addresses of all pictures so far, outside and inside noscript.
        self._seen: tuple[set[str], set[str]] = (set(), set())

    def write(self, markup: str) -> str:
        """Return HTML as the elements that a release may have, well nested."""
        tree = LexborHTMLParser(f"<body>{markup}")
        self._body = body = tree.body
        if body is None:  # pragma: no cover - the parser always makes one; its types do not say so
            return ""
        if "<base" in markup.lower() and (stated := tree.css_first("base[href]")):
            address = stated.attributes.get("href")
            self._base = addresses.web(address, self._base) or self._base
        if "#" in markup:
            self._targets = Targets(body, self._base)
        self.dropped.update(unwritten.counted(body, self._base, markup))
        self._walk(body.first_child)
        return self._output.finished()

    def _walk(self, first: LexborNode | None) -> None:
        """Write a node and all after it. The depth of the tree is not that of the calls."""
        node = first
        while node is not None:
            if self._begin(node):
                if (child := node.first_child) is not None:
                    node = child
                    continue
                self._output.end()
            while node is not None and (following := node.next) is None and self._output.is_open:
                node = node.parent
                self._output.end()
            node = following

    def _begin(self, node: LexborNode) -> bool:
        """Write the beginning of a node. Return whether what is in it is to be written."""
        tag = name_of(node)
        if tag == "-text":
            self._text(node.text_content or "")
            return False
        tag = OTHER_NAMES.get(tag, tag)
        if tag in INLINE:
            self._output.inline(tag, self._attributes(node, tag))
        elif tag == "a":
            self._anchor(node)
        elif tag in DROPPED or tag in UNSEEN or tag.startswith("-"):
            self._pass(node, tag)
            return False
        else:
            if kind := COUNTED.get(tag):
                self.dropped[kind] += 1
            if tag in SEPARATING:
                self._separating(node, tag)
            else:
                self._other(node, tag)
        return True

    def _separating(self, node: LexborNode, tag: str) -> None:
        if self._output.block_tag in HEADINGS:
            self._output.text(" ")
            self._output.unwrapped()
        elif tag in DIVISIONS or self._is_misplaced(tag):
            self._division(node)
        else:
            self._output.block(tag, self._attributes(node, tag))

    def _text(self, text: str) -> None:
        """Write text; what references stand for may be forbidden."""
        cleaned = clean_text(text)
        if len(cleaned) < len(text):
            self.dropped["control character"] += len(text) - len(cleaned)
        self._output.text(cleaned)

    def _is_misplaced(self, tag: str) -> bool:
        parents = PARENTS.get(tag)
        return parents is not None and self._output.block_tag not in parents

    def _other(self, node: LexborNode, tag: str) -> None:
        if tag == "area":
            self._area(node)
        elif tag in PICTURES:
            self._image(node)
        elif tag == "picture":
            self._picture(node)
        elif tag == "noscript":
            self._noscript()
        elif tag in MEDIA:
            self._media(node)
        elif stated := self._attributes(node, "span"):
            self._output.inline("span", stated)
        else:
            if tag in FIELDS:
                self._output.text(" ")
            if node.first_child is None and (
                tag.startswith("amp-") or (not tag.isalnum() and node.attributes)
            ):
                self.dropped["embedded object"] += 1
            self._output.unwrapped()

    def _pass(self, node: LexborNode, tag: str) -> None:
        """Write what is read of an element that is not written."""
        if kind := DROPPED.get(tag):
            self.dropped[kind] += 1
        if tag == "math" and (formula := node.attributes.get("alttext")):
            self._output.text(formula)
        if tag == "link" and "stylesheet" in (node.attributes.get("rel") or "").lower():
            self.dropped["style"] += 1

    def _division(self, node: LexborNode) -> None:
        """Begin what separates text: it is a paragraph, unless it has blocks of its own."""
        stated = self._attributes(node, "p")
        is_inside = self._output.is_inside
        has_block = (is_inside or stated) and self._has_block(node)
        if is_inside and has_block and not stated:
            self._output.text(" ")
            self._output.unwrapped()
        elif has_block or not (is_inside or stated):
            self._output.division(stated)
        else:
            self._output.paragraph(stated)

    def _has_block(self, node: LexborNode) -> bool:
        if self._with_blocks is None:
            self._with_blocks = set()
            for block in self._body.css(_BLOCK) if self._body else ():
                outer = block.parent
                while outer is not None and outer.mem_id not in self._with_blocks:
                    self._with_blocks.add(outer.mem_id)
                    outer = outer.parent
        return node.mem_id in self._with_blocks

    def _attributes(self, node: LexborNode, tag: str) -> str:
        """Return the attributes of an element that stay, each after a space."""
        stated = node.attributes
        if not stated:
            return ""
        kept: dict[str, str] = {}
        for name, form in (*ATTRIBUTES.get(tag, ()), *COMMON_ATTRIBUTES):
            value = stated.get(name)
            if value is not None and (found := form.fullmatch(value.strip())):
                kept[name.removeprefix("xml:")] = found[found.lastindex or 0]
        if "reversed" in stated and tag == "ol":
            kept["reversed"] = ""
        if tag in CITING and (cited := addresses.web(stated.get("cite"), self._base)):
            kept["cite"] = cited
        for name in ("id", "name") if tag == "a" else ("id",):
            if self._targets and (written := self._targets.ids.get(stated.get(name) or "")):
                kept[name] = written
        return attributes(kept)

    def _anchor(self, node: LexborNode) -> None:
        found = self._target(node)
        if self._link is None:
            unseen = name_for(node.attributes, found or "") if node.first_child is not None else ""
            self._begin_link(found, self._attributes(node, "a"), unseen)
            return
        if found and found != self._link:  # a link in a link, which a table or an object allows
            self._write_link(found, name_for(node.attributes, found))
        self._output.unwrapped()

    def _area(self, node: LexborNode) -> None:
        """Write a part of an image map as a link beside the picture."""
        found = self._target(node)
        if found:
            self._write_link(found, name_for(node.attributes, found))
        self._output.unwrapped()

    def _target(self, node: LexborNode) -> str | None:
        """Return the address of a link, absolute unless it leads to another place in the body."""
        stated = node.attributes
        address = stated.get("href")
        if self._targets and (place := self._targets.link(address)):
            return place
        found = addresses.link(address, self._base)
        if found is None and "href" in stated:
            self.dropped["link"] += 1
        return found

    def _write_link(self, address: str, name: str, before: str = "", after: str = " ") -> None:
        """Write a link, after the one in which it may be."""
        link = f"<a{attributes({'href': address})}>{escaped(name)}</a>"
        if self._link is None:
            self._output.raw(f"{before}{link}{after}")
        else:
            self._after_link.append(f" {link}")

    def _begin_link(self, address: str | None, stated: str = "", unseen: str = "") -> None:
        """Begin a link, which gets the name ``unseen`` if nothing of its content is written."""
        self._link = address or ""
        parts = self._output.parts
        begin = len(parts) + 1

        def ended() -> None:
            self._link = None
            if address and not any(map(_is_seen, parts[begin:])):
                parts[-1] = f"{escaped(unseen)}{parts[-1]}"
            for link in self._after_link:
                self._output.raw(link)
            self._after_link.clear()

        target = attributes({"href": address}) if address else ""
        self._output.inline("a", target + stated, ended)

    def _image(self, node: LexborNode) -> None:
        every = [node.attributes, *(self._sources or ())]
        self._sources = [] if self._sources else self._sources
        self._write_image(node, [found for at in every for found in pictures(at, self._base)])
        self._output.unwrapped()

    def _write_image(self, node: LexborNode, found: list[str]) -> None:
        """Write a picture, but only once if ``noscript`` has it, too."""
        is_noscript = self._noscript_depth > 0
        if not found:
            if not is_noscript and is_in_noscript(node):
                return
            self.dropped["picture"] += 1
            self._output.text(node.attributes.get("alt") or "")
        elif self._seen[not is_noscript].isdisjoint(found):
            written = attributes({"src": found[0]})
            self._output.raw(f"<img{written}{self._attributes(node, 'img')}>")
            self._seen[is_noscript].update(found)

    def _picture(self, node: LexborNode) -> None:
        if self._sources is not None:  # a picture in a picture
            self._output.unwrapped()
            return
        self._sources = list(sources(node))
        if node.css_first("img,amp-img") is None:
            self._write_image(
                node, [found for at in self._sources for found in pictures(at, self._base)]
            )
            self._sources = None
            self._output.unwrapped()
            return
        parts = self._output.parts
        begin = len(parts)

        def ended() -> None:
            self._sources = None
            if not any(part.startswith("<img") for part in parts[begin:]):
                parts[begin] = parts[-1] = ""

        self._output.inline("picture", ended=ended)

    def _noscript(self) -> None:
        self._noscript_depth += 1

        def ended() -> None:
            self._noscript_depth -= 1

        self._output.unwrapped(ended)

    def _media(self, node: LexborNode) -> None:
        """Write a link to what an element shows, unless a link to the same is in it."""
        found = shown_by(node, self._base)
        # What is in media that are in media is not looked for again.
        inner = set(inner_addresses(node, self._base)) if self._media_depth == 0 else set()
        if not found:
            self._without_address(node, inner)
        elif not inner.isdisjoint(found):
            self._begin_media()
        elif self._link is None and self._media_depth == 0 and self._is_name(node, inner):
            if node.prev is not None and name_of(node.prev) in {"a", *MEDIA}:
                self._output.text(" ")
            self._begin_link(found[0], unseen=name_for(node.attributes, found[0]))
        else:
            self._media_link(node, found)
            self._begin_media()

    def _begin_media(self) -> None:
        self._media_depth += 1

        def ended() -> None:
            self._media_depth -= 1

        self._output.unwrapped(ended)

    def _is_name(self, node: LexborNode, inner: set[str]) -> bool:
        """Whether the content of media is a name for them."""
        if inner or self._has_block(node):
            return False
        return bool(node.text().strip()) or node.css_first("img") is not None

    def _media_link(self, node: LexborNode, found: list[str]) -> None:
        """Write a link to media, after the link in which they may be."""
        name = name_for(node.attributes, found[0])
        if self._link != found[0]:
            beside = node.prev is not None and name_of(node.prev) in {"a", *MEDIA}
            before = " " if beside or is_word(node.prev, -1) else ""
            after = " " if is_word(node.first_child or node.next, 0) else ""
            self._write_link(found[0], name, before, after)
        if self._link is not None and node.first_child is None:
            self._output.text(name)

    def _without_address(self, node: LexborNode, inner: set[str]) -> None:
        poster = addresses.web(node.attributes.get("poster"), self._base)
        if not inner:
            self.dropped["embedded object"] += 1
        if poster:
            self._write_image(node, [poster])
        self._begin_media()


def _is_seen(part: str) -> bool:
    """Whether a part of the output is a picture, or text that is not blank."""
    return "<img" in part or bool(_TAG.sub("", part).strip())
