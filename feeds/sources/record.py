"""What a source delivers: a record as the input states it, or the reason why there is none."""

from dataclasses import dataclass
from datetime import datetime

from feeds.markup import Heading, Paragraph


@dataclass(frozen=True, slots=True)
class Record:
    """One release, raw: decoded and taken apart, not yet derived into HTML, id or address.

    ``published`` and ``modified`` are aware and in UTC, to the second. ``original_id`` is a
    permanent id or address under which the release is known elsewhere, ``original`` an address
    to link to. ``banner``, what the page itself announces, and ``remarks`` are for the operator
    and no part of the release.
    """

    title: str
    published: datetime
    labels: tuple[str, ...]
    body: tuple[Heading | Paragraph, ...]
    website: str | None = None
    contact: str | None = None
    author: str | None = None
    language: str | None = None
    modified: datetime | None = None
    original_id: str | None = None
    original: str | None = None
    banner: str = ""
    remarks: tuple[str, ...] = ()


class UnreadableError(Exception):
    """The input holds no release; the message is the reason, without the input's name."""
