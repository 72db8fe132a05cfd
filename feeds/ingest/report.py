"""The report of an import: the result of each input, and the counts of a run."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from feeds.ingest.sources import Item, Record, SkippedItem
from feeds.store.write.archive_pages import Repaginated

# What differs between remarks of one kind: quotations, addresses, paths and numbers.
_PARTICULARS = re.compile(r"“[^”]*”|(?:https?:/)?/\S*[^\s:,.;]|\b\d+(?:/[\w~-]+)*")
_MOST_NAMES = 100


class Outcome(StrEnum):
    """What an import did with one input."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one input; ``reason`` says why it was refused or skipped.

    ``banner`` is the announcement on the page, ``remarks`` are what an operator should look at.
    ``dropped`` has the kinds of what was dropped or mended, with their numbers. ``withdrawn`` means
    that the release was withdrawn and stays so.
    """

    input: str
    outcome: Outcome
    entry_id: str | None = None
    reason: str | None = None
    banner: str = ""
    remarks: tuple[str, ...] = ()
    dropped: Counter[str] = field(default_factory=Counter)
    withdrawn: bool = False

    @property
    def all_remarks(self) -> tuple[str, ...]:
        """The remarks, one about what was dropped or mended included."""
        if not self.dropped:
            return self.remarks
        return (*self.remarks, f"dropped or mended: {counted(self.dropped)}")

    def as_json(self) -> str:
        """Return the line of a report file: one JSON object."""
        stated = {
            "input": self.input,
            "outcome": self.outcome.value,
            "id": self.entry_id,
            "reason": self.reason,
            "remarks": list(self.all_remarks),
        }
        return json.dumps(stated, ensure_ascii=False)


@dataclass(slots=True)
class PassedOver:
    """The post types of WordPress exports that were not imported, and the taxonomies not used.

    Each has the number of posts; those beyond the first hundred names are not counted.
    """

    post_types: Counter[str] = field(default_factory=Counter)
    taxonomies: Counter[str] = field(default_factory=Counter)

    def count(self, item: Item) -> None:
        """Count what was passed over with one item."""
        if isinstance(item, SkippedItem) and item.post_type:
            _count(self.post_types, item.post_type)
        if isinstance(item, SkippedItem | Record):
            for taxonomy in item.passed_over:
                _count(self.taxonomies, taxonomy)


def _count(numbers: Counter[str], name: str) -> None:
    if name in numbers or len(numbers) < _MOST_NAMES:
        numbers[name] += 1


@dataclass(slots=True)
class Report:
    """What an import did, in numbers.

    Each outcome, reason to skip something, kind of remark and banner has the number of its inputs.
    ``dropped`` has the numbers of what was dropped or mended, ``reduced`` that of the releases
    concerned, and ``withdrawn`` that of the withdrawn releases that came again. ``repaginated``
    names the archive pages that outgrew their size.
    """

    counts: Counter[Outcome] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    remarks: Counter[str] = field(default_factory=Counter)
    banners: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    reduced: int = 0
    withdrawn: int = 0
    passed_over: PassedOver = field(default_factory=PassedOver)
    repaginated: tuple[Repaginated, ...] = ()

    def count(self, result: Result) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1
        if result.outcome is Outcome.SKIPPED:
            self.skipped[result.reason or ""] += 1
        if result.banner:
            self.banners[result.banner] += 1
        self.remarks.update({_PARTICULARS.sub("…", remark) for remark in result.remarks})
        for kind, number in result.dropped.items():
            known = kind in self.dropped or len(self.dropped) < _MOST_NAMES
            self.dropped[kind if known else "other element"] += number
        self.reduced += bool(result.dropped)
        self.withdrawn += result.withdrawn


def counted(kinds: Counter[str]) -> str:
    """Return kinds of things with their numbers as people write them."""
    parts = [f"{number} {_plural(kind, number)}" for kind, number in kinds.most_common()]
    *others, last = parts
    return f"{', '.join(others)} and {last}" if others else last


def _plural(kind: str, number: int) -> str:
    if number == 1:
        return kind
    if kind.endswith("x"):
        return f"{kind}es"
    return f"{kind[:-1]}ies" if kind.endswith("ty") else f"{kind}s"
