"""HTML as it is written: elements that end, and paragraphs of the text beside blocks."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from feeds.text.elements import CONTAINERS, VOID

_BREAKS = frozenset({"<br>"})
_SPACE = " \t\n\f\r"
_NOT_SPACE = re.compile(f"[^{_SPACE}]+")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")

Ended = Callable[[], object]
"""What is done after the end of an element."""


def escaped(text: str) -> str:
    """Return text as HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def attributes(stated: Mapping[str, str]) -> str:
    """Return attributes as HTML, each after a space."""
    return "".join([f' {name}="{html.escape(value)}"' for name, value in stated.items()])


@dataclass(slots=True)
class _Flow:
    """The inside of an element that may have both text and blocks.

    A run is a part of it without blocks; if the flow ``wraps``, each becomes a paragraph.
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
    begin: int | None = None
    flow: _Flow | None = None
    ended: Ended | None = None


class Output:
    """The HTML of a body. Text beside blocks becomes paragraphs.

    Without blocks and line breaks, blank lines separate paragraphs; a single line is left alone.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._blank_lines: list[int] = []
        self._has_breaks = False
        self._flows = [_Flow()]
        self._open: list[_Open] = []
        self._block_tags = [""]

    def finished(self) -> str:
        """Return all that was written, when every element has ended."""
        self._end_run()
        flow = self._flows[0]
        if self._blank_lines and not flow.wraps and not self._has_breaks:
            ends = [*self._blank_lines, len(self.parts)]
            flow.runs = list(pairwise([0, *ends]))
            flow.wraps = True
        self._wrap(flow)
        return "".join(self.parts)

    @property
    def is_open(self) -> bool:
        """Whether an element is open."""
        return bool(self._open)

    @property
    def is_inside(self) -> bool:
        """Whether what follows is within an element that holds a line of text."""
        return self._flows[-1].depth > 0

    @property
    def block_tag(self) -> str:
        """The name of the innermost block that is open."""
        return self._block_tags[-1]

    def text(self, text: str) -> None:
        """Write text of the body."""
        if self.is_inside or len(self._flows) > 1 or text.isspace():
            self._append(text)
            return
        end = 0
        for blank in _BLANK_LINE.finditer(text):
            self._append(text[end : blank.start()])
            self._blank_lines.append(len(self.parts))
            end = blank.start()
        self._append(text[end:])

    def raw(self, markup: str) -> None:
        """Write complete HTML that is part of a line."""
        self._begin_run()
        self.parts.append(markup)

    def unwrapped(self, ended: Ended | None = None) -> None:
        """Begin an element of which only the content is written."""
        self._open.append(_Open(ended=ended))

    def inline(self, tag: str, stated: str = "", ended: Ended | None = None) -> None:
        """Begin an element that is part of a line."""
        flow = self._flows[-1]
        begin = None if flow.depth else len(self.parts)
        self.raw(f"<{tag}{stated}>")
        self._has_breaks |= tag == "br"
        flow.depth += 1
        end = "" if tag in VOID else f"</{tag}>"
        self._open.append(_Open(end, is_deep=True, begin=begin, ended=ended))

    def block(self, tag: str, stated: str = "") -> None:
        """Begin an element that stands by itself."""
        self.separate()
        self.parts.append(f"<{tag}{stated}>")
        self._block_tags.append(tag)
        end = "" if tag in VOID else f"</{tag}>"
        ended = self._block_tags.pop
        if tag in CONTAINERS:
            self._begin_flow(end, _Flow(), ended)
        else:
            self._flows[-1].depth += 1
            self._open.append(_Open(end, is_deep=True, ended=ended))

    def paragraph(self, stated: str = "") -> None:
        """Begin a paragraph that holds a line; it is left out if it is empty."""
        begin = len(self.parts)

        def ended() -> None:
            if self._is_filled(begin, stated):
                self.separate()

        if not self.is_inside:
            self._end_run()
        self.parts.append(f"<p{stated}>")
        self._flows[-1].depth += 1
        self._open.append(_Open("</p>", is_deep=True, ended=ended))

    def division(self, stated: str = "") -> None:
        """Begin an element in which all text becomes paragraphs."""
        self.separate()
        flow = _Flow(wraps=True)
        if stated:
            begin = len(self.parts)
            self.parts.append(f"<div{stated}>")
            self._begin_flow("</div>", flow, lambda: self._is_filled(begin, stated))
        else:
            self._begin_flow("", flow)

    def _is_filled(self, begin: int, stated: str) -> bool:
        """Whether an element has content; otherwise no more of it stays than a target of links."""
        if any(part.strip() for part in self.parts[begin + 1 : -1]):
            return True
        is_target = " id=" in stated
        self.parts[begin] = f"<p{stated}>" if is_target else ""
        self.parts[-1] = "</p>" if is_target else ""
        return is_target

    def end(self) -> None:
        """End the innermost element that is open."""
        left = self._open.pop()
        if left.flow:
            self._end_run()
            self._wrap(self._flows.pop())
        if left.is_deep:
            self._flows[-1].depth -= 1
        if left.end:
            self.parts.append(left.end)
        if left.begin is not None and self._flows[-1].has_block:
            self._end_run_at(left.begin)
        if left.ended:
            left.ended()

    def separate(self) -> None:
        """End the line: a block follows."""
        flow = self._flows[-1]
        if flow.depth == 0:
            self._end_run()
        else:
            flow.has_block = True
        self._flows[0].wraps |= len(self._flows) == 1

    def _append(self, text: str) -> None:
        if text and not text.isspace():
            self._begin_run()
        elif self._flows[-1].begin is None and not self.is_inside:
            text = "".join(_NOT_SPACE.split(text))  # a blank paragraph, as editors make them
        self.parts.append(escaped(text))

    def _begin_flow(self, end: str, flow: _Flow, ended: Ended | None = None) -> None:
        self._flows.append(flow)
        self._open.append(_Open(end, flow=flow, ended=ended))

    def _begin_run(self) -> None:
        flow = self._flows[-1]
        if flow.depth == 0 and flow.begin is None:
            flow.begin = len(self.parts)
            flow.has_block = False

    def _end_run(self) -> None:
        flow = self._flows[-1]
        if flow.begin is not None and not flow.has_block:
            flow.runs.append((flow.begin, len(self.parts)))
        flow.begin = None

    def _end_run_at(self, index: int) -> None:
        """End a run before an element of a line that turned out to have a block."""
        flow = self._flows[-1]
        if flow.begin is not None and flow.begin < index:
            flow.runs.append((flow.begin, index))
        flow.begin = None
        flow.has_block = False

    def _wrap(self, flow: _Flow) -> None:
        """Make paragraphs of the runs of a flow; white space around them stays outside."""
        if not flow.wraps:
            return
        parts = self.parts
        for begin, end in flow.runs:
            filled = [n for n in range(begin, end) if parts[n].strip()]
            if all(parts[n] in _BREAKS for n in filled):
                parts[begin:end] = [""] * (end - begin)
                continue
            first, last = filled[0], filled[-1]
            text = parts[last].rstrip(_SPACE)
            parts[last] = f"{text}</p>{parts[last][len(text) :]}"
            text = parts[first].lstrip(_SPACE)
            blank = parts[first][: len(parts[first]) - len(text)]
            parts[first] = f"{blank}<p>{text}"
