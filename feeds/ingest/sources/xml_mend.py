"""Mends a part of an XML document that is not well-formed, and counts what was mended.

Everything that can be text stays text. A part whose elements cannot be told apart is refused.
"""

import html
import re
from collections import Counter
from html.entities import html5

DEPTH_LIMIT = 255

_TAG = re.compile(
    r"<(/?)([^\W\d][\w.-]*(?::[^\W\d][\w.-]*)?)"
    r"((?>\s+[\w.:-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*+)\s*(/?)>"
)
_SECTIONS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
_CONTROL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(
    r"&(?:#(?P<decimal>\d{1,9});|#[xX](?P<hexadecimal>[0-9a-fA-F]{1,8});"
    r"|(?P<name>[A-Za-z][A-Za-z0-9]{0,31});)?",
    re.ASCII,
)
_PREFIX = re.compile(r"""\s([^\W\d][\w.-]*):([\w.-]+)\s*=\s*["']""")
_OF_XML = {"amp", "lt", "gt", "quot", "apos"}
# Elements of HTML that have no content, as they occur in content that was not escaped.
_VOID = {"area", "br", "col", "embed", "hr", "img", "input", "param", "source", "track", "wbr"}


class DamagedError(Exception):
    """A part of a document that cannot be mended; the message is the reason."""


class Mender:
    """Mends one part. ``mended`` counts what was mended; ``open`` names the unclosed elements.

    An ``item`` is complete, and what is directly in it must be, too: if an element there does not
    end, what follows it could be taken for its content, the id and the date included.
    """

    def __init__(self, *, item: bool, entities_declared: bool = False) -> None:
        self._item = item
        self._entities_declared = entities_declared
        self._result: list[str] = []
        self._used: set[str] = set()
        self._declared = {"xml", "xmlns"}
        self.mended: Counter[str] = Counter()
        self.open: list[str] = []

    @property
    def prefixes(self) -> set[str]:
        """The prefixes that are used and not declared in the part."""
        return self._used - self._declared

    def mend(self, text: str) -> str:
        """Return the part with all its elements closed. Raises ``DamagedError``."""
        position = 0
        while (at := text.find("<", position)) >= 0:
            self._text(text[position:at])
            position = self._markup(text, at)
        self._text(text[position:])
        left_open = self.open.copy()
        if self._item and len(left_open) > 1:
            raise DamagedError(f"<{left_open[1]}> is not closed")
        self.mended["unclosed element"] += len(left_open) if self._item else 0
        self._close(0)
        self.open = left_open
        return "".join(self._result)

    def _markup(self, text: str, at: int) -> int:
        """Mend what begins with ``<``; return where it ends."""
        for opener, closing in _SECTIONS.items():
            if text.startswith(opener, at):
                end = text.find(closing, at + len(opener))
                if end < 0:
                    raise DamagedError(f"“{opener}” is not followed by “{closing}”")
                if opener == "<![CDATA[":
                    self._result.append(self._controls(text[at : end + 3]))
                return end + len(closing)
        if text.startswith("<!", at):
            raise DamagedError("“<!” begins neither a comment nor a CDATA section")
        tag = _TAG.match(text, at)
        if tag is None:
            self.mended["stray angle bracket"] += 1
            self._result.append("&lt;")
            return at + 1
        if tag[1]:
            self._end(tag[2])
        else:
            self._begin(tag[2], tag[3], empty=bool(tag[4]))
        return tag.end()

    def _begin(self, name: str, attributes: str, *, empty: bool) -> None:
        if len(self.open) >= DEPTH_LIMIT:
            raise DamagedError(f"it is nested more than {DEPTH_LIMIT} deep")
        self._used.update(name.split(":")[:-1])
        for found in _PREFIX.finditer(attributes):
            if found[1] == "xmlns":
                self._declared.add(found[2])
            else:
                self._used.add(found[1])
        inner = len(self.open) > 1 or not self._item
        empty = empty or (inner and name.lower() in _VOID)
        self._result.append(f"<{name}{self._characters(attributes)}{'/' if empty else ''}>")
        if not empty:
            self.open.append(name)

    def _end(self, name: str) -> None:
        if name in self.open:
            level = len(self.open) - 1 - self.open[::-1].index(name)
            unclosed = len(self.open) - 1 - level
            if self._item and level == 0 and unclosed:
                raise DamagedError(f"<{self.open[1]}> is not closed")
            self.mended["unclosed element"] += unclosed
            self._close(level)
        elif self._item and len(self.open) <= 1:
            raise DamagedError(f"</{name}> closes nothing")
        elif name.lower() not in _VOID:
            self.mended["stray end tag"] += 1

    def _close(self, level: int) -> None:
        while len(self.open) > level:
            self._result.append(f"</{self.open.pop()}>")

    def _controls(self, text: str) -> str:
        result, number = _CONTROL.subn("", text)
        self.mended["control character"] += number
        return result

    def _characters(self, text: str) -> str:
        result = self._controls(text)
        return _REFERENCE.sub(self._reference, result) if "&" in result else result

    def _text(self, text: str) -> None:
        self.mended["stray CDATA end"] += text.count("]]>")
        self._result.append(self._characters(text).replace("]]>", "]]&gt;"))

    def _reference(self, found: re.Match[str]) -> str:
        if digits := found["decimal"] or found["hexadecimal"]:
            code = int(digits, 10 if found["decimal"] else 16)
            if code > 0x10FFFF or _CONTROL.match(chr(code)):  # noqa: PLR2004 - Unicode's last
                self.mended["control character"] += 1
                return ""
            return f"&#{code};"
        name = found["name"]
        if name is None:
            self.mended["bare ampersand"] += 1
            return "&amp;"
        if name in _OF_XML:
            return found[0]
        if not self._entities_declared:
            self.mended["undefined entity"] += 1
        meant = html5.get(f"{name};")
        return f"&amp;{name};" if meant is None else html.escape(meant)
