"""The markup of a WordPress post as a stream of tokens, and the paragraphs made of its text.

WordPress stores text with blank lines and makes the paragraphs when it shows a post (``wpautop``).
Every function here takes time that is proportional to the length of its input.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import chain, pairwise
from typing import NamedTuple

TAG = (
    r"""<!--|<(?P<slash>/?)(?P<tag>[a-z][a-z0-9:-]*+)"""
    r"""(?:(?>[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>|[^<>]*+>)"""
)
"""A comment's beginning, or a tag. Without ``<`` in it, no search goes beyond the next tag."""

_TAG = re.compile(TAG, re.IGNORECASE)

# The content of these is shown as it is, or not at all.
_VERBATIM = (
    "audio", "code", "iframe", "math", "object", "pre", "script", "select", "style", "svg",
    "textarea", "video",
)  # fmt: skip
_END = re.compile(rf"</({'|'.join(_VERBATIM)})(?=[\s/>])[^<>]*>", re.IGNORECASE)
_END_OF = {name: re.compile(rf"</{name}(?=[\s/>])[^<>]*>", re.IGNORECASE) for name in _VERBATIM}

_STRUCTURES = {
    "colgroup", "dl", "hgroup", "map", "menu", "ol", "table", "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
_DIVISIONS = {
    "article", "aside", "center", "details", "div", "fieldset", "footer", "form", "header", "main",
    "nav", "section",
}  # fmt: skip
_CELLS = {"caption", "dd", "figcaption", "figure", "li", "td", "th"}
_LINES = {"address", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "legend", "summary"}
_VOID = {"col", "hr"}
_BLOCKS = {"blockquote", "p"} | _STRUCTURES | _DIVISIONS | _CELLS | _LINES | _VOID

_SPACE = " \t\n\r\f\v"
_BLANK_LINE = re.compile(r"\n[ \t\r\f\v]*\n\s*", re.ASCII)
_ADDRESS = re.compile(r"[ \t]*(https?://[^\s<>\"'\[\]]+)[ \t]*", re.IGNORECASE)


class Kind(Enum):
    """What a token is."""

    TEXT = auto()
    INLINE = auto()  # a tag within a line, an element whose content is verbatim, or a comment
    BLOCK = auto()  # the tag of a block, or a whole ``pre``


class Token(NamedTuple):
    """A part of a post; ``name`` is that of its element."""

    kind: Kind
    text: str
    name: str = ""

    @property
    def closes(self) -> bool:
        """Whether it is the end tag of an element."""
        return self.text.startswith("</")


def markup(content: str, pattern: re.Pattern[str] = _TAG) -> Iterator[tuple[re.Match[str], int]]:
    """Yield each match that is not within a comment or verbatim, and the end of what it begins.

    ``pattern`` includes ``TAG``.
    """
    last = {found[1].lower(): found.start() for found in _END.finditer(content)}
    last["!"] = content.rfind("-->")
    at = 0
    while found := pattern.search(content, at):
        at = found.end()
        name = (found["tag"] or "").lower()
        if found[0] == "<!--":
            if found.start() < last["!"]:
                at = content.find("-->", found.start()) + 3
                yield found, at
        elif not found["slash"] and last.get(name, -1) > found.start():
            end = _END_OF[name].search(content, at)
            at = end.end() if end else at
            yield found, at
        else:
            yield found, at


def tokens(content: str) -> Iterator[Token]:
    """Yield the parts of a post, which together are the post."""
    end = 0
    for found, after in markup(content):
        if found.start() > end:
            yield Token(Kind.TEXT, content[end : found.start()])
        end = after
        name = (found["tag"] or "").lower()
        kind = Kind.BLOCK if name in _BLOCKS or name == "pre" else Kind.INLINE
        yield Token(kind, content[found.start() : end], name)
    if end < len(content):
        yield Token(Kind.TEXT, content[end:])


def link_addresses(content: str) -> str:
    """Make a link of each address that is a line of its own, in whose place WordPress embeds it."""
    if "://" not in content:
        return content
    out: list[str] = []
    begins, anchors = True, 0
    end = Token(Kind.BLOCK, "")
    for token, following in pairwise(chain(tokens(content), [end])):
        if token.kind is Kind.TEXT and anchors == 0 and "://" in token.text:
            out.append(_with_links(token.text, begins, _separates(following)))
        else:
            out.append(token.text)
        if token.name == "a":
            anchors = max(0, anchors - 1) if token.closes else anchors + 1
        begins = _separates(token)
    return "".join(out)


def _separates(token: Token) -> bool:
    return token.kind is Kind.BLOCK or token.name == "br"


def _with_links(text: str, begins: bool, ends: bool) -> str:
    """Make links in a text that begins or ends a line."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if (number or begins) and (number < len(lines) - 1 or ends):
            lines[number] = _ADDRESS.sub(_link, line) if _ADDRESS.fullmatch(line) else line
    return "\n".join(lines)


def _link(found: re.Match[str]) -> str:
    return f'<a href="{found[1]}">{found[1]}</a>'


def paragraphed(content: str) -> str:
    """Make paragraphs of the text between blank lines and around blocks, and keep line breaks."""
    return _Paragraphs().made(tokens(content))


class _Paragraphs:
    """A post whose paragraphs are being made: what is done, and the text after the last block."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._run: list[Token] = []
        self._open: list[str] = []
        self._number_open: dict[str, int] = {}
        self._fresh = False  # nothing but text came after the last start tag

    def made(self, stated: Iterable[Token]) -> str:
        for token in stated:
            if token.kind is not Kind.BLOCK:
                self._run.append(token)
                continue
            self._flush(closes=token.closes)
            if token.name == "pre":
                self._add_block(token)
            elif token.closes:
                self._close(token)
            else:
                self._begin(token)
        self._flush(closes=True)
        return "".join(self._done)

    def _begin(self, token: Token) -> None:
        if self._open and self._open[-1] == "p":
            self._close(Token(Kind.BLOCK, "</p>", "p"))
        self._add_block(token)
        if token.name not in _VOID:
            self._open.append(token.name)
            self._number_open[token.name] = self._number_open.get(token.name, 0) + 1
            self._fresh = True

    def _add_block(self, token: Token) -> None:
        if not self._open:
            self._end_line()
        self._done.append(token.text)
        self._fresh = False

    def _close(self, token: Token) -> None:
        self._fresh = False
        if not self._number_open.get(token.name):
            return
        self._done.append(token.text)
        name = ""
        while name != token.name:
            name = self._open.pop()
            self._number_open[name] -= 1

    def _flush(self, *, closes: bool) -> None:
        """Write the text before a tag of a block."""
        within = self._open[-1] if self._open else ""
        run, self._run = self._run, []
        if within in _STRUCTURES:
            self._done += [token.text for token in run]
            return
        parts = _parts(run)
        whole = len(parts) == 1 and (within in _CELLS or (self._fresh and closes))
        if within == "p":
            self._done.append("</p>\n<p>".join(parts))
        elif within in _LINES:
            self._done.append("<br>\n<br>\n".join(parts))
        elif whole and within not in {"", "blockquote"}:
            self._done += parts
        else:
            for part in parts:
                self._end_line()
                self._done.append(f"<p>{part}</p>")
        self._fresh = self._fresh and not parts

    def _end_line(self) -> None:
        if self._done and not self._done[-1].endswith("\n"):
            self._done.append("\n")


def _parts(run: Iterable[Token]) -> list[str]:
    """Return the paragraphs of a text without blocks."""
    parts: list[list[Token]] = [[]]
    for token in run:
        if token.kind is not Kind.TEXT:
            parts[-1].append(token)
            continue
        first, *others = _BLANK_LINE.split(token.text)
        parts[-1].append(Token(Kind.TEXT, first))
        parts += [[Token(Kind.TEXT, other)] for other in others]
    return [part for part in map(_paragraph, parts) if part]


def _paragraph(part: list[Token]) -> str:
    """Return a paragraph without line breaks at its beginning and end."""
    while part and _is_blank(part[-1]):
        part.pop()
    part.reverse()
    while part and _is_blank(part[-1]):
        part.pop()
    part.reverse()
    lines: list[str] = []
    broken = False
    for number, token in enumerate(part):
        text = token.text
        if token.kind is Kind.TEXT:
            text = text.lstrip(_SPACE) if number == 0 else text
            text = text.rstrip(_SPACE) if number == len(part) - 1 else text
            if broken and text.lstrip(" \t").startswith("\n"):
                lines.append("\n")
                text = text.lstrip(" \t")[1:]
            text = text.replace("\n", "<br>\n")
        lines.append(text)
        broken = token.name == "br"
    return "".join(lines)


def _is_blank(token: Token) -> bool:
    return token.name == "br" or (token.kind is Kind.TEXT and not token.text.strip(_SPACE))
