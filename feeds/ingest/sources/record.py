"""What a source delivers: records as the input states them, or the reasons why there are none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from feeds.text.html import Block


@dataclass(frozen=True, slots=True)
class Record:
    """One release, raw: decoded and taken apart, not yet derived into HTML, id or address.

    ``published`` and ``modified`` are aware and in UTC, to the second. ``original_id`` is a
    permanent id or address under which the release is known elsewhere, ``original`` an address
    to link to. ``entry_id`` is the permanent URI under which another feed already published it,
    which it keeps. ``may_recur`` means that other inputs may contain another version of it.
    ``where`` is its place within the input; that, ``banner`` (what the page itself announces) and
    ``remarks`` are for the operator and no part of the release.
    """

    title: str
    published: datetime
    labels: tuple[str, ...]
    body: tuple[Block, ...]
    website: str | None = None
    contact: str | None = None
    author: str | None = None
    language: str | None = None
    modified: datetime | None = None
    original_id: str | None = None
    original: str | None = None
    entry_id: str | None = None
    may_recur: bool = False
    where: str = ""
    banner: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """The number of characters in the body."""
        return sum(len(block.text) for block in self.body)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of an input that holds no release although it should: the reason, and the place."""

    reason: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of an input that is no release and need not be one: the reason, and the place."""

    reason: str
    where: str = ""


Item = Record | Unreadable | Skipped


class UnreadableError(Exception):
    """The input, or the rest of it, holds no release; the message is the reason alone."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a source is told of an input: its name, its first bytes, the zone of local times."""

    name: str
    head: bytes
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of input.

    ``suffixes`` are those of its files within a folder or an archive. ``recognises`` is told a
    name in small letters and the first bytes. ``read`` takes the input apart as a stream, in
    memory that does not grow with it, and raises ``UnreadableError`` where the rest is lost.
    """

    suffixes: tuple[str, ...]
    recognises: Callable[[str, bytes], bool]
    read: Callable[[BinaryIO, Context], Iterator[Item]]
