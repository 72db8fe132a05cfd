"""The release templates: reading them from `texts/` and filling them in.

A text file contains categories; each begins with `# Name weight`. A category contains templates,
each of which begins with `@ title`, and closing paragraphs for all its templates, each of which
begins with `+ `. A template has header lines (`web: host` and, if the season matters, `months:
3-5,9`) and then paragraphs, separated by blank lines. A paragraph that begins with `?` is optional.

A slot in braces is one of:

    {12-68}      a number; a round one if the range is a thousand or more
    {%12-68}     the same as a percentage
    {€400-9000}  a sum of money, in the currency of the year of publication
    {one|two}    one of several wordings
    {f1}         the value of a name; {f1:gen} in a case, {f1:d} for a host name
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from demo.words import CASES, host_label, inflected

TEXTS: Final = Path(__file__).resolve().parent / "texts"

_SLOT: Final = re.compile(r"\{([^{}]+)\}")
_PART: Final = re.compile(r"^([@+]) (.*?)(?=^[@+] |\Z)", re.MULTILINE | re.DOTALL)
_RANGE: Final = re.compile(r"([%€]?)(\d+)-(\d+)")
_OPTIONAL_SHARE: Final = 0.8
# A range this wide gives round numbers; a number this large is written with a space.
_WIDE: Final = 1000
_LARGE: Final = 10_000
# The smallest last digit after which a noun is in the plural.
_PLURAL_FROM: Final = 2
_ALL_YEAR: Final = tuple(range(1, 13))

T = TypeVar("T")


class Dice:
    """Random choices, the same in every Python version because only `random()` is used."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def chance(self, share: float) -> bool:
        """Return True in this share of cases."""
        return self._random.random() < share

    def number(self, low: int, high: int) -> int:
        """Choose an integer from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        """Choose one of the items."""
        return items[self.number(0, len(items) - 1)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order."""
        rest = list(items)
        return [rest.pop(self.number(0, len(rest) - 1)) for _ in items]


@dataclass(frozen=True)
class Template:
    """One kind of release."""

    title: str
    web: str
    months: tuple[int, ...]
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Category:
    """A category of the portal; its share of the releases is proportional to the weight."""

    name: str
    weight: int
    templates: tuple[Template, ...]
    closings: tuple[str, ...]


def categories() -> list[Category]:
    """Read all categories, in the order of the file names and then of the files."""
    found = []
    for path in sorted(TEXTS.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        found += [_category(part) for part in re.split(r"^# ", text, flags=re.MULTILINE)[1:]]
    return found


def _category(text: str) -> Category:
    heading, _, rest = text.partition("\n")
    name, _, weight = heading.rpartition(" ")
    templates: list[Template] = []
    closings: list[str] = []
    for mark, part in _PART.findall(rest):
        if mark == "@":
            templates.append(_template(part))
        else:
            closings.append(part.strip())
    return Category(name, int(weight), tuple(templates), tuple(closings))


def _template(text: str) -> Template:
    head, *paragraphs = text.strip().split("\n\n")
    title, *lines = head.split("\n")
    header = dict(line.split(": ", 1) for line in lines)
    months = _months(header["months"]) if "months" in header else _ALL_YEAR
    return Template(title, header["web"], months, tuple(part.strip() for part in paragraphs))


def _months(text: str) -> tuple[int, ...]:
    months: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        months += range(int(first), int(last or first) + 1)
    return tuple(months)


def filled(text: str, facts: Mapping[str, str], dice: Dice) -> str:
    """Fill in every slot of the text."""
    result = _SLOT.sub(lambda slot: _value(slot[1], facts, dice), text)
    if "{" in result or "}" in result:
        raise ValueError(f"a nested or incomplete slot in {text!r}")
    return result


def body(template: Template, category: Category, facts: Mapping[str, str], dice: Dice) -> list[str]:
    """Fill in the paragraphs of a release.

    The template's own come first, then two to four closing paragraphs of the category, then the
    template's reference section if it has one.
    """
    own = [
        part.removeprefix("?")
        for part in template.paragraphs
        if not part.startswith("?") or dice.chance(_OPTIONAL_SHARE)
    ]
    closings = dice.shuffled(category.closings)[: dice.number(2, 4)]
    reference = [part for part in own if part.startswith("Uzziņai:")]
    others = [part for part in own if part not in reference]
    return [filled(part, facts, dice) for part in (*others, *closings, *reference)]


def _value(slot: str, facts: Mapping[str, str], dice: Dice) -> str:
    limits = _RANGE.fullmatch(slot)
    if limits:
        return _number(limits[1], int(limits[2]), int(limits[3]), facts, dice)
    if "|" in slot:
        return dice.pick(slot.split("|"))
    name, _, form = slot.partition(":")
    if form in CASES:
        return inflected(facts[name], form)
    return host_label(facts[name]) if form == "d" else facts[name]


def _number(kind: str, low: int, high: int, facts: Mapping[str, str], dice: Dice) -> str:
    if kind == "€":
        return f"{_spaced(dice.number(low // 100, high // 100) * 100)} {facts['nauda_g']}"
    if high - low >= _WIDE:
        return _spaced(dice.number(low // 100, high // 100) * 100)
    number = dice.number(low, high)
    if kind == "%":
        # Tenths look like a survey's; the form of the noun after them does not depend on them.
        return f"{number},{dice.number(1, 9)}%" if dice.chance(0.4) else f"{number}%"
    # The noun after the slot is in the plural. Numbers that end in 1 would need the singular and
    # round tens the genitive, so neither is chosen.
    fitting = [n for n in range(low, high + 1) if n % 10 >= _PLURAL_FROM]
    return str(dice.pick(fitting))


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ") if number >= _LARGE else str(number)
