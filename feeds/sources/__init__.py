"""Sources: one file a kind of input, each turning bytes into records.

To add one, write a module with a function from bytes and the portal's zone to a ``Record`` and
name it in ``SOURCES``. A source knows neither the store nor the settings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from feeds.sources import vortal_page
from feeds.sources.record import Record, UnreadableError

__all__ = ["SOURCES", "Record", "Source", "UnreadableError"]


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of input: which files of a folder it takes, up to what size, and how it reads one.

    ``read`` raises ``UnreadableError``. ``size_limit`` is in bytes.
    """

    suffixes: tuple[str, ...]
    size_limit: int
    read: Callable[[bytes, ZoneInfo], Record]


SOURCES = {
    "vortal-page": Source((".txt",), vortal_page.SIZE_LIMIT, vortal_page.read),
}
