"""HTML as it is written: elements that end, and paragraphs around text that stands beside blocks."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from feeds.text.elements import CONTAINERS, VOID

_BREAKS = frozenset({"<br>", ""})
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")

Ended = Callable[[], None]
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
    flow: _Flow | None = None
    ended: Ended | None = None


class Output:
    """The HTML of a body. Text beside blocks becomes paragraphs, without blocks it stays.

    With ``blank_lines`` these also separate paragraphs.
    """

    def __init__(self, *, blank_lines: bool) -> None:
        self.parts: list[str] = []
        self._blank_lines = blank_lines
        self._flows = [_Flow()]
        self._open: list[_Open] = []

    def finished(self) -> str:
        """Return all that was written, when every element has ended."""
        self._end_run()
        self._wrap(self._flows[0])
        return "".join(self.parts)

    @property
    def is_open(self) -> bool:
        """Whether an element is open."""
        return bool(self._open)

    @property
    def is_inside(self) -> bool:
        """Whether what follows is within an element that holds a line of text."""
        return self._flows[-1].depth > 0

    def text(self, text: str) -> None:
        """Write text of the body."""
        if not self._blank_lines or self.is_inside or len(self._flows) > 1:
            self._append(text)
            return
        first, *rest = _BLANK_LINE.split(text)
        self._append(first)
        for part in rest:
            self._end_run()
            self._flows[0].wraps = True
            self.parts.append("\n")
            self._append(part)

    def raw(self, markup: str) -> None:
        """Write complete HTML that is part of a line."""
        self._begin_run()
        self.parts.append(markup)

    def unwrapped(self, ended: Ended | None = None) -> None:
        """Begin an element of which only the content is written."""
        self._open.append(_Open(ended=ended))

    def inline(self, tag: str, stated: str = "", ended: Ended | None = None) -> None:
        """Begin an element that is part of a line."""
        self.raw(f"<{tag}{stated}>")
        self._flows[-1].depth += 1
        end = "" if tag in VOID else f"</{tag}>"
        self._open.append(_Open(end, is_deep=True, ended=ended))

    def block(self, tag: str, stated: str = "") -> None:
        """Begin an element that stands by itself."""
        self.separate()
        self.parts.append(f"<{tag}{stated}>")
        end = "" if tag in VOID else f"</{tag}>"
        if tag in CONTAINERS:
            self._begin_flow(_Open(end, flow=_Flow()))
        else:
            self._flows[-1].depth += 1
            self._open.append(_Open(end, is_deep=True))

    def division(self, stated: str = "") -> None:
        """Begin an element in which all text becomes paragraphs."""
        self.separate()
        self.parts.append(f"<div{stated}>" if stated else "")
        self._begin_flow(_Open("</div>" if stated else "", flow=_Flow(wraps=True)))

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
        self.parts.append(escaped(text))

    def _begin_flow(self, opened: _Open) -> None:
        if opened.flow:
            self._flows.append(opened.flow)
        self._open.append(opened)

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

    def _wrap(self, flow: _Flow) -> None:
        """Make paragraphs of the runs of a flow; white space around them stays outside."""
        if not flow.wraps:
            return
        parts = self.parts
        for begin, end in flow.runs:
            if all(part in _BREAKS or part.isspace() for part in parts[begin:end]):
                parts[begin:end] = [""] * (end - begin)
                continue
            last = next(n for n in range(end - 1, begin - 1, -1) if parts[n].strip())
            text = parts[last].rstrip()
            parts[last] = f"{text}</p>{parts[last][len(text) :]}"
            text = parts[begin].lstrip()
            blank = parts[begin][: len(parts[begin]) - len(text)]
            parts[begin] = f"{blank}<p>{text}"
