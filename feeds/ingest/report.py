"""The report of an import: the result of each input, and the counts of a run."""

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from feeds.store.write.archive_pages import Repaginated


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
class Report:
    """The number of inputs with each outcome, of pages with each banner, and changed archive pages.

    ``repaginated`` names the archive pages that outgrew their size.
    """

    counts: Counter[Outcome] = field(default_factory=Counter)
    banners: Counter[str] = field(default_factory=Counter)
    repaginated: tuple[Repaginated, ...] = ()

    def count(self, result: Result) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1
        if result.banner:
            self.banners[result.banner] += 1
