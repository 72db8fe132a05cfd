"""The report of an import: the result of each input, and the counts of a run."""

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from feeds.ingest.sources import Item, Record, SkippedItem
from feeds.store.write.archive_pages import Repaginated

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
    """

    input: str
    outcome: Outcome
    entry_id: str | None = None
    reason: str | None = None
    banner: str = ""
    remarks: tuple[str, ...] = ()

    def as_json(self) -> str:
        """Return the line of a report file: one JSON object."""
        stated = {
            "input": self.input,
            "outcome": self.outcome.value,
            "id": self.entry_id,
            "reason": self.reason,
            "remarks": list(self.remarks),
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
    """The number of inputs with each outcome, of pages with each banner, and changed archive pages.

    ``repaginated`` names the archive pages that outgrew their size.
    """

    counts: Counter[Outcome] = field(default_factory=Counter)
    banners: Counter[str] = field(default_factory=Counter)
    passed_over: PassedOver = field(default_factory=PassedOver)
    repaginated: tuple[Repaginated, ...] = ()

    def count(self, result: Result) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1
        if result.banner:
            self.banners[result.banner] += 1
