"""The results as a bar chart: an SVG image for light and dark backgrounds."""

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from bench.measure import Result, number

WIDTH: Final = 860
LABELS: Final = 310
"""Where the axis begins; the labels are to the left of it."""

_RIGHT = 110  # space for the figure after the longest bar
_TOP, _ROW, _BAR = 34, 30, 12
_GRID = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)

_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .small { font-size: 10px; fill: #6e7781 }
  .label { text-anchor: end }
  .mark { text-anchor: middle }
  .grid { stroke: #d0d7de }
  .whisker { stroke: #24292f; stroke-width: 1.5 }
  .target { stroke: #0550ae; stroke-width: 2.5 }
  .yes { fill: #2da44e }
  .no { fill: #cf222e }
  .none { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .whisker { stroke: #e6edf3 }
    .target { stroke: #79c0ff }
    .yes { fill: #3fb950 }
    .no { fill: #f85149 }
    .none { fill: #9198a1 }
  }
"""


def svg(results: Sequence[Result]) -> str:
    """Draw the rows that are multiples of a rival as bars from 1, on a logarithmic axis."""
    shown = [result for result in results if result.unit == "×"]
    values = [1.0, *(result.median for result in shown)]
    values += [result.target.value for result in shown if result.target]
    values += [end for result in shown for end in result.interval or ()]
    axis = _Axis(min(0.8, *values), max(2.0, *values) * 1.1)
    height = _TOP + _ROW * len(shown) + 24
    title = "Each row's figure as a multiple of its rival's"
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">',
        f"<style>{_STYLE}</style>",
        f'<text x="8" y="18">{title}; blue: the target; line: 95 % interval</text>',
    ]
    for mark in _GRID:
        if axis.least <= mark <= axis.most:
            x = axis.at(mark)
            parts += [
                f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP - 6}" y2="{height - 20}"/>',
                f'<text class="small mark" x="{x}" y="{height - 6}">{mark:,}</text>',
            ]
    for place, result in enumerate(shown):
        parts += _bar(result, axis, _TOP + _ROW * place)
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """The position of a multiple in the image."""

    def __init__(self, least: float, most: float) -> None:
        self.least = least
        self.most = most

    def at(self, value: float) -> float:
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return round(LABELS + share * (WIDTH - LABELS - _RIGHT), 1)


def _bar(result: Result, axis: _Axis, top: float) -> list[str]:
    one, end = axis.at(1), axis.at(result.median)
    kind = {True: "yes", False: "no", None: "none"}[result.reached]
    left, width = min(one, end), max(round(abs(end - one), 1), 1)
    sides = f"{result.ours.name} / {result.rival.name}"
    middle = top + _BAR / 2
    parts = [
        f'<text class="label" x="{LABELS - 10}" y="{middle}">{escape(result.what)}</text>',
        f'<text class="label small" x="{LABELS - 10}" y="{middle + 12}">{escape(sides)}</text>',
        f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{_BAR}"/>',
    ]
    edge = max(one, end)
    if result.interval is not None:
        low, high = map(axis.at, result.interval)
        edge = max(edge, high)
        parts.append(f'<line class="whisker" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>')
    if result.target is not None:
        x = axis.at(result.target.value)
        edge = max(edge, x)
        parts.append(
            f'<line class="target" x1="{x}" x2="{x}" y1="{top - 3}" y2="{top + _BAR + 3}"/>'
        )
    target = "" if result.target is None else f" ({result.target})"
    parts.append(f'<text x="{edge + 6}" y="{middle + 4}">{number(result.median)}{target}</text>')
    return parts
