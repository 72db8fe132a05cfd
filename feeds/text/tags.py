"""Which angle brackets in a text begin a tag, and which are only text.

HTML takes ``<`` before a letter for a tag, and what follows is lost if it is none: people write
``Email to <press@a.example>`` and ``a<b``. Here a tag has the name of an element, and attributes
that look like attributes.
"""

import html
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

_NAMES = frozenset({
    "a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "base",
    "basefont", "bdi", "bdo", "bgsound", "big", "blink", "blockquote", "body", "br", "button",
    "canvas", "caption", "center", "cite", "code", "col", "colgroup", "data", "datalist", "dd",
    "del", "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "embed", "fieldset",
    "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4",
    "h5", "h6", "head", "header", "hgroup", "hr", "html", "i", "iframe", "image", "img", "input",
    "ins", "kbd", "keygen", "label", "legend", "li", "link", "listing", "main", "map", "mark",
    "marquee", "math", "menu", "menuitem", "meta", "meter", "nav", "nobr", "noembed", "noframes",
    "noscript", "object", "ol", "optgroup", "option", "output", "p", "param", "picture",
    "plaintext", "pre", "progress", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "script",
    "search", "section", "select", "slot", "small", "source", "spacer", "span", "strike", "strong",
    "style", "sub", "summary", "sup", "svg", "table", "tbody", "td", "template", "textarea",
    "tfoot", "th", "thead", "time", "title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr",
    "xmp",
})  # fmt: skip
# Names of SVG, MathML and custom elements, and of those with a prefix, as Office writes them. They
# are words, too: without attributes, a tag needs an end tag.
_OTHER_NAME = re.compile(
    r"""(?:[a-z][a-z0-9._]*-[a-z0-9._-]*|[a-z][a-z0-9]*:[a-z][a-z0-9._-]*
    |animate|circle|clippath|defs|desc|ellipse|filter|foreignobject|g|image|line|lineargradient
    |marker|mask|metadata|path|pattern|polygon|polyline|radialgradient|rect|stop|switch|symbol|text
    |textpath|tspan|use|view|annotation|m(?:action|enclose|error|fenced|frac|i|n|o|over|padded
    |phantom|root|row|s|space|sqrt|style|sub|subsup|sup|table|td|text|tr|under|underover)|semantics)
    """,
    re.VERBOSE,
)
_OFFICE = ("o:", "w:", "v:", "m:", "st1:", "amp-")
# Attributes that stand without a value. Any other word shows that it is no tag: ``<b and c>``.
_WITHOUT_VALUE = frozenset({
    "allowfullscreen", "alt", "async", "autofocus", "autoplay", "checked", "class", "compact",
    "contenteditable", "controls", "crossorigin", "declare", "default", "defer", "disabled",
    "download", "formnovalidate", "hidden", "href", "id", "inert", "ismap", "itemscope", "loop",
    "mozallowfullscreen", "multiple", "muted", "nohref", "noloading", "nomodule", "noresize",
    "noshade", "novalidate", "nowrap", "open", "playsinline", "readonly", "required", "reversed",
    "selected", "src", "style", "truespeed", "webkitallowfullscreen",
})  # fmt: skip
# A tag of more attributes loses them: the time of the parsers grows with the square of the number.
_MANY_ATTRIBUTES = 100

# The content of these is no markup. With the others it is, if they are called otherwise.
_RAW = {
    name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp")
}
_RENAMED = {
    "frame": "embed",
    "iframe": "x-iframe",
    "noembed": "x-noframes",
    "noframes": "x-noframes",
    "plaintext": "pre",
}
# These, and elements with a prefix, are complete with ``/>``, as in XHTML. HTML would take all that
# follows for their content.
_CLOSED = frozenset({
    "a", "applet", "audio", "b", "canvas", "em", "i", "iframe", "noembed", "noframes", "object",
    "script", "select", "span", "strong", "style", "textarea", "title", "u", "video", "xmp",
})  # fmt: skip
_SEPARATING = frozenset({
    "address", "blockquote", "br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "li", "p", "pre", "section", "td", "th", "tr",
})  # fmt: skip

# Text with tags of which nothing has to be changed, as almost all of it is. This only saves time.
_ORDINARY = re.compile(
    r"""(?>[^<]++|</?(?:a|abbr|article|b|blockquote|br|code|dd|div|dl|dt|em|figcaption|figure|h[1-6]|hr
    |i|img|li|ol|p|picture|pre|q|s|section|small|source|span|strong|sub|sup|table|tbody|td|tfoot|th
    |thead|tr|u|ul)(?>[ ][a-z][a-z-]{0,20}="[^"]*+"){0,20}+(?:[ ]?/)?>)*+""",
    re.VERBOSE,
)
_ORDINARY_NAME = re.compile(r"</?+([a-z][a-z0-9]*+)")
_FRAME_END = re.compile("</iframe", re.IGNORECASE)
_BEGIN = re.compile(r"<(?=[a-z/!?])", re.IGNORECASE)
_NAME = re.compile(r"<(/?)([a-z][^\s/<>\"'=]*+)", re.IGNORECASE)
_ATTRIBUTES = re.compile(r"""(?>=\s*+(?:"[^"]*+"|'[^']*+'|(?!["']))|[^<>=])*+""")
_ATTRIBUTE = re.compile(
    r"""([^\s/=]++|=)(?>(\s*+=(?>\s*+("[^"]*+"|'[^']*+'|[^\s"'][^\s]*+))?+))?+""", re.DOTALL
)
_END_NAME = re.compile(r"</([a-z][^\s/<>]*+)\s*+>", re.IGNORECASE)
_DECLARATION = re.compile(r"<(?:!doctype|!\[(?:end)?if|\?[a-z])[^<>]*+>", re.IGNORECASE)
_CDATA = "<![CDATA["
_NOT_IN_NAMES = re.compile(r"""["'<>`]""")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of markup: a start tag, an end tag, the raw text of an element, or a comment."""

    begin: int
    end: int
    kind: str
    name: str = ""
    attributes: str = ""


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML in which every ``<`` begins markup, and the names of the elements in it."""

    text: str
    names: AbstractSet[str]


def read(text: str) -> Markup:
    """Escape every ``<`` that begins no markup.

    What follows ``iframe`` and the like is made markup, too, and what is no comment of HTML text.
    """
    if _ORDINARY.fullmatch(text):
        return Markup(text, frozenset(_ORDINARY_NAME.findall(text)))
    parts: list[str] = []
    names: set[str] = set()
    end = 0
    for piece in _Reader(text).pieces():
        parts.append(text[end : piece.begin].replace("<", "&lt;"))
        end = piece.end
        if piece.kind in {"start", "end"}:
            names.add(piece.name)
        parts.append(_written(text[piece.begin : end], piece))
    parts.append(text[end:].replace("<", "&lt;"))
    return Markup("".join(parts), names)


def escape_stray(text: str) -> str:
    """Return HTML in which every ``<`` begins markup; words in angle brackets are escaped."""
    return read(text).text


def strip_tags(markup: str) -> str:
    """Return the text of a value that may be HTML, such as a title, without tags.

    Words in angle brackets that are no element stay. References are decoded once.
    """
    parts: list[str] = []
    end = 0
    for piece in _Reader(markup).pieces():
        parts.append(html.unescape(markup[end : piece.begin]))
        end = piece.end
        if piece.kind == "cdata":
            parts.append(_cdata(markup[piece.begin : end]))
        elif piece.kind == "raw" and piece.name not in {"script", "style"}:
            parts.append(html.unescape(markup[piece.begin : end]))
        elif piece.name in _SEPARATING:
            parts.append(" ")
    parts.append(html.unescape(markup[end:]))
    return "".join(parts)


def _cdata(text: str) -> str:
    return text.removeprefix(_CDATA).removesuffix("]]>")


def _written(text: str, piece: _Piece) -> str:
    """Return a piece of markup as every parser understands it."""
    if piece.kind in {"comment", "raw"}:
        return text if piece.kind == "raw" else ""
    if piece.kind == "cdata":
        return html.escape(_cdata(text), quote=False)
    name = _RENAMED.get(piece.name, piece.name)
    if piece.kind == "end":
        return f"</{name}>"
    attributes = piece.attributes
    if len(attributes) > _MANY_ATTRIBUTES and _has_many(attributes):
        return f"<{name}>"
    is_closed = (piece.name in _CLOSED or not name.isalnum()) and _is_closed(attributes)
    written = f"<{name}{attributes}>" if name != piece.name else text
    return f"{written}</{name}>" if is_closed else written


def _has_many(attributes: str) -> bool:
    found = _ATTRIBUTE.finditer(attributes)
    return sum(1 for _, _ in zip(range(_MANY_ATTRIBUTES + 1), found, strict=False)) > (
        _MANY_ATTRIBUTES
    )


def _is_closed(attributes: str) -> bool:
    """Whether a tag ends with a slash that belongs to no value."""
    if not attributes.endswith("/"):
        return False
    values = [found[3] or "" for found in _ATTRIBUTE.finditer(attributes)]
    return not values or not values[-1].endswith("/")


class _Reader:
    """A text that is read once from its beginning to its end, in linear time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = {name.lower() for name in _END_NAME.findall(text)}
        self._last_comment = text.rfind("-->")
        self._last_cdata = text.rfind("]]>")
        self._last_frame_end = max(
            (found.start() for found in _FRAME_END.finditer(text)), default=-1
        )
        self._unended: set[str] = set()
        # What is read in vain. Where it is out of proportion, the rest is left to the parser.
        self._budget = 1_000_000 + 20 * len(text)

    def pieces(self) -> Iterator[_Piece]:
        """Yield the pieces of markup. All other text is text."""
        end = 0
        while found := _BEGIN.search(self._text, end):
            piece = self._piece(found.start())
            if self._budget < 0:
                return
            if piece is None:
                end = found.end()
                continue
            yield piece
            end = piece.end
            if piece.kind == "start" and piece.name in _RAW:
                stop = self._end_of_raw(piece.name, end)
                if stop > end:
                    yield _Piece(end, stop, "raw", piece.name)
                    end = stop

    def _end_of_raw(self, name: str, begin: int) -> int:
        """Return where the raw text of an element ends; without an end tag it is markup."""
        if name in self._unended:
            return begin
        found = _RAW[name].search(self._text, begin)
        if found:
            return found.start()
        self._unended.add(name)
        return begin

    def _piece(self, begin: int) -> _Piece | None:
        text = self._text
        if text.startswith("<!--", begin):
            # A comment may end with its beginning: ``<!-->``.
            end = text.find("-->", begin + 2) if begin < self._last_comment else -1
            return _Piece(begin, end + 3, "comment") if end >= 0 else None
        if text.startswith(_CDATA, begin) and begin < self._last_cdata:
            return _Piece(begin, text.find("]]>", begin) + 3, "cdata")
        if declaration := _DECLARATION.match(text, begin):
            return _Piece(begin, declaration.end(), "comment")
        found = _NAME.match(text, begin)
        if not found:
            return None
        attributes = _ATTRIBUTES.match(text, found.end())
        end = attributes.end() if attributes else found.end()
        stated, name = text[found.end() : end], found[2].lower()
        if text[end : end + 1] == ">" and self._is_tag(name, stated):
            if name == "iframe" and begin > self._last_frame_end:
                stated += " /"
            return _Piece(begin, end + 1, "end" if found[1] else "start", name, stated)
        self._budget -= end - begin
        if text[end : end + 1] == "=":  # a quotation that does not end
            self._budget -= len(text) - end
        return None

    def _is_tag(self, name: str, attributes: str) -> bool:
        stated = attributes.strip()
        if name not in _NAMES:
            if not _OTHER_NAME.fullmatch(name):
                return False
            if not stated and name not in self._ends and not name.startswith(_OFFICE):
                return False
        return not stated or _are_attributes(stated)


def _are_attributes(text: str) -> bool:
    """Whether words of a tag are attributes. Of very many, no more are looked at."""
    are = True
    for _, found in zip(range(_MANY_ATTRIBUTES), _ATTRIBUTE.finditer(text), strict=False):
        name, value = found[1].lower(), found[3] or ""
        if found[2]:
            if value.startswith(('"', "'")):
                return True
            are &= not _NOT_IN_NAMES.search(name)
        else:
            are &= name in _WITHOUT_VALUE or name.startswith(("data-", "aria-", "amp-"))
    return are or _has_many(text)
