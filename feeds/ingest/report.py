"""What became of the inputs of an import, one by one and counted."""

import json
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one input."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result:
    """One input and what became of it; ``reason`` says why it was refused or skipped."""

    input: str
    outcome: Outcome
    entry_id: str | None = None
    reason: str | None = None
    banner: str = ""
    remarks: tuple[str, ...] = ()

    def as_json(self) -> str:
        """Return the line of a report: one JSON object."""
        stated = {
            "input": self.input,
            "outcome": self.outcome.value,
            "id": self.entry_id,
            "reason": self.reason,
            "remarks": list(self.remarks),
        }
        return json.dumps(stated, ensure_ascii=False)


@dataclass(slots=True)
class Summary:
    """The counts of a run, and how many pages carried which banner."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    banners: Counter[str] = field(default_factory=Counter)

    def note(self, result: Result) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1
        if result.banner:
            self.banners[result.banner] += 1
