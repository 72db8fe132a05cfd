"""Sources: each turns the bytes of one kind of input into records.

To add a source, write a module with a ``SOURCE`` and add it to ``SOURCES``. ``inputs`` finds and
opens the inputs. A source uses neither the store nor the settings.
"""

from feeds.ingest.sources import feed, jsonl, vortal_page, wordpress
from feeds.ingest.sources.record import (
    Context,
    InvalidInputError,
    Item,
    Record,
    RefusedItem,
    Richness,
    SkippedItem,
    Source,
)

__all__ = [
    "SOURCES",
    "SUFFIXES",
    "Context",
    "InvalidInputError",
    "Item",
    "Record",
    "RefusedItem",
    "Richness",
    "SkippedItem",
    "Source",
    "detect",
]


SOURCES: dict[str, Source] = {
    "wordpress": wordpress.SOURCE,
    "feed": feed.SOURCE,
    "jsonl": jsonl.SOURCE,
    "vortal-page": vortal_page.SOURCE,
}

SUFFIXES = tuple(dict.fromkeys(suffix for kind in SOURCES.values() for suffix in kind.suffixes))
"""The suffixes of all sources, in the order of ``SOURCES``."""


def detect(name: str, head: bytes) -> Source | None:
    """Return the first source that recognises an input by its name or first bytes, or None."""
    lowered = name.lower()
    return next((kind for kind in SOURCES.values() if kind.matches(lowered, head)), None)
