"""Sources: one file a kind of input, each turning a stream of bytes into records.

To add one, write a module with a ``SOURCE`` and name it in ``SOURCES``; the first that recognises
an input reads it. What an input is and where it lies is the concern of ``inputs``. A source knows
neither the store nor the settings.
"""

from feeds.ingest.sources import feed, jsonl, vortal_page, wordpress
from feeds.ingest.sources.record import (
    Context,
    Item,
    Record,
    Skipped,
    Source,
    Unreadable,
    UnreadableError,
)

__all__ = [
    "SOURCES",
    "SUFFIXES",
    "Context",
    "Item",
    "Record",
    "Skipped",
    "Source",
    "Unreadable",
    "UnreadableError",
    "recognised",
]


SOURCES: dict[str, Source] = {
    "wordpress": wordpress.SOURCE,
    "feed": feed.SOURCE,
    "jsonl": jsonl.SOURCE,
    "vortal-page": vortal_page.SOURCE,
}

SUFFIXES = tuple(dict.fromkeys(suffix for kind in SOURCES.values() for suffix in kind.suffixes))
"""The suffixes of all sources, in the order of the registry."""


def recognised(name: str, head: bytes) -> Source | None:
    """Return the first source that takes an input for its own, by its name and first bytes."""
    lowered = name.lower()
    return next((kind for kind in SOURCES.values() if kind.recognises(lowered, head)), None)
